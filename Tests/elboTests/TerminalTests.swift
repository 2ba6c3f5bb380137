// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a person sees: a screen that breaks long lines, and breaks them anew when its width
/// changes, as most terminals do.
private struct Screen {
  /// Lines as they were written, however many rows they fill.
  private(set) var lines: [[[UInt8]]] = [[]]
  private var (row, column) = (0, 0)
  var width: Int

  init(width: Int) { self.width = width }

  var texts: [String] {
    lines.map { String(decoding: $0.joined(), as: UTF8.self) }
  }

  /// What an escape sequence began with so far.
  private var sequence: [UInt8] = []

  mutating func show(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      if !sequence.isEmpty {
        sequence.append(byte)
        if sequence.count > 2, (0x40...0x7E).contains(byte) {
          obey(String(decoding: sequence.dropFirst(2), as: UTF8.self))
          sequence = []
        }
        continue
      }
      switch byte {
      case 0x1B: sequence = [byte]
      // To the beginning of the row of the screen, not of the line.
      case UInt8(ascii: "\r"): column = column / width * width
      case UInt8(ascii: "\n"):
        row += 1
        if row == lines.count { lines.append([]) }
        column = 0
      // The rest of a character.
      case 0x80..<0xC0: lines[row][column - 1].append(byte)
      default:
        if column < lines[row].count {
          lines[row][column] = [byte]
        } else {
          lines[row].append([byte])
        }
        column += 1
      }
    }
  }

  private mutating func obey(_ command: String) {
    switch command {
    case "J", "K":
      lines[row].removeLast(max(0, lines[row].count - column))
      if command == "J" { lines.removeLast(lines.count - row - 1) }
    default: Issue.record("the escape sequence \(command) is not expected")
    }
  }
}

@Suite("On a terminal")
struct TerminalTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  private struct Session {
    let status: Int32
    /// All that was written.
    let text: String
    /// What was on the screen in the end.
    let screen: [String]
    /// The live lines.
    var frames: [String] { text.matches(of: /\r([^\r\n\u{1B}]+)\u{1B}\[J\r/).map { String($0.1) } }
  }

  /// Runs the command on a pseudo-terminal of so many columns, and of others after a sign.
  private func run(
    _ arguments: [String], columns: UInt16, later: UInt16? = nil, after sign: String = ""
  ) throws -> Session {
    let (master, terminal) = try openTerminal()
    defer { close(master) }
    func setColumns(_ columns: UInt16) throws {
      var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
      try #require(ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
    }
    try setColumns(columns)
    let child = try workspace.start(arguments, terminal: terminal)
    close(terminal)
    var (text, screen) = ([UInt8](), Screen(width: Int(columns)))
    var buffer = [UInt8](repeating: 0, count: 4096)
    var next = later
    while true {
      let count = read(master, &buffer, buffer.count)
      // The terminal reports an error (Linux) or the end (macOS) once the command has closed it.
      if count <= 0 { break }
      text += buffer[..<count]
      screen.show(buffer[..<count])
      if let width = next, String(decoding: text, as: UTF8.self).contains(sign) {
        try setColumns(width)
        screen.width = Int(width)
        next = nil
      }
    }
    let outcome = child.wait()
    #expect(outcome.errors == "")
    return Session(
      status: outcome.status, text: String(decoding: text, as: UTF8.self), screen: screen.texts)
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

  @Test(
    "one live line, a table that fits, and a clean end",
    arguments: [200, 110, 80, 60, 48, 30] as [UInt16])
  func liveLine(columns: UInt16) throws {
    let session = try run(
      ["train", "--data", "data", "-o", "run", "--epochs", "3"] + Workspace.small, columns: columns)
    #expect(session.status == 0)
    let frames = session.frames
    #expect(frames.count >= 3, "at least one for each epoch")
    #expect(frames.allSatisfy { $0.count < columns }, "a live line must not wrap")
    #expect(frames.first?.hasPrefix("epoch 1/3 ") == true)
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
    } else {
      #expect(last.hasSuffix(" 0:00 left"), "\(last)")
    }
    let seen = session.screen
    #expect(seen.last == "", "the cursor ends on an empty line")
    #expect(!seen.contains { $0.contains("█") || $0.contains("·") })
    let table = seen.dropFirst(3).prefix(5).map { $0 }
    #expect(table[0] == "* best epoch so far, by the test part")
    let parts = "epoch  train ELBO  train rec.   train KL  test ELBO  test rec.    test KL"
    let titles = [
      200: "\(parts)  seconds   images/s", 110: "\(parts)  seconds   images/s",
      80: "epoch  train ELBO  test ELBO  test rec.    test KL  seconds   images/s",
      60: "epoch  train ELBO  test ELBO  test rec.    test KL  seconds",
      48: "epoch  train ELBO  test ELBO    test KL",
      30: "epoch  train ELBO  test ELBO",
    ]
    #expect(table[1] == titles[Int(columns)])
    for (epoch, row) in table[2...].enumerated() {
      #expect(row.hasPrefix("* \(epoch + 1)/3 ") || row.hasPrefix("  \(epoch + 1)/3 "))
      #expect(row.count == table[1].count && row.count < columns, "a row must not wrap")
    }
    #expect(seen.dropFirst(8).first?.hasPrefix("test ELBO -") == true)
    #expect(Array(seen.suffix(2)) == ["wrote run", ""])
  }

