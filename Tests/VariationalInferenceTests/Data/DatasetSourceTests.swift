// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

let hasCurl = [
  "/usr/bin/curl", "/bin/curl", "/usr/local/bin/curl", "/opt/homebrew/bin/curl",
]
.contains(where: Files.exists)

@Suite("DatasetSource", .enabled(if: hasCurl, "curl is not installed"))
struct DatasetSourceTests {
  private let images: [UInt8]
  private let packed: [UInt8]

  init() {
    // Noise hardly packs, so that the packed file is long enough to be cut.
    var generator = SystemRandomNumberGenerator()
    let pixels = (0..<50 * 28 * 28).map { _ in UInt8.random(in: 0...255, using: &generator) }
    images = IDX(dimensions: [50, 28, 28], elements: pixels).encoded()
    packed = Gzip.compress(images)
  }

  private func source(_ mirrors: [String], sha256: String? = nil) -> DatasetSource {
    DatasetSource(
      name: "tiny", mirrors: mirrors,
      files: [
        .init(
          name: "train-images-idx3-ubyte", byteCount: images.count,
          sha256: sha256 ?? SHA256.hexadecimal(of: images))
      ])
  }

  private var downloader: Downloader {
    var downloader = Downloader()
    downloader.stallTimeout = 1
    downloader.retries = 0
    return downloader
  }

  private let path = "/train-images-idx3-ubyte.gz"

  /// Runs `body` with a server and an empty cache; the server is stopped afterwards.
  private func serving(
    _ answers: [LoopbackServer.Answer], _ body: (LoopbackServer, String) throws -> Void
  ) throws {
    let server = try LoopbackServer([path: answers, "/moved": [.file(packed)]])
    defer { server.stop() }
    try withTemporaryFolder { try body(server, $0) }
  }

  /// Fetches from `server` and checks that the cache then holds the file and nothing else.
  private func expectFetched(_ server: LoopbackServer, _ cache: String) throws {
    let folder = try source(["\(server.address)/"]).fetch(into: cache, using: downloader)
    #expect(try folder.load(.train).count == 50)
    #expect(try readFile("\(cache)/tiny/train-images-idx3-ubyte") == images)
    #expect(try Files.list("\(cache)/tiny") == [".lock", "train-images-idx3-ubyte"])
  }

  /// Fetches from `server`, expects failure, and returns its sentence.
  private func expectRefused(_ server: LoopbackServer, _ cache: String) throws -> String {
    let source = source(["\(server.address)/"])
    let message = sentence { _ = try source.fetch(into: cache, using: downloader) } ?? "no error"
    #expect(!source.isCached(in: cache), "a half file has the final name")
    return message
  }

  private func writePart(_ bytes: some Collection<UInt8>, in cache: String) throws {
    try Files.createFolder("\(cache)/tiny")
    try AtomicFile.write(Array(bytes), to: "\(cache)/tiny\(path).part")
  }

  @Test("a good download is stored unpacked, and the second call needs no network")
  func good() throws {
    try serving([.file(packed)]) { server, cache in
      try expectFetched(server, cache)
      try expectFetched(server, cache)
      #expect(server.requests == [path])
      try source([]).verify(in: cache)
    }
  }

  @Test("the same data packed otherwise, or not at all, are accepted")
  func packedOtherwise() throws {
    try serving([.file(Gzip.compress(images, level: 1))]) { try expectFetched($0, $1) }
    try serving([.file(images)]) { try expectFetched($0, $1) }
  }

  @Test("progress tells the bytes and the total")
  func progress() throws {
    try serving([.file(packed)]) { server, cache in
      var last: DownloadProgress?
      _ = try source(["\(server.address)/"]).fetch(into: cache, using: downloader) { last = $0 }
      let expected = DownloadProgress.receiving(
        file: "train-images-idx3-ubyte", number: 1, fileCount: 1, bytes: packed.count,
        total: packed.count)
      #expect(last == expected)
    }
  }

  @Test("a .part is continued where it ends")
  func resume() throws {
    try serving([.file(packed)]) { server, cache in
      try writePart(packed.prefix(1000), in: cache)
      try expectFetched(server, cache)
      #expect(server.requests == ["\(path) from 1000"])
    }
  }

  @Test("a .part of a server that cannot continue is fetched from the start")
  func noRanges() throws {
    try serving([.file(packed, ranges: false)]) { server, cache in
      try writePart(packed.prefix(1000), in: cache)
      try expectFetched(server, cache)
    }
  }

  @Test("a .part of other contents is thrown away and the file fetched from the start")
  func foreignPart() throws {
    try serving([.file(packed)]) { server, cache in
      try writePart([UInt8](repeating: 7, count: 1000), in: cache)
      try expectFetched(server, cache)
      #expect(server.requests == ["\(path) from 1000", path])
    }
  }

