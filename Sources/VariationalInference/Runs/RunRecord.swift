// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// What a run was asked to do, and of what: `run.json`.
package struct RunRecord: Sendable, Equatable {
  /// As given on the command line; a folder's path is made absolute, so that a run can be resumed
  /// from elsewhere.
  package var dataSource: String
  package var data: DataDescription
  package var architecture: VariationalAutoencoder<Float>.Architecture
  package var options: TrainingOptions
  package var parameterCount: Int
  /// How the first parameters were made, in words.
  package var initialisation: String
  /// When the run began, as a local time.
  package var started: String
  package var version: String

  /// What recognises the data.
  package struct DataDescription: Sendable, Equatable {
    package var name: String
    package var height: Int
    package var width: Int
    package var trainImages: Int
    package var testImages: Int
    package var fingerprint: String
    /// Nil in a record of an earlier version.
    package var testFingerprint: String?
    /// Whether the training images have bytes 0 and 255 alone.
    package var isBinary: Bool

    package init(_ data: DatasetSplits) {
      name = data.train.name
      (height, width) = (data.train.height, data.train.width)
      (trainImages, testImages) = (data.train.count, data.test.count)
      fingerprint = data.train.fingerprint()
      testFingerprint = data.test.fingerprint()
      isBinary = data.train.isBinary
    }
  }

  package init(
    dataSource: String, data: DatasetSplits, model: VariationalAutoencoder<Float>,
    options: TrainingOptions, initialisation: String = RunRecord.uniform, started: String
  ) {
    self.dataSource = dataSource
    self.data = DataDescription(data)
    architecture = model.architecture
    self.options = options
    parameterCount = model.parameterCount
    self.initialisation = initialisation
    self.started = started
    version = ElboVersion.current
  }

  /// The initialisation of ``Linear``.
  package static let uniform = "uniform in plus or minus 1 / sqrt(inputs)"

  /// Refuses data other than those of the run, naming the difference.
  package func check(_ data: DatasetSplits, run: String) throws {
    let found = DataDescription(data)
    func compare(_ key: String, _ part: KeyPath<DataDescription, some CustomStringConvertible>)
      throws
    {
      let (old, new) = ("\(self.data[keyPath: part])", "\(found[keyPath: part])")
      if old != new { throw RunError.otherData(run: run, key: key, recorded: old, found: new) }
    }
    try compare("images of height", \.height)
    try compare("images of width", \.width)
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
  package var meaning: String { options.meaning(isBinary: data.isBinary) }

  /// What every number of the run was computed under, in words.
  package var protocolWords: String {
    let draws = options.objective.samples
    return "\(meaning); data \(data.name), \(draws) draw\(draws == 1 ? "" : "s") of q per image, "
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
  public static let current = "0.1.0"
}

// MARK: - JSON

extension RunRecord {
  package func write(to path: String) throws {
    try AtomicFile.write(Array(json.pretty.utf8), to: path)
  }

  private var json: JSONValue {
    [
      "version": .string(version),
      "started": .string(started),
      "data": [
        "source": .string(dataSource), "name": .string(data.name),
        "height": JSONValue(data.height), "width": JSONValue(data.width),
        "train_images": JSONValue(data.trainImages), "test_images": JSONValue(data.testImages),
        "fingerprint": .string(data.fingerprint),
        "test_fingerprint": data.testFingerprint.map(JSONValue.string) ?? .null,
        "binary": .bool(data.isBinary),
      ],
      "model": [
        "kind": "variational autoencoder", "prior": "standard normal",
        "posterior": "diagonal Gaussian", "likelihood": "Bernoulli",
        "hidden": .array(architecture.hidden.map { JSONValue($0) }),
        "latent": JSONValue(architecture.latent),
        "activation": .string(architecture.activation.rawValue),
        "parameters": JSONValue(parameterCount), "initialisation": .string(initialisation),
      ],
      "training": options.json,
      "protocol": [
        "binarize": .string(options.binarization.rawValue),
        "objective": .string(meaning),
        "samples": JSONValue(options.objective.samples), "unit": "nats per image",
        "train": "means over the epoch while it runs",
        "test": "means over the whole test set after the epoch",
      ],
    ]
  }

  /// Reads the record of a run.
  package init(path: String) throws {
    let reader = RecordReader(path: path, root: try JSONValue.parse(readFile(path), path: path))
    dataSource = try reader.string("data", "source")
    data = try DataDescription(reader)
    architecture = .init(
      data: data.height * data.width, hidden: try reader.integers("model", "hidden"),
      latent: try reader.integer("model", "latent"),
      activation: try reader.value("model", "activation") {
        $0.stringValue.flatMap(Activation.init)
      })
    options = try TrainingOptions(reader)
    initialisation =
      try reader.optional("model", "initialisation") { $0.stringValue } ?? Self.uniform
    parameterCount = try reader.value("model", "parameters") { $0.intValue }
    started = try reader.string("started")
    version = try reader.string("version")
  }
}

extension RunRecord.DataDescription {
  fileprivate init(_ reader: RecordReader) throws {
    name = try reader.string("data", "name")
    height = try reader.integer("data", "height")
    width = try reader.integer("data", "width")
    trainImages = try reader.integer("data", "train_images")
    testImages = try reader.integer("data", "test_images")
    fingerprint = try reader.string("data", "fingerprint")
    testFingerprint = try reader.optional("data", "test_fingerprint") { $0.stringValue }
    isBinary = try reader.optional("data", "binary") { $0.boolValue } ?? false
  }
}
