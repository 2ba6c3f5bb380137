// SPDX-License-Identifier: Apache-2.0

/// Whole-file writes that a crash or a full disk cannot tear.
///
/// The bytes go to a file beside the place, which is synced, renamed over the file and made durable
/// by syncing the folder: at any moment the name shows either all of the old or all of the new. The
/// new file has the owner and the permissions of the old one. A symbolic link stays: what it leads
/// to is replaced. A pipe, a device and an output of this process (`/dev/stdout`) are written to as
/// they are.
///
/// The file beside is `.NAME.tmp`, so a killed process leaves at most one, and the next write
/// removes it. Where another writer is at work on it, or something else bears its name, it is
/// `.NAME.PROCESS-NUMBER.tmp`: nobody is waited for.
public enum AtomicFile {
  /// Replaces the file at `path` by `bytes`.
  ///
  /// - Throws: `FileError.notWritten`: nothing is left beside the file, and a previous one is
  ///   untouched; `FileError.notConfirmed`: the new file is in place, but a power cut might still
  ///   undo it; `FileError.outputNotWritten` of a pipe or a device.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try write(parts: [bytes], to: path)
  }

  /// Replaces the file at `path` by the concatenation of `parts`, which is never built in memory.
  ///
  /// - Throws: As `write(_:to:)` does.
  public static func write(parts: [[UInt8]], to path: String) throws {
    try StagedFile(parts, for: path).commit()
  }

  /// A new file of which one part after the other is written.
  package struct Parts {
    let add: ([UInt8]) throws -> Void

    /// Adds bytes at the end.
    package func write(_ bytes: [UInt8]) throws { try add(bytes) }
  }

  /// Replaces the file at `path` by what `produce` writes, part by part.
  ///
  /// - Throws: As `write(_:to:)` does, and what `produce` throws: the previous file is then
  ///   untouched.
  package static func write(
    to path: String, _ produce: (_ file: Parts) throws -> Void
  ) throws {
    try StagedFile(for: path, produce).commit()
  }
}
