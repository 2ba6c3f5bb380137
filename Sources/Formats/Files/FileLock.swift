// SPDX-License-Identifier: Apache-2.0

/// A lock between processes (flock), held as long as this object lives.
///
/// The system drops it when its holder dies, so a stale lock does not exist. The lock file itself
/// stays: removing it would let two processes lock two different files of one name.
package final class FileLock: Sendable {
  private let file: Descriptor

  /// The number of the open file, for a child process that should share the lock.
  package var descriptor: Int32 { file.number }

  /// Takes the lock at `path`, a file made where it is missing.
  ///
  /// - Returns: nil where another process or another `FileLock` holds it.
  /// - Throws: `FileError.notLocked`.
  package init?(path: String) throws {
    do {
      file = try Descriptor(path, .append)
      try file.lock(waiting: false)
    } catch let error where error == .busy {
      return nil
    } catch let error {
      throw FileError.notLocked(path: path, reason: error.reason)
    }
  }

  /// Takes the lock at `path`, and calls `whileWaiting` ten times a second until it is free.
  ///
  /// - Throws: `FileError.notLocked`, or what `whileWaiting` throws.
  package static func wait(path: String, whileWaiting: () throws -> Void) throws -> FileLock {
    while true {
      if let lock = try FileLock(path: path) { return lock }
      try whileWaiting()
      POSIX.sleep(milliseconds: 100)
    }
  }
}
