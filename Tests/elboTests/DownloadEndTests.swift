// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("A command that downloads: its end, and others that wait")
struct DownloadEndTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    // A server that never answers, as the command sees it.
    try workspace.write("#!/bin/sh\necho $$ > \"$0.number\"\nexec sleep 100\n", to: "bin/curl")
    chmod(workspace["bin/curl"], 0o755)
  }

  private func startDownload() throws -> Child {
    try workspace.startShell(
      "PATH=\"$PWD/bin:$PATH\" XDG_CACHE_HOME=\"$PWD/cache\" exec \"$0\" train --data fashion-mnist"
        + " -o run")
  }

  /// The number of the program that downloads, once it runs.
  private func downloader() throws -> pid_t {
    for _ in 0..<3000 {
      if let text = try? workspace.text("bin/curl.number"),
        let number = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
      {
        return number
      }
      usleep(10_000)
    }
    throw CancellationError()
  }

  #if os(Linux)
    @Test("whatever ends the command ends its download", arguments: [SIGTERM, SIGINT, SIGKILL])
    func orphan(signal: Int32) throws {
      let child = try startDownload()
      let number = try downloader()
      child.send(signal)
      #expect(child.wait().status == -signal)
      // The system kills it while the command's end is told.
      for _ in 0..<3000 where kill(number, 0) == 0 && !isEnded(number) { usleep(10_000) }
      #expect(kill(number, 0) != 0 || isEnded(number), "the download goes on alone")
    }

    /// Whether nothing is left of a process but its number, which nobody has asked for.
    private func isEnded(_ number: pid_t) -> Bool {
      let text = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8)
      return text?.contains(") Z ") ?? true
    }
  #endif

  @Test("a second command that finds a download at work says that it waits")
  func waiting() throws {
    let first = try startDownload()
    _ = try downloader()
    let second = try startDownload()
    defer {
      first.send(SIGKILL)
      second.send(SIGKILL)
      _ = (first.wait(), second.wait())
    }
    for _ in 0..<3000 where !second.errors.contains("Waiting") { usleep(10_000) }
    #expect(second.errors.contains("Waiting for another process, which downloads into"))
    #expect(!workspace.exists("run"))
  }
}
