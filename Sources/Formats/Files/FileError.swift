// SPDX-License-Identifier: Apache-2.0

/// A fault of the file system: which path, what happened, what to do.
///
/// `description` is one sentence for the user; the wording of all of them is in this file.
public enum FileError: Error, Equatable, Sendable {
  /// There is nothing of that name.
  case missing(path: String)
  /// A folder where a file is expected.
  case isFolder(path: String)
  /// A file where a folder is expected.
  case notFolder(path: String)
  /// A device or a pipe.
  case notRegular(path: String)
  /// The system does not let it be read.
  case unreadable(path: String, reason: String)
  /// More bytes than are expected.
  case tooLarge(path: String, size: Int, limit: Int)
  /// A whole-file write that failed; `kept` tells whether an earlier version is still there.
  case notWritten(path: String, reason: String, kept: Bool)
  /// The new file is in place, but the disk did not confirm its name.
  case notConfirmed(path: String, reason: String)
  /// A line could not be added.
  case lineNotWritten(path: String, reason: String)
  /// A folder could not give its name to another one.
  case notReplaced(path: String, reason: String)
  /// A file could not be removed.
  case notRemoved(path: String, reason: String)
  /// A folder could not be made.
  case folderNotCreated(path: String, reason: String)
  /// A folder could not be listed.
  case folderUnreadable(path: String, reason: String)
  /// A pipe, a device or an output of this process took no more.
  case outputNotWritten(path: String, reason: String)
  /// A file that grows piece by piece took no more.
  case partNotWritten(path: String, reason: String)
  /// Something else lies where a lock is expected.
  case notALock(path: String, found: String)
  /// A lock could not be asked for.
  case notLocked(path: String, reason: String)
}

extension FileError: CustomStringConvertible {
  /// One sentence, without a full stop.
  public var description: String {
    switch self {
    case .missing(let path) where path.unicodeScalars.contains("\u{FFFD}"):
      "'\(path)' cannot be opened, as its name is no UTF-8; rename it"
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
    case .notReplaced(let path, let reason):
      "the folder '\(path)' could not be replaced (\(reason)) and is as it was; check the permissions"
        + " of the folder it is in"
    case .notRemoved(let path, let reason):
      "'\(path)' could not be removed (\(reason)); check the permissions of its folder"
    case .folderNotCreated(let path, let reason):
      "the folder '\(path)' could not be created (\(reason)); choose a folder you may write to"
    case .folderUnreadable(let path, let reason):
      "the folder '\(path)' cannot be listed (\(reason)); check its name and permissions"
    case .outputNotWritten(let path, let reason):
      "'\(path)' could not be written to (\(reason)); see to its reader, or choose a file"
    case .partNotWritten(let path, let reason):
      "'\(path)' could not be written (\(reason)); what is there is kept, so make room and repeat"
    case .notALock(let path, let found):
      "'\(path)' is \(found) where a lock, a plain file, is expected; remove it and repeat"
    case .notLocked(let path, let reason):
      "the lock '\(path)' could not be taken (\(reason)); check the permissions of its folder"
    }
  }
}
