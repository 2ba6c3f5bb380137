// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The model that a command works on, and what its run knew about its data.
struct ModelOption: ParsableArguments {
  @Argument(
    help: "A run's folder, or a .safetensors file, also one written by PyTorch.",
    completion: .file())
  var model: String

  @Option(help: "The function after each hidden layer, for a file that does not say.")
  var activation: Activation?

  @Option(
    name: .customLong("keys"),
    help: ArgumentHelp(
      """
      For a file with other names: a layer (or tensor) as it is named here, and there, as in \
      encoder.fc_mu=enc.mean. May be repeated.
      """, valueName: "ours=theirs"),
    transform: LayerKey.init(parsing:))
  var keys: [LayerKey] = []

  func validate() throws {
    let twice = Dictionary(grouping: keys, by: \.ours).first { $0.value.count > 1 }
    if let twice { throw ValidationError("--keys names \(twice.key) twice; once is expected") }
  }

  /// A model with what is known about it.
  struct Loaded {
    let model: any DescribedAutoencoder<Float>
    let record: RunRecord?
    let run: RunFolder?
    let file: ModelFile
    /// Whether the model's activation is a guess, on which all numbers depend.
    let assumesActivation: Bool

    /// The model's file.
    var path: String { file.contents.path }

    /// Rows, columns and channels of an image: what the run knew or the file says, else a square.
    var imageSize: (height: Int, width: Int, channels: Int) {
      if let record { return record.data.size }
      let numbers = model.architecture.data
      if let shape = file.description?.dataShape, shape.count == 3, shape.elements == numbers,
        shape[2] == 1 || shape[2] == 3
      {
        return (shape[0], shape[1], shape[2])
      }
      if let (height, width) = statedSize, [height, width].elements == numbers {
        return (height, width, 1)
      }
      let side = Int(Double(numbers).squareRoot().rounded())
      return side * side == numbers ? (side, side, 1) : (1, numbers, 1)
    }

    private var statedSize: (height: Int, width: Int)? {
      // As version 0.1.0 wrote it.
      let metadata = file.contents.metadata
      guard let height = metadata["height"].flatMap({ Int($0) }), height > 0,
        let width = metadata["width"].flatMap({ Int($0) }), width > 0
      else { return nil }
      return (height, width)
    }

    /// What the protocol of a number says of the model.
    var protocolMembers: [JSONValue.Member] {
      [
        .init("activation", model.activation.map { .string($0.rawValue) } ?? .null),
        .init("activation_assumed", .bool(assumesActivation)),
      ]
    }

    /// Whether an example is an image: where the run or the file says no shape, what is no general model.
    var isOfImages: Bool {
      if let record { return record.data.shape.count == 3 }
      if let shape = file.description?.dataShape { return shape.count == 3 }
      if case .general = model.likelihoodKind { return false }
      return true
    }

    /// What a log-probability of these data means under the model.
    func meaning(of data: any Dataset) -> String {
      model.likelihoodKind.meaning(onData: data.meaning)
    }

    /// One line for pictures.
    var summary: String { record?.summary ?? Files.name(of: path) }

    /// Checks that data fit the model.
    func check(_ data: any Dataset) throws {
      let (expected, name) = (model.architecture.data, model.architecture.fields.data)
      if let width = data.field(name)?.width, width != expected {
        throw MisfitError(
          model: path, expected: expected, data: data.name,
          found: data.exampleWords == "\(width)" ? "\(width)" : "\(data.exampleWords) = \(width)")
      }
      try data.check(model.allReads)
      if model.architecture.fields.mask == nil, data.field("mask") != nil {
        throw MissingNumbers(model: path, data: data.name)
      }
      try model.likelihoodKind.check(data, name: name)
    }

