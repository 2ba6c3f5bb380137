// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// Reads the widths of a model off its tensors' shapes, checking that they fit together.
///
///     encoder.fc1 [h1, data], encoder.fc2 [h2, h1], ...
///     encoder.fc_mu, encoder.fc_logvar [latent, h], h the last width, or data where there is none
///     decoder.fc1 [g1, latent], decoder.fc2 [g2, g1], ..., the last with data outputs
///
/// These are the weights; each layer has a bias of as many numbers as outputs.
struct CheckpointShapes {
  private let names: ParameterNames

  init(_ names: ParameterNames) { self.names = names }

  /// The widths of all layers; `activation` nil takes what the file's metadata says, else ReLU.
  func architecture(_ activation: Activation?) throws -> AutoencoderArchitecture {
    let data = try pixels()
    let encoder = try chain("encoder", from: data)
    let latent = try layer("encoder.fc_mu", from: encoder.last ?? data)
    _ = try layer("encoder.fc_logvar", from: encoder.last ?? data, to: latent)
    let decoder = try chain("decoder", from: latent)
    guard let outputs = decoder.last else { throw missing("decoder.fc1.weight") }
    if outputs != data {
      let name = "decoder.fc\(decoder.count).weight"
      throw fault(
        .misshapen(
          tensor: name, found: try names.shape(name),
          expected: "\(data) rows, one for each pixel of encoder.fc1,"))
    }
    try refuseOthers(encoder: encoder.count, decoder: decoder.count)
    return AutoencoderArchitecture(
      data: data, hidden: encoder, decoderHidden: Array(decoder.dropLast()), latent: latent,
      activation: try activation ?? stated())
  }

  /// The inputs of the encoder's first layer: fc1, or fc_mu where nothing of fc1 is there and the
  /// decoder's last layer has as many outputs.
  private func pixels() throws -> Int {
    let last = (1...).prefix { names.contains("decoder.fc\($0).weight") }.last ?? 1
    let outputs = try? names.shape("decoder.fc\(last).weight").first
    if !names.contains("encoder.fc1.weight"), !names.contains("encoder.fc1.bias"),
      let mean = try? names.shape("encoder.fc_mu.weight"), mean.count == 2, mean[1] > 0,
      outputs == mean[1]
    {
      return mean[1]
    }
    return try shape("encoder.fc1.weight", "[hidden, pixels]") { $0.count == 2 && $0[1] > 0 }[1]
  }

  /// The outputs of fc1, fc2, ... as far as they go.
  private func chain(_ network: String, from inputs: Int) throws -> [Int] {
    var widths: [Int] = []
    while names.contains("\(network).fc\(widths.count + 1).weight") {
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
    guard names.contains(name) else { throw missing(name) }
    let found = try names.shape(name)
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
    for name in names.names where !known.contains(name) {
      throw fault(.unexpected(tensor: name, found: names.names, expected: layers))
    }
  }

  private func stated() throws -> Activation {
    guard let name = names.file.metadata["activation"] else { return .relu }
    guard let activation = Activation(rawValue: name) else {
      let names = Activation.allCases.map(\.rawValue).joined(separator: ", ")
      throw fault(.metadata(key: "activation", found: name, expected: "one of \(names)"))
    }
    return activation
  }

  private func missing(_ name: String) -> CheckpointError {
    fault(.missing(tensor: name, found: names.names, expected: Self.usualLayers))
  }

  private static let usualLayers = [
    "encoder.fc1", "encoder.fc_mu", "encoder.fc_logvar", "decoder.fc1", "decoder.fc2",
  ]

  private func fault(_ fault: CheckpointError.Fault) -> CheckpointError {
    CheckpointError(path: names.file.path, fault: fault)
  }
}
