// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A run that version 0.1.0 made of the images of `Workspace.writeImages()`:
///
///     elbo train --data data --output run --epochs 2 --hidden 16 --latent 2 --batch-size 20 \
///       --seed 5 --binarize dynamic --no-figures
///
/// and the model that it had after `elbo train --resume run --epochs 4`.
@Suite("A run of version 0.1.0")
struct EarlierVersionTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages(learned: true)
    let kept = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/run-0.1.0")
    try workspace.copy(kept.path, to: "run")
    let record = try workspace.text("run/run.json")
      .replacing("\"DATA\"", with: "\"\(workspace["data"])\"")
    try workspace.write(record, to: "run/run.json")
  }

  /// The numbers of all tensors of a safetensors file, in the order of the file.
  private func numbers(_ file: String) throws -> [Float] {
    let bytes = try workspace.bytes(file)
    let header = (0..<8).reduce(0) { $0 | Int(bytes[$1]) << (8 * $1) }
    return bytes.dropFirst(8 + header).withUnsafeBytes { raw in
      (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
    }
  }

  /// What 0.1.0 printed. Products may round otherwise on another kind of CPU: means over 50 images of
  /// some 45 nats, each summed from 64 terms in single precision.
  @Test("evaluates to the same number")
  func evaluate() throws {
    let outcome = try workspace.elbo("evaluate", "run", "--json")
    expectSuccess(outcome)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let elbo = try #require(json["elbo"] as? Double)
    let kl = try #require(json["kl"] as? Double)
    #expect(abs(elbo - -44.85748410036788) < 1e-4)
    #expect(abs(kl - 0.05102001955732703) < 1e-6)
    #expect(json["examples"] as? Int == 50)
    let conditions = try #require(json["protocol"] as? [String: Any])
    #expect(conditions["binarize"] as? String == "dynamic")
  }

  /// Since Adam's 1 - beta2 is formed in double precision the second moment is 1.3e-5 larger, so that a
  /// step is some 1e-5 of itself smaller: 20 steps of 1e-3 differ by less than 1e-6 in all, and products
  /// of another kind of CPU add as little. An order, noise or state that is not the run's own moves
  /// parameters by a thousand times more.
  @Test("goes on as it would have gone on")
  func resume() throws {
    let before = try numbers("run/model.safetensors")
    let outcome = try workspace.elbo("train", "--resume", "run", "--epochs", "4", "--no-figures")
    expectSuccess(outcome)
    let (found, expected) = (
      try numbers("run/model.safetensors"), try numbers("run/resumed-to-4.safetensors")
    )
    #expect(found.count == 2244 && expected.count == found.count)
    let error = zip(found, expected).map { abs($0 - $1) }.max() ?? .infinity
    #expect(error < 2e-6, "off by \(error)")
    let moved = zip(before, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(moved > 1e-3, "the run moved by \(moved): nothing was compared")
    let metrics = try workspace.text("run/metrics.jsonl").split(separator: "\n")
    #expect(metrics.count == 4)
    // The state now says which run it belongs to.
    let state = String(
      decoding: try workspace.bytes("run/state.safetensors").prefix(4096), as: UTF8.self)
    #expect(state.contains(#""elbo.state":"{\"version\":1,\"seed\":\"5\","#))
  }
}
