// SPDX-License-Identifier: Apache-2.0

/// A file that grows piece by piece, such as a download, and may be continued by another process.
///
/// It is a plain file of this one name: a link in its place, which might lead to any file of the
/// user, is removed and never followed.
package final class PartFile {
  /// Where it is.
  package let path: String
  private let file: Descriptor
  /// Its bytes so far.
  package private(set) var size: Int

  /// Opens the file at `path`, or begins it.
  ///
  /// - Throws: `FileError`.
  package init(_ path: String) throws {
    self.path = path
    do {
      if let found = try? FileStatus(ofItself: path) {
        if found.kind == .folder { throw SystemError.isFolder }
        if found.kind != .regular || found.names > 1 { try POSIX.remove(file: path) }
      }
      file = try Descriptor(path, .grow)
      let status = try file.status()
      guard status.kind == .regular else { throw SystemError.exists }
      size = status.size
    } catch let error as SystemError {
      throw FileError.partNotWritten(path: path, reason: error.reason)
    }
  }

  /// Adds bytes at its end.
  ///
  /// - Throws: `FileError.partNotWritten`; what came before is whole.
  package func append(_ bytes: [UInt8]) throws {
    do {
      try file.writeAll(bytes)
      size += bytes.count
    } catch let error {
      throw FileError.partNotWritten(path: path, reason: error.reason)
    }
  }

  /// Drops all bytes.
  ///
  /// - Throws: `FileError.partNotWritten`.
  package func clear() throws {
    do {
      try file.truncate(to: 0)
      size = 0
    } catch let error {
      throw FileError.partNotWritten(path: path, reason: error.reason)
    }
  }
}
