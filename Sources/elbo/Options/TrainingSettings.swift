// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

/// The settings of a run.
struct TrainingSettings: ParsableArguments {
  @Option(help: DataSource.help, completion: .file())
  var data: String?

  @OptionGroup(title: "Reading data") var reading: ReadingOptions

  @Option(
    help: """
      p(x|z): \(DataLikelihood.Law.allCases.map(\.rawValue).joined(separator: ", ")). (default: by the \
      kind of data; of a table, by that of each column)
      """)
  var likelihood: DataLikelihood.Law?

  @Option(
    help: """
      Whether the noise of gaussian, student-t, laplace and discretised-logistic is 'one' number, one \
      for each 'column', or depends on z ('output'). (default: column)
      """)
  var noise: DataLikelihood.Noise?

  @Option(
    parsing: .unconditional,
    help: """
      Of binomial: how many trials each count is of. (default: the largest count of each column of the \
      training part)
      """)
  var trials: Int?

  @Option(
    parsing: .unconditional,
    help: """
      Widths of the encoder's hidden layers, as in 512,256; the decoder mirrors them; 'none' makes a \
      linear model. (default: 400)
      """,
    transform: LayerWidths.init(parsing:))
  var hidden: LayerWidths?

  @Option(parsing: .unconditional, help: "Dimensions of the latent space. (default: 20)")
  var latent: Int?

  @Option(help: "The function after each hidden layer. (default: relu)")
  var activation: Activation?

  @Option(
    parsing: .unconditional,
    help: "Examples per step; the last batch of an epoch may be smaller. (default: 128)")
  var batchSize: Int?

  @Option(
    parsing: .unconditional,
    help: "The step size of the optimiser, where it changes the largest. (default: 0.001)")
  var learningRate: Double?

  @OptionGroup var steps: StepSettings

  @OptionGroup var objective: ObjectiveSettings

  @Option(help: BinarizeHelp.text)
  var binarize: Binarization?

  @Option(
    help: """
      What the matrix products of a step multiply: 'fp32', or 'bf16' on CPUs that have it, which is \
      faster for wide layers. Weights, sums, Adam and evaluations stay fp32. (default: fp32)
      """)
  var precision: ProductPrecision?

  @Option(
    parsing: .unconditional,
    help: "Decides weights, order and noise: the same seed gives the same run. (default: 0)")
  var seed: UInt64?

  func validate() throws {
    try require(data, "--data")
    try require(trials, "--trials", atMost: 1_000_000_000)
    if trials != nil, likelihood != .binomial {
      throw ValidationError("--trials goes with --likelihood binomial")
    }
    try require(latent, "--latent", atMost: 10_000)
    try require(batchSize, "--batch-size")
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number is expected")
    }
  }

  /// Refuses settings of a new run that do not go together, or that so many epochs are too few for.
  func check(epochs: Int) throws {
    try steps.checkTogether()
    try steps.check(learningRate: learningRate ?? 1e-3)
    try steps.check(epochs: epochs)
    try objective.check(epochs: epochs)
  }

  /// The first of these options on the command line that a run keeps for good.
  var firstFixed: String? {
    let given = [
      ("--likelihood", likelihood != nil), ("--noise", noise != nil),
      ("--trials", trials != nil),
      ("--hidden", hidden != nil), ("--latent", latent != nil),
      ("--activation", activation != nil), ("--batch-size", batchSize != nil),
      ("--binarize", binarize != nil),
      ("--precision", precision != nil), ("--seed", seed != nil),
    ]
    return given.first { $0.1 }?.0 ?? steps.firstFixed ?? objective.firstGiven
      ?? reading.firstGiven
  }

  func options(epochs: Int) -> TrainingOptions {
    TrainingOptions(
      epochs: epochs, batchSize: batchSize ?? 128,
      optimiser: steps.optimiser(learningRate: learningRate ?? 1e-3),
      learningRateSchedule: steps.schedule(epochs: epochs), gradientNormLimit: steps.clipGradient,
      average: steps.average.map { ParameterAverage(decay: $0) }, objective: objective.choice,
      klRelaxation: objective.klRelaxation, precision: precision ?? .float32, seed: seed ?? 0)
  }

  /// A model of data with these fields, of the likelihood that suits them.
  func model(
    of data: DatasetSplits, table: TableSchema?, seed: UInt64
  ) throws -> (likelihood: AutoencoderLikelihood, architecture: AutoencoderArchitecture) {
    if let binarize, !(data.train is ImageDataset) {
      throw ValidationError(
        "--binarize \(binarize.rawValue) is for images, and '\(data.train.name)' holds none; leave it out"
      )
    }
    let wished = noise
    let likelihood = try AutoencoderLikelihood.suited(
      to: data.train, table: table,
      LikelihoodWishes(
        law: likelihood, noise: noise, trials: trials, standardises: reading.standardise))
    if let wished, !likelihood.hasNoise {
      throw ValidationError(
        "--noise \(wished.rawValue) is for gaussian, student-t, laplace and discretised-logistic, and the "
          + "likelihood is \(likelihood.words); leave it out")
    }
    let conditions = try (reading.conditionNames(table)).map { name in
      guard let field = data.train.field(name) else {
        throw DatasetError.missingField(
          data: data.train.name, field: name, role: .condition,
          there: data.train.fields.map(\.name))
      }
      return AutoencoderFields.Condition(name, width: field.width)
    }
    let fields = AutoencoderFields(
      conditions: conditions, weight: data.train.field("weight").map { _ in "weight" },
      // Of a table cells may be missing later, though none is now; but a total is of whole rows.
      mask: data.train.field("mask") != nil || table != nil && !likelihood.isGivenTotal
        ? "mask" : nil,
      total: likelihood.isGivenTotal ? "total" : nil)
    return (
      likelihood,
      AutoencoderArchitecture(
        data: data.train.field("x")?.width ?? 0, hidden: hidden?.widths ?? [400],
        latent: latent ?? 20, activation: activation ?? .relu, fields: fields)
    )
  }
}

extension ProductPrecision {
  /// Refuses what this CPU would have to imitate.
  func check() throws {
    if !isSupported { throw UnsupportedPrecision(precision: self) }
  }
}

/// The CPU lacks the instructions.
struct UnsupportedPrecision: Error, CustomStringConvertible {
  let precision: ProductPrecision

  var description: String {
    "--precision \(precision.rawValue) takes a CPU that multiplies such numbers (AVX-512 BF16 or AMX), "
      + "and this one does not; leave the option out to train in fp32"
  }
}
