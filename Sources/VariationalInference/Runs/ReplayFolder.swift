// SPDX-License-Identifier: Apache-2.0

internal import Formats
package import Tensors

/// A step that gave numbers that are not finite, in files: all that it takes to repeat it, without
/// the data set.
///
///     parameters.safetensors    the model before the step, as any model's file
///     optimiser.safetensors     what the optimiser remembers: "first_moment.encoder.fc1.weight", ...
///     batch.safetensors         a row for each example: "x", "mask", "weight", ...
///     divergence.json           counters, seed, options, the examples' numbers, what was found
///
/// The last is written last and removed first: a folder without it is none.
package struct ReplayFolder: Sendable, Equatable {
  /// The folder.
  package let path: String

  /// The name of the folder in that of its run.
  package static let name = "divergence"
  /// The version that is written, and the highest that is read.
  static let version = 1

  /// The folder at `path`.
  package init(_ path: String) { self.path = path }

  /// What else there is to know.
  package var record: String { "\(path)/divergence.json" }
  /// The model.
  package var parameters: String { "\(path)/parameters.safetensors" }
  /// The memories of the optimiser.
  package var optimiser: String { "\(path)/optimiser.safetensors" }
  /// The batch.
  package var batch: String { "\(path)/batch.safetensors" }

  /// The folder at `path`, or the one in the run there.
  ///
  /// - Throws: ``ReplayError`` where there is none.
  package static func find(_ path: String) throws -> ReplayFolder {
    let end = path.lastIndex { $0 != "/" }
    let trimmed = end.map { String(path[...$0]) } ?? path
    let folders = [ReplayFolder(trimmed), ReplayFolder("\(trimmed)/\(name)")]
    guard let found = folders.first(where: { Files.isRegular($0.record) }) else {
      throw ReplayError.nothing(path: trimmed)
    }
    return found
  }
}

/// A folder whose step cannot be repeated.
package enum ReplayError: Error, Sendable, Equatable, CustomStringConvertible {
  case nothing(path: String)
  case version(path: String, found: Int, known: Int)
  case altered(path: String, record: String)
  case misfit(path: String, tensor: String, found: String, expected: String)
  case kind(path: String, found: String)

  package var description: String {
    switch self {
    case .nothing(let path):
      "'\(path)' holds no step to replay (\(ReplayFolder.name)/divergence.json); name the folder "
        + "of a run that diverged"
    case .version(let path, let found, let known):
      "'\(path)' is of version \(found), where up to \(known) is known; read it with a newer "
        + "version of elbo"
    case .altered(let path, let record):
      "'\(path)' is not the file that '\(record)' was written for: its SHA-256 is another; let the "
        + "run diverge again"
    case .misfit(let path, let tensor, let found, let expected):
      "'\(path)' holds \(found) for \"\(tensor.shown())\" where \(expected) is expected; let "
        + "the run diverge again"
    case .kind(let path, let found):
      "'\(path)' holds a model of kind \"\(found.shown())\", which is no autoencoder that this "
        + "version of elbo can train"
    }
  }
}

// MARK: - Writing

extension ReplayFolder {
  /// Writes a step; what another one left here is replaced.
  ///
  /// - Parameters:
  ///   - step: All that decides it.
  ///   - inspection: What was seen of it.
  ///   - finding: The sentence that the user is told.
  ///   - dataShape: The lengths of the axes of one example.
  /// - Throws: An error that names a file.
  package func write<Model: DescribedModel>(
    _ step: StepReplay<Model>, _ inspection: StepInspection?, finding: String, dataShape: [Int]?
  ) throws {
    try Files.createFolder(path)
    try Files.remove(record)
    try step.model.save(to: parameters, dataShape: dataShape)
    let names = step.model.namedParameters.map(\.name)
    let memories = zip(step.options.memoryNames, step.memories).flatMap { memory, tensors in
      zip(names, tensors).map { Safetensors.Tensor("\(memory).\($0)", $1) }
    }
    try Safetensors.write(memories, to: optimiser)
    let batch = step.batch
    let count = batch.examples.count
    let fields = batch.fields.map { field in
      let rows = Tensors.Tensor<Double>(batch.rows[field.name] ?? [], shape: [count, field.width])
      // In the model's own precision, in which the step saw them.
      return Safetensors.Tensor(field.name, rows.converted(to: Model.Scalar.self))
    }
    try Safetensors.write(fields, to: self.batch)
    var json: JSONValue = [
      "version": JSONValue(Self.version), "elbo": .string(ElboVersion.current),
      "finding": .string(finding), "part": .string(step.isTraining ? "step" : "evaluation"),
      "step": JSONValue(step.progress.steps + (step.isTraining ? 1 : 0)),
      "progress": [
        "epoch": JSONValue(step.progress.epoch), "batch": JSONValue(step.progress.batch),
        "steps": JSONValue(step.progress.steps), "steps_per_epoch": JSONValue(step.stepsPerEpoch),
      ],
      "data": [
        "name": .string(batch.name), "part": .string(batch.split),
        "examples": JSONValue(batch.count), "meaning": .string(batch.meaning),
        "batch": .array(batch.examples.map { JSONValue($0) }),
      ],
      "training": step.options.json,
      "sha256": [
        "parameters": .string(try Safetensors(path: parameters).checksum),
        "optimiser": .string(Safetensors.checksum(of: memories)),
        "batch": .string(Safetensors.checksum(of: fields)),
      ],
    ]
    if let inspection {
      json["digest"] = .string(inspection.digest)
      json["inspection"] = inspection.json
    }
    try AtomicFile.write(Array(json.pretty.utf8), to: record)
  }
}

