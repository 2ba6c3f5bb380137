// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// The kinds of model that a file may hold: brings one back without its type being named.
///
///     let model = try ModelRegistry.standard.load("model.safetensors")
///     let mine = try ModelRegistry.standard.adding(MyModel.self).load("mine.safetensors")
public struct ModelRegistry: Sendable {
  /// The types, in the order in which they were added.
  public let types: [any DescribedModel<Float>.Type]

  /// A registry of these types.
  ///
  /// - Precondition: Their kinds differ.
  public init(_ types: [any DescribedModel<Float>.Type]) {
    let kinds = types.map { $0.kind }
    precondition(
      Set(kinds).count == kinds.count, "two types of model have one kind: \(kinds)")
    self.types = types
  }

  /// The library's own kinds: ``VariationalAutoencoder`` ("bernoulli-vae"),
  /// ``GaussianVariationalAutoencoder`` ("gaussian-vae") and ``GeneralAutoencoder`` ("general-vae").
  public static let standard = ModelRegistry([
    VariationalAutoencoder<Float>.self, GaussianVariationalAutoencoder<Float>.self,
    GeneralAutoencoder<Float>.self,
  ])

  /// The same kinds and one more.
  ///
  /// - Precondition: The kind is new.
  public func adding(_ type: any DescribedModel<Float>.Type) -> ModelRegistry {
    ModelRegistry(types + [type])
  }

  /// The names of the kinds.
  public var kinds: [String] { types.map { $0.kind } }

  /// The model in the file at `path`.
  ///
  /// - Parameters:
  ///   - path: A safetensors file. One without description is taken for a Bernoulli autoencoder, whose
  ///     widths follow from the shapes of its tensors.
  ///   - activation: As in ``ModelFile/model(_:activation:)``.
  ///   - keys: As in ``ModelFile/init(path:keys:)``.
  /// - Returns: A model of one of the types.
  /// - Throws: An error whose description names the file, and the kinds there are where its own is
  ///   none of them.
  public func load(
    _ path: String, activation: Activation? = nil, keys: [String: String] = [:]
  ) throws -> any DescribedModel<Float> {
    try model(in: ModelFile(path: path, keys: keys), activation: activation)
  }

  /// The model in a file.
  ///
  /// - Throws: As ``load(_:activation:keys:)`` does.
  public func model(
    in file: ModelFile, activation: Activation? = nil
  ) throws -> any DescribedModel<Float> {
    try file.model(modelType(in: file), activation: activation)
  }

  private func modelType(in file: ModelFile) throws -> any DescribedModel<Float>.Type {
    guard let kind = file.description?.kind else {
      let known = types.first { $0 is any ModelKnownByShapes.Type }
      if let known { return known }
      throw CheckpointError(
        path: file.contents.path, fault: .undescribed(kind: kinds.joined(separator: ", ")))
    }
    guard let type = types.first(where: { $0.kind == kind }) else {
      throw CheckpointError(path: file.contents.path, fault: .kind(found: kind, known: kinds))
    }
    return type
  }
}