  @Test("a window that becomes narrower keeps nothing of the live line, and the table follows")
  func narrower() throws {
    let session = try run(
      ["train", "--data", "data", "-o", "run", "--epochs", "30"] + Workspace.small
        + ["--batch-size", "1"], columns: 150, later: 50, after: "epoch 3/30 [")
    #expect(session.status == 0)
    #expect(session.frames.contains { $0.count > 100 }, "nothing was tested")
    #expect(session.frames.suffix(5).allSatisfy { $0.count < 50 })
    #expect(!session.screen.contains { $0.contains("█") || $0.contains("·") })
    let titles = session.screen.filter { $0.hasPrefix("  epoch  train") }
    #expect(titles.count == 2 && titles[0].count > 80 && titles[1].count < 50)
    let rows = session.screen.filter { $0.contains(#/^[* ] +[0-9]+/30 /#) }
    #expect(rows.count == 30, "each epoch has one row: \(rows.count)")
    #expect(rows.last.map { $0.count < 50 } == true)
  }

  @Test("a terminal that knows no escape sequences gets none")
  func dumb() throws {
    let elbo = try #require(elboPath)
    let (master, terminal) = try openTerminal()
    defer { close(master) }
    let child = try Child(
      "/usr/bin/env",
      ["TERM=dumb", elbo, "train", "--data", "data", "-o", "run", "--epochs", "1"]
        + Workspace.small,
      in: workspace.path, logs: workspace.path, terminal: terminal)
    close(terminal)
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(master, &buffer, buffer.count)
      if count <= 0 { break }
      text += buffer[..<count]
    }
    expectSuccess(child.wait())
    #expect(text.contains(UInt8(ascii: "*")) && !text.contains(0x1B))
  }

  @Test("a resumed run counts its rate from where it began, not from the start")
  func resumed() throws {
    try workspace.train("run", epochs: 2)
    let session = try run(
      ["train", "--resume", "run", "--epochs", "3", "--no-figures"], columns: 200)
    #expect(session.status == 0)
    let rates = session.text.matches(of: /(-?[0-9,]+) images\/s/).map { $0.1 }
    #expect(!rates.isEmpty && rates.allSatisfy { !$0.hasPrefix("-") && $0 != "0" }, "\(rates)")
    #expect(session.screen.contains { $0.contains(#/^[* ] 3/3 /#) })
  }
}
