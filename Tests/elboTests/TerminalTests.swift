// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("On a terminal")
struct TerminalTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  /// Runs the command on a pseudo-terminal of so many columns; returns all that it wrote there.
  private func run(_ arguments: [String], columns: UInt16) throws -> (status: Int32, text: String) {
    let (master, terminal) = try openTerminal()
    defer { close(master) }
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    let sized = ioctl(terminal, UInt(TIOCSWINSZ), &size)
    try #require(sized == 0)
    let child = try workspace.start(arguments, terminal: terminal)
    close(terminal)
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(master, &buffer, buffer.count)
      // The terminal reports an error (Linux) or the end (macOS) once the command has closed it.
      if count <= 0 { break }
      text += buffer[..<count]
    }
    let outcome = child.wait()
    #expect(outcome.errors == "")
    return (outcome.status, String(decoding: text, as: UTF8.self))
  }

  /// A new pseudo-terminal: the side of the person, and the side of the command.
  private func openTerminal() throws -> (master: Int32, terminal: Int32) {
    #if canImport(Darwin)
      let master = posix_openpt(O_RDWR | O_NOCTTY)
      let isReady = master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0
      let name = ptsname(master).map { String(cString: $0) } ?? ""
    #else
      // What unlockpt and ptsname do, which Swift does not see: TIOCSPTLCK and TIOCGPTN.
      let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
      var (lock, number): (Int32, Int32) = (0, 0)
      let isReady =
        ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0
      let name = "/dev/pts/\(number)"
    #endif
    let terminal = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)
    try #require(isReady && terminal >= 0, "there is no pseudo-terminal")
    return (master, terminal)
  }

  /// What a person sees in the end: lines after carriage returns and erasures.
  private func screen(_ text: String) -> [String] {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      let drawn =
        String(String.UnicodeScalarView(line))
        .components(separatedBy: "\r\u{1B}[K").last ?? ""
      return drawn.hasSuffix("\r") ? String(drawn.dropLast()) : drawn
    }
  }

  @Test("one live line, a lasting line for each epoch, and a clean end", arguments: [200, 80, 40])
  func liveLine(columns: UInt16) throws {
    let (status, text) = try run(
      ["train", "--data", "data", "-o", "run", "--epochs", "3"] + Workspace.small, columns: columns)
    #expect(status == 0)
    let frames = text.components(separatedBy: "\r\u{1B}[K").dropFirst()
      .map { $0.prefix { $0 != "\r\n" && $0 != "\n" } }.filter { $0.contains("[") }
    #expect(frames.count >= 3, "at least one for each epoch")
    #expect(frames.allSatisfy { $0.count < columns }, "a live line must not wrap")
    #expect(frames.first?.hasPrefix("epoch 1/3 [") == true)
    let last = frames.last ?? ""
    if columns == 80 {
      #expect(
        last.firstMatch(
          of: /^epoch 3\/3 \[█{20}\] 10\/10  ELBO -[0-9.]+  [0-9,]+ images\/s  0:00 left$/) != nil,
        "what is left is shown before the parts of the bound: \(last)")
    } else if columns == 200 {
      #expect(
        last.firstMatch(
          of:
            /^epoch 3\/3 \[█{20}\] 10\/10  ELBO .*\(reconstruction .*, KL .*\)  [0-9,]+ images\/s  0:00 left$/
        ) != nil, "\(last)")
    }
    let seen = screen(text)
    #expect(seen.last == "", "the cursor ends on an empty line")
    #expect(!seen.contains { $0.contains("█") || $0.contains("·") || $0.contains("\u{1B}") })
    let starts = seen.dropFirst(3).map { $0.replacing(/( train|:| ELBO) .*/, with: "") }
    #expect(Array(starts.prefix(4)) == ["epoch 1/3 ", "epoch 2/3 ", "epoch 3/3 ", "test"])
    #expect(Array(starts.suffix(2)) == ["wrote run", ""])
  }

  @Test("a resumed run counts its rate from where it began, not from the start")
  func resumed() throws {
    try workspace.train("run", epochs: 2)
    let (status, text) = try run(
      ["train", "--resume", "run", "--epochs", "3", "--no-figures"], columns: 200)
    #expect(status == 0)
    let rates = text.matches(of: /(-?[0-9,]+) images\/s/).map { $0.1 }
    #expect(!rates.isEmpty && rates.allSatisfy { !$0.hasPrefix("-") && $0 != "0" }, "\(rates)")
    #expect(screen(text).contains { $0.hasPrefix("epoch 3/3  train") })
  }
}
