// SPDX-License-Identifier: Apache-2.0

/// Appends lines to a text file, such as `metrics.jsonl`, each handed to the system at once.
///
/// A line is on its way to the disk when `append` returns: a crash of the process loses none, and
/// a reader of the file sees whole lines.
package final class LineWriter: Sendable {
  /// The file written to.
  package let path: String
  private let file: Descriptor

  /// Opens `path` for appending, and creates it where it is missing.
  ///
  /// - Throws: `FileError` naming the path.
  package init(path: String) throws {
    self.path = path
    do {
      file = try Descriptor(path, .append)
    } catch let error {
      throw FileError.lineNotWritten(path: path, reason: error.reason)
    }
  }

  /// Adds `line` and a line feed.
  ///
  /// - Precondition: `line` holds no line feed.
  /// - Throws: `FileError.lineNotWritten`, for example on a full disk; a torn line is cut off
  ///   again.
  package func append(_ line: String) throws {
    precondition(!line.utf8.contains(0x0A), "a line may not hold a line feed: \(line)")
    do {
      let before = try file.status()
      do {
        try file.writeAll(Array("\(line)\n".utf8))
      } catch {
        if before.kind == .regular { try? file.truncate(to: before.size) }
        throw error
      }
    } catch let error as SystemError {
      throw FileError.lineNotWritten(path: path, reason: error.reason)
    }
  }

  /// Waits until all lines are on the disk.
  ///
  /// - Throws: `FileError.lineNotWritten`.
  package func synchronise() throws {
    do {
      try file.synchronise()
    } catch let error {
      throw FileError.lineNotWritten(path: path, reason: error.reason)
    }
  }
}
