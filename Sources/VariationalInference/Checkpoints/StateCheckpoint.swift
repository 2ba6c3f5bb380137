// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

// A run's whole state as a safetensors file: parameters and moments as tensors, counters and sums
// as metadata. Sums are written as the bits of a Double, so that a resumed run repeats them exactly.
//
// Under the metadata key `elbo.state` an object in JSON says what the state belongs to:
//
//     {"version":1,"seed":"6","options":{"batch_size":128,"learning_rate":0.001,...},
//      "fingerprint":"1a0683e245d95dde","data":"log-probability of ...","model":{"kind":...},
//      "sha256":"9f86d0...","facts_sha256":"2c26b4..."}
//
// The first checksum is that of the tensors, the second that of all other metadata.
// Version 0.1.0 wrote no such key; what is not recorded is not compared.

extension TrainingState {
  /// Reads a state.
  ///
  /// - Parameters:
  ///   - path: A file that ``save(to:metadata:)`` wrote.
  ///   - model: A model of the run's architecture, whose names and shapes are expected.
  ///   - options: Those of the run that takes up the state. Their number of epochs may differ from what
  ///     was saved, the seed and all else may not. Nil compares nothing.
  ///   - fingerprint: That of the training data of this run; nil compares nothing.
  ///   - dataMeaning: ``Dataset/meaning`` of these data, how their pixels are read; nil compares nothing.
  /// - Throws: An error whose description names file, tensor and shapes, or what differs.
  public init(
    checkpoint path: String, model: some Parameterized<Scalar>, options: TrainingOptions? = nil,
    fingerprint: String? = nil, dataMeaning: String? = nil
  ) throws {
    let file = try Safetensors(path: path)
    let origin = StateOrigin(
      model: model as? any DescribedModel, options: options, fingerprint: fingerprint,
      dataMeaning: dataMeaning)
    try origin.check(file)
    let memoryNames = options?.memoryNames ?? Adam.memories
    let named = model.namedParameters
    func tensors(_ prefix: String) throws -> [Tensors.Tensor<Scalar>] {
      try named.map { name, parameter in
        let key = "\(prefix).\(name)"
        guard file.contains(key) else {
          throw CheckpointError(
            path: path,
            fault: .missing(
              tensor: key, found: file.entries.map(\.name),
              expected: named.map { "\(prefix).\($0.name)" }))
        }
        let tensor: Tensors.Tensor<Scalar> = try file.tensor(key)
        if tensor.shape != parameter.shape {
          throw CheckpointError(
            path: path,
            fault: .misshapen(tensor: key, found: tensor.shape, expected: "\(parameter.shape)"))
        }
        if tensor.firstNonFinite != nil {
          throw CheckpointError(path: path, fault: .notFinite(tensor: key))
        }
        return tensor
      }
    }
    self.init(
      names: named.map(\.name), parameters: try tensors("parameters"),
      memories: try memoryNames.map { try tensors($0) }, memoryNames: memoryNames,
      progress: try TrainingProgress(metadata: file.metadata, path: path),
      metadata: file.metadata.filter {
        $0.key != StateOrigin.metadataKey && !TrainingProgress.keys.contains($0.key)
      })
  }

