// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

// A model's parameters as a safetensors file. The keys and shapes are those of the equivalent
// PyTorch module, so `load_state_dict(load_file(path))` works there, and a file saved there with
// `save_file(module.state_dict(), path)` works here.

extension VariationalAutoencoder {
  /// Reads a model; its widths follow from the shapes of the tensors.
  ///
  /// - Parameters:
  ///   - path: A safetensors file.
  ///   - activation: The hidden layers' activation; nil takes what the file's metadata says, else
  ///     ReLU, because a file written by PyTorch does not tell.
  /// - Throws: An error whose description names file, tensor and shapes.
  public init(checkpoint path: String, activation: Activation? = nil) throws {
    let file = try Safetensors(path: path)
    let architecture: Architecture = try CheckpointShapes(file).architecture(activation)
    var generator = CounterGenerator(seed: 0, stream: GeneratorPurpose.only.stream())
    self = try VariationalAutoencoder(architecture, using: &generator)
      .mappingParameters { name, _ in
        let tensor: Tensor<Scalar> = try file.tensor(name)
        if tensor.firstNonFinite != nil {
          throw CheckpointError(path: path, fault: .notFinite(tensor: name))
        }
        return tensor
      }
  }

  /// Writes the parameters, atomically.
  ///
  /// - Parameters:
  ///   - path: An existing file is replaced once the new one is safely on disk.
  ///   - metadata: Further facts to keep with the file.
  /// - Throws: An error that names the file, which is then as it was before.
  public func save(to path: String, metadata: [String: String] = [:]) throws {
    let own = ["format": "pt", "activation": architecture.activation.rawValue]
    try Safetensors.write(
      namedParameters.map { Safetensors.Tensor($0.name, $0.value) },
      metadata: own.merging(metadata) { $1 }, to: path)
  }
}

/// Reads the widths of a model off its tensors' shapes, checking that they fit together.
private struct CheckpointShapes {
  let file: Safetensors

  init(_ file: Safetensors) { self.file = file }

  func architecture<Scalar>(
    _ activation: Activation?
  ) throws -> VariationalAutoencoder<Scalar>.Architecture where Scalar: TensorScalar {
    let data = try pixels()
    let encoder = try chain("encoder", from: data)
    let latent = try layer("encoder.fc_mu", from: encoder.last ?? data)
    _ = try layer("encoder.fc_logvar", from: encoder.last ?? data, to: latent)
    let decoder = try chain("decoder", from: latent)
    guard let outputs = decoder.last else { throw fault(.missing(tensor: "decoder.fc1.weight")) }
    if outputs != data {
      let name = "decoder.fc\(decoder.count).weight"
      throw fault(
        .misshapen(
          tensor: name, found: try file.entry(name).shape,
          expected: "\(data) rows, one for each pixel of encoder.fc1,"))
    }
    try refuseOthers(encoder: encoder.count, decoder: decoder.count)
    return VariationalAutoencoder<Scalar>.Architecture(
      data: data, hidden: encoder, decoderHidden: Array(decoder.dropLast()), latent: latent,
      activation: try activation ?? stated())
  }

  /// The inputs of the encoder's first layer: fc1, or fc_mu where nothing of fc1 is there and the
  /// decoder's last layer has as many outputs.
  private func pixels() throws -> Int {
    let last = (1...).prefix { file.contains("decoder.fc\($0).weight") }.last ?? 1
    let outputs = try? file.entry("decoder.fc\(last).weight").shape.first
    if !file.contains("encoder.fc1.weight"), !file.contains("encoder.fc1.bias"),
      let mean = try? file.entry("encoder.fc_mu.weight").shape, mean.count == 2, mean[1] > 0,
      outputs == mean[1]
    {
      return mean[1]
    }
    return try shape("encoder.fc1.weight", "[hidden, pixels]") { $0.count == 2 && $0[1] > 0 }[1]
  }

  /// The outputs of fc1, fc2, ... as far as they go.
  private func chain(_ network: String, from inputs: Int) throws -> [Int] {
    var widths: [Int] = []
    while file.contains("\(network).fc\(widths.count + 1).weight") {
      widths.append(
        try layer("\(network).fc\(widths.count + 1)", from: widths.last ?? inputs))
    }
    return widths
  }

  /// The outputs of a layer whose weight is `[outputs, inputs]` and whose bias is `[outputs]`.
  private func layer(_ name: String, from inputs: Int, to outputs: Int? = nil) throws -> Int {
    let rows = outputs.map(String.init) ?? "outputs"
    let weight = try shape("\(name).weight", "[\(rows), \(inputs)]") {
      $0.count == 2 && $0[1] == inputs && $0[0] > 0 && (outputs == nil || outputs == $0[0])
    }
    _ = try shape("\(name).bias", "[\(weight[0])]") { $0 == [weight[0]] }
    return weight[0]
  }

  private func shape(
    _ name: String, _ expected: String, where fits: ([Int]) -> Bool
  ) throws -> [Int] {
    guard file.contains(name) else { throw fault(.missing(tensor: name)) }
    let found = try file.entry(name).shape
    if !fits(found) {
      throw fault(.misshapen(tensor: name, found: found, expected: expected))
    }
    return found
  }

  /// A tensor that would be silently left out means that the file holds another kind of model.
  private func refuseOthers(encoder: Int, decoder: Int) throws {
    let layers =
      (0..<encoder).map { "encoder.fc\($0 + 1)" } + ["encoder.fc_mu", "encoder.fc_logvar"]
      + (0..<decoder).map { "decoder.fc\($0 + 1)" }
    let known = Set(layers.flatMap { ["\($0).weight", "\($0).bias"] })
    for entry in file.entries where !known.contains(entry.name) {
      throw fault(.unexpected(tensor: entry.name))
    }
  }

  private func stated() throws -> Activation {
    guard let name = file.metadata["activation"] else { return .relu }
    guard let activation = Activation(rawValue: name) else {
      let names = Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw fault(.metadata(key: "activation", found: name, expected: "one of \(names)"))
    }
    return activation
  }

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError {
    CheckpointError(path: file.path, fault: fault)
  }
}
