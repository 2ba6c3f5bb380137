// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite("ChildProcess")
struct ChildProcessTests {
  private func run(_ script: String) throws -> (code: Int32, output: String, messages: String) {
    var (output, messages): ([UInt8], [UInt8]) = ([], [])
    let code = try ChildProcess(["sh", "-c", script]).run {
      messages += $0
    } onOutput: {
      output += $0
    } whileRunning: {
    }
    return (
      code, String(decoding: output, as: UTF8.self), String(decoding: messages, as: UTF8.self)
    )
  }

  @Test("output, messages and the code arrive")
  func whole() throws {
    let result = try run("echo a; echo b >&2; head -c 300000 /dev/zero | tr '\\0' x; exit 7")
    #expect(result.code == 7 && result.messages == "b\n")
    #expect(result.output == "a\n" + String(repeating: "x", count: 300_000))
    #expect(try run("kill -9 $$").code == 128 + 9)
  }

  @Test("what is said before output is written is there before the output")
  func order() throws {
    let script = "i=0; while [ $i -lt 3000 ]; do echo m >&2; echo o; i=$((i+1)); done"
    var (said, written, isInOrder) = (0, 0, true)
    _ = try ChildProcess(["sh", "-c", script]).run {
      said += $0.count
    } onOutput: {
      written += $0.count
      isInOrder = isInOrder && said >= written
    } whileRunning: {
    }
    #expect(said == 6000 && written == 6000 && isInOrder)
  }

  @Test("a program that is not there is missing")
  func missing() {
    #expect(throws: ChildProcess.Failure.missing) { try ChildProcess(["no-such-program"]) }
    #expect(throws: ChildProcess.Failure.self) { try ChildProcess(["/"]) }
  }

  @Test("it ends where its output is refused")
  func refused() throws {
    struct Refused: Error {}
    var number: pid_t = 0
    #expect(throws: Refused.self) {
      try ChildProcess(["sh", "-c", "echo $$; exec sleep 100"]).run { _ in
      } onOutput: { bytes in
        number = pid_t(String(decoding: bytes.dropLast(), as: UTF8.self)) ?? 0
        throw Refused()
      } whileRunning: {
      }
    }
    #expect(number > 0 && kill(number, 0) != 0, "it still runs")
  }
}