  @Test("a .part longer than the file is thrown away")
  func longPart() throws {
    try serving([.file(packed)]) { server, cache in
      try writePart([UInt8](repeating: 7, count: packed.count + 5), in: cache)
      try expectFetched(server, cache)
    }
  }

  @Test("a .part that is whole needs no network")
  func wholePart() throws {
    try serving([.status(500)]) { server, cache in
      try writePart(packed, in: cache)
      try expectFetched(server, cache)
      #expect(server.requests.isEmpty)
    }
  }

  @Test("a connection that breaks off keeps its .part, and the next call continues")
  func brokenOff() throws {
    try serving([.cut(packed, after: 5000), .file(packed)]) { server, cache in
      let message = try expectRefused(server, cache)
      #expect(message.contains("the connection broke off"), "\(message)")
      #expect(Files.size("\(cache)/tiny\(path).part") == 5000)
      try expectFetched(server, cache)
      #expect(server.requests == [path, "\(path) from 5000"])
    }
  }

  @Test("a silent server is given up")
  func stalled() throws {
    try serving([.stall(packed, after: 5000)]) { server, cache in
      let message = try expectRefused(server, cache)
      #expect(message.contains("too slow or silent"), "\(message)")
    }
  }

  @Test("a redirect is followed")
  func redirect() throws {
    try serving([.redirect(to: "/moved")]) { server, cache in
      try expectFetched(server, cache)
      #expect(server.requests == [path, "/moved"])
    }
  }

  @Test("a redirect to a local file is not followed")
  func redirectToFile() throws {
    try serving([.redirect(to: "file:///etc/passwd")]) { server, cache in
      _ = try expectRefused(server, cache)
      #expect(!Files.exists("\(cache)/tiny\(path).part"))
    }
  }

