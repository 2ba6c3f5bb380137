// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("Downloads from servers that do harm", .enabled(if: hasCurl, "curl is not installed"))
struct DownloadFaultTests {
  private let images = IDX(
    dimensions: [20, 28, 28],
    elements: (0..<20 * 784).map { UInt8(truncatingIfNeeded: $0 * $0 / 7) }
  ).encoded()
  private let path = "/train-images-idx3-ubyte.gz"

  private func source(_ mirrors: [String]) -> DatasetSource {
    DatasetSource(
      name: "tiny", mirrors: mirrors,
      files: [
        .init(
          name: "train-images-idx3-ubyte", byteCount: images.count,
          sha256: SHA256.hexadecimal(of: images))
      ])
  }

  private var downloader: Downloader {
    var downloader = Downloader()
    downloader.stallTimeout = 1
    downloader.retries = 0
    return downloader
  }

  /// The sentence of a download that fails, in a cache that then holds nothing of it.
  private func refusal(_ answers: [String: [LoopbackServer.Answer]]) throws -> String {
    let server = try LoopbackServer(answers)
    defer { server.stop() }
    return try withTemporaryFolder { cache in
      let words = sentence {
        _ = try source(["\(server.address)/"]).fetch(into: cache, using: downloader)
      }
      let left = try Files.list("\(cache)/tiny")
      #expect(left == [".lock"], "something is left")
      return words ?? "no error"
    }
  }

  @Test("an answer without end is cut off at the size that the file can have")
  func endless() throws {
    let words = try refusal([path: [.endless]])
    #expect(words.contains("too large to be the file, which has at most"), "\(words)")
  }

  @Test("a head without end is cut off")
  func endlessHead() throws {
    let words = try refusal([path: [.endlessHead]])
    #expect(!words.contains("no error"), "\(words)")
  }

  @Test("an empty answer, and none at all, are called so")
  func empty() throws {
    var words = try refusal([path: [.file([])]])
    #expect(words.contains("the server's answer is empty"), "\(words)")
    words = try refusal([path: [.hangUp]])
    #expect(words.contains("hung up without an answer"), "\(words)")
  }

  @Test("a server that takes the question and is mute is given up")
  func mute() throws {
    let words = try refusal([path: [.silence]])
    #expect(words.contains("too slow or silent for 1 s"), "\(words)")
  }

  @Test("redirects in a circle are named")
  func circle() throws {
    var words = try refusal([path: [.redirect(to: path)]])
    #expect(words.contains("redirects in a circle"), "\(words)")
    let ladder = (0...7).map { ("/\($0)", [LoopbackServer.Answer.redirect(to: "/\($0 + 1)")]) }
    words = try refusal(
      Dictionary(uniqueKeysWithValues: ladder).merging([path: [.redirect(to: "/0")]]) { $1 })
    #expect(words.contains("redirects more than 5 times"), "\(words)")
  }

  @Test("a redirect to what is no web address is named and not followed")
  func otherScheme() throws {
    for place in ["file:///etc/passwd", "ftp://127.0.0.1:1/x"] {
      let words = try refusal([path: [.redirect(to: place)]])
      #expect(words.contains("redirects to '\(place)"), "\(words)")
    }
  }

  @Test("redirects go up to https, and never down from it")
  func downgrade() {
    let (http, https) = ("http://a/b", "HTTPS://a/b")
    #expect(Downloader.mayRedirect(from: http, to: https))
    #expect(Downloader.mayRedirect(from: https, to: https))
    #expect(Downloader.mayRedirect(from: http, to: http))
    #expect(!Downloader.mayRedirect(from: https, to: http))
    #expect(!Downloader.mayRedirect(from: http, to: "file:///a"))
  }

