// SPDX-License-Identifier: Apache-2.0

// The one door of this module to the operating system: no Foundation, so that the command starts
// in milliseconds. Everything here throws `SystemError`; the files beside it turn that into a
// sentence which names the path.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A failed system call, known by its `errno`.
struct SystemError: Error, Equatable {
  let code: Int32

  /// The error of the call that has just failed.
  static var last: SystemError { SystemError(code: errno) }

  static let missing = SystemError(code: ENOENT)
  static let exists = SystemError(code: EEXIST)
  static let busy = SystemError(code: EWOULDBLOCK)
  static let isFolder = SystemError(code: EISDIR)
  static let unsupported = SystemError(code: ENOTSUP)

  /// Whether it says that a path leads to nothing, or to nothing that this user may know of.
  var meansNothing: Bool {
    [ENOENT, ENOTDIR, EACCES, ELOOP, ENAMETOOLONG, EILSEQ].contains(code)
  }

  /// A few words for a person: "the disk is full", "permission denied".
  var reason: String {
    switch code {
    case ENOSPC: "the disk is full"
    case EDQUOT: "the disk quota is used up"
    case EFBIG: "the file-size limit is reached"
    case EROFS: "the file system is read-only"
    case EACCES: "permission denied"
    case ENOENT: "the folder does not exist"
    case EILSEQ: "a file in it has a name that is no UTF-8, rename that file"
    case ENOTDIR: "a part of the path is a file, not a folder"
    case ELOOP: "the path leads through symbolic links that may not be followed"
    case ENAMETOOLONG: "its name is too long"
    case EILSEQ: "its name is no UTF-8"
    case ENXIO: "nobody listens there"
    default: String(cString: strerror(code)).lowercased()
    }
  }
}

/// What a path leads to.
struct FileStatus {
  enum Kind: String {
    case regular = "a file"
    case folder = "a folder"
    case link = "a symbolic link"
    case pipe = "a pipe"
    case device = "a device"
    case socket = "a socket"
  }

  let kind: Kind
  let size: Int
  /// Identifies the file itself, whatever its names are.
  let identity: SIMD2<UInt64>
  /// Who may read, write and run it.
  let permissions: mode_t
  let owner: uid_t
  let group: gid_t
  /// How many names the file has.
  let names: Int

  init(of path: String) throws(SystemError) {
    var info = stat()
    guard stat(path, &info) == 0 else { throw .last }
    self.init(info)
  }

  /// Of a symbolic link at the end of the path, what it is itself.
  init(ofItself path: String) throws(SystemError) {
    var info = stat()
    guard lstat(path, &info) == 0 else { throw .last }
    self.init(info)
  }

  init(_ info: stat) {
    switch info.st_mode & S_IFMT {
    case S_IFREG: kind = .regular
    case S_IFDIR: kind = .folder
    case S_IFLNK: kind = .link
    case S_IFIFO: kind = .pipe
    case S_IFSOCK: kind = .socket
    default: kind = .device
    }
    size = Int(info.st_size)
    identity = SIMD2(UInt64(truncatingIfNeeded: info.st_dev), UInt64(info.st_ino))
    permissions = info.st_mode & 0o7777
    (owner, group) = (info.st_uid, info.st_gid)
    names = Int(info.st_nlink)
  }
}

/// An open file, closed when it goes out of scope, and never inherited by a child process.
///
/// Its number is above 2: where a program was started without standard output, what it prints must
/// not end up in the first file that it opens.
struct Descriptor: ~Copyable, Sendable {
  enum Mode {
    case read
    /// What is written comes after what is there; the file is made where it is missing.
    case append
    /// A new file that none but its owner may read until its permissions are set.
    case createPrivate
    /// A new file with the permissions that the user gives to all.
    case create
    /// A plain file of this very name, made where it is missing; does not wait for a pipe's reader.
    case lock
    /// The same where it has to be there.
    case existing
    /// A pipe or a device as it is.
    case through
    /// A plain file of this very name, made where it is missing, that grows at its end.
    case grow
    case folder
  }

  let number: Int32

