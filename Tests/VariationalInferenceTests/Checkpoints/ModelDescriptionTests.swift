// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("A model file describes its model")
struct ModelDescriptionTests {
  private func roundTrip<Model: DescribedModel>(_ model: Model) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      try model.save(to: path, dataShape: [7], metadata: ["note": "kept"])
      let back = try Model(checkpoint: path)
      #expect(back.configuration == model.configuration)
      #expect(back.namedParameters.map(\.name) == model.namedParameters.map(\.name))
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
      let file = try ModelFile(path: path)
      #expect(file.description?.kind == Model.kind && file.description?.dataShape == [7])
      #expect(file.description?.configuration == model.configuration)
      #expect(file.contents.metadata["note"] == "kept")
      #expect(file.contents.metadata["format"] == "pt", "for readers of version 0.1.0")
    }
  }

  @Test("what is written is read, bit for bit: each kind of the library, and one of a user's own")
  func roundTrips() throws {
    try roundTrip(bernoulliModel())
    try roundTrip(gaussianModel())
    try roundTrip(OwnModel(inputs: 4, seed: 9))
    let wide = AutoencoderArchitecture(data: 6, hidden: [4, 3], decoderHidden: [], latent: 2)
    try roundTrip(gaussianModel(wide))
    try roundTrip(bernoulliModel(AutoencoderArchitecture(data: 6, hidden: [], latent: 2)))
    var generator = SplitMix64(seed: 3)
    try roundTrip(
      GaussianVariationalAutoencoder<Double>(describedArchitecture(), using: &generator))
  }

  @Test("the text under elbo.model")
  func text() throws {
    try withTemporaryFolder { folder in
      let (path, model) = ("\(folder)/model.safetensors", bernoulliModel())
      try model.save(to: path, dataShape: [7, 1, 1])
      let file = try Safetensors(path: path)
      #expect(
        file.metadata["elbo.model"]
          == #"{"version":1,"kind":"bernoulli-vae","data":7,"hidden":[5],"decoder_hidden":[5],"#
          + #""latent":3,"activation":"tanh","likelihood":"bernoulli","data_shape":[7,1,1],"#
          + #""sha256":"\#(file.checksum)"}"#)
      #expect(file.metadata["activation"] == "tanh", "for readers of version 0.1.0")
      try gaussianModel().save(to: path)
      let other = try #require(try ModelFile(path: path).description)
      #expect(other.kind == "gaussian-vae" && other.dataShape == nil)
      #expect(other.configuration["likelihood"] == "gaussian")
    }
  }

  /// A file as version 0.1.0 wrote it, or any other tool.
  private func forget(_ metadata: inout [String: String]) { metadata["elbo.model"] = nil }

  @Test("a file of version 0.1.0 loads to the same numbers, by the shapes of its tensors")
  func earlier() throws {
    let model = bernoulliModel()
    try withChangedFile(of: model) {
      forget(&$1)
    } _: { path in
      let back = try VariationalAutoencoder<Float>(checkpoint: path)
      #expect(back.architecture == model.architecture)
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
      let error = #expect(throws: CheckpointError.self) {
        try GaussianVariationalAutoencoder<Float>(checkpoint: path)
      }
      #expect(error?.fault == .undescribed(kind: "gaussian-vae"))
    }
  }

  private func change(
    _ metadata: inout [String: String], _ change: (inout JSONValue) -> Void
  ) throws {
    var json = try JSONValue.parse(try #require(metadata["elbo.model"]))
    change(&json)
    metadata["elbo.model"] = json.compact
  }

  @Test("keys that are not known are ignored, and known ones that are missing have their defaults")
  func unknownKeys() throws {
    let model = bernoulliModel(describedArchitecture(.relu))
    try withChangedFile(of: model) { _, metadata in
      metadata["activation"] = nil
      try change(&metadata) { json in
        json["unknown"] = ["x", ["deep": nil]]
        for key in ["decoder_hidden", "activation", "likelihood", "sha256"] { json[key] = nil }
      }
    } _: { path in
      let back = try VariationalAutoencoder<Float>(checkpoint: path)
      #expect(back.architecture == model.architecture)
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
      #expect(try ModelFile(path: path).statedActivation == nil, "not stated, so not in silence")
    }
  }

  @Test("the metadata of version 0.1.0 states the activation where the description does not")
  func activationOfMetadata() throws {
    let model = bernoulliModel(describedArchitecture(.tanh))
    try withChangedFile(of: model) { _, metadata in
      metadata["activation"] = "tanh"
      try change(&metadata) { $0["activation"] = nil }
    } _: { path in
      #expect(try ModelFile(path: path).statedActivation == "tanh")
      let back = try VariationalAutoencoder<Float>(checkpoint: path)
      #expect(back.architecture.activation == .tanh)
    }
    let found = try fault(model) { _, metadata in
      metadata["activation"] = "foo"
      try change(&metadata) { $0["activation"] = nil }
    }
    guard case .description("activation", "\"foo\"", _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("fields that are no object, or two of one name, are refused")
  func fields() throws {
    for fields in [5, ["x"], ["data": "x", "mask": "x"]] as [JSONValue] {
      let found = try fault(bernoulliModel()) { try change(&$1) { $0["fields"] = fields } }
      guard case .description("fields", _, _) = found else {
        Issue.record("\(fields.compact): \(found)")
        continue
      }
    }
  }

  /// What is wrong with a changed file of the model; a sentence in which its path is named.
  private func fault<Model: DescribedModel<Float>>(
    _ model: Model,
    _ change: (inout [Safetensors.Tensor], inout [String: String]) throws -> Void
  ) throws -> CheckpointError.Fault {
    try withChangedFile(of: model, change) { path in
      let error = try #require(throws: CheckpointError.self) { try Model(checkpoint: path) }
      #expect(error.path == path && error.description.hasPrefix("'\(path)' "))
      #expect(error.description.count < 500 + path.count && !error.description.contains("\n"))
      return error.fault
    }
  }

  @Test("another version and another kind are refused by name")
  func versionAndKind() throws {
    let version = try fault(bernoulliModel()) { try change(&$1) { $0["version"] = 2 } }
    #expect(version == .version(key: "elbo.model", found: 2, known: 1))
    let kind = try fault(bernoulliModel()) { try change(&$1) { $0["kind"] = "flow-vae" } }
    #expect(kind == .kind(found: "flow-vae", known: ["bernoulli-vae"]))
    let gaussian = try withTemporaryFolder { folder in
      try gaussianModel().save(to: "\(folder)/x")
      return try #require(throws: CheckpointError.self) {
        try VariationalAutoencoder<Float>(checkpoint: "\(folder)/x")
      }
    }
    #expect(gaussian.fault == .kind(found: "gaussian-vae", known: ["bernoulli-vae"]))
  }

  @Test("one changed bit of one number is refused; without sha256 it is accepted")
  func altered() throws {
    func flip(_ tensors: inout [Safetensors.Tensor]) {
      var bytes = tensors[2].bytes
      bytes[5] ^= 1
      tensors[2] = .init(
        name: tensors[2].name, type: tensors[2].type, shape: tensors[2].shape, bytes: bytes)
    }
    guard case .altered = try fault(bernoulliModel(), { tensors, _ in flip(&tensors) }) else {
      Issue.record("the change was not found")
      return
    }
    try withChangedFile(of: bernoulliModel()) { tensors, metadata in
      flip(&tensors)
      try change(&metadata) { $0["sha256"] = nil }
    } _: {
      _ = try VariationalAutoencoder<Float>(checkpoint: $0)
    }
  }

  @Test(
    "a sha256 of another length or type is refused",
    arguments: ["", "00", String(repeating: "0", count: 100_000)].map { .string($0) }
      + [0, nil, []] as [JSONValue])
  func otherHash(sha256: JSONValue) throws {
    guard
      case .altered(sha256.compact, _) = try fault(
        bernoulliModel(), { try change(&$1) { $0["sha256"] = sha256 } })
    else {
      Issue.record("\(sha256) was accepted")
      return
    }
  }

  @Test(
    "a description that is no object in JSON, or has a key twice, is refused",
    arguments: [
      "", "{", "[]", "\"bernoulli-vae\"", "null", "\u{1b}[2J",
      #"{"version":1,"kind":"bernoulli-vae","kind":"gaussian-vae"}"#,
      String(repeating: "[", count: 100_000),
    ])
  func notJSON(text: String) throws {
    let found = try fault(bernoulliModel()) { $1["elbo.model"] = text }
    guard case .unreadableDescription("elbo.model", _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  /// A key and what takes the place of its value; nil removes it.
  static let wrong: [(String, JSONValue?)] = [
    ("version", nil), ("version", 0), ("version", -1), ("version", "1"), ("version", 1.5),
    ("kind", nil), ("kind", 1), ("data", nil), ("data", 0), ("data", -7), ("data", "7"),
    ("data", 7.0), ("data", [7]), ("data", 9_223_372_036_854_775_807), ("hidden", nil),
    ("hidden", 5), ("hidden", [0]), ("hidden", [5, nil]), ("hidden", ["5"]),
    ("hidden", .array(Array(repeating: 1, count: 1001))),
    ("decoder_hidden", 5), ("latent", nil), ("latent", true), ("activation", "gelu"),
    ("activation", 1),
    ("likelihood", "gaussian"), ("likelihood", 1), ("data_shape", [0]), ("data_shape", "28 x 28"),
  ]

  @Test("an entry of another kind than expected is named", arguments: wrong)
  func wrongEntry(key: String, value: JSONValue?) throws {
    let found = try fault(bernoulliModel()) { _, metadata in
      metadata["activation"] = nil
      try change(&metadata) { $0[key] = value }
    }
    guard case .description(key, value?.compact, _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("sizes that the tensors do not have are refused before memory is taken for them")
  func hugeSizes() throws {
    // One such layer would take 4 exabytes: asking for it would end the process.
    let huge: JSONValue = 1_000_000_000
    for (key, value, tensor) in [
      ("data", huge, "encoder.fc1.weight"), ("latent", huge, "encoder.fc_mu.weight"),
      ("hidden", [huge], "encoder.fc1.weight"), ("decoder_hidden", [huge], "decoder.fc1.weight"),
    ] as [(String, JSONValue, String)] {
      for found in [
        try fault(bernoulliModel(), { try change(&$1) { $0[key] = value } }),
        try fault(gaussianModel(), { try change(&$1) { $0[key] = value } }),
      ] {
        guard case .misshapen(tensor, _, _) = found else {
          Issue.record("\(key): \(found)")
          continue
        }
      }
    }
    let deep = try fault(bernoulliModel()) {
      try change(&$1) { $0["hidden"] = .array(Array(repeating: huge, count: 1000)) }
    }
    guard case .misshapen("encoder.fc1.weight", [5, 7], "[1000000000, 7]") = deep else {
      Issue.record("\(deep)")
      return
    }
  }

  @Test("a layer more or less than described, a misshapen one, one that is not a number")
  func tensors() throws {
    let more = try fault(gaussianModel()) { try change(&$1) { $0["hidden"] = [5, 5] } }
    guard case .missing("encoder.fc2.weight", let found, let expected) = more else {
      Issue.record("\(more)")
      return
    }
    #expect(found.contains("decoder.log_variance") && expected.contains("encoder.fc2.bias"))
    let other = try fault(OwnModel(inputs: 4, seed: 1)) { tensors, metadata in
      tensors.append(.init(name: "more", shape: [1], [0] as [Float]))
      try change(&metadata) { $0["sha256"] = nil }
    }
    guard case .unexpected("more", _, _) = other else {
      Issue.record("\(other)")
      return
    }
    let shape = try fault(OwnModel(inputs: 4, seed: 1)) { try change(&$1) { $0["inputs"] = 3 } }
    #expect(shape == .misshapen(tensor: "model.weight", found: [2, 4], expected: "[2, 3]"))
    let undefined = try fault(gaussianModel()) { tensors, metadata in
      tensors.removeAll { $0.name == "decoder.log_variance" }
      tensors.append(.init(name: "decoder.log_variance", shape: [1], [.nan] as [Float]))
      try change(&metadata) { $0["sha256"] = nil }
    }
    #expect(undefined == .notFinite(tensor: "decoder.log_variance"))
  }

  @Test("an activation beside the description that contradicts it is refused")
  func contradiction() throws {
    let found = try fault(bernoulliModel()) { $1["activation"] = "relu" }
    guard case .metadata("activation", "relu", _) = found else {
      Issue.record("\(found)")
      return
    }
  }

  @Test("ten megabytes of metadata, inside the description and beside it, change nothing")
  func muchMetadata() throws {
    let model = bernoulliModel()
    try withChangedFile(of: model) { _, metadata in
      metadata["note"] = String(repeating: "x", count: 5_000_000)
      for index in 0..<50_000 { metadata["key\(index)"] = "value" }
      try change(&metadata) { json in
        json["notes"] = .array(Array(repeating: "0123456789", count: 400_000))
      }
    } _: { path in
      let back = try VariationalAutoencoder<Float>(checkpoint: path)
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
    }
  }

  @Test("an activation of the caller's counts before that of the file")
  func override() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x"
      try gaussianModel().save(to: path)
      let model = try GaussianVariationalAutoencoder<Float>(checkpoint: path, activation: .relu)
      #expect(model.architecture.activation == .relu && model.activation == .relu)
      #expect(try ModelFile(path: path).statedActivation == "tanh")
    }
    let linear = bernoulliModel(AutoencoderArchitecture(data: 4, hidden: [], latent: 2))
    #expect(linear.activation == nil, "no hidden layer, nothing to assume")
  }

  @Test("a configuration may not use the description's own keys")
  func reservedKeys() async {
    await #expect(processExitsWith: .failure) {
      struct Bad: DescribedModel {
        static let kind = "bad"
        var configuration: JSONValue { ["version": 3] }
        init() {}
        init(configuration: JSONValue) throws {}
        mutating func visitParameters(
          _ visit: (_ name: String, _ parameter: inout Tensor<Float>) throws -> Void
        ) rethrows {}
      }
      try Bad().save(to: "/tmp/never-written")
    }
  }
}