  @Test("a name that nobody has, and a closed port, are told apart")
  func unreachable() throws {
    try withTemporaryFolder { cache in
      let words = sentence {
        _ = try source(["http://nobody.invalid/", "http://127.0.0.1:1/"])
          .fetch(into: cache, using: downloader)
      }
      #expect(
        words?.contains("cannot be reached (connection refused)") == true, "\(words ?? "")")
      // Behind a proxy the name is the proxy's to look for.
      #expect(words?.contains("nobody.invalid/train") == true)
    }
  }

  @Test("a link in place of the part is not followed", arguments: ["link", "hard link", "pipe"])
  func linkedPart(kind: String) throws {
    let server = try LoopbackServer([path: [.file(Gzip.compress(images))]])
    defer { server.stop() }
    try withTemporaryFolder { cache in
      try Files.createFolder("\(cache)/tiny")
      let (victim, part) = ("\(cache)/victim", "\(cache)/tiny\(path).part")
      try AtomicFile.write([1, 2, 3], to: victim)
      switch kind {
      case "link": symlink(victim, part)
      case "hard link": link(victim, part)
      default: mkfifo(part, 0o600)
      }
      _ = try source(["\(server.address)/"]).fetch(into: cache, using: downloader)
      #expect(try readFile(victim) == [1, 2, 3])
      #expect(try readFile("\(cache)/tiny/train-images-idx3-ubyte") == images)
      #expect(try Files.list("\(cache)/tiny") == [".lock", "train-images-idx3-ubyte"])
    }
  }

  @Test("what a server says of itself is shown without control characters")
  func escaped() throws {
    let words = try refusal([path: [.redirect(to: "gopher://a/\u{1B}[31mred")]])
    #expect(!words.unicodeScalars.contains("\u{1B}"), "\(words.debugDescription)")
  }

  @Test("that the next server is tried is told, with the reason")
  func nextMirror() throws {
    let server = try LoopbackServer([path: [.file(images)]])
    defer { server.stop() }
    try withTemporaryFolder { cache in
      var told: [String] = []
      _ = try source(["\(server.address)/none/", "\(server.address)/"])
        .fetch(into: cache, using: downloader) { progress in
          if case .nextMirror(let url, let reason) = progress { told.append("\(url) \(reason)") }
        }
      #expect(told == ["\(server.address)/none\(path) the server answered 404"])
    }
  }

  @Test("a fault that passes is tried again")
  func retried() throws {
    let server = try LoopbackServer([path: [.status(503), .file(images)]])
    defer { server.stop() }
    try withTemporaryFolder { cache in
      var downloader = downloader
      downloader.retries = 1
      _ = try source(["\(server.address)/"]).fetch(into: cache, using: downloader)
      #expect(server.requests == [path, path])
    }
  }

  @Test("files put into the cache have to be the published ones")
  func otherData() throws {
    try withTemporaryFolder { cache in
      let file = "\(cache)/tiny/train-images-idx3-ubyte"
      try Files.createFolder("\(cache)/tiny")
      // Another packing is the same data.
      try AtomicFile.write(Gzip.compress(images, level: 1), to: "\(file).gz")
      #expect(try source([]).fetch(into: cache).load(.train).name == "tiny")
      var other = images
      other[100] ^= 1
      try AtomicFile.write(other, to: file)
      let words = sentence { _ = try source(["x"]).fetch(into: cache).load(.train) }
      #expect(words?.hasPrefix("'\(file)' is not the published file") == true, "\(words ?? "")")
      #expect(words?.contains("delete it") == true && words?.contains("--data") == true)
      // As a folder of one's own it is what it is.
      #expect(try IDXFolder("\(cache)/tiny").load(.train).count == 20)
    }
  }

  @Test("a folder of other data is not called by the name of a known set")
  func borrowedName() throws {
    try withTemporaryFolder { folder in
      try Files.createFolder("\(folder)/mnist")
      try AtomicFile.write(images, to: "\(folder)/mnist/train-images-idx3-ubyte")
      #expect(try IDXFolder("\(folder)/mnist").load(.train).name == "folder mnist")
    }
  }

  @Test(
    "Fashion-MNIST in the folder of MNIST is found out",
    .enabled(
      if: SharedData.holds("mnist") && SharedData.holds("fashion-mnist"), "../shared is absent"))
  func fashion() throws {
    try withTemporaryFolder { cache in
      try Files.createFolder("\(cache)/mnist")
      for file in DatasetSource.mnist.files {
        symlink(
          "\(SharedData.path("fashion-mnist"))/\(file.name).gz", "\(cache)/mnist/\(file.name).gz")
      }
      let words = sentence { _ = try DatasetSource.mnist.fetch(into: cache).load(.test) }
      #expect(
        words?.contains("is not the published file of mnist but one of fashion-mnist") == true,
        "\(words ?? "no error")")
      let mnist = Files.parent(of: SharedData.path("mnist"))
      #expect(try DatasetSource.mnist.fetch(into: mnist).load(.test).name == "mnist")
    }
  }
}
