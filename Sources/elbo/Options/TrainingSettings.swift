// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

/// The settings that a run keeps for good.
struct TrainingSettings: ParsableArguments {
  @Option(help: DataSource.help)
  var data: String?

  @Option(
    parsing: .unconditional,
    help: """
      Widths of the encoder's hidden layers, as in 512,256; the decoder mirrors them. (default: 400)
      """,
    transform: LayerWidths.init(parsing:))
  var hidden: LayerWidths?

  @Option(parsing: .unconditional, help: "Dimensions of the latent space. (default: 20)")
  var latent: Int?

  @Option(help: "The function after each hidden layer. (default: relu)")
  var activation: Activation?

  @Option(
    parsing: .unconditional,
    help: "Images per step; the last batch of an epoch may be smaller. (default: 128)")
  var batchSize: Int?

  @Option(parsing: .unconditional, help: "The step size of Adam. (default: 0.001)")
  var learningRate: Double?

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
    try require(latent, "--latent", atMost: 10_000)
    try require(batchSize, "--batch-size")
    if let learningRate, !(learningRate > 0 && learningRate.isFinite) {
      throw ValidationError("--learning-rate \(learningRate): a positive number is expected")
    }
  }

  /// The first of these options on the command line.
  var firstGiven: String? {
    let given = [
      ("--data", data != nil), ("--hidden", hidden != nil), ("--latent", latent != nil),
      ("--activation", activation != nil), ("--batch-size", batchSize != nil),
      ("--learning-rate", learningRate != nil), ("--binarize", binarize != nil),
      ("--objective", objective.objective != nil), ("--samples", objective.samples != nil),
      ("--gradient", objective.gradient != nil),
      ("--precision", precision != nil), ("--seed", seed != nil),
    ]
    return given.first { $0.1 }?.0
  }

  func options(epochs: Int) -> TrainingOptions {
    TrainingOptions(
      epochs: epochs, batchSize: batchSize ?? 128,
      optimiser: Adam(learningRate: learningRate ?? 1e-3), objective: objective.choice,
      precision: precision ?? .float32, seed: seed ?? 0)
  }

  func architecture(width: Int) -> AutoencoderArchitecture {
    .init(
      data: width, hidden: hidden?.widths ?? [400], latent: latent ?? 20,
      activation: activation ?? .relu)
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
