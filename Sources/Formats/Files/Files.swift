// SPDX-License-Identifier: Apache-2.0

/// Reads a whole file.
///
/// - Parameters:
///   - path: A regular file; a folder, device or pipe is refused.
///   - limit: The largest size accepted, in bytes, checked before any memory is taken.
/// - Returns: Its bytes.
/// - Throws: `FileError` naming the path.
package func readFile(_ path: String, limit: Int = .max) throws -> [UInt8] {
  do {
    let status = try FileStatus(of: path)
    switch status.kind {
    case .folder: throw FileError.isFolder(path: path)
    case .regular: break
    default: throw FileError.notRegular(path: path)
    }
    guard status.size <= limit else {
      throw FileError.tooLarge(path: path, size: status.size, limit: limit)
    }
    return try readToEnd(Descriptor(path, .read), expecting: status.size)
  } catch let error as SystemError where error == .missing {
    throw FileError.missing(path: path)
  } catch let error as SystemError {
    throw FileError.unreadable(path: path, reason: error.reason)
  }
}

/// Reads until the end, or until `size` bytes if the file has grown since its size was asked.
private func readToEnd(_ file: borrowing Descriptor, expecting size: Int) throws -> [UInt8] {
  try [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    let raw = UnsafeMutableRawBufferPointer(buffer)
    while count < size {
      let read = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: raw[count..<size]))
      if read == 0 { break }
      count += read
    }
  }
}