    /// What a model of p(x | z, c) is given, the same for `count` examples; nil where it takes nothing.
    ///
    /// `text` has a value of each condition, commas between them; `total` is that of each row, where the
    /// model is given it.
    func given(_ text: String?, total: Int?, count: Int) throws -> Batch<Float>? {
      let fields = model.architecture.fields
      let values = text?.split(separator: ",", omittingEmptySubsequences: false).map(\.trimmed)
      if values?.count ?? 0 != fields.conditions.count {
        throw ConditionsNeeded(
          model: path, conditions: fields.conditions.map(\.name), found: values)
      }
      if total != nil, fields.total == nil {
        throw ValidationError("--total goes with models of counts that are given each row's total")
      }
      var batch: [String: Tensor<Float>] = [:]
      for (condition, value) in zip(fields.conditions, values ?? []) {
        let row = try numbers(of: condition, value)
        batch[condition.name] = Tensor(row, shape: [1, row.count])
          .repeated(to: [count, row.count])
      }
      if let name = fields.total {
        batch[name] = Tensor(repeating: Float(total ?? 100), shape: [count, 1])
      }
      return batch.isEmpty ? nil : Batch(batch)
    }

    /// A condition's value as numbers: a level's name or number where it is a category.
    private func numbers(
      of condition: AutoencoderFields.Condition, _ text: String
    ) throws -> [Float] {
      let column = model.likelihoodKind.table?.conditions.first { $0.name == condition.name }
      let levels = column?.levels ?? []
      if let level = levels.firstIndex(of: text) {
        return column?.kind == .binary
          ? [Float(level)] : levels.indices.map { $0 == level ? 1 : 0 }
      }
      if levels.isEmpty, condition.width == 1, let number = Double(text), number.isFinite {
        return [Float((number - (column?.shift ?? 0)) / (column?.scale ?? 1))]
      }
      if levels.isEmpty, let level = Int(text), (0..<condition.width).contains(level) {
        return (0..<condition.width).map { $0 == level ? 1 : 0 }
      }
      let expected =
        levels.isEmpty
        ? condition.width == 1 ? "a number" : "a class from 0 to \(condition.width - 1)"
        : "one of \(levels.joined(separator: ", "))"
      throw ValidationError(
        "--condition \(condition.name.shown()) '\(text.shown())': \(expected) is expected")
    }
  }

  /// The model, of a run's folder that of the last epoch, or the best one.
  func load(best: Bool = false) throws -> Loaded {
    let run = Files.isFolder(model) ? RunFolder(model) : nil
    if best {
      guard let run else {
        throw ValidationError("--best takes a run's folder, and '\(model)' is none")
      }
      if !Files.exists(run.best) { throw NoBestEpoch(run: run.path) }
    }
    // The best epoch's file has its run beside it, wherever it is named from.
    let home = run ?? RunFolder.ofBest(model)
    let record = try home.map { try RunRecord(path: $0.record) }
    let file = try ModelFile(
      path: run.map { best ? $0.best : $0.model } ?? model,
      keys: Dictionary(uniqueKeysWithValues: keys.map { ($0.ours, $0.theirs) }))
    let found = try ModelRegistry.standard.model(in: file, activation: activation)
    guard let loaded = found as? any DescribedAutoencoder<Float> else {
      throw UnmeasuredModel(path: file.contents.path, kind: type(of: found).kind)
    }
    if let run = home, let record, record.architecture.data != loaded.architecture.data {
      throw RunError.unreadableRecord(
        path: run.record,
        key:
          "data.height and data.width (the model takes "
          + "\(loaded.architecture.data.counted("pixel")))"
      )
    }
    return Loaded(
      model: loaded, record: record, run: run, file: file,
      assumesActivation: warnOfActivation(of: loaded, in: file))
  }

  /// Says where the activation is a guess or against the file, because a wrong one gives numbers that
  /// look like any others.
  ///
  /// - Returns: Whether it is a guess.
  private func warnOfActivation(of model: some DescribedModel, in file: ModelFile) -> Bool {
    if model.activation == nil { return false }
    switch (file.statedActivation, activation) {
    case (nil, nil):
      Terminal.warn(
        "'\(file.contents.path)' does not state its activation; ReLU is assumed, and every number "
          + "depends on it; if the hidden layers have another, add --activation tanh (or identity)")
      return true
    case (let stated?, let given?) where stated != given.rawValue:
      Terminal.warn(
        "'\(file.contents.path)' states the activation \(stated.shown()); \(given.rawValue), of "
          + "--activation, is used instead, and every number depends on it")
      return false
    default: return false
    }
  }
}

