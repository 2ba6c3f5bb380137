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

    package init(_ data: DatasetSplits) {
      name = data.train.name
      (height, width) = (data.train.height, data.train.width)
      (trainImages, testImages) = (data.train.count, data.test.count)
      fingerprint = data.train.fingerprint()
    }
  }

  package init(
    dataSource: String, data: DatasetSplits, model: VariationalAutoencoder<Float>,
    options: TrainingOptions, started: String
  ) {
    self.dataSource = dataSource
    self.data = DataDescription(data)
    architecture = model.architecture
    self.options = options
    parameterCount = model.parameterCount
    self.started = started
    version = ElboVersion.current
  }

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
      ],
      "model": [
        "kind": "variational autoencoder", "prior": "standard normal",
        "posterior": "diagonal Gaussian", "likelihood": "Bernoulli",
        "hidden": .array(architecture.hidden.map { JSONValue($0) }),
        "latent": JSONValue(architecture.latent),
        "activation": .string(architecture.activation.rawValue),
        "parameters": JSONValue(parameterCount),
      ],
      "training": [
        "epochs": JSONValue(options.epochs), "batch_size": JSONValue(options.batchSize),
        "optimiser": "Adam", "learning_rate": .number(options.optimiser.learningRate),
        "gradient": "of the sum over a batch", "seed": .string("\(options.seed)"),
      ],
      "protocol": [
        "binarize": .string(options.binarization.rawValue),
        "objective": .string(options.binarization.meaning),
        "samples": 1, "unit": "nats per image", "train": "means over the epoch while it runs",
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
    options = TrainingOptions(
      epochs: try reader.integer("training", "epochs"),
      batchSize: try reader.integer("training", "batch_size"),
      optimiser: Adam(
        learningRate: try reader.value("training", "learning_rate") {
          $0.doubleValue.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
        }),
      binarization: try reader.value("protocol", "binarize") {
        $0.stringValue.flatMap(Binarization.init)
      },
      seed: try reader.value("training", "seed") { $0.stringValue.flatMap { UInt64($0) } })
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
  }
}

/// Takes entries out of a record, naming the one that is missing or of another kind.
private struct RecordReader {
  let path: String
  let root: JSONValue

  func value<Value>(_ keys: String..., convert: (JSONValue) -> Value?) throws -> Value {
    try value(at: keys, convert: convert)
  }

  func string(_ keys: String...) throws -> String { try value(at: keys) { $0.stringValue } }

  /// A size: at least 1, and such that the product of two is still a number.
  func integer(_ keys: String...) throws -> Int {
    try value(at: keys) { $0.intValue.flatMap { Self.sizes.contains($0) ? $0 : nil } }
  }

  private static let sizes = 1...1_000_000_000

  func integers(_ keys: String...) throws -> [Int] {
    try value(at: keys) { list in
      let numbers = list.arrayValue?.compactMap(\.intValue).filter(Self.sizes.contains)
      return numbers?.count == list.arrayValue?.count ? numbers : nil
    }
  }

  private func value<Value>(at keys: [String], convert: (JSONValue) -> Value?) throws -> Value {
    let found = keys.reduce(Optional(root)) { $0?[$1] }
    guard let value = found.flatMap(convert) else {
      throw RunError.unreadableRecord(path: path, key: keys.joined(separator: "."))
    }
    return value
  }
}