/// Questions about files and folders, and the making of folders.
package enum Files {
  /// Whether anything, file or folder, is at `path`; where a broken disk cannot say, there may be.
  package static func exists(_ path: String) -> Bool {
    do {
      _ = try FileStatus(of: path)
      return true
    } catch {
      return !error.meansNothing
    }
  }

  /// Whether `path` is a file of bytes: no folder, no pipe, no device.
  package static func isRegular(_ path: String) -> Bool {
    (try? FileStatus(of: path))?.kind == .regular
  }

  /// Whether `path` is a folder.
  package static func isFolder(_ path: String) -> Bool {
    (try? FileStatus(of: path))?.kind == .folder
  }

  /// What identifies a file or folder itself, whatever its names are, or nil where there is none.
  package static func identity(_ path: String) -> SIMD2<UInt64>? {
    (try? FileStatus(of: path))?.identity
  }

  /// The size of the file at `path` in bytes, or nil where there is none.
  package static func size(_ path: String) -> Int? {
    (try? FileStatus(of: path))?.size
  }

  /// The names of the files and folders in `folder`, sorted.
  ///
  /// - Throws: `FileError` naming the folder.
  package static func list(_ folder: String) throws -> [String] {
    guard exists(folder) else { throw FileError.missing(path: folder) }
    guard isFolder(folder) else { throw FileError.notFolder(path: folder) }
    do {
      return try POSIX.names(in: folder)
    } catch let error {
      throw FileError.folderUnreadable(path: folder, reason: error.reason)
    }
  }

  /// Creates `path` and the folders above it; does nothing where it exists.
  ///
  /// - Throws: `FileError` naming the folder.
  package static func createFolder(_ path: String) throws {
    if path.isEmpty || isFolder(path) { return }
    if exists(path) { throw FileError.notFolder(path: path) }
    try createFolder(parent(of: path))
    do {
      try POSIX.makeFolder(path)
      // A run is as durable as the name of its folder; where a disk cannot say, files will tell.
      try? POSIX.synchronise(folder: parent(of: path))
    } catch let error where error == .exists && isFolder(path) {
      return  // Another process was faster.
    } catch let error {
      throw FileError.folderNotCreated(path: path, reason: error.reason)
    }
  }

  /// Creates `path`, and the folders above it where they are missing.
  ///
  /// - Returns: false where anything is there already: of several processes one gets true.
  /// - Throws: `FileError` naming the folder.
  package static func createNewFolder(_ path: String) throws -> Bool {
    try createFolder(parent(of: path))
    do {
      try POSIX.makeFolder(path)
      return true
    } catch let error where error == .exists {
      return false
    } catch let error {
      throw FileError.folderNotCreated(path: path, reason: error.reason)
    }
  }

  /// Removes a file; does nothing where there is none.
  ///
  /// - Throws: `FileError` naming the file.
  package static func remove(_ path: String) throws {
    do {
      try POSIX.remove(file: path)
    } catch let error where error == .missing {
      return
    } catch let error {
      throw FileError.notRemoved(path: path, reason: error.reason)
    }
  }

  /// Gives a file another name; one that bears it already is replaced.
  ///
  /// - Throws: `FileError` naming the new place.
  package static func move(_ source: String, to path: String) throws {
    do {
      try POSIX.rename(source, to: path)
    } catch let error {
      throw FileError.notWritten(path: path, reason: error.reason, kept: true)
    }
  }

  /// Removes a folder that is empty; leaves one that is not, or that is not there.
  package static func removeIfEmpty(folder path: String) {
    try? POSIX.remove(folder: path)
  }

  /// Gives a file a second name, in place of what bears it already.
  ///
  /// - Throws: `FileError` naming the second name.
  package static func link(_ source: String, to path: String) throws {
    do {
      try? POSIX.remove(file: path)
      try POSIX.link(source, to: path)
    } catch let error {
      throw FileError.notWritten(path: path, reason: error.reason, kept: false)
    }
  }

  /// Gives each of two folders the name of the other: at once where the file system can do that.
  ///
  /// - Parameters:
  ///   - a: The first.
  ///   - b: The second.
  ///   - aside: The name that `b` bears on the way where it takes two steps.
  /// - Returns: Whether it was done at once; else what was `b` is now called `aside`.
  /// - Throws: `FileError` naming `b`; both are then as they were.
  package static func exchange(_ a: String, _ b: String, aside: String) throws -> Bool {
    do {
      return try exchangeOrMove(a, b, aside)
    } catch let error {
      throw FileError.notReplaced(path: b, reason: error.reason)
    }
  }

  private static func exchangeOrMove(
    _ a: String, _ b: String, _ aside: String
  ) throws(SystemError) -> Bool {
    do {
      try POSIX.exchange(a, b)
      return true
    } catch let error where error == .unsupported {
      try POSIX.rename(b, to: aside)
      do {
        try POSIX.rename(a, to: b)
      } catch let error {
        try POSIX.rename(aside, to: b)
        throw error
      }
      return false
    }
  }

  /// The absolute path, without symbolic links, of what is at `path`, or the path itself where there
  /// is nothing.
  package static func realPath(_ path: String) -> String {
    (try? POSIX.realPath(path)) ?? path
  }

  /// The folder part of a path: "a/b" for "a/b/c", "." for "c", "/" for "/c".
  package static func parent(of path: String) -> String {
    let bytes = withoutTrailingSlashes(path.utf8[...])
    guard let place = bytes.lastIndex(of: slash) else { return "." }
    return String(Substring(withoutTrailingSlashes(bytes[...place])))
  }

  /// The last part of a path: "c" for "a/b/c" and for "a/b/c/".
  package static func name(of path: String) -> String {
    let bytes = withoutTrailingSlashes(path.utf8[...])
    guard let place = bytes.lastIndex(of: slash), bytes.count > 1 else {
      return String(Substring(bytes))
    }
    return String(Substring(bytes[bytes.index(after: place)...]))
  }

  /// Whether a path names folders.
  package static func hasFolder(_ path: String) -> Bool { path.utf8.contains(slash) }

  /// Of bytes, as a slash and a combining mark after it are one character.
  private static func withoutTrailingSlashes(_ path: Substring.UTF8View) -> Substring.UTF8View {
    let end = path.lastIndex { $0 != slash } ?? path.startIndex
    return path.isEmpty ? path : path[...end]
  }

  private static let slash = UInt8(ascii: "/")
}