/// A layer's or tensor's name in this program and in a file of another one.
struct LayerKey {
  let ours: String
  let theirs: String

  init(parsing argument: String) throws {
    let parts = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts.contains("") else {
      throw ValidationError("two names with = between them are expected, as in encoder.fc_mu=mean")
    }
    (ours, theirs) = (String(parts[0]), String(parts[1]))
  }
}

/// Images to judge a model by: the test images it was trained beside, unless others are named.
struct TestDataOptions: ParsableArguments {
  @Option(help: DataSource.help, completion: .file())
  var data: String?

  @Option(
    help: """
      Which part of the data: 'test', 'train' or 'validation' ('valid'), if there is one. (default: \
      test; all of an undivided file of --data, if it is not the run's own or rows are written)
      """)
  var split: DatasetSplit?

  @Option(help: BinarizeHelp.text)
  var binarize: Binarization?

  @Option(parsing: .unconditional, help: "Decides all random draws.")
  var seed: UInt64 = 0

  func validate() throws { try require(data, "--data") }

  /// Refuses to write over the data.
  func protect(_ output: String) throws {
    if let data, let identity = Files.identity(output), identity == Files.identity(data) {
      throw ValidationError("'\(output)' is the file of --data; name another file to write")
    }
  }

  func load(for model: ModelOption.Loaded, workers: WorkerPool) throws -> any Dataset {
    try read(for: model, dividesOwn: true, workers).data
  }

  /// The same with a name for each example; all of a file that was named, be it the run's own.
  func loadRows(for model: ModelOption.Loaded, workers: WorkerPool) throws -> RowsRead {
    try read(for: model, dividesOwn: data == nil, workers)
  }

  private func read(
    for model: ModelOption.Loaded, dividesOwn: Bool, _ workers: WorkerPool
  ) throws -> RowsRead {
    guard let name = data ?? model.record?.dataSource else {
      throw ValidationError(
        "'\(model.path)' does not tell which data it was trained on; name them with --data")
    }
    let table = model.model.likelihoodKind.table
    if try DataSource.isTable(name) != (table != nil) {
      throw OtherForm(model: model.path, data: name, isTable: table == nil)
    }
    var reading = model.record?.reading ?? DataReading()
    let isOwn = DataSource.absolute(name) == model.record?.dataSource
    // A validation part was taken of the run's own data alone.
    if !isOwn { reading.validation = nil }
    // New pictures come in the colours that the model knows.
    if !isOwn, let channels = model.record?.data.shape.last, try DataSource.isPictures(name) {
      (reading.isGrey, reading.isColour) = (channels == 1, channels == 3)
    }
    let takesAll = split == nil && !(isOwn && dividesOwn)
    let rows = takesAll ? try DataSource.loadRows(name, reading, table: table) : nil
    let read =
      try rows
      ?? DataSource.load(name, split ?? .test, reading, table: table, workers: workers)
    let data = model.model.architecture.fields.complete(read.data)
    try model.check(data)
    if isOwn, !takesAll, split ?? .test == .test, let expected = model.record?.data.testFingerprint,
      try data.binarized(as: model.record?.data.binarization ?? .none).fingerprint() != expected
    {
      Terminal.warn(
        "the data '\(name)' have changed since the run was made: these are not its test "
          + "\(data.exampleNoun)s, and some of them may have been learned")
    }
    return read.replacing(try data.binarized(as: binarization(for: model)))
  }

  /// How the numbers would differ from those of the model's run, as they would be read side by side.
  /// `draws` are those of q for each example; nil where the number is another one anyway.
  func difference(
    from model: ModelOption.Loaded, _ images: any Dataset, draws: Int? = nil
  ) -> String? {
    guard let record = model.record else { return nil }
    let differences = [
      images.name == record.data.name && images.split != "all"
        ? nil : "data \(record.data.name)",
      split ?? .test == .test ? nil : "split test",
      binarization(for: model) == record.data.binarization
        ? nil : "--binarize \(record.data.binarization.rawValue)",
      draws ?? record.options.objective.samples == record.options.objective.samples
        ? nil : record.options.objective.drawWords(record.data.noun),
      seed == record.options.seed ? nil : "seed \(record.options.seed)",
    ].compactMap { $0 }
    if differences.isEmpty { return nil }
    return "not the protocol of the run's own test numbers, which are for "
      + differences.joined(separator: ", ")
  }

