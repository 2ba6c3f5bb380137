// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Outputs: what lies at a path stays what it is")
struct OutputFileTests {
  private func permissions(_ path: String) -> mode_t {
    var info = stat()
    return stat(path, &info) == 0 ? info.st_mode & 0o7777 : 0
  }

  private func kind(_ path: String) -> mode_t {
    var info = stat()
    return lstat(path, &info) == 0 ? info.st_mode & S_IFMT : 0
  }

  @Test(
    "a file keeps its permissions when it is replaced", arguments: [0o600, 0o640, 0o444, 0o666])
  func permissionsKept(mode: mode_t) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a"
      try AtomicFile.write([1], to: path)
      chmod(path, mode)
      try AtomicFile.write([2], to: path)
      #expect(permissions(path) == mode)
      #expect(try readFile(path) == [2])
    }
  }

  @Test("a new file has the permissions that the user gives to all")
  func userMask() throws {
    try withTemporaryFolder { folder in
      close(open("\(folder)/usual", O_WRONLY | O_CREAT, 0o666))
      try AtomicFile.write([1], to: "\(folder)/a")
      try LineWriter(path: "\(folder)/b").append("x")
      try Files.createFolder("\(folder)/c")
      #expect(permissions("\(folder)/a") == permissions("\(folder)/usual"))
      #expect(permissions("\(folder)/b") == permissions("\(folder)/usual"))
      #expect(permissions("\(folder)/c") & 0o666 == permissions("\(folder)/usual"))
    }
  }

  @Test("a symbolic link stays, and what it leads to is replaced", arguments: ["real", "in/real"])
  func linked(target: String) throws {
    try withTemporaryFolder { folder in
      try Files.createFolder("\(folder)/in")
      symlink(target, "\(folder)/first")
      symlink("\(folder)/first", "\(folder)/second")
      // What it leads to is not there yet, then it is.
      for byte: UInt8 in [1, 2] {
        try AtomicFile.write([byte], to: "\(folder)/second")
        #expect(try readFile("\(folder)/\(target)") == [byte])
      }
      #expect(kind("\(folder)/first") == S_IFLNK && kind("\(folder)/second") == S_IFLNK)
      #expect(try Files.list("\(folder)/in") == (target == "real" ? [] : ["real"]))
    }
  }

  @Test("links in a circle get a sentence")
  func circle() throws {
    try withTemporaryFolder { folder in
      symlink("b", "\(folder)/a")
      symlink("a", "\(folder)/b")
      let words = sentence { try AtomicFile.write([1], to: "\(folder)/a") }
      #expect(words?.contains("symbolic links") == true, "\(words ?? "")")
    }
  }

  @Test("a pipe is written to and stays a pipe")
  func pipe() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.png"
      mkfifo(path, 0o600)
      let reader = open(path, O_RDWR | O_NONBLOCK)
      defer { close(reader) }
      try AtomicFile.write(parts: [[1, 2], [3]], to: path)
      var buffer = [UInt8](repeating: 0, count: 10)
      #expect(read(reader, &buffer, 10) == 3 && buffer.prefix(3) == [1, 2, 3])
      #expect(kind(path) == S_IFIFO)
      #expect(try Files.list(folder) == ["x.png"])
    }
  }

  @Test("a device is written to, and its refusal is a sentence")
  func device() throws {
    try AtomicFile.write([1], to: "/dev/null")
    #expect(kind("/dev/null") == S_IFCHR)
    guard Files.exists("/dev/full") else { return }
    #expect(throws: FileError.outputNotWritten(path: "/dev/full", reason: "the disk is full")) {
      try AtomicFile.write([1], to: "/dev/full")
    }
  }

  @Test("an output of this process goes on where it is, also where it is a file")
  func ownDescriptor() throws {
    try withTemporaryFolder { folder in
      let file = open("\(folder)/log", O_WRONLY | O_CREAT, 0o600)
      defer { close(file) }
      _ = write(file, [UInt8(1)], 1)
      try AtomicFile.write([2], to: "/dev/fd/\(file)")
      _ = write(file, [UInt8(3)], 1)
      #expect(try readFile("\(folder)/log") == [1, 2, 3])
      #expect(try Files.list(folder) == ["log"])
    }
  }

  @Test("a file beside, held by another program, is not waited for")
  func heldSibling() throws {
    try withTemporaryFolder { folder in
      let lock = try #require(try FileLock(path: "\(folder)/.a.tmp"))
      try AtomicFile.write([1], to: "\(folder)/a")
      #expect(try readFile("\(folder)/a") == [1])
      #expect(try Files.list(folder) == [".a.tmp", "a"])
      withExtendedLifetime(lock) {}
    }
  }

  @Test(
    "what bears the name of the file beside is left alone", arguments: ["pipe", "folder", "link"])
  func foreignSibling(kind: String) throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write([5], to: "\(folder)/victim")
      switch kind {
      case "pipe": mkfifo("\(folder)/.a.tmp", 0o600)
      case "folder": try Files.createFolder("\(folder)/.a.tmp")
      default: symlink("\(folder)/victim", "\(folder)/.a.tmp")
      }
      try AtomicFile.write([1], to: "\(folder)/a")
      #expect(try readFile("\(folder)/a") == [1])
      #expect(try readFile("\(folder)/victim") == [5])
      #expect(try Files.list(folder) == [".a.tmp", "a", "victim"])
    }
  }

  @Test("another name of some file, in place of the file beside, does not destroy that file")
  func hardLink() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write([5], to: "\(folder)/victim")
      link("\(folder)/victim", "\(folder)/.a.tmp")
      try AtomicFile.write([1], to: "\(folder)/a")
      #expect(try readFile("\(folder)/victim") == [5])
      #expect(try Files.list(folder) == ["a", "victim"])
    }
  }

  @Test("a name may be as long as the system lets it be")
  func longName() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/" + String(repeating: "ü", count: 127)
      try AtomicFile.write([1], to: path)
      try AtomicFile.write([2], to: path)
      #expect(try readFile(path) == [2])
      #expect(try Files.list(folder).count == 1)
    }
  }

  @Test("a name that begins with a combining mark is a name")
  func combiningMark() throws {
    #expect(Files.parent(of: "a/\u{301}b") == "a")
    #expect(Files.name(of: "a/\u{301}b/") == "\u{301}b")
    #expect(Files.parent(of: "\u{301}b") == "." && Files.parent(of: "/\u{301}b") == "/")
    try withTemporaryFolder { folder in
      try Files.createFolder("\(folder)/\u{301}a/\u{308}b/")
      try AtomicFile.write([1], to: "\(folder)/\u{301}a/\u{308}b/\u{301}c")
      #expect(try Files.list("\(folder)/\u{301}a/\u{308}b") == ["\u{301}c"])
    }
  }

  @Test("a staged file that is not committed leaves nothing; the earlier one stays")
  func staged() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write([1], to: "\(folder)/a")
      func stage(_ commits: Bool) throws {
        let staged = try StagedFile([[2]], for: "\(folder)/a")
        #expect(try readFile("\(folder)/a") == [1])
        if commits { try staged.commit() }
      }
      try stage(false)
      #expect(try Files.list(folder) == ["a"])
      try stage(true)
      #expect(try readFile("\(folder)/a") == [2])
      #expect(try Files.list(folder) == ["a"])
    }
  }

  @Test("what is no plain file is no lock", arguments: ["pipe", "folder", "link"])
  func foreignLock(kind: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/.lock"
      switch kind {
      case "pipe": mkfifo(path, 0o600)
      case "folder": try Files.createFolder(path)
      default: symlink("\(folder)/elsewhere", path)
      }
      let words = sentence { _ = try FileLock(path: path) }
      #expect(words?.contains("is a \(kind == "link" ? "symbolic link" : kind) where") == true)
      #expect(try Files.list(folder) == [".lock"])
    }
  }

  @Test("a device is no lock")
  func deviceLock() {
    let expected = FileError.notALock(path: "/dev/null", found: "a device")
    #expect(throws: expected) { _ = try FileLock(path: "/dev/null") }
  }
}
