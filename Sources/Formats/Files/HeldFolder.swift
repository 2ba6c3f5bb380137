// SPDX-License-Identifier: Apache-2.0

/// A folder that is held open, and found again where it is renamed meanwhile.
package final class HeldFolder: Sendable {
  private let descriptor: Descriptor
  private let identity: SIMD2<UInt64>

  /// Holds the folder at `path`.
  ///
  /// - Throws: `FileError` naming it.
  package init(_ path: String) throws {
    do {
      descriptor = try Descriptor(path, .folder)
      identity = try descriptor.status().identity
    } catch let error {
      throw FileError.folderUnreadable(path: path, reason: error.reason)
    }
  }

  /// Where the folder is now.
  ///
  /// - Parameter path: Where it was last.
  /// - Returns: That path where it is still there, else the absolute path to which it was renamed; nil
  ///   where it was removed.
  package func path(last path: String) -> String? {
    if Files.identity(path) == identity { return path }
    guard let found = POSIX.path(of: descriptor), Files.identity(found) == identity else {
      return nil
    }
    return found
  }
}
