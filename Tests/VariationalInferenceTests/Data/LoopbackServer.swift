// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A web server on the loopback with the virtues and vices of real ones.
///
/// It has a thread of its own, so that tests that wait for a download cannot starve it, and serves
/// one request a connection.
final class LoopbackServer: Sendable {
  enum Answer: Sendable {
    /// The file; with `ranges`, its rest where the client asks for that.
    case file([UInt8], ranges: Bool = true)
    case status(Int)
    case redirect(to: String)
    /// Announces the whole file but hangs up after `count` bytes.
    case cut([UInt8], after: Int)
    /// Announces the whole file and falls silent after `count` bytes.
    case stall([UInt8], after: Int)
    /// Pieces without end, whose number is not announced.
    case endless
    /// A head without end.
    case endlessHead
    /// Nothing, for as long as the client waits.
    case silence
    /// Nothing, at once.
    case hangUp
  }

  private let listener: Int32
  private let answers: [String: [Answer]]
  private let log = Mutex<[String]>([])
  /// The address without a slash at the end: "http://127.0.0.1:40000".
  let address: String

  /// Serves each path's answers in turn, the last one again and again; any other path is a 404.
  init(_ answers: [String: [Answer]]) throws {
    self.answers = answers
    listener = socket(AF_INET, streamSocket, 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (listener, length) = (listener, size)
    let isBound = withUnsafeMutablePointer(to: &place) { place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
        bind(listener, place, length) == 0 && listen(listener, 16) == 0
          && getsockname(listener, place, &size) == 0
      }
    }
    address = "http://127.0.0.1:\(UInt16(bigEndian: place.sin_port))"
    try #require(isBound, "no server can be started on the loopback")
    startThread()
  }

  /// The requests so far: "/a" or, for the rest of a file, "/a from 100".
  var requests: [String] { log.withLock { $0 } }

  /// Hangs up; the thread ends.
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func startThread() {
    let box = Unmanaged.passRetained(self).toOpaque()
    #if canImport(Darwin)
      var thread: pthread_t?
      pthread_create(&thread, nil, { Self.main($0) }, box)
    #else
      var thread = pthread_t()
      pthread_create(&thread, nil, { $0.flatMap { LoopbackServer.main($0) } }, box)
    #endif
  }

  private static func main(_ box: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
    let server = Unmanaged<LoopbackServer>.fromOpaque(box).takeRetainedValue()
    while true {
      let connection = accept(server.listener, nil, nil)
      if connection < 0 {
        // By the thread that waits for connections: its number would be that of another server's
        // socket as soon as it is closed.
        close(server.listener)
        return nil
      }
      server.serve(connection)
      close(connection)
    }
  }

  private func serve(_ connection: Int32) {
    let lines = head(from: connection).split(separator: "\r\n")
    guard let words = lines.first?.split(separator: " "), words.count == 3 else { return }
    let path = String(words[1])
    // Range: bytes=100-
    let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
    let start = range.flatMap { Int($0.dropFirst(13).split(separator: "-").first ?? "") } ?? 0
    let earlier = log.withLock { log in
      log.append(start > 0 ? "\(path) from \(start)" : path)
      return log.count { $0 == path || $0.hasPrefix("\(path) ") } - 1
    }
    let list = answers[path] ?? [.status(404)]
    answer(list[min(earlier, list.count - 1)], from: start, on: connection)
  }

  private func answer(_ answer: Answer, from start: Int, on connection: Int32) {
    switch answer {
    case .file(let bytes, ranges: true) where start >= bytes.count && start > 0:
      send(connection, "416 Range Not Satisfiable", ["Content-Range: bytes */\(bytes.count)"])
    case .file(let bytes, ranges: true) where start > 0:
      let range = "Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)"
      send(connection, "206 Partial Content", [range], bytes[start...])
    case .file(let bytes, _): send(connection, "200 OK", [], bytes[...])
    case .status(let status): send(connection, "\(status) Whatever", [])
    case .redirect(let path): send(connection, "302 Found", ["Location: \(path)"])
    case .cut(let bytes, let count):
      send(connection, "200 OK", [], bytes[..<count], announcing: bytes.count)
    case .stall(let bytes, let count):
      send(connection, "200 OK", [], bytes[..<count], announcing: bytes.count)
      waitForEnd(of: connection)
    case .endless:
      let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      sendAgain(head, "10000\r\n" + String(repeating: "x", count: 65536) + "\r\n", on: connection)
    case .endlessHead:
      let line = "X-More: " + String(repeating: "a", count: 8000) + "\r\n"
      sendAgain("HTTP/1.1 200 OK\r\n", line, on: connection)
    case .silence: waitForEnd(of: connection)
    case .hangUp: break
    }
  }

  private func waitForEnd(of connection: Int32) {
    var byte: UInt8 = 0
    _ = recv(connection, &byte, 1, 0)  // Until the client gives up.
  }

  /// Sends a piece again and again, until the client has gone.
  private func sendAgain(_ first: String, _ piece: String, on connection: Int32) {
    if Self.write(connection, Array(first.utf8)) <= 0 { return }
    let bytes = Array(piece.utf8)
    var rest = bytes[...]
    while true {
      let sent = Self.write(connection, Array(rest))
      if sent <= 0 { return }
      rest = rest.dropFirst(sent)
      if rest.isEmpty { rest = bytes[...] }
    }
  }

  private func send(
    _ connection: Int32, _ status: String, _ headers: [String], _ body: ArraySlice<UInt8> = [],
    announcing count: Int? = nil
  ) {
    let lines =
      ["HTTP/1.1 \(status)", "Content-Length: \(count ?? body.count)", "Connection: close"]
      + headers + ["", ""]
    var rest = Array(lines.joined(separator: "\r\n").utf8) + body
    while !rest.isEmpty {
      let sent = Self.write(connection, rest)
      if sent <= 0 { return }
      rest.removeFirst(sent)
    }
  }

  private static func write(_ connection: Int32, _ bytes: [UInt8]) -> Int {
    #if canImport(Darwin)
      return Darwin.send(connection, bytes, bytes.count, 0)
    #elseif canImport(Musl)
      return Musl.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    #else
      return Glibc.send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    #endif
  }

  /// The request up to its empty line.
  private func head(from connection: Int32) -> String {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while !bytes.suffix(4).elementsEqual([13, 10, 13, 10]) {
      let count = recv(connection, &buffer, buffer.count, 0)
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

// Glibc gives the kind of a socket a type of its own.
#if canImport(Glibc)
  private let streamSocket = Int32(SOCK_STREAM.rawValue)
#else
  private let streamSocket = SOCK_STREAM
#endif
