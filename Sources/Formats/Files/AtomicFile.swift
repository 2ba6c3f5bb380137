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
    let folder = Files.parent(of: path)
    let sibling = "\(folder)/.\(Files.name(of: path)).tmp"
    do {
      if Files.isFolder(path) { throw SystemError.isFolder }
      let file = try openLocked(sibling)
      do {
        try file.truncate(to: 0)
        for part in parts { try file.writeAll(part) }
        try file.synchronise()
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
