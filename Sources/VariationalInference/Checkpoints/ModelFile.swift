// SPDX-License-Identifier: Apache-2.0

public import Formats
internal import Tensors

/// A safetensors file that holds a model, read as far as what it says of itself.
///
///     let file = try ModelFile(path: "model.safetensors")
///     file.description?.kind                                        // "bernoulli-vae"
///     let model = try file.model(VariationalAutoencoder<Float>.self)
///
/// ``DescribedModel/init(checkpoint:activation:keys:)`` and ``ModelRegistry`` do both in one.
public struct ModelFile: Sendable {
  /// The tensors and the metadata.
  public let contents: Safetensors
  /// What the file says of its model; nil in files of other tools and of version 0.1.0.
  public let description: ModelDescription?
  private let keys: [String: String]

  /// Reads the file and checks that its tensors are those that its description was written for.
  ///
  /// - Parameters:
  ///   - path: A safetensors file.
  ///   - keys: Names in the file by the model's own, such as `["encoder.fc_mu": "enc.mean"]`, for a
  ///     file of another tool. A layer's name stands for its `weight` and `bias`.
  /// - Throws: An error whose description names the file and what is wrong with it.
  public init(path: String, keys: [String: String] = [:]) throws {
    contents = try Safetensors(path: path)
    description = try ModelDescription(contents)
    self.keys = keys
    if let described = description?.configuration["activation"]?.stringValue,
      let other = contents.metadata["activation"], other != described
    {
      throw CheckpointError(
        path: path,
        fault: .metadata(
          key: "activation", found: other,
          expected: "\"\(described.shown())\", as the file's description says,"))
    }
  }

  /// The name of the activation that the file states; nil where it does not tell.
  ///
  /// A model whose ``DescribedModel/activation`` is not nil then has it from the caller, or by
  /// assumption.
  public var statedActivation: String? {
    description?.configuration["activation"]?.stringValue ?? contents.metadata["activation"]
  }

  /// The model in the file.
  ///
  /// - Parameters:
  ///   - type: The type of the model.
  ///   - activation: The hidden layers' activation, against what the file states; nil takes what it
  ///     states, else ReLU, because a file written by PyTorch does not tell: ``statedActivation``.
  /// - Returns: A model with the parameters of the file, all of them finite.
  /// - Throws: An error whose description names file, tensor and shapes; ``CheckpointError`` also
  ///   where the file holds another kind of model, or none that is described.
  public func model<Model: DescribedModel>(
    _ type: Model.Type = Model.self, activation: Activation? = nil
  ) throws -> Model {
    let configuration = try configuration(Model.self, activation)
    do {
      if let expected = try Model.parameterShapes(configuration: configuration) {
        _ = try names(expected)
      }
      let model = try Model(configuration: configuration)
      let names = try names(model.namedParameters.map { ($0, $1.shape) })
      return try model.mappingParameters { name, _ in try names.tensor(name) }
    } catch let error as ConfigurationError {
      throw CheckpointError(
        path: contents.path,
        fault: .description(key: error.key, found: error.found, expected: error.expected))
    }
  }

  private func configuration<Model: DescribedModel>(
    _ type: Model.Type, _ activation: Activation?
  ) throws -> JSONValue {
    guard let description else {
      guard let known = type as? any ModelKnownByShapes.Type else {
        throw CheckpointError(path: contents.path, fault: .undescribed(kind: Model.kind))
      }
      let names = try ParameterNames(contents, keys: keys, cleaned: true)
      return try known.configuration(CheckpointShapes(names), activation: activation)
    }
    guard description.kind == Model.kind else {
      throw CheckpointError(
        path: contents.path, fault: .kind(found: description.kind, known: [Model.kind]))
    }
    var configuration = description.configuration
    if let stated = activation?.rawValue ?? statedActivation {
      configuration["activation"] = .string(stated)
    }
    return configuration
  }

  /// The file's tensors under the model's names, once they are found to be those and no others.
  private func names(_ expected: [(name: String, shape: [Int])]) throws -> ParameterNames {
    // A described file has the model's own names, unless another tool has saved it again.
    let own = try ParameterNames(contents, keys: keys, cleaned: false)
    let names =
      expected.allSatisfy { own.contains($0.name) }
      ? own : try ParameterNames(contents, keys: keys, cleaned: true)
    func fault(_ fault: CheckpointError.Fault) -> CheckpointError {
      CheckpointError(path: contents.path, fault: fault)
    }
    for (name, shape) in expected {
      guard names.contains(name) else {
        throw fault(
          .missing(tensor: name, found: names.names, expected: expected.map(\.name)))
      }
      let found = try names.shape(name)
      if found != shape {
        throw fault(.misshapen(tensor: name, found: found, expected: "\(shape)"))
      }
    }
    // A tensor that would be silently left out means that the file holds another kind of model.
    let known = Set(expected.map(\.name))
    if let other = names.names.first(where: { !known.contains($0) }) {
      throw fault(.unexpected(tensor: other, found: names.names, expected: expected.map(\.name)))
    }
    return names
  }
}

/// A model that can be made out without a description, as earlier versions and other tools leave it.
protocol ModelKnownByShapes: DescribedModel {
  /// The configuration of the model whose tensors have those shapes; `activation` nil takes what the
  /// file's metadata says, else ReLU.
  static func configuration(_ shapes: CheckpointShapes, activation: Activation?) throws -> JSONValue
}
