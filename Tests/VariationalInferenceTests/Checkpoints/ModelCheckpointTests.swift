// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Model checkpoint")
struct ModelCheckpointTests {
  private func model<Scalar>(
    _ type: Scalar.Type, hidden: [Int] = [5], decoderHidden: [Int]? = nil,
    activation: Activation = .relu
  ) -> VariationalAutoencoder<Scalar> {
    var generator = SplitMix64(seed: 1)
    return VariationalAutoencoder(
      .init(
        data: 7, hidden: hidden, decoderHidden: decoderHidden, latent: 3, activation: activation),
      using: &generator)
  }

  private func roundTrip<Scalar>(_ model: VariationalAutoencoder<Scalar>) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      try model.save(to: path, metadata: ["note": "kept"])
      let back = try VariationalAutoencoder<Scalar>(checkpoint: path)
      #expect(back.architecture == model.architecture)
      #expect(back.namedParameters.map(\.name) == model.namedParameters.map(\.name))
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
      let file = try Safetensors(path: path)
      #expect(file.metadata["note"] == "kept" && file.metadata["format"] == "pt")
      #expect(Set(file.entries.map(\.name)) == Set(model.namedParameters.map(\.name)))
      let type: Safetensors.ElementType = Scalar.self == Float.self ? .f32 : .f64
      #expect(file.entries.allSatisfy { $0.type == type })
    }
  }

  @Test("what is written is read, bit for bit", arguments: Activation.allCases)
  func roundTrips(_ activation: Activation) throws {
    try roundTrip(model(Float.self, activation: activation))
    try roundTrip(model(Double.self, activation: activation))
    try roundTrip(model(Float.self, hidden: [6, 4, 2], activation: activation))
    try roundTrip(model(Float.self, hidden: [], activation: activation))
    try roundTrip(model(Float.self, hidden: [6], decoderHidden: [2, 9], activation: activation))
  }

  @Test("a file in Float can be read in Double, exactly")
  func precision() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      let float = model(Float.self)
      try float.save(to: path)
      let double = try VariationalAutoencoder<Double>(checkpoint: path)
      #expect(double.parameters.map(\.scalars) == float.parameters.map(\.doubles))
    }
  }

  /// Reads a saved model after `change`; a file by PyTorch has no metadata of ours.
  private func read(
    activation: Activation? = nil,
    _ change: (inout [Safetensors.Tensor], inout [String: String]) -> Void
  ) throws -> VariationalAutoencoder<Float> {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      var tensors = model(Float.self).namedParameters.map {
        Safetensors.Tensor(name: $0.name, shape: $0.value.shape, $0.value.scalars)
      }
      var metadata: [String: String] = [:]
      change(&tensors, &metadata)
      try Safetensors.write(tensors, metadata: metadata, to: path)
      return try VariationalAutoencoder<Float>(checkpoint: path, activation: activation)
    }
  }

  private func fault(
    _ change: (inout [Safetensors.Tensor], inout [String: String]) -> Void
  ) throws -> CheckpointError.Fault {
    let error = try #require(throws: CheckpointError.self) { _ = try read(change) }
    #expect(error.description.contains("model.safetensors"))
    return error.fault
  }

  @Test("without metadata the activation is ReLU, unless the caller knows better")
  func activations() throws {
    #expect(try read { _, _ in }.architecture.activation == .relu)
    #expect(try read(activation: .tanh) { _, _ in }.architecture.activation == .tanh)
    #expect(try read { $1["activation"] = "tanh" }.architecture.activation == .tanh)
    let told = try read(activation: .relu) { $1["activation"] = "tanh" }
    #expect(told.architecture.activation == .relu)
  }

  @Test(
    "a missing tensor is named",
    arguments: [
      "encoder.fc1.weight", "encoder.fc_mu.bias", "encoder.fc_logvar.weight", "decoder.fc1.bias",
    ])
  func missing(_ name: String) throws {
    let found = try fault { tensors, _ in tensors.removeAll { $0.name == name } }
    guard case .missing(name, let names, let expected) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(names.count == 9 && !names.contains(name) && expected.contains("encoder.fc_logvar"))
  }

  @Test("a decoder that is not there is named")
  func missingDecoder() throws {
    let found = try fault { tensors, _ in tensors.removeAll { $0.name.hasPrefix("decoder") } }
    guard case .missing("decoder.fc1.weight", _, _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  /// One tensor replaced by zeros of another shape.
  private func misshapen(_ name: String, _ shape: [Int]) throws -> CheckpointError.Fault {
    try fault { tensors, _ in
      tensors.removeAll { $0.name == name }
      let zeros = [Float](repeating: 0, count: shape.reduce(1, *))
      tensors.append(Safetensors.Tensor(name: name, shape: shape, zeros))
    }
  }

  @Test(
    "a misshapen tensor is named, with what was found",
    arguments: [
      ("encoder.fc1.weight", [35]), ("encoder.fc1.bias", [4]), ("encoder.fc_mu.weight", [3, 4]),
      ("encoder.fc_logvar.weight", [2, 5]), ("decoder.fc1.weight", [5, 2]),
      ("decoder.fc2.bias", [7, 1]),
    ] as [(String, [Int])])
  func misshapen(_ name: String, shape: [Int]) throws {
    guard case .misshapen(name, shape, _) = try misshapen(name, shape) else {
      Issue.record("\(name) \(shape) was not named")
      return
    }
  }

  @Test("a decoder of other pixels than the encoder's is named")
  func otherPixels() throws {
    let found = try fault { tensors, _ in
      tensors.removeAll { $0.name.hasPrefix("decoder.fc2") }
      tensors.append(
        .init(name: "decoder.fc2.weight", shape: [6, 5], [Float](repeating: 0, count: 30)))
      tensors.append(.init(name: "decoder.fc2.bias", shape: [6], [Float](repeating: 0, count: 6)))
    }
    guard case .misshapen("decoder.fc2.weight", [6, 5], _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test(
    "a tensor of another kind of model is named",
    arguments: ["encoder.conv1.weight", "encoder.fc3.weight"])
  func unexpected(_ name: String) throws {
    let found = try fault { tensors, _ in
      tensors.append(.init(name: name, shape: [1], [0] as [Float]))
    }
    guard case .unexpected(name, let names, let expected) = found else {
      Issue.record("\(found)")
      return
    }
    #expect(names.contains(name) && expected.contains("encoder.fc_mu"))
  }

  @Test("infinite and undefined numbers are named", arguments: [Float.nan, .infinity])
  func notFinite(_ value: Float) throws {
    let found = try fault { tensors, _ in
      tensors.removeAll { $0.name == "decoder.fc1.bias" }
      tensors.append(.init(name: "decoder.fc1.bias", shape: [5], [0, 0, value, 0, 0]))
    }
    #expect(found == .notFinite(tensor: "decoder.fc1.bias"))
  }

  @Test("an activation that does not exist is named")
  func unknownActivation() throws {
    guard case .metadata("activation", "sine", _) = try fault({ $1["activation"] = "sine" }) else {
      Issue.record("the activation was not named")
      return
    }
  }
}
