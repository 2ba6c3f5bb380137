// SPDX-License-Identifier: Apache-2.0

public import Formats
internal import Tensors

// The library's kinds of model in files.

extension DescribedAutoencoder {
  /// `data`, `hidden`, `decoder_hidden`, `latent`, `activation`, `likelihood`, and `fields` where more
  /// than "x" is read.
  public var configuration: JSONValue { likelihoodKind.configuration(architecture) }

  /// That of the hidden layers, if there are any.
  public var activation: Activation? {
    architecture.hasHiddenLayers ? architecture.activation : nil
  }
}

extension AutoencoderLikelihood {
  /// What a model of that architecture with this likelihood writes of itself.
  func configuration(_ architecture: AutoencoderArchitecture) -> JSONValue {
    switch self {
    case .bernoulli: architecture.configuration(likelihood: "bernoulli")
    case .gaussian: architecture.configuration(likelihood: "gaussian")
    case .general(let likelihood, let table):
      architecture.configuration(likelihood: likelihood.json, table: table)
    }
  }
}

extension VariationalAutoencoder: DescribedModel {
  /// "bernoulli-vae".
  public static var kind: String { "bernoulli-vae" }

  /// A model of that architecture.
  public init(configuration: JSONValue) throws {
    var generator = CounterGenerator(seed: 0, stream: 0)
    self.init(
      try AutoencoderArchitecture(configuration, likelihood: "bernoulli"), using: &generator)
  }

  /// The shapes that the architecture implies.
  public static func parameterShapes(
    configuration: JSONValue
  ) throws -> [(name: String, shape: [Int])]? {
    try AutoencoderArchitecture(configuration, likelihood: "bernoulli").parameterShapes
  }
}

extension VariationalAutoencoder: ModelKnownByShapes {
  static func configuration(
    _ shapes: CheckpointShapes, activation: Activation?
  ) throws -> JSONValue {
    try shapes.architecture(activation).configuration(likelihood: "bernoulli")
  }
}

extension GaussianVariationalAutoencoder: DescribedModel {
  /// "gaussian-vae".
  public static var kind: String { "gaussian-vae" }

  /// A model of that architecture.
  public init(configuration: JSONValue) throws {
    var generator = CounterGenerator(seed: 0, stream: 0)
    self.init(
      try AutoencoderArchitecture(configuration, likelihood: "gaussian"), using: &generator)
  }

  /// The shapes that the architecture implies.
  public static func parameterShapes(
    configuration: JSONValue
  ) throws -> [(name: String, shape: [Int])]? {
    try AutoencoderArchitecture(configuration, likelihood: "gaussian").parameterShapes
      + [("decoder.log_variance", [1])]
  }
}

extension GeneralAutoencoder: DescribedModel {
  /// "general-vae".
  public static var kind: String { "general-vae" }

  /// A model of that architecture and likelihood.
  public init(configuration: JSONValue) throws {
    var generator = CounterGenerator(seed: 0, stream: 0)
    let (architecture, likelihood, table) = try Self.parts(configuration)
    self.init(likelihood, architecture, table: table, using: &generator)
  }

  /// The shapes that architecture and likelihood imply.
  public static func parameterShapes(
    configuration: JSONValue
  ) throws -> [(name: String, shape: [Int])]? {
    let (architecture, likelihood, _) = try parts(configuration)
    let own = likelihood.groups.indices.flatMap { group in
      zip(
        likelihood.parameterNames(ofGroup: group), likelihood.groups[group].ownParameters
      ).map { (name: "decoder.\($0)", shape: $1.shape) }
    }
    return architecture.parameterShapes(outputs: likelihood.outputs) + own
  }

  /// What such a model is made from.
  static func parts(
    _ configuration: JSONValue
  ) throws -> (AutoencoderArchitecture, DataLikelihood, TableSchema?) {
    let architecture = try AutoencoderArchitecture(configuration)
    let likelihood = try DataLikelihood(
      configuration, isGivenTotal: architecture.fields.total != nil)
    if likelihood.width != architecture.data {
      throw ConfigurationError(
        key: "likelihood", in: configuration, expected: "laws of \(architecture.data) columns")
    }
    let table = try configuration["table"].map { try TableSchema(json: $0) }
    if let table, table.width != likelihood.width {
      throw ConfigurationError(
        key: "table", in: configuration, expected: "a table of \(likelihood.width) numbers in a row"
      )
    }
    return (architecture, likelihood, table)
  }
}

