// SPDX-License-Identifier: Apache-2.0

/// Whole-file writes that a crash or a full disk cannot tear.
///
/// The bytes go to a sibling `.NAME.tmp`, which is synced, renamed over the file and made durable
/// by syncing the folder: at any moment the name shows either all of the old or all of the new.
///
/// The sibling's name is fixed, so a killed process leaves at most one, and the next write reuses
/// it; a lock on the sibling makes two writers take turns.
public enum AtomicFile {
  /// Replaces the file at `path` by `bytes`.
  ///
  /// - Throws: `FileError.notWritten`: the sibling is then removed and the previous file untouched;
  ///   `FileError.notConfirmed`: the new file is in place, but a power cut might still undo it.
  public static func write(_ bytes: [UInt8], to path: String) throws {
    try write(parts: [bytes], to: path)
  }

  /// Replaces the file at `path` by the concatenation of `parts`, which is never built in memory.
  ///
  /// - Throws: As `write(_:to:)` does.
  public static func write(parts: [[UInt8]], to path: String) throws {
    try write(to: path) { file in
      for part in parts { try file.write(part) }
    }
  }

  /// A new file of which one part after the other is written.
  package final class Parts {
    fileprivate let file: Descriptor

    fileprivate init(_ file: consuming Descriptor) { self.file = file }

    /// Adds bytes at the end.
    package func write(_ bytes: [UInt8]) throws { try file.writeAll(bytes) }
  }

  /// Replaces the file at `path` by what `produce` writes, part by part.
  ///
  /// - Throws: As `write(_:to:)` does, and what `produce` throws: the previous file is then untouched.
  package static func write(
    to path: String, _ produce: (_ file: Parts) throws -> Void
  ) throws {
    let folder = Files.parent(of: path)
    let sibling = "\(folder)/.\(Files.name(of: path)).tmp"
    do {
      if Files.isFolder(path) { throw SystemError.isFolder }
      let parts = Parts(try openLocked(sibling))
      do {
        try parts.file.truncate(to: 0)
        try produce(parts)
        try parts.file.synchronise()
        try POSIX.rename(sibling, to: path)
      } catch {
        // Still under the lock, so this cannot be another writer's sibling.
        try? POSIX.remove(file: sibling)
        throw error
      }
    } catch let error as SystemError {
      throw FileError.notWritten(path: path, reason: error.reason, kept: Files.exists(path))
    }
    try synchronise(folder: folder, of: path)
  }

  /// Makes the new name durable; a folder that may be written but not read is believed.
  private static func synchronise(folder: String, of path: String) throws {
    guard let descriptor = try? Descriptor(folder, .folder) else { return }
    do {
      try descriptor.synchronise()
    } catch let error {
      throw FileError.notConfirmed(path: path, reason: error.reason)
    }
  }

  /// Opens and locks the sibling; one that its last owner renamed away meanwhile is opened anew.
  private static func openLocked(_ sibling: String) throws -> Descriptor {
    while true {
      let file = try Descriptor(sibling, .rewrite)
      try file.lock(waiting: true)
      let identity = try file.status().identity
      if let current = try? FileStatus(of: sibling), current.identity == identity { return file }
    }
  }
}