  /// Writes the state, atomically.
  ///
  /// - Parameters:
  ///   - path: An existing file is replaced once the new one is safely on disk.
  ///   - model: What is trained, whose kind and configuration are to be compared when it is taken up.
  ///   - options: Those of the run, to be compared when it is taken up.
  ///   - fingerprint: That of its training data, to be compared as well.
  ///   - dataMeaning: ``Dataset/meaning`` of the training data, to be compared as well.
  ///   - metadata: Further facts to keep with the file.
  /// - Throws: An error that names the file, which is then as it was before: ``CheckpointError`` where the
  ///   state holds numbers for which it could not be read again.
  public func save(
    to path: String, model: (any DescribedModel)? = nil, options: TrainingOptions? = nil,
    fingerprint: String? = nil, dataMeaning: String? = nil, metadata: [String: String] = [:]
  ) throws {
    if let tensor = firstNonFinite {
      throw CheckpointError(path: path, fault: .notFinite(tensor: tensor))
    }
    let tensors = parts.map { Safetensors.Tensor($0.name, $0.tensor) }
    var facts = metadata.merging(progress.metadata) { $1 }
    facts[StateOrigin.metadataKey] =
      StateOrigin(
        model: model, options: options, fingerprint: fingerprint, dataMeaning: dataMeaning
      )
      .json(sha256: Safetensors.checksum(of: tensors), facts: facts).compact
    try Safetensors.write(tensors, metadata: facts, to: path)
  }
}

extension TrainingState {
  /// All tensors, by the names that they have in files.
  private var parts: [(name: String, tensor: Tensors.Tensor<Scalar>)] {
    ([("parameters", parameters)] + zip(memoryNames, memories)).flatMap { prefix, list in
      zip(names, list).map { (name: "\(prefix).\($0)", tensor: $1) }
    }
  }

  /// The name of the first tensor with an infinite or undefined number, for which the state could not be
  /// read again; nil where all are finite.
  package var firstNonFinite: String? { parts.first { $0.tensor.firstNonFinite != nil }?.name }
}

/// What, beside its state, decides the rest of a run.
private struct StateOrigin {
  static let metadataKey = "elbo.state"
  private static let version = 1

  let options: TrainingOptions?
  let fingerprint: String?
  let dataMeaning: String?
  /// The model's kind and configuration.
  let model: JSONValue?

  init(
    model: (any DescribedModel)?, options: TrainingOptions?, fingerprint: String?,
    dataMeaning: String?
  ) {
    (self.options, self.fingerprint, self.dataMeaning) = (options, fingerprint, dataMeaning)
    self.model = model.map { model in
      var json: JSONValue = ["kind": .string(type(of: model).kind)]
      for member in model.configuration.members ?? [] { json[member.key] = member.value }
      return json
    }
  }

  func json(sha256: String, facts: [String: String]) -> JSONValue {
    var json: JSONValue = ["version": JSONValue(Self.version)]
    // As text: a JSON number that is read as a Double is exact only up to 2^53, and a seed has 64
    // bits.
    json["seed"] = options.map { .string("\($0.seed)") }
    json["options"] = options?.decisive
    json["fingerprint"] = fingerprint.map(JSONValue.string)
    json["data"] = dataMeaning.map(JSONValue.string)
    json["model"] = model
    json["sha256"] = .string(sha256)
    json["facts_sha256"] = .string(Self.checksum(of: facts))
    return json
  }

  /// Of all metadata but the entry that has it: lengths in front, so that no two are alike.
  private static func checksum(of facts: [String: String]) -> String {
    var hash = SHA256()
    for (key, value) in facts.sorted(by: { $0.key < $1.key }) where key != metadataKey {
      hash.update(Array("\(key.utf8.count) \(value.utf8.count) \(key)\(value)".utf8))
    }
    return hash.hexadecimal()
  }

