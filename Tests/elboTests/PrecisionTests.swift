// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo train --precision")
struct PrecisionTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  /// As the system tells it.
  private static let hasBFloat16: Bool = {
    let processor = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
    return processor?.contains("avx512_bf16") ?? false
  }()

  private func train(_ more: [String]) throws -> Outcome {
    try workspace.elbo(["train", "--epochs", "1", "--no-figures"] + more)
  }

  private var begin: [String] { ["--data", "data", "-o", "run"] + Workspace.small }

  @Test("the record says what the products multiply, and other words are refused")
  func record() throws {
    expectSuccess(try train(begin + ["--precision", "fp32"]))
    let training = try #require(try workspace.json("run/run.json")["training"] as? [String: Any])
    #expect(training["precision"] as? String == "fp32")
    let outcome = try train(begin + ["--precision", "fp16"])
    #expect(outcome.status == 64)
    #expect(outcome.errors.contains("'fp32' and 'bf16'"))
  }

  @Test("bf16 is refused where the CPU lacks it, with nothing written; else it trains")
  func bfloat16() throws {
    let outcome = try train(begin + ["--precision", "bf16"])
    if Self.hasBFloat16 {
      expectSuccess(outcome)
      #expect(outcome.output.contains("products: of bfloat16 numbers"))
    } else {
      #expect(outcome.status == 1)
      #expect(outcome.errors.contains("leave the option out to train in fp32"))
      #expect(!workspace.exists("run"))
    }
  }

  @Test(
    "a run that was begun in bf16 is not continued otherwise",
    .enabled(if: !Self.hasBFloat16))
  func resume() throws {
    expectSuccess(try train(begin))
    let record = try workspace.text("run/run.json")
    try workspace.write(record.replacing("\"fp32\"", with: "\"bf16\""), to: "run/run.json")
    let outcome = try workspace.elbo(["train", "--resume", "run", "--epochs", "2"])
    #expect(outcome.status == 1)
    #expect(outcome.errors.contains("AVX-512 BF16 or AMX"), "\(outcome.errors)")
  }
}
