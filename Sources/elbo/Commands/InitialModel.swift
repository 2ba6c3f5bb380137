// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// The model of `--from`, whose parameters are the first of a run.
struct InitialModel {
  /// Its file, right from any working folder.
  let path: String
  let model: any DescribedAutoencoder<Float>

  /// The last model of a run's folder, or that of a file; `activation` is for one that states none.
  init(_ name: String, activation: Activation?) throws {
    let file = try ModelFile(path: Files.isFolder(name) ? RunFolder(name).model : name)
    path = DataSource.absolute(file.contents.path)
    let stated = file.statedActivation == nil ? activation : nil
    let found = try ModelRegistry.standard.model(in: file, activation: stated)
    guard let model = found as? any DescribedAutoencoder<Float> else {
      throw UnmeasuredModel(path: file.contents.path, kind: type(of: found).kind)
    }
    if file.statedActivation == nil, activation == nil, model.architecture.hasHiddenLayers {
      throw OtherModel(
        path: path, what: "activation", found: "not stated in the file",
        expected: "needed: add --activation")
    }
    self.model = model
  }

  /// Refuses a model whose parameters would not be those of the run, naming the first difference.
  func check(
    _ architecture: AutoencoderArchitecture, _ likelihood: AutoencoderLikelihood
  ) throws {
    func compare(_ what: String, _ found: String, _ expected: String) throws {
      if found != expected {
        throw OtherModel(path: path, what: what, found: found, expected: expected)
      }
    }
    func list(_ numbers: [Int]) -> String {
      numbers.isEmpty ? "none" : numbers.map(String.init).joined(separator: ",")
    }
    let own = model.architecture
    try compare("numbers of an example", "\(own.data)", "\(architecture.data)")
    try compare("likelihood", model.likelihoodKind.words, likelihood.words)
    try compare("hidden layers", list(own.hidden), list(architecture.hidden))
    try compare(
      "hidden layers of the decoder", list(own.decoderHidden), list(architecture.decoderHidden))
    try compare("latent dimensions", "\(own.latent)", "\(architecture.latent)")
    if own.hasHiddenLayers {
      try compare("activation", own.activation.rawValue, architecture.activation.rawValue)
    }
    func conditions(_ fields: AutoencoderFields) -> String {
      let names = fields.conditions.map { "\($0.name) (\($0.width))" }
      return names.isEmpty ? "none" : names.joined(separator: ", ")
    }
    try compare("conditions", conditions(own.fields), conditions(architecture.fields))
    if model.likelihoodKind != likelihood {
      throw OtherModel(
        path: path, what: "columns", found: "of other names, kinds or scales",
        expected: "those of the data")
    }
  }
}

extension TrainingSettings {
  /// The settings with those of a model in place of the ones that were not given.
  func adopting(_ model: any DescribedAutoencoder<Float>) -> TrainingSettings {
    var settings = self
    let architecture = model.architecture
    settings.hidden = hidden ?? LayerWidths(architecture.hidden)
    settings.latent = latent ?? architecture.latent
    settings.activation = activation ?? architecture.activation
    if case .general(let laws, nil) = model.likelihoodKind, laws.groups.count == 1 {
      settings.likelihood = likelihood ?? laws.groups[0].law
      if likelihood == nil, laws.groups[0].law.hasNoise {
        settings.noise = noise ?? laws.groups[0].noise
      }
    }
    return settings
  }
}

/// `--from` names a model that differs from the run's.
struct OtherModel: Error, CustomStringConvertible {
  let path: String
  let what: String
  let found: String
  let expected: String

  var description: String {
    "--from takes a model of the run's architecture and likelihood; of '\(path)' the \(what): \(found), "
      + "of the run: \(expected)"
  }
}
