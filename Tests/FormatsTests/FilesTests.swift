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

@Suite("Files")
struct FilesTests {
  @Test("what is written is read back, in one part and in several")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a"
      try AtomicFile.write([1, 2, 3], to: path)
      #expect(try readFile(path) == [1, 2, 3])
      try AtomicFile.write(parts: [[4], [], [5, 6]], to: path)
      #expect(try readFile(path) == [4, 5, 6])
      #expect(Files.size(path) == 3)
      #expect(try Files.list(folder) == ["a"], "no sibling may remain")
    }
  }

  @Test("an empty file is read as no bytes")
  func emptyFile() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write([], to: "\(folder)/empty")
      #expect(try readFile("\(folder)/empty").isEmpty)
    }
  }

  @Test("a missing file is named")
  func missing() throws {
    #expect(throws: FileError.missing(path: "/nowhere/x")) { try readFile("/nowhere/x") }
    #expect(sentence { _ = try readFile("/nowhere/x") }?.contains("'/nowhere/x'") == true)
  }

  @Test("a folder, a device and a file above the limit are refused")
  func wrongKinds() throws {
    try withTemporaryFolder { folder in
      #expect(throws: FileError.isFolder(path: folder)) { try readFile(folder) }
      #expect(throws: FileError.notRegular(path: "/dev/zero")) { try readFile("/dev/zero") }
      let path = "\(folder)/a"
      try AtomicFile.write([1, 2, 3], to: path)
      #expect(throws: FileError.tooLarge(path: path, size: 3, limit: 2)) {
        try readFile(path, limit: 2)
      }
    }
  }

  @Test(
    "an unreadable file is named with the reason", .disabled(if: geteuid() == 0, "root reads all"))
  func unreadable() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write([1], to: "\(folder)/a")
      chmod("\(folder)/a", 0)
      #expect(throws: FileError.unreadable(path: "\(folder)/a", reason: "permission denied")) {
        try readFile("\(folder)/a")
      }
    }
  }

  @Test("folders are made with those above them, twice without complaint")
  func createFolder() throws {
    try withTemporaryFolder { folder in
      try Files.createFolder("\(folder)/a/b/c/")
      try Files.createFolder("\(folder)/a/b/c")
      #expect(Files.isFolder("\(folder)/a/b/c"))
      try AtomicFile.write([], to: "\(folder)/file")
      #expect(throws: FileError.notFolder(path: "\(folder)/file")) {
        try Files.createFolder("\(folder)/file/below")
      }
      #expect(try Files.list(folder) == ["a", "file"])
      #expect(throws: FileError.notFolder(path: "\(folder)/file")) {
        try Files.list("\(folder)/file")
      }
      #expect(throws: FileError.missing(path: "\(folder)/none")) {
        try Files.list("\(folder)/none")
      }
    }
  }

  @Test(
    "a path is cut into folder and name",
    arguments: [
      ("a/b/c", "a/b", "c"), ("a/b/c/", "a/b", "c"), ("c", ".", "c"), ("/c", "/", "c"),
      ("/", "/", "/"), ("a//b", "a", "b"),
    ])
  func paths(path: String, parent: String, name: String) {
    #expect(Files.parent(of: path) == parent)
    #expect(Files.name(of: path) == name)
  }
}

