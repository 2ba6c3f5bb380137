// SPDX-License-Identifier: Apache-2.0

/// A fault of the file system: which path, what happened, what to do.
///
/// `description` is one sentence for the user; the wording of all of them is in this file.
package enum FileError: Error, Equatable, Sendable {
  case missing(path: String)
  case isFolder(path: String)
  case notFolder(path: String)
  case notRegular(path: String)
  case unreadable(path: String, reason: String)
  case tooLarge(path: String, size: Int, limit: Int)
  /// A whole-file write that failed; `kept` tells whether an earlier version is still there.
  case notWritten(path: String, reason: String, kept: Bool)
  /// The new file is in place, but the disk did not confirm its name.
  case notConfirmed(path: String, reason: String)
  case lineNotWritten(path: String, reason: String)
  case notRemoved(path: String, reason: String)
  case folderNotCreated(path: String, reason: String)
  case folderUnreadable(path: String, reason: String)
  case notLocked(path: String, reason: String)
}

extension FileError: CustomStringConvertible {
  /// One sentence, without a full stop.
  package var description: String {
    switch self {
    case .missing(let path):
      "'\(path)' does not exist; check its name and the folder it should be in"
    case .isFolder(let path):
      "'\(path)' is a folder where a file is expected; name a file inside it"
    case .notFolder(let path):
      "'\(path)' is a file where a folder is expected; name the folder that holds it"
    case .notRegular(let path):
      "'\(path)' is a device or a pipe where a plain file is expected; save its contents first"
    case .unreadable(let path, let reason):
      "'\(path)' cannot be read (\(reason)); check its permissions and the disk"
    case .tooLarge(let path, let size, let limit):
      "'\(path)' holds \(size) bytes where at most \(limit) are expected; check that it is the"
        + " right file"
    case .notWritten(let path, let reason, let kept):
      "'\(path)' could not be written (\(reason)); "
        + (kept ? "the previous version is untouched, " : "no partial file was left, ")
        + "so make room or choose another folder and repeat"
    case .notConfirmed(let path, let reason):
      "'\(path)' is written, but the disk did not confirm it (\(reason)); check the disk"
    case .lineNotWritten(let path, let reason):
      "a line could not be added to '\(path)' (\(reason)); the lines before it are whole, so make"
        + " room and repeat"
    case .notRemoved(let path, let reason):
      "'\(path)' could not be removed (\(reason)); check the permissions of its folder"
    case .folderNotCreated(let path, let reason):
      "the folder '\(path)' could not be created (\(reason)); choose a folder you may write to"
    case .folderUnreadable(let path, let reason):
      "the folder '\(path)' cannot be listed (\(reason)); check its name and permissions"
    case .notLocked(let path, let reason):
      "the lock '\(path)' could not be taken (\(reason)); check the permissions of its folder"
    }
  }
}