  /// Refuses a state that is damaged, or of a run with another origin than this one.
  func check(_ file: Safetensors) throws {
    guard let recorded = try file.described(by: Self.metadataKey, version: Self.version) else {
      return
    }
    if let sum = recorded["facts_sha256"]?.stringValue {
      let found = Self.checksum(of: file.metadata)
      if sum != found {
        throw CheckpointError(path: file.path, fault: .altered(recorded: sum, found: found))
      }
    }
    func compare(_ key: String, _ old: JSONValue?, _ new: JSONValue) throws {
      // Numbers are equal by value, however they are written.
      guard let old, old != new, old.doubleValue == nil || old.doubleValue != new.doubleValue else {
        return
      }
      throw CheckpointError(
        path: file.path,
        fault: .otherRun(key: key, recorded: old.compact, found: new.compact))
    }
    if let fingerprint {
      try compare("fingerprint of the training data", recorded["fingerprint"], .string(fingerprint))
    }
    if let dataMeaning {
      try compare("reading of the data", recorded["data"], .string(dataMeaning))
    }
    for member in model?.members ?? [] {
      try compare("model's \(member.key)", recorded["model"]?[member.key], member.value)
    }
    guard let options else { return }
    try compare("seed", recorded["seed"], .string("\(options.seed)"))
    for member in options.decisive.members ?? [] {
      try compare(member.key, recorded["options"]?[member.key], member.value)
    }
    // What is left out of a state that has options at all is the default there.
    guard let settings = recorded["options"] else { return }
    for key in TrainingOptions.laterKeys {
      try compare(key, settings[key] ?? .null, options.decisive[key] ?? .null)
    }
  }
}

extension TrainingProgress {
  fileprivate var metadata: [String: String] {
    let facts = [
      "epoch": "\(epoch)", "batch": "\(batch)", "steps": "\(steps)",
      "seen.examples": "\(seen.examples)",
      "seen.reconstruction.bits": "\(seen.reconstruction.bitPattern)",
      "seen.kl.bits": "\(seen.kl.bitPattern)",
    ]
    guard let bound = seen.importanceWeighted else { return facts }
    return facts.merging([Self.boundKey: "\(bound.bitPattern)"]) { $1 }
  }

  private static let boundKey = "seen.importance_weighted.bits"

  fileprivate static let keys: Set<String> = [
    "epoch", "batch", "steps", "seen.examples", "seen.reconstruction.bits", "seen.kl.bits",
    boundKey,
  ]

  fileprivate init(metadata: [String: String], path: String) throws {
    func value<Value>(_ key: String, _ expected: String, _ convert: (String) -> Value?) throws
      -> Value
    {
      guard let value = metadata[key].flatMap(convert) else {
        throw CheckpointError(
          path: path, fault: .metadata(key: key, found: metadata[key], expected: expected))
      }
      return value
    }
    // Further on, counters are added and multiplied.
    func count(_ key: String, atMost most: Int = 1_000_000_000) throws -> Int {
      try value(key, "a whole number from 0 to \(most)") {
        Int($0).flatMap { (0...most).contains($0) ? $0 : nil }
      }
    }
    func sum(_ key: String) throws -> Double {
      try value(key, "the bits of a finite number") { text in
        UInt64(text).map(Double.init(bitPattern:)).flatMap { $0.isFinite ? $0 : nil }
      }
    }
    self.init(
      epoch: try count("epoch"), batch: try count("batch"),
      steps: try count("steps", atMost: 1 << 60),
      seen: RunningTerms(
        reconstruction: try sum("seen.reconstruction.bits"), kl: try sum("seen.kl.bits"),
        importanceWeighted: metadata[Self.boundKey] == nil ? nil : try sum(Self.boundKey),
        examples: try count("seen.examples")))
  }

  /// Refuses counters that no run with so many batches and examples in an epoch can have.
  ///
  /// - Throws: ``CheckpointError`` naming the counter.
  package func check(batchesPerEpoch batches: Int, examples: Int, path: String) throws {
    func require(_ isRight: Bool, _ key: String, _ found: Int, _ expected: String) throws {
      if !isRight {
        throw CheckpointError(
          path: path, fault: .metadata(key: key, found: "\(found)", expected: expected))
      }
    }
    try require(batch < batches, "batch", batch, "a number below \(batches)")
    try require(
      seen.examples <= examples, "seen.examples", seen.examples, "at most \(examples)")
    // Divided, not multiplied: absurd counters must not overflow.
    try require(
      steps / batches == epoch && steps % batches == batch, "steps", steps,
      "the number of batches in \(epoch) epochs and \(batch) batches")
  }
}