@Suite("AtomicFile")
struct AtomicFileTests {
  @Test("a missing folder is named, and nothing is written")
  func missingFolder() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/none/a"
      #expect(
        throws: FileError.notWritten(path: path, reason: "the folder does not exist", kept: false)
      ) { try AtomicFile.write([1], to: path) }
    }
  }

  @Test("a folder of that name is refused and stays")
  func folderInTheWay() throws {
    try withTemporaryFolder { folder in
      try Files.createFolder("\(folder)/a")
      #expect(throws: FileError.self) { try AtomicFile.write([1], to: "\(folder)/a") }
      #expect(try Files.list(folder) == ["a"])
    }
  }

  /// The limit is far above what any other test of this process writes at the same time.
  @Test("a write cut short keeps the previous file and removes the sibling")
  func fileSizeLimit() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a"
      try AtomicFile.write([1, 2, 3], to: path)
      var old = rlimit()
      getrlimit(fileSizeResource, &old)
      let handler = signal(SIGXFSZ, SIG_IGN)
      var new = rlimit(rlim_cur: 100 << 20, rlim_max: old.rlim_max)
      setrlimit(fileSizeResource, &new)
      defer {
        setrlimit(fileSizeResource, &old)
        signal(SIGXFSZ, handler)
      }
      let tooLarge = [UInt8](repeating: 7, count: 100 << 20 + 1)
      let expected = FileError.notWritten(
        path: path, reason: "the file-size limit is reached", kept: true)
      #expect(throws: expected) { try AtomicFile.write(tooLarge, to: path) }
      #expect(try readFile(path) == [1, 2, 3])
      #expect(try Files.list(folder) == ["a"])
    }
  }

  @Test("the sibling a killed process left behind is reused")
  func staleSibling() throws {
    try withTemporaryFolder { folder in
      let sibling = "\(folder)/.a.tmp"
      try AtomicFile.write([UInt8](repeating: 9, count: 100), to: sibling)
      try AtomicFile.write([1], to: "\(folder)/a")
      #expect(try readFile("\(folder)/a") == [1])
      #expect(try Files.list(folder) == ["a"])
    }
  }

  @Test("many writers at once leave one whole file")
  func manyWriters() async throws {
    let size = 200_000
    let folder = try makeTemporaryFolder()
    defer { removeFolder(folder) }
    let path = "\(folder)/a"
    try await withThrowingTaskGroup(of: Void.self) { group in
      for writer in 0..<8 {
        group.addTask {
          for _ in 0..<5 {
            try AtomicFile.write([UInt8](repeating: UInt8(writer), count: size), to: path)
          }
        }
      }
      try await group.waitForAll()
    }
    let bytes = try readFile(path)
    #expect(bytes.count == size && Set(bytes).count == 1)
    #expect(try Files.list(folder) == ["a"])
  }
}

// Glibc gives the resource a type of its own.
#if canImport(Glibc)
  private let fileSizeResource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
#else
  private let fileSizeResource = RLIMIT_FSIZE
#endif

@Suite("LineWriter")
struct LineWriterTests {
  @Test("lines are readable at once, and appended to those of an earlier run")
  func append() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/metrics.jsonl"
      let first = try LineWriter(path: path)
      try first.append("{\"step\":1}")
      #expect(try readFile(path) == Array("{\"step\":1}\n".utf8))
      let second = try LineWriter(path: path)
      try second.append("{\"step\":2}")
      try second.synchronise()
      #expect(try readFile(path) == Array("{\"step\":1}\n{\"step\":2}\n".utf8))
    }
  }

  @Test("a full disk is reported", .enabled(if: Files.exists("/dev/full"), "needs /dev/full"))
  func fullDisk() throws {
    let writer = try LineWriter(path: "/dev/full")
    let expected = FileError.lineNotWritten(path: "/dev/full", reason: "the disk is full")
    #expect(throws: expected) { try writer.append("x") }
  }

  @Test("a missing folder is named")
  func missingFolder() throws {
    #expect(throws: FileError.self) { try LineWriter(path: "/nowhere/metrics.jsonl") }
  }
}

@Suite("FileLock")
struct FileLockTests {
  @Test("a lock is held by one, and free again when its holder is gone")
  func exclusive() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/.lock"
      try hold(path) {
        let second = try FileLock(path: path)
        #expect(second == nil)
      }
      #expect(try FileLock(path: path) != nil)
    }
  }

  private func hold(_ path: String, _ body: () throws -> Void) throws {
    let lock = try #require(try FileLock(path: path))
    try body()
    withExtendedLifetime(lock) {}
  }

  @Test("waiting stops when the caller gives up")
  func givingUp() throws {
    struct GivenUp: Error {}
    try withTemporaryFolder { folder in
      let path = "\(folder)/.lock"
      try hold(path) {
        var calls = 0
        #expect(throws: GivenUp.self) {
          _ = try FileLock.wait(path: path) {
            calls += 1
            if calls == 3 { throw GivenUp() }
          }
        }
        #expect(calls == 3)
      }
    }
  }
}