// MARK: - Reading

/// A step that was read, whatever the type of its model.
package struct RecordedReplay: Sendable {
  /// What the run said.
  package let finding: String
  /// That of what the run saw; nil where it did not look.
  package let digest: String?
  /// The name of the data.
  package let data: String
  /// The number of the step, counted from 1.
  package let step: Int
  /// The examples in the batch.
  package let examples: Int
  /// Whether it is a step, and not an evaluation.
  package let isTraining: Bool
  /// What its products multiply.
  package let precision: ProductPrecision
  /// Takes it again.
  package let inspect: @Sendable (WorkerPool) -> StepInspection
}

extension ReplayFolder {
  /// Reads a step.
  ///
  /// - Returns: What repeats it.
  /// - Throws: An error that names a file and what is wrong with it.
  package func read() throws -> RecordedReplay {
    let root = try JSONValue.parse(readFile(record, limit: 1 << 28), path: record)
    let reader = RecordReader(path: record, root: root)
    let version = try reader.integer("version")
    if version > Self.version {
      throw ReplayError.version(path: record, found: version, known: Self.version)
    }
    for (name, path) in [
      ("parameters", parameters), ("optimiser", optimiser), ("batch", batch),
    ] where try Safetensors(path: path).checksum != reader.string("sha256", name) {
      throw ReplayError.altered(path: path, record: record)
    }
    let found = try ModelRegistry.standard.load(parameters)
    guard let model = found as? any DescribedAutoencoder<Float> else {
      throw ReplayError.kind(path: parameters, found: type(of: found).kind)
    }
    func read(_ model: some DescribedAutoencoder<Float>) throws -> RecordedReplay {
      let step = try step(model, reader)
      return RecordedReplay(
        finding: try reader.string("finding"),
        digest: try reader.optional("digest") { $0.stringValue }, data: step.batch.name,
        step: try reader.value("step") { $0.intValue }, examples: step.batch.examples.count,
        isTraining: step.isTraining,
        precision: step.isTraining ? step.options.precision : .float32
      ) { step.inspect(workers: $0) }
    }
    return try read(model)
  }

  private func step<Model: DescribedAutoencoder<Float>>(
    _ model: Model, _ reader: RecordReader
  ) throws -> StepReplay<Model> {
    let options = try TrainingOptions(reader)
    let isTraining = try reader.value("part") { json in
      ["step": true, "evaluation": false][json.stringValue ?? ""]
    }
    let named = model.namedParameters
    let file = try Safetensors(path: optimiser)
    let remembered = isTraining ? type(of: options.optimiser).memories : []
    let memories = try remembered.map { memory in
      try named.map { name, parameter in
        try tensor("\(memory).\(name)", parameter.shape, in: file)
      }
    }
    func counter(_ key: String) throws -> Int {
      try reader.value("progress", key) { json in
        json.intValue.flatMap { (0...1_000_000_000_000).contains($0) ? $0 : nil }
      }
    }
    let progress = TrainingProgress(
      epoch: try counter("epoch"), batch: try counter("batch"), steps: try counter("steps"),
      seen: RunningTerms())
    return StepReplay(
      model: model, options: options, memories: memories, progress: progress,
      stepsPerEpoch: max(try counter("steps_per_epoch"), 1), batch: try batch(model, reader),
      isTraining: isTraining)
  }

  private func batch(
    _ model: some DescribedAutoencoder<Float>, _ reader: RecordReader
  ) throws -> RecordedBatch {
    let count = try reader.integer("data", "examples")
    let examples: [Int] = try reader.value("data", "batch") { list in
      let numbers = list.arrayValue?.compactMap(\.intValue).filter { (0..<count).contains($0) }
      guard let numbers, !numbers.isEmpty, numbers.count == list.arrayValue?.count else {
        return nil
      }
      return numbers
    }
    let file = try Safetensors(path: batch)
    let fields = try model.allReads.map { use in
      let width = try file.entry(use.name).shape.last ?? 0
      let rows: Tensors.Tensor<Float> = try tensor(use.name, [examples.count, width], in: file)
      return (name: use.name, width: width, rows: rows.doubles)
    }
    let recorded = RecordedBatch(
      name: try reader.string("data", "name"), split: try reader.string("data", "part"),
      count: count, meaning: try reader.string("data", "meaning"), examples: examples,
      fields: fields)
    try recorded.check(model.allReads)
    return recorded
  }

  private func tensor(
    _ name: String, _ shape: [Int], in file: Safetensors
  ) throws -> Tensors.Tensor<Float> {
    let found = try file.entry(name)
    if found.shape != shape {
      throw ReplayError.misfit(
        path: file.path, tensor: name, found: "\(found.shape)", expected: "shape \(shape)")
    }
    return try file.tensor(name)
  }
}
