// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("A state says which run it belongs to")
struct StateOriginTests {
  private let options = TrainingOptions(
    epochs: 3, batchSize: 33, optimiser: Adam(learningRate: 1e-2), seed: 6)
  private let images = ImageDataset.bars(count: 100)

  private let meaning = "pixels drawn anew"

  /// Reads a saved state after a change to its metadata.
  private func read(
    options: TrainingOptions? = nil, fingerprint: String? = nil, meaning: String? = nil,
    _ change: (inout [String: String]) throws -> Void = { _ in }
  ) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/state.safetensors"
      let trainer = try Trainer(smallModel(Float.self), data: images, options: self.options)
      _ = try trainer.step()
      try trainer.state.save(
        to: path, model: trainer.model, options: self.options, fingerprint: images.fingerprint(),
        dataMeaning: self.meaning, metadata: ["note": "kept"])
      let file = try Safetensors(path: path)
      #expect(file.metadata["note"] == "kept")
      var metadata = file.metadata
      try change(&metadata)
      let tensors = try file.entries.map {
        Safetensors.Tensor(name: $0.name, shape: $0.shape, try file.floats($0.name))
      }
      try Safetensors.write(tensors, metadata: metadata, to: path)
      let state = try TrainingState(
        checkpoint: path, model: trainer.model, options: options, fingerprint: fingerprint,
        dataMeaning: meaning)
      #expect(state.progress == trainer.progress)
    }
  }

  private func fault(
    options: TrainingOptions? = nil, fingerprint: String? = nil, meaning: String? = nil,
    _ change: (inout [String: String]) throws -> Void = { _ in }
  ) throws -> CheckpointError.Fault {
    try #require(throws: CheckpointError.self) {
      try read(options: options, fingerprint: fingerprint, meaning: meaning, change)
    }.fault
  }

  @Test("the run itself takes it up, also with another number of epochs")
  func same() throws {
    try read(options: options, fingerprint: images.fingerprint(), meaning: meaning)
    var more = options
    more.epochs = 100
    try read(options: more, fingerprint: images.fingerprint())
    try read()
  }

  @Test("a model of the same shapes and another activation is refused")
  func otherModel() throws {
    let found = try fault {
      $0["elbo.state"] = $0["elbo.state"]?.replacing(
        #""activation":"relu""#, with: #""activation":"tanh""#)
    }
    #expect(
      found
        == .otherRun(key: "model's activation", recorded: "\"tanh\"", found: "\"relu\""))
  }

  @Test("another seed, setting or fingerprint is refused: key, recorded, found")
  func other() throws {
    var options = options
    options.seed = 7
    #expect(
      try fault(options: options) == .otherRun(key: "seed", recorded: "\"6\"", found: "\"7\""))
    let cases: [(String, String, (inout TrainingOptions) -> Void)] = [
      ("learning_rate", "0.01", { $0.optimiser.learningRate = 0.02 }),
      ("epsilon", "1e-08", { $0.optimiser = Adam(learningRate: 1e-2, epsilon: 1e-4) }),
      ("beta2", "0.999", { $0.optimiser = Adam(learningRate: 1e-2, beta2: 0.99) }),
      ("batch_size", "33", { $0.batchSize = 34 }),
      ("precision", "\"fp32\"", { $0.precision = .bfloat16 }),
      (
        "learning_rate_stages", "null",
        { $0.learningRateSchedule = .stages([.init(epochs: 3, learningRate: 1e-2)]) }
      ),
      (
        "objective", "\"evidence lower bound\"",
        { $0.objective = .importanceWeighted(samples: 5, gradient: .reparameterised) }
      ),
    ]
    for (key, recorded, change) in cases {
      var options = self.options
      change(&options)
      guard case .otherRun(key, recorded, _) = try fault(options: options) else {
        Issue.record("\(key) was not compared")
        continue
      }
    }
    #expect(
      try fault(meaning: "grey levels")
        == .otherRun(
          key: "reading of the data", recorded: "\"pixels drawn anew\"",
          found: "\"grey levels\""))
    let print = images.fingerprint()
    #expect(
      try fault(fingerprint: "abc")
        == .otherRun(
          key: "fingerprint of the training data", recorded: "\"\(print)\"", found: "\"abc\""))
  }

  @Test("what is not recorded is not compared: a state of version 0.1.0, one without options")
  func earlier() throws {
    var other = options
    other.seed = 7
    try read(options: other, fingerprint: "abc") { $0["elbo.state"] = nil }
    try read(options: other, fingerprint: "abc") { $0["elbo.state"] = #"{"version":1,"later":[]}"# }
  }

  @Test(
    "one changed bit of one number is refused, as are another version and a text that is no JSON")
  func altered() throws {
    let altered = try fault {
      let json = try #require($0["elbo.state"])
      $0["elbo.state"] = json.replacing(/"sha256":"./, with: "\"sha256\":\"x")
    }
    guard case .altered = altered else {
      Issue.record("\(altered)")
      return
    }
    #expect(
      try fault { $0["elbo.state"] = #"{"version":2}"# }
        == .version(key: "elbo.state", found: 2, known: 1))
    guard case .unreadableDescription("elbo.state", _) = try fault({ $0["elbo.state"] = "{" })
    else {
      Issue.record("no JSON was accepted")
      return
    }
  }
}
