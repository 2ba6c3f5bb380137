// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Half, a checkpoint file, and the other half are the whole")
struct ResumeTests {
  private let images = ImageDataset.bars(count: 100)
  private let options = TrainingOptions(
    epochs: 3, batchSize: 33, optimiser: Adam(learningRate: 1e-2), seed: 6)

  private func trainer<Scalar: TensorScalar>(
    _ type: Scalar.Type, threads: Int, seed: UInt64 = 1
  ) throws -> Trainer<VariationalAutoencoder<Scalar>> {
    try Trainer(
      smallModel(type, seed: seed), data: images.binarized(.dynamic), options: options,
      workers: WorkerPool(count: threads))
  }

  /// Everything that a run ends with.
  private struct End<Scalar: TensorScalar>: Equatable {
    let parameters: [[Scalar]]
    let memories: [[[Scalar]]]
    let progress: TrainingProgress

    init(_ state: TrainingState<Scalar>) {
      parameters = state.parameters.map(\.scalars)
      memories = state.memories.map { $0.map(\.scalars) }
      progress = state.progress
    }
  }

  private func check<Scalar: TensorScalar>(_ type: Scalar.Type, steps: Int, threads: Int) throws {
    let whole = try trainer(type, threads: 1)
    try finish(whole)
    let half = try trainer(type, threads: 1)
    for _ in 0..<steps { _ = try half.step() }
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      try half.state.save(to: path)
      // Another model of the same shapes, as a new process would draw before it restores.
      let other = try trainer(type, threads: threads, seed: 2)
      let state = try TrainingState(checkpoint: path, model: other.model)
      #expect(End(state) == End(half.state))
      #expect(state.memories.count == 2 && state.memoryNames == ["first_moment", "second_moment"])
      other.restore(state)
      try finish(other)
      #expect(End(other.state) == End(whole.state), "\(type) after \(steps) steps")
    }
  }

  /// Four batches an epoch: at the start, within epochs, between them, before the last step, at the
  /// end.
  @Test(
    "with == on every parameter, moment and sum", arguments: [0, 1, 4, 6, 8, 11, 12], [1, 2, 3])
  func resume(_ steps: Int, _ threads: Int) throws {
    try check(Float.self, steps: steps, threads: threads)
  }

  @Test("in Double") func resumeDouble() throws { try check(Double.self, steps: 5, threads: 2) }

  @Test("the sums of an epoch go on where they were")
  func sums() throws {
    let whole = try #require(try finish(trainer(Float.self, threads: 1)).last).epochSoFar
    let half = try trainer(Float.self, threads: 1)
    for _ in 0..<10 { _ = try half.step() }
    let other = try trainer(Float.self, threads: 2)
    other.restore(half.state)
    #expect(try finish(other).last?.epochSoFar == whole)
  }

  /// Four batches an epoch; a state within, at the end of, and beyond the epochs that are asked for.
  @Test("a state past the last epoch is a run at its end", arguments: [8, 9, 12])
  func pastTheEnd(_ steps: Int) throws {
    let whole = try trainer(Float.self, threads: 1)
    for _ in 0..<steps { _ = try whole.step() }
    var fewer = options
    fewer.epochs = steps == 8 ? 2 : 1
    let other = try Trainer(smallModel(Float.self, seed: 2), data: images, options: fewer)
    other.restore(whole.state)
    let before = End(other.state)
    let step = try other.step()
    #expect(step == nil && End(other.state) == before)
  }

  @Test("the optimiser counts its steps, also after a state was restored")
  func optimiserSteps() throws {
    let half = try trainer(Float.self, threads: 1)
    #expect(half.optimiser.step == 0)
    for step in 1...5 {
      _ = try half.step()
      #expect(half.optimiser.step == step && half.progress.steps == step)
    }
    let other = try trainer(Float.self, threads: 2)
    other.restore(half.state)
    #expect(other.optimiser.step == 5)
    _ = try other.step()
    #expect(other.optimiser.step == 6 && half.optimiser.step == 5)
  }

  /// A saved state with one member of the file changed.
  private func fault(
    _ change: (inout [Safetensors.Tensor], inout [String: String]) -> Void
  ) throws -> CheckpointError.Fault {
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      let half = try trainer(Float.self, threads: 1)
      _ = try half.step()
      try half.state.save(to: path)
      let file = try Safetensors(path: path)
      var tensors = try file.entries.map {
        Safetensors.Tensor(name: $0.name, shape: $0.shape, try file.floats($0.name))
      }
      var metadata = file.metadata
      // The tensors are changed on purpose: what recognises them goes, as in version 0.1.0.
      metadata["elbo.state"] = nil
      change(&tensors, &metadata)
      try Safetensors.write(tensors, metadata: metadata, to: path)
      let error = try #require(throws: CheckpointError.self) {
        _ = try TrainingState(checkpoint: path, model: half.model)
      }
      #expect(error.path == path && error.description.contains(path))
      return error.fault
    }
  }

  @Test("a missing moment is named")
  func missing() throws {
    let name = "second_moment.decoder.fc2.bias"
    let found = try fault { tensors, _ in tensors.removeAll { $0.name == name } }
    guard case .missing(name, _, _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("a misshapen parameter is named, with both shapes")
  func misshapen() throws {
    let name = "parameters.encoder.fc_mu.bias"
    let found = try fault { tensors, _ in
      tensors.removeAll { $0.name == name }
      tensors.append(Safetensors.Tensor(name: name, shape: [4], [0, 0, 0, 0] as [Float]))
    }
    #expect(found == .misshapen(tensor: name, found: [4], expected: "[3]"))
  }

  @Test("a parameter that is not a number is named")
  func notFinite() throws {
    let name = "first_moment.encoder.fc_mu.bias"
    let found = try fault { tensors, _ in
      tensors.removeAll { $0.name == name }
      tensors.append(Safetensors.Tensor(name: name, shape: [3], [0, .nan, 0] as [Float]))
    }
    #expect(found == .notFinite(tensor: name))
  }

  @Test(
    "a counter that is absent or no number is named",
    arguments: ["epoch", "batch", "steps", "seen.examples", "seen.kl.bits"])
  func counters(_ key: String) throws {
    for value in [nil, "many"] as [String?] {
      guard case .metadata(key, value, _) = try fault({ $1[key] = value }) else {
        Issue.record("\(key) = \(value ?? "nothing") was not named")
        continue
      }
    }
  }
}
