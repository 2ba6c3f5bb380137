// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// The system's `curl`, told to continue, to follow redirects and to give up on silent servers.
///
/// A program that is updated with the system, rather than a library of our own: redirects, proxies,
/// certificates and HTTP/2 are its daily bread.
public struct Downloader: Sendable {
  /// The name or path of the program.
  public var program = "curl"
  /// How long a connection may take to be made, in seconds.
  public var connectTimeout = 20
  /// How long less than 1000 bytes a second may arrive, in seconds.
  public var stallTimeout = 30
  /// How often a fault that may pass, such as "503 busy", is tried again.
  public var retries = 2

  /// A downloader with the usual patience.
  public init() {}

  /// Downloads `url` to `path` and continues where the bytes already there end.
  ///
  /// - Parameters:
  ///   - url: What to download, by HTTP or HTTPS.
  ///   - path: Where to; two files beside it hold headers and messages meanwhile.
  ///   - limit: More bytes than this are refused.
  ///   - lock: Shared with the program, so that it outlives this process if the program does.
  ///   - progress: Called ten times a second; if it throws, the program is stopped.
  /// - Throws: `DownloadFault`, or what `progress` throws.
  func download(
    _ url: String, to path: String, atMost limit: Int, lock: FileLock,
    progress: (_ bytes: Int, _ total: Int?) throws -> Void
  ) throws {
    let (headers, messages) = ("\(path).headers", "\(path).messages")
    defer {
      try? Files.remove(headers)
      try? Files.remove(messages)
    }
    let program = try ChildProcess.start(
      program, arguments(url, to: path, atMost: limit, headers: headers),
      errorsTo: messages, keeping: lock.descriptor)
    let code = try program.wait(milliseconds: 100) {
      try progress(Files.size(path) ?? 0, HTTPHeaders(at: headers).total)
    }
    guard code == 0 else {
      throw DownloadFault.failed(
        code: code, status: HTTPHeaders(at: headers).status, words: lastWords(messages))
    }
    let size = Files.size(path) ?? 0
    try progress(size, size)
  }

  private func arguments(
    _ url: String, to path: String, atMost limit: Int, headers: String
  ) -> [String] {
    [
      // No settings of the user's, no output of its own but the reason of a failure.
      "--disable", "--silent", "--show-error", "--fail", "--no-buffer",
      "--location", "--max-redirs", "5", "--proto", "=http,https",
      "--continue-at", "-", "--output", path, "--dump-header", headers,
      "--connect-timeout", "\(connectTimeout)",
      "--speed-limit", "1000", "--speed-time", "\(stallTimeout)",
      "--retry", "\(retries)", "--max-filesize", "\(limit)",
      "--", url,
    ]
  }

  /// What curl said last, without its "curl: (6) ".
  private func lastWords(_ messages: String) -> String {
    let text = String(decoding: (try? readFile(messages, limit: 1 << 16)) ?? [], as: UTF8.self)
    guard let line = text.split(whereSeparator: \.isNewline).last else { return "" }
    guard line.hasPrefix("curl: ("), let end = line.firstIndex(of: ")") else { return String(line) }
    return String(line[line.index(after: end)...].drop { $0 == " " })
  }
}

/// The head of a server's last answer, after all redirects.
private struct HTTPHeaders {
  private(set) var status: Int?
  /// The size of the whole file in bytes, also where only the rest of it is sent.
  private(set) var total: Int?

  init(at path: String) {
    let text = String(decoding: (try? readFile(path, limit: 1 << 20)) ?? [], as: UTF8.self)
    for line in text.split(whereSeparator: \.isNewline) {
      let words = line.split(separator: " ")
      if line.hasPrefix("HTTP/"), words.count >= 2 {
        status = Int(words[1])
        total = nil
      } else if let value = words.last {
        read(words[0].lowercased(), String(value))
      }
    }
  }

  private mutating func read(_ name: String, _ value: String) {
    if name == "content-length:" && status == 200 {
      total = Int(value)
    } else if name == "content-range:" && status == 206 {
      // bytes 100-999/1000
      total = value.split(separator: "/").last.flatMap { Int($0) }
    }
  }
}
