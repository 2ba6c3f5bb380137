// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// The system's `curl`, whose output is watched: what is too long, too slow or leads away is cut
/// off.
///
/// A program that is updated with the system, rather than a library of our own: proxies,
/// certificates and HTTP/2 are its daily bread. Its bytes come through a pipe, so that it ends with
/// this process.
public struct Downloader: Sendable {
  /// The name or path of the program.
  public var program = "curl"
  /// How long a connection may take to be made, in seconds.
  public var connectTimeout = 15
  /// How long less than 1000 bytes a second may arrive, in seconds.
  public var stallTimeout = 15
  /// How often a fault that may pass, such as "503 busy", is tried again.
  public var retries = 2

  /// Redirects followed at most.
  private static let redirectLimit = 5

  /// A downloader with the usual patience.
  public init() {}

  /// Downloads `url` to the end of `part` and continues where the bytes already there end.
  ///
  /// - Parameters:
  ///   - url: What to download, by HTTP or HTTPS.
  ///   - part: Where to.
  ///   - limit: More bytes than this are refused.
  ///   - progress: Called ten times a second; if it throws, the program is stopped.
  /// - Throws: `DownloadFault`, `FileError` where bytes cannot be written, or what `progress`
  ///   throws.
  func download(
    _ url: String, to part: PartFile, atMost limit: Int,
    progress: (_ bytes: Int, _ total: Int?) throws -> Void
  ) throws {
    var attempts = 0
    while true {
      do {
        try follow(url, part, limit, progress)
        if part.size == 0 { throw DownloadFault.empty }
        return try progress(part.size, part.size)
      } catch let fault as DownloadFault where fault.mayPass && attempts < retries {
        attempts += 1
        for _ in 0..<10 * attempts {
          try progress(part.size, nil)
          ChildProcess.pause(milliseconds: 100)
        }
      }
    }
  }

  /// Goes from redirect to redirect. By hand, as `curl` cannot be told never to go from HTTPS to
  /// HTTP where it has begun with HTTP.
  private func follow(
    _ url: String, _ part: PartFile, _ limit: Int, _ progress: (Int, Int?) throws -> Void
  ) throws {
    var places = [url]
    while let next = try request(places[places.count - 1], part, limit, progress) {
      guard Self.mayRedirect(from: places[places.count - 1], to: next) else {
        throw DownloadFault.forbiddenRedirect(to: next)
      }
      if places.contains(next) { throw DownloadFault.redirectLoop(at: next) }
      places.append(next)
      if places.count > Self.redirectLimit + 1 {
        throw DownloadFault.tooManyRedirects(Self.redirectLimit)
      }
    }
  }

  /// Whether a redirect is followed: to web addresses alone, and never from HTTPS down to HTTP.
  package static func mayRedirect(from: String, to: String) -> Bool {
    let (from, to) = (from.lowercased(), to.lowercased())
    return to.hasPrefix("https://") || to.hasPrefix("http://") && !from.hasPrefix("https://")
  }

  /// Asks once; gives the address that a redirect leads to.
  private func request(
    _ url: String, _ part: PartFile, _ limit: Int, _ progress: (Int, Int?) throws -> Void
  ) throws -> String? {
    var log = CurlLog()
    let program: ChildProcess
    do {
      program = try ChildProcess([self.program] + arguments(url, from: part.size, atMost: limit))
    } catch .missing {
      throw DownloadFault.programMissing
    } catch .notStarted(let reason) {
      throw DownloadFault.failed(
        code: 0, status: nil, words: "'\(self.program)' could not be started (\(reason))")
    }
    let code = try program.run { piece in
      try log.add(piece)
    } onOutput: { piece in
      // The page of a redirect is not the file.
      guard log.status == 200 || log.status == 206 else { return }
      guard part.size + piece.count <= limit else { throw DownloadFault.tooLong(limit: limit) }
      try part.append(piece)
    } whileRunning: {
      try progress(part.size, log.total)
    }
    if let status = log.status, 300..<400 ~= status, let redirect = log.redirect { return redirect }
    guard code == 0 else {
      throw DownloadFault.failed(code: code, status: log.status, words: log.words(of: code, self))
    }
    guard log.status == 200 || log.status == 206 else {
      throw DownloadFault.failed(code: 22, status: log.status, words: "")
    }
    return nil
  }