  func binarization(for model: ModelOption.Loaded) -> Binarization {
    binarize ?? model.record?.data.binarization ?? .none
  }
}

extension RunFolder {
  /// The run whose best epoch is the file at `path`; nil for any other file.
  fileprivate static func ofBest(_ path: String) -> RunFolder? {
    let folder = RunFolder(Files.parent(of: path))
    return Files.name(of: path) == bestName && Files.exists(folder.record) ? folder : nil
  }
}

extension TrainingObjective {
  /// "5 draws of q per image".
  func drawWords(_ noun: String) -> String {
    "\(samples.counted("draw")) of q per \(noun)"
  }
}

/// A run whose folder has no file of its best epoch.
struct NoBestEpoch: Error, CustomStringConvertible {
  let run: String

  var description: String {
    "'\(run)' has no \(RunFolder.bestName), which is written from the next best epoch on; leave --best out "
      + "for the last epoch"
  }
}

/// A kind of model that the registry knows, but this command does not.
struct UnmeasuredModel: Error, CustomStringConvertible {
  let path: String
  let kind: String

  var description: String {
    "'\(path)' holds a model of kind \(kind.shown()), which has no encoder, prior and likelihood that "
      + "this command could work with; load it in Swift"
  }
}

extension Substring {
  /// Without blanks at its ends.
  fileprivate var trimmed: String {
    let start = drop { $0 == " " }
    return String(start[..<(start.lastIndex { $0 != " " }.map(index(after:)) ?? start.startIndex)])
  }
}

extension [Int] {
  /// How many numbers an array of this shape has; nil where that is no number.
  fileprivate var elements: Int? {
    reduce(Optional(1)) { product, size in
      product.flatMap { product in
        let (result, overflow) = product.multipliedReportingOverflow(by: size)
        return overflow ? nil : result
      }
    }
  }
}

/// Images or latent variables of another width than the model's.
struct MisfitError: Error, CustomStringConvertible {
  let model: String
  let expected: Int
  let data: String
  let found: String

  var description: String {
    "the model '\(model)' takes \(expected.counted("number")) per example, but '\(data)' has "
      + "\(found); choose data or model to fit"
  }
}

/// A model whose numbers are too large to compute with.
struct UndefinedResult: Error, CustomStringConvertible {
  let model: String
  let what: String

  var description: String {
    "the model '\(model)' gives \(what) that are infinite or undefined; train it again with a "
      + "smaller learning rate"
  }
}

/// A model of whole examples, and data with gaps.
struct MissingNumbers: Error, CustomStringConvertible {
  let model: String
  let data: String

  var description: String {
    "numbers of '\(data)' are missing, but the model '\(model)' was trained on whole examples and reads no "
      + "mask; fill them, or train on data with gaps"
  }
}

/// A table for a model of arrays, or the other way round.
struct OtherForm: Error, CustomStringConvertible {
  let model: String
  let data: String
  let isTable: Bool

  var description: String {
    isTable
      ? "'\(data)' is a table, but the model '\(model)' was not trained on one; give it arrays"
      : "'\(data)' is no table, but the model '\(model)' was trained on one, by whose scales and levels it "
        + "reads; give it a .csv or .tsv file with the same columns"
  }
}

/// A model p(x | z, c) asked for x without c, or with another number of values.
struct ConditionsNeeded: Error, CustomStringConvertible {
  let model: String
  let conditions: [String]
  let found: [String]?

  var description: String {
    if conditions.isEmpty {
      return "'\(model)' holds a model that is given nothing; leave --condition out"
    }
    let names = conditions.joined(separator: ", ")
    let given = found.map { $0.count.counted("value") } ?? "no value"
    return "'\(model)' holds a conditional model, which is given \(names); there is \(given): add "
      + "--condition with a value of each, commas between them"
  }
}
