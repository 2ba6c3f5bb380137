// SPDX-License-Identifier: Apache-2.0

/// A lock between processes (flock), held as long as this object lives.
///
/// The system drops it when its holder dies, so a stale lock does not exist. The lock file itself
/// stays: removing it would let two processes lock two different files of one name.
package final class FileLock: Sendable {
  private let file: Descriptor

  /// Takes the lock at `path`, a file made where it is missing.
  ///
  /// - Returns: nil where another process or another `FileLock` holds it.
  /// - Throws: `FileError.notALock` where a pipe, a link or a folder is in its place,
  ///   `FileError.notLocked`.
  package init?(path: String) throws {
    do {
      file = try Self.locked(path)
    } catch let error where error as? SystemError == .busy {
      return nil
    } catch let error as SystemError {
      throw FileError.notLocked(path: path, reason: error.reason)
    }
  }

  private static func locked(_ path: String) throws -> Descriptor {
    while true {
      // Before it is opened: a link would be followed, and a device may do anything.
      if let found = try? FileStatus(ofItself: path) { try check(found, path) }
      let file = try Descriptor(path, .lock)
      let status = try file.status()
      try check(status, path)
      try file.lock()
      // One that was removed or replaced meanwhile keeps nobody out.
      if (try? FileStatus(ofItself: path))?.identity == status.identity { return file }
    }
  }

  private static func check(_ found: FileStatus, _ path: String) throws {
    guard found.kind == .regular else {
      throw FileError.notALock(path: path, found: found.kind.rawValue)
    }
  }

  /// Takes the lock at `path`, and calls `whileWaiting` ten times a second until it is free.
  ///
  /// - Throws: `FileError`, or what `whileWaiting` throws.
  package static func wait(path: String, whileWaiting: () throws -> Void) throws -> FileLock {
    while true {
      if let lock = try FileLock(path: path) { return lock }
      try whileWaiting()
      POSIX.sleep(milliseconds: 100)
    }
  }
}