  private func arguments(_ url: String, from offset: Int, atMost limit: Int) -> [String] {
    [
      // No settings of the user's.
      "--disable", "--silent", "--show-error", "--verbose", "--fail", "--no-buffer",
      "--suppress-connect-headers", "--proto", "=http,https",
      "--connect-timeout", "\(connectTimeout)",
      "--speed-limit", "1000", "--speed-time", "\(stallTimeout)",
      "--max-filesize", "\(limit)", "--write-out", "%{stderr}\nredirect: %{redirect_url}\n",
    ] + (offset > 0 ? ["--continue-at", "\(offset)"] : []) + ["--", url]
  }
}

/// What `curl --verbose` tells beside the file: the head of the last answer, and why it failed.
private struct CurlLog {
  private(set) var status: Int?
  /// The size of the whole file in bytes, also where only the rest of it is sent.
  private(set) var total: Int?
  private(set) var redirect: String?
  /// Why the last connection was not made: "connection refused".
  private var refusal = ""
  /// What curl said last, without its "curl: (6) ".
  private var lastWords = ""

  private var line: [UInt8] = []
  private var byteCount = 0

  /// Whether there was no connection yet.
  private var isConnecting = true

  /// More is no answer's head.
  private static let sizeLimit = 1 << 20
  private static let lineLimit = 1 << 14

  mutating func add(_ piece: [UInt8]) throws {
    byteCount += piece.count
    guard byteCount <= Self.sizeLimit else { throw DownloadFault.headTooLong }
    for byte in piece {
      if byte == UInt8(ascii: "\n") {
        read(String(decoding: line, as: UTF8.self))
        line.removeAll(keepingCapacity: true)
      } else if line.count < Self.lineLimit, byte != UInt8(ascii: "\r") {
        line.append(byte)
      }
    }
  }

  private mutating func read(_ line: String) {
    if line.hasPrefix("* Connected to ") {
      isConnecting = false
    } else if line.hasPrefix("< ") {
      read(head: line.dropFirst(2))
    } else if line.hasPrefix("* connect to "), let words = line.firstRange(of: " failed: ") {
      refusal = line[words.upperBound...].lowercased()
    } else if line.hasPrefix("redirect: ") {
      let address = line.dropFirst(10)
      if !address.isEmpty { redirect = String(address) }
    } else if line.hasPrefix("curl: ("), let end = line.firstIndex(of: ")") {
      lastWords = String(line[line.index(after: end)...].drop { $0 == " " })
    }
  }

  private mutating func read(head line: Substring) {
    let words = line.split(separator: " ")
    guard words.count >= 2 else { return }
    if line.hasPrefix("HTTP/") {
      (status, total) = (Int(words[1]), nil)
    } else if words[0].lowercased() == "content-length:" && status == 200 {
      total = Int(words[1])
    } else if words[0].lowercased() == "content-range:" && status == 206 {
      // bytes 100-999/1000
      total = words.last?.split(separator: "/").last.flatMap { Int($0) }
    }
  }

  /// Why the program ended with a code, for a sentence.
  func words(of code: Int32, _ downloader: Downloader) -> String {
    switch code {
    case 7: refusal.shown(limit: 100)
    case 28 where isConnecting: "no connection was made within \(downloader.connectTimeout) s"
    case 28: "the server was too slow or silent for \(downloader.stallTimeout) s"
    default: lastWords.shown(limit: 200)
    }
  }
}