  @Test("a server's refusal is named with its number", arguments: [404, 403, 503])
  func refusal(status: Int) throws {
    try serving([.status(status)]) { server, cache in
      let message = try expectRefused(server, cache)
      #expect(message.contains("\(server.address)\(path): the server answered \(status)"))
      #expect(
        message.hasSuffix(
          "put train-images-idx3-ubyte (plain or with .gz) into '\(cache)/tiny' by hand"),
        "\(message)")
    }
  }

  @Test("other contents, a web page and a truncated file are refused and not kept")
  func wrongContents() throws {
    var changed = images
    changed[20] ^= 1
    for (bytes, words) in [
      (Gzip.compress(changed), "not the published data"),
      (Array("<html>Log in to the network</html>".utf8), "does not begin as a gzip file"),
      (Array(packed.prefix(5000)), "truncated"),
    ] {
      try serving([.file(bytes)]) { server, cache in
        let message = try expectRefused(server, cache)
        #expect(message.contains(words), "\(message)")
        #expect(try Files.list("\(cache)/tiny") == [".lock"])
      }
    }
  }

  @Test("a file far too large is refused")
  func tooLarge() throws {
    try serving([.file([UInt8](repeating: 1, count: 5 * images.count))]) { server, cache in
      let message = try expectRefused(server, cache)
      #expect(message.contains("too large"), "\(message)")
    }
  }

  @Test("the next mirror is tried, and all failures are named")
  func mirrors() throws {
    try serving([.file(packed)]) { server, cache in
      let dead = "http://127.0.0.1:1/"
      let message = sentence {
        _ = try source([dead, "\(server.address)/none/"]).fetch(into: cache, using: downloader)
      }
      #expect(message?.contains("\(dead)train-images-idx3-ubyte.gz: the server cannot be") == true)
      #expect(message?.contains("none/train-images-idx3-ubyte.gz: the server answered 404") == true)
      _ = try source([dead, "\(server.address)/"]).fetch(into: cache, using: downloader)
      #expect(source([]).isCached(in: cache))
    }
  }

  @Test("without network the folder and the four files are named")
  func offline() throws {
    try withTemporaryFolder { cache in
      let mnist = DatasetSource(
        name: "mnist", mirrors: ["http://127.0.0.1:1/"], files: DatasetSource.mnist.files)
      let message = sentence { _ = try mnist.fetch(into: cache, using: downloader) }
      #expect(
        message == "mnist could not be downloaded (http://127.0.0.1:1/train-images-idx3-ubyte.gz: "
          + "the server cannot be reached (connection refused)); try again later, or put train-images-idx3-ubyte, "
          + "train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte (plain or "
          + "with .gz) into '\(cache)/mnist' by hand")
    }
  }

  @Test("a missing download program is named")
  func noProgram() throws {
    try withTemporaryFolder { cache in
      var downloader = downloader
      downloader.program = "no-such-curl"
      let error = DatasetError.downloaderMissing(
        program: "no-such-curl", source: "tiny", folder: "\(cache)/tiny",
        files: ["train-images-idx3-ubyte"])
      #expect(throws: error) {
        try source(["http://127.0.0.1:1/"]).fetch(into: cache, using: downloader)
      }
    }
  }

  @Test("an error from the progress stops the download")
  func cancelled() throws {
    struct Cancelled: Error {}
    try serving([.stall(packed, after: 5000)]) { server, cache in
      var downloader = downloader
      downloader.stallTimeout = 60
      let time = ContinuousClock().measure {
        #expect(throws: Cancelled.self) {
          try source(["\(server.address)/"]).fetch(into: cache, using: downloader) { progress in
            if case .receiving(_, _, _, 1..., _) = progress { throw Cancelled() }
          }
        }
      }
      #expect(time < .seconds(30), "the program was waited for, not stopped")
    }
  }

  @Test("of two at once one waits, and the file is fetched once")
  func together() async throws {
    let server = try LoopbackServer([path: [.file(packed)]])
    defer { server.stop() }
    let source = source(["\(server.address)/"])
    let cache = try makeTemporaryFolder()
    defer { removeFolder(cache) }
    let (downloader, images) = (downloader, images)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          let folder = try source.fetch(into: cache, using: downloader)
          #expect(try readFile("\(folder.path)/train-images-idx3-ubyte") == images)
        }
      }
      try await group.waitForAll()
    }
    #expect(server.requests == [path])
  }

  @Test("a held lock is reported while waiting")
  func waiting() throws {
    struct Enough: Error {}
    try withTemporaryFolder { cache in
      try Files.createFolder("\(cache)/tiny")
      let lock = try #require(try FileLock(path: "\(cache)/tiny/.lock"))
      var seen: DownloadProgress?
      #expect(throws: Enough.self) {
        try source([]).fetch(into: cache) {
          seen = $0
          throw Enough()
        }
      }
      #expect(seen == .waiting(folder: "\(cache)/tiny"))
      withExtendedLifetime(lock) {}
    }
  }

  @Test("files put there by hand are used, and a wrong one is found by verify")
  func byHand() throws {
    try withTemporaryFolder { cache in
      let file = "\(cache)/tiny/train-images-idx3-ubyte.gz"
      try Files.createFolder("\(cache)/tiny")
      try AtomicFile.write(packed, to: file)
      #expect(try source([]).fetch(into: cache).load(.train).count == 50)
      try source([]).verify(in: cache)
      let wrong = source([], sha256: String(repeating: "0", count: 64))
      #expect(
        throws: DatasetError.notAsPublished(
          path: file, expected: String(repeating: "0", count: 64),
          found: SHA256.hexadecimal(of: images))
      ) { try wrong.verify(in: cache) }
    }
  }

  @Test("the catalogue knows its data sets by name")
  func catalogue() {
    #expect(DatasetSource.all.map(\.name) == ["mnist", "fashion-mnist", "static-mnist"])
    #expect(DatasetSource.named("mnist")?.files.count == 4 && DatasetSource.named("x") == nil)
    for source in DatasetSource.all {
      #expect(source.mirrors.count >= 2 || source == .staticMNIST)
      #expect(source.mirrors.allSatisfy { $0.hasSuffix("/") })
      #expect(!source.files.isEmpty && source.files.allSatisfy { $0.sha256.count == 64 })
    }
  }

  @Test(
    "the hashes of the catalogue are those of the published data",
    .enabled(if: SharedData.holds("mnist"), "../shared is absent: the data are not here"))
  func hashes() throws {
    let folder = SharedData.path("mnist")
    for source in [DatasetSource.mnist, .fashionMNIST] {
      try source.verify(in: Files.parent(of: folder))
    }
  }

  @Test("static-mnist, which has no download, says what to put where")
  func noMirror() throws {
    _ = try withTemporaryFolder { cache in
      #expect(
        throws: DatasetError.noMirror(
          source: "static-mnist", folder: "\(cache)/static-mnist",
          files: DatasetSource.staticMNIST.files.map(\.name))
      ) { _ = try DatasetSource.staticMNIST.fetch(into: cache) }
    }
  }

  /// Reads the shared folder where it lies, under its own name; nothing links to it or writes there.
  @Test(
    "the hashes of static-mnist are those of the binarised data",
    .enabled(
      if: SharedData.holds("static-binarised-mnist/train-images-idx3-ubyte.gz"),
      "the files are not in ../shared"))
  func staticHashes() throws {
    let source = DatasetSource(
      name: "static-binarised-mnist", mirrors: [], files: DatasetSource.staticMNIST.files)
    try source.verify(in: Files.parent(of: SharedData.path("static-binarised-mnist")))
  }
}