extension AutoencoderArchitecture {
  fileprivate func configuration(
    likelihood: JSONValue, table: TableSchema? = nil
  ) -> JSONValue {
    var json: JSONValue = [
      "data": JSONValue(data), "hidden": .array(hidden.map { JSONValue($0) }),
      "decoder_hidden": .array(decoderHidden.map { JSONValue($0) }), "latent": JSONValue(latent),
      "activation": .string(activation.rawValue), "likelihood": likelihood,
    ]
    // Where x is read and nothing else there is nothing to say, as in files before there were fields.
    if fields != AutoencoderFields() { json["fields"] = fields.configuration }
    json["table"] = table?.json
    return json
  }

  fileprivate init(_ configuration: JSONValue, likelihood: String) throws {
    if let stated = configuration["likelihood"], stated != .string(likelihood) {
      throw ConfigurationError(key: "likelihood", in: configuration, expected: "\"\(likelihood)\"")
    }
    try self.init(configuration)
  }

  /// Without `decoder_hidden` the decoder mirrors the encoder; without `activation` it is ReLU.
  fileprivate init(_ configuration: JSONValue) throws {
    self.init(
      data: try configuration.size("data"), hidden: try configuration.sizes("hidden"),
      decoderHidden: configuration["decoder_hidden"] == nil
        ? nil : try configuration.sizes("decoder_hidden"),
      latent: try configuration.size("latent"),
      activation: try configuration.choice("activation", default: .relu),
      fields: try configuration["fields"].map { try AutoencoderFields($0) } ?? AutoencoderFields())
  }

  /// Those of ``GaussianEncoder`` and ``BernoulliDecoder``, in their order.
  /// Weights are `[outputs, inputs]`, biases `[outputs]`.
  fileprivate var parameterShapes: [(name: String, shape: [Int])] { parameterShapes(outputs: data) }

  /// The same with so many outputs of the decoder's last layer.
  fileprivate func parameterShapes(outputs: Int) -> [(name: String, shape: [Int])] {
    func layer(_ name: String, _ inputs: Int, _ outputs: Int) -> [(name: String, shape: [Int])] {
      [("\(name).weight", [outputs, inputs]), ("\(name).bias", [outputs])]
    }
    func chain(_ network: String, _ widths: [Int]) -> [(name: String, shape: [Int])] {
      zip(widths, widths.dropFirst()).enumerated().flatMap { index, widths in
        layer("\(network).fc\(index + 1)", widths.0, widths.1)
      }
    }
    let last = hidden.last ?? encoderInputs
    return chain("encoder", [encoderInputs] + hidden)
      + layer("encoder.fc_mu", last, latent) + layer("encoder.fc_logvar", last, latent)
      + chain("decoder", [decoderInputs] + decoderHidden + [outputs])
  }
}

extension AutoencoderFields {
  /// `data`, `conditions` (a list of `name` and `width`), `weight`, `mask` and `total` where there are any.
  fileprivate var configuration: JSONValue {
    var json: JSONValue = [
      "data": .string(data),
      "conditions": .array(
        conditions.map { ["name": .string($0.name), "width": JSONValue($0.width)] }),
    ]
    json["weight"] = weight.map(JSONValue.string)
    json["mask"] = mask.map(JSONValue.string)
    json["total"] = total.map(JSONValue.string)
    return json
  }

  fileprivate init(_ configuration: JSONValue) throws {
    guard configuration.members != nil else {
      throw ConfigurationError(
        key: "fields", in: ["fields": configuration], expected: "an object of names")
    }
    func name(_ key: String, in json: JSONValue) throws -> String? {
      guard let entry = json[key] else { return nil }
      guard let name = entry.stringValue, !name.isEmpty else {
        throw ConfigurationError(key: key, in: json, expected: "the name of a field")
      }
      return name
    }
    let list = configuration["conditions"] ?? .array([])
    guard let conditions = list.arrayValue, conditions.count <= 1000 else {
      throw ConfigurationError(
        key: "conditions", in: configuration, expected: "a list of at most 1000 fields")
    }
    self.init(
      data: try name("data", in: configuration) ?? "x",
      conditions: try conditions.map { condition in
        guard let field = try name("name", in: condition) else {
          throw ConfigurationError(key: "name", in: condition, expected: "the name of a field")
        }
        return Condition(field, width: try condition.size("width"))
      },
      weight: try name("weight", in: configuration), mask: try name("mask", in: configuration),
      total: try name("total", in: configuration))
    let names = [data] + self.conditions.map(\.name) + [weight, mask, total].compactMap { $0 }
    if Set(names).count < names.count {
      throw ConfigurationError(
        key: "fields", in: ["fields": configuration], expected: "fields of different names")
    }
  }
}