  init(_ path: String, _ mode: Mode) throws(SystemError) {
    let flags =
      switch mode {
      case .read: O_RDONLY
      case .append: O_WRONLY | O_CREAT | O_APPEND
      case .create, .createPrivate: O_WRONLY | O_CREAT | O_EXCL
      case .lock: O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK
      case .existing: O_WRONLY | O_NOFOLLOW | O_NONBLOCK
      case .through: O_WRONLY | O_NOCTTY
      case .grow: O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK
      case .folder: O_RDONLY | O_DIRECTORY
      }
    let permissions: mode_t = if case .createPrivate = mode { 0o600 } else { 0o666 }
    var opened: Int32
    repeat {
      opened = open(path, flags | O_CLOEXEC, permissions)
    } while opened < 0 && errno == EINTR
    guard opened >= 0 else { throw .last }
    if opened > 2 {
      number = opened
      return
    }
    defer { close(opened) }
    let above = fcntl(opened, F_DUPFD_CLOEXEC, 3)
    guard above >= 0 else { throw .last }
    number = above
  }

  /// A descriptor that C has opened.
  init(owning number: Int32) { self.number = number }

  /// What another descriptor of this process is open for.
  init(duplicating other: Int32) throws(SystemError) {
    let copy = fcntl(other, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw .last }
    number = copy
  }

  deinit { _ = close(number) }

  func status() throws(SystemError) -> FileStatus {
    var info = stat()
    guard fstat(number, &info) == 0 else { throw .last }
    return FileStatus(info)
  }

  /// Reads once into `buffer`; returns the number of bytes, 0 at the end of the file.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
    while true {
      // Linux moves at most 0x7ffff000 bytes a call and macOS refuses more than 2^31 - 1.
      #if canImport(Glibc)
        let count = Glibc.read(number, buffer.baseAddress, min(buffer.count, 1 << 30))
      #elseif canImport(Musl)
        let count = Musl.read(number, buffer.baseAddress, min(buffer.count, 1 << 30))
      #else
        let count = Darwin.read(number, buffer.baseAddress, min(buffer.count, 1 << 30))
      #endif
      if count >= 0 { return count }
      guard errno == EINTR else { throw .last }
    }
  }

  /// Writes all of `bytes`, however many calls that takes.
  func writeAll(_ bytes: [UInt8]) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { raw in
        write(number, raw.baseAddress?.advanced(by: done), min(raw.count - done, 1 << 30))
      }
      if count < 0 {
        guard errno == EINTR else { throw .last }
      } else {
        done += count
      }
    }
  }

  /// Waits until what was written is on the disk; file systems that cannot say are believed.
  func synchronise() throws(SystemError) {
    while fsync(number) != 0 {
      switch errno {
      case EINTR: continue
      case EINVAL, ENOTSUP, EROFS: return
      default: throw .last
      }
    }
  }

  func truncate(to size: Int) throws(SystemError) {
    while ftruncate(number, off_t(size)) != 0 {
      guard errno == EINTR else { throw .last }
    }
  }

  /// Gives the file an owner, a group and permissions. Another owner is given by the system's
  /// administrator alone; where that fails, bits that lend an owner's rights are left out.
  func take(_ status: FileStatus) throws(SystemError) {
    var permissions = status.permissions
    let own = try self.status()
    if (own.owner, own.group) != (status.owner, status.group),
      fchown(number, status.owner, status.group) != 0
    {
      permissions &= 0o777
    }
    while fchmod(number, permissions) != 0 {
      switch errno {
      case EINTR: continue
      case EPERM, ENOTSUP, ENOSYS: return  // A file system without permissions.
      default: throw .last
      }
    }
  }

  /// Takes the exclusive lock (flock) on the file, or throws `busy` where another process holds it.
  /// A file system without locks counts as unlocked.
  func lock() throws(SystemError) {
    while flock(number, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case ENOLCK, ENOTSUP, ENOSYS: return
      default: throw .last
      }
    }
  }
}

/// Calls on paths.
enum POSIX {
  static func rename(_ source: String, to destination: String) throws(SystemError) {
    #if canImport(Glibc)
      let result = Glibc.rename(source, destination)
    #elseif canImport(Musl)
      let result = Musl.rename(source, destination)
    #else
      let result = Darwin.rename(source, destination)
    #endif
    guard result == 0 else { throw .last }
  }

