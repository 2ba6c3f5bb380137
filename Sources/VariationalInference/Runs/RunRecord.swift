// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// What a run was asked to do, and of what: `run.json`.
package struct RunRecord: Sendable, Equatable {
  /// As given on the command line; a folder's path is made absolute, so that a run can be resumed
  /// from elsewhere.
  package var dataSource: String
  /// How it is read.
  package var reading: DataReading
  package var data: DataDescription
  package var architecture: AutoencoderArchitecture
  package var likelihood: AutoencoderLikelihood
  package var options: TrainingOptions
  package var parameterCount: Int
  /// How the first parameters were made, in words.
  package var initialisation: String
  /// The file whose parameters were the first; nil where they were drawn.
  package var from: String?
  /// Training stops after so many epochs without a new best of the validation part; nil for never.
  package var patience: Int?
  /// When its state is saved.
  package var checkpoints = CheckpointPolicy()
  /// What was changed where it was taken up, in order.
  package var changes: [Change] = []
  /// When the run began, as a local time.
  package var started: String
  package var version: String

  /// What recognises the data.
  package struct DataDescription: Sendable, Equatable {
    package var name: String
    /// The shape of x of one example.
    package var shape: [Int]
    package var trainImages: Int
    package var testImages: Int
    /// Of the training data; see ``Dataset/fingerprint()``.
    package var fingerprint: String
    /// Of the test data; nil for runs that earlier versions began.
    package var testFingerprint: String?
    /// Whether the training images have bytes 0 and 255 alone.
    package var isBinary: Bool
    /// How bytes become numbers.
    package var binarization: Binarization

    /// The splits of one data set, whose field `x` the model is a density of.
    package init(_ data: DatasetSplits, x: String) {
      name = data.train.name
      shape = data.train.field(x)?.shape ?? []
      (trainImages, testImages) = (data.train.count, data.test.count)
      fingerprint = data.train.fingerprint()
      testFingerprint = data.test.fingerprint()
      isBinary = (data.train as? ImageDataset)?.isBinary ?? (data.train.field("x")?.kind == .binary)
      binarization = (data.train as? ImageDataset)?.binarization ?? .none
    }

    /// What an example is called, as ``Dataset/exampleNoun``.
    package var noun: String { shape.count == 3 ? "image" : "row" }

    /// Rows and columns of an image; one row of numbers where it is no image.
    package var size: (height: Int, width: Int, channels: Int) {
      shape.count == 3 ? (shape[0], shape[1], shape[2]) : (1, shape.reduce(1, *), 1)
    }
  }

  package init(
    dataSource: String, reading: DataReading = DataReading(), data: DatasetSplits,
    model: some DescribedAutoencoder<Float>,
    options: TrainingOptions, initialisation: String = RunRecord.uniform, started: String
  ) {
    self.dataSource = dataSource
    self.reading = reading
    self.data = DataDescription(data, x: model.architecture.fields.data)
    architecture = model.architecture
    likelihood = model.likelihoodKind
    self.options = options
    parameterCount = model.parameterCount
    self.initialisation = initialisation
    self.started = started
    version = ElboVersion.current
  }

  /// A model as the run's was before its first step.
  package var initialModel: any DescribedAutoencoder<Float> {
    likelihood.model(architecture, seed: options.seed)
  }

  /// The initialisation of ``Linear``.
  package static let uniform = "uniform in plus or minus 1 / sqrt(inputs)"

  /// Refuses data other than those of the run, naming the difference.
  package func check(_ data: DatasetSplits, run: String) throws {
    let found = DataDescription(data, x: architecture.fields.data)
    func compare(_ key: String, _ part: KeyPath<DataDescription, some CustomStringConvertible>)
      throws
    {
      let (old, new) = ("\(self.data[keyPath: part])", "\(found[keyPath: part])")
      if old != new { throw RunError.otherData(run: run, key: key, recorded: old, found: new) }
    }
    try compare("images of height", \.size.height)
    try compare("images of width", \.size.width)
    try compare("examples of shape", \.shape)
    try compare("a number of training images of", \.trainImages)
    try compare("training images of fingerprint", \.fingerprint)
    // Numbers of other test images would follow those of the run in one table.
    try compare("a number of test images of", \.testImages)
    if let recorded = self.data.testFingerprint, let now = found.testFingerprint, recorded != now {
      throw RunError.otherData(
        run: run, key: "test images of fingerprint", recorded: recorded, found: now)
    }
  }

  /// What a value of the objective means.
  package var meaning: String {
    options.meaning(
      onData: likelihood.meaning(onData: data.binarization.meaning(isBinary: data.isBinary)))
  }

  /// What every number of the run was computed under, in words.
  package var protocolWords: String {
    let draws = options.objective.samples
    return
      "\(meaning); data \(data.name), \(draws.counted("draw")) of q per \(data.noun), "
      + "seed \(options.seed)"
  }

  /// One line for pictures: what was trained on what.
  package var summary: String {
    let widths = [architecture.data] + architecture.hidden + [architecture.latent]
    let sizes = (widths + architecture.decoderHidden + [architecture.data]).map(String.init)
    return "\(data.name), \(sizes.joined(separator: "-")), seed \(options.seed)"
  }
}

