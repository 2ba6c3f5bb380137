// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import VariationalInference

/// A model of a user's own: a layer, and a parameter outside any layer. Its names begin as those that
/// PyTorch's wrappers put before others.
struct OwnModel: DescribedModel, Equatable {
  let inputs: Int
  var layer: Linear<Float>
  var scale: Tensor<Float>

  init(inputs: Int, seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    self.inputs = inputs
    layer = Linear(inputs: inputs, outputs: 2, using: &generator)
    scale = Tensor([Float(seed)])
  }

  static let kind = "own-model"
  var configuration: JSONValue { ["inputs": JSONValue(inputs)] }

  init(configuration: JSONValue) throws {
    self.init(inputs: try configuration.size("inputs"), seed: 0)
  }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Float>) throws -> Void
  ) rethrows {
    try layer.visitParameters { try visit("model.\($0)", &$1) }
    try visit("model.scale", &scale)
  }

  static func == (left: OwnModel, right: OwnModel) -> Bool {
    left.parameters.map(\.scalars) == right.parameters.map(\.scalars)
  }
}

/// An autoencoder of 7 numbers, hidden layers of 5 and 3 dimensions of z.
func describedArchitecture(_ activation: Activation = .tanh) -> AutoencoderArchitecture {
  AutoencoderArchitecture(data: 7, hidden: [5], latent: 3, activation: activation)
}

func bernoulliModel(
  _ architecture: AutoencoderArchitecture = describedArchitecture()
) -> VariationalAutoencoder<Float> {
  var generator = SplitMix64(seed: 1)
  return VariationalAutoencoder(architecture, using: &generator)
}

func gaussianModel(
  _ architecture: AutoencoderArchitecture = describedArchitecture()
) -> GaussianVariationalAutoencoder<Float> {
  var generator = SplitMix64(seed: 2)
  var model = GaussianVariationalAutoencoder<Float>(architecture, using: &generator)
  model.decoder.logVariance = Tensor([-1.5])
  return model
}

/// Saves a model, changes tensors and metadata, and hands the path of the changed file on.
func withChangedFile<Model: DescribedModel<Float>, Result>(
  of model: Model,
  _ change: (inout [Safetensors.Tensor], inout [String: String]) throws -> Void,
  _ body: (String) throws -> Result
) throws -> Result {
  try withTemporaryFolder { folder in
    let path = "\(folder)/model.safetensors"
    try model.save(to: path)
    let file = try Safetensors(path: path)
    var tensors = try file.entries.map {
      Safetensors.Tensor(name: $0.name, shape: $0.shape, try file.floats($0.name))
    }
    var metadata = file.metadata
    try change(&tensors, &metadata)
    try Safetensors.write(tensors, metadata: metadata, to: path)
    return try body(path)
  }
}