  static func remove(file path: String) throws(SystemError) {
    guard unlink(path) == 0 else { throw .last }
  }

  static func makeFolder(_ path: String) throws(SystemError) {
    guard mkdir(path, 0o777) == 0 else { throw .last }
  }

  /// Where a path leads when the symbolic links at its end are followed; there may be nothing.
  static func target(of path: String) throws(SystemError) -> String {
    var path = path
    for _ in 0..<40 {
      guard let status = try? FileStatus(ofItself: path), status.kind == .link else { return path }
      let link = try link(at: path)
      path = link.utf8.first == UInt8(ascii: "/") ? link : "\(Files.parent(of: path))/\(link)"
    }
    throw SystemError(code: ELOOP)
  }

  private static func link(at path: String) throws(SystemError) -> String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let count = readlink(path, &buffer, buffer.count)
    guard count >= 0 else { throw .last }
    let bytes = buffer.prefix(count).map(UInt8.init(bitPattern:))
    guard count < buffer.count, let text = String(validating: bytes, as: UTF8.self) else {
      throw SystemError(code: EILSEQ)
    }
    return text
  }

  /// Makes names in a folder durable; a folder that may be written but not read is believed.
  static func synchronise(folder: String) throws(SystemError) {
    guard let descriptor = try? Descriptor(folder, .folder) else { return }
    try descriptor.synchronise()
  }

  /// Removes an empty folder.
  static func remove(folder path: String) throws(SystemError) {
    guard rmdir(path) == 0 else { throw .last }
  }

  /// Gives the file at `source` a second name.
  static func link(_ source: String, to path: String) throws(SystemError) {
    #if canImport(Glibc)
      let result = Glibc.link(source, path)
    #elseif canImport(Musl)
      let result = Musl.link(source, path)
    #else
      let result = Darwin.link(source, path)
    #endif
    guard result == 0 else { throw .last }
  }

  /// Gives each of two files or folders the name of the other, at once.
  ///
  /// - Throws: `SystemError.unsupported` where the system or the file system has no such call.
  static func exchange(_ a: String, _ b: String) throws(SystemError) {
    #if canImport(Glibc)
      // In the library since 2.28, but not in what Swift sees of it.
      typealias Call =
        @convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32
      guard let found = dlsym(nil, "renameat2") else { throw .unsupported }
      let exchanging: UInt32 = 2
      let result = unsafeBitCast(found, to: Call.self)(AT_FDCWD, a, AT_FDCWD, b, exchanging)
    #elseif canImport(Darwin)
      let result = renamex_np(a, b, UInt32(RENAME_SWAP))
    #else
      let result: Int32 = -1
      errno = ENOSYS
    #endif
    guard result != 0 else { return }
    switch errno {
    case EINVAL, ENOSYS, ENOTSUP: throw .unsupported
    default: throw .last
    }
  }

  /// The absolute path without symbolic links of what is at `path`.
  static func realPath(_ path: String) throws(SystemError) -> String {
    guard let found = realpath(path, nil) else { throw .last }
    defer { free(found) }
    return String(cString: found)
  }

  /// A path of an open folder, as the system knows it now; nil where it does not say.
  static func path(of folder: borrowing Descriptor) -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    #if canImport(Darwin)
      guard fcntl(folder.number, F_GETPATH, &buffer) == 0 else { return nil }
    #else
      guard readlink("/proc/self/fd/\(folder.number)", &buffer, buffer.count - 1) > 0 else {
        return nil
      }
    #endif
    return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The names in a folder, without "." and "..", sorted.
  static func names(in folder: String) throws(SystemError) -> [String] {
    guard let stream = opendir(folder) else { throw .last }
    defer { closedir(stream) }
    var names: [String] = []
    errno = 0
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(validating: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      // Mended, it would be the name of no file.
      guard let name else { throw SystemError(code: EILSEQ) }
      if name != "." && name != ".." { names.append(name) }
      errno = 0
    }
    guard errno == 0 else { throw .last }
    return names.sorted()
  }

  /// Waits for about `milliseconds`.
  static func sleep(milliseconds: Int) {
    var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
    nanosleep(&time, nil)
  }
}