/// The version of the library and of the command.
public enum ElboVersion {
  /// The version, as in `CHANGELOG.md`.
  public static let current = "0.2.0"
}

// MARK: - JSON

extension RunRecord {
  package func write(to path: String) throws {
    try AtomicFile.write(Array(json.pretty.utf8), to: path)
  }

  private var json: JSONValue {
    var json: JSONValue = [
      "version": .string(version),
      "started": .string(started),
      "data": [
        "source": .string(dataSource), "name": .string(data.name),
        "height": JSONValue(data.size.height), "width": JSONValue(data.size.width),
        "train_images": JSONValue(data.trainImages), "test_images": JSONValue(data.testImages),
        "fingerprint": .string(data.fingerprint),
        "test_fingerprint": data.testFingerprint.map(JSONValue.string) ?? .null,
        "binary": .bool(data.isBinary),
      ],
      "model": [
        "kind": "variational autoencoder", "prior": "standard normal",
        "posterior": "diagonal Gaussian", "likelihood": .string(likelihood.words),
        "hidden": .array(architecture.hidden.map { JSONValue($0) }),
        "latent": JSONValue(architecture.latent),
        "activation": .string(architecture.activation.rawValue),
        "parameters": JSONValue(parameterCount), "initialisation": .string(initialisation),
      ],
      "training": options.json,
      "protocol": [
        "binarize": .string(data.binarization.rawValue),
        "objective": .string(meaning),
        "samples": JSONValue(options.objective.samples), "unit": .string("nats per \(data.noun)"),
        "train": "means over the epoch while it runs",
        "test": "means over the whole test set after the epoch",
      ],
    ]
    if reading != DataReading() { json["data"]?["reading"] = reading.json }
    json["model"]?["from"] = from.map(JSONValue.string)
    json["training"]?["patience"] = patience.map { JSONValue($0) }
    for member in checkpoints.members { json["training"]?[member.key] = member.value }
    if !changes.isEmpty { json["changes"] = .array(changes.map(\.json)) }
    if case .general = likelihood {
      json["model"]?["configuration"] = likelihood.configuration(architecture)
    }
    if data.shape != [data.size.height, data.size.width, 1] {
      json["data"]?["shape"] = .array(data.shape.map { JSONValue($0) })
    }
    return json
  }

  /// Reads the record of a run.
  package init(path: String) throws {
    let reader = RecordReader(path: path, root: try JSONValue.record(path))
    dataSource = try reader.string("data", "source")
    reading =
      try reader.optional("data", "reading") { DataReading(json: $0) } ?? DataReading()
    data = try DataDescription(reader)
    if let configuration = try reader.optional("model", "configuration", convert: { $0 }) {
      let parts = try GeneralAutoencoder<Float>.parts(configuration)
      architecture = parts.0
      likelihood = .general(parts.1, parts.2)
    } else {
      architecture = .init(
        data: data.shape.reduce(1, *), hidden: try reader.integers("model", "hidden"),
        latent: try reader.integer("model", "latent"),
        activation: try reader.value("model", "activation") {
          $0.stringValue.flatMap(Activation.init)
        })
      likelihood =
        try reader.optional("model", "likelihood") { json in
          [AutoencoderLikelihood.bernoulli, .gaussian].first { $0.words == json.stringValue }
        } ?? .bernoulli
    }
    options = try TrainingOptions(reader)
    initialisation =
      try reader.optional("model", "initialisation") { $0.stringValue } ?? Self.uniform
    parameterCount = try reader.value("model", "parameters") { $0.intValue }
    from = try reader.optional("model", "from") { $0.stringValue }
    patience = try reader.optional("training", "patience") { json in
      json.intValue.flatMap { RecordReader.sizes.contains($0) ? $0 : nil }
    }
    checkpoints = try CheckpointPolicy(reader)
    changes =
      try reader.optional("changes") { list in
        let changes = list.arrayValue?.compactMap(Change.init(json:))
        return changes?.count == list.arrayValue?.count ? changes : nil
      } ?? []
    started = try reader.string("started")
    version = try reader.string("version")
  }
}

extension RunRecord.DataDescription {
  fileprivate init(_ reader: RecordReader) throws {
    name = try reader.string("data", "name")
    // Runs of earlier versions are of grey images.
    let size = [
      try reader.integer("data", "height"), try reader.integer("data", "width"), 1,
    ]
    shape =
      try reader.optional("data", "shape") { list in
        let sizes = list.arrayValue?.compactMap(\.intValue).filter(RecordReader.sizes.contains)
        guard let sizes, sizes.count == list.arrayValue?.count else { return nil }
        return RecordReader.isShape(sizes) ? sizes : nil
      } ?? size
    if !RecordReader.isShape(shape) {
      throw RunError.unreadableRecord(path: reader.path, key: "data.height and data.width")
    }
    trainImages = try reader.integer("data", "train_images")
    testImages = try reader.integer("data", "test_images")
    fingerprint = try reader.string("data", "fingerprint")
    testFingerprint = try reader.optional("data", "test_fingerprint") { $0.stringValue }
    isBinary = try reader.optional("data", "binary") { $0.boolValue } ?? false
    binarization = try reader.value("protocol", "binarize") {
      $0.stringValue.flatMap(Binarization.init)
    }
  }
}
