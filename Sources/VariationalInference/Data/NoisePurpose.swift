// SPDX-License-Identifier: Apache-2.0

internal import Tensors

// All purposes of random numbers stand in this file: those of sequences that are named by an example
// and a round, and those of generators. A new one takes a number that no other has; one that has been
// given is never changed, as it decides what a seed gives.

/// What a sequence of random numbers is for: part of its key, so that no two purposes share one.
///
/// It is the last counter of Philox, whose upper half is that of a `GeneratorPurpose` and 0 here.
package enum NoisePurpose: Int, CaseIterable, Sendable {
  /// e of z = T(e) in training: by example and epoch.
  case trainingLatent = 1
  /// What is random in the data, as pixels drawn by their grey levels, in training: by example and
  /// epoch.
  case trainingPixels
  /// e in evaluations: by example, and by block where the draws of an example are cut into blocks.
  case evaluationLatent
  /// The same in evaluations: by example alone.
  case evaluationPixels
  /// Draws of p(z): by their number.
  case priorSample
  /// e of latent variables that there are once, in training: by step.
  case trainingShared
  /// The same in evaluations: one sequence.
  case evaluationShared
  /// x ~ p(x | z) of simulated data: by example.
  case simulatedPixels = 32
  /// The draw of each q(z | x) at which the aggregate posterior is taken: by example.
  case aggregatePosterior = 40
  /// Draws that a search climbs on: by image and step.
  case gapOptimisation
  /// Draws that judge its windows: by image. Not those it climbs on, which it fits.
  case gapSelection
  /// Draws that its result is reported on: by image and block. Not those that chose it.
  case gapBound
  /// Hidden weights of a coupling flow at its start: by coupling step.
  case flowWeights
  /// Markov chains need several sequences: this and the numbers up to 63, see `ChainNoise`.
  case firstOfChains = 48
  /// All that a fit draws: by number and by stage.
  case fit = 64
  /// All that an evidence measurement of a fit draws: by number, and by stage and run.
  case evidence = 65
  /// Draws that fill what was not observed: by example and draw.
  case imputedData = 66

  /// The numbers that Markov chains may take.
  package static let chains = firstOfChains.rawValue...63

  /// The numbers of one example in one epoch (or of one draw, outside training).
  func key(seed: UInt64, example: Int, round: Int = 0, offset: Int = 0) -> NoiseKey {
    NoiseKey(seed: seed, example, round, rawValue + offset)
  }
}

/// What a generator, rather than a keyed sequence, is for: the upper sixteen bits of its stream, two
/// letters, so that no two purposes share numbers under one seed.
package enum GeneratorPurpose: UInt64, CaseIterable, Sendable {
  /// Of a seed that serves nothing else, such as that of a digit's hand; and for weights that are
  /// replaced at once.
  case only = 0
  /// "ca": the seed of a simulation of a calibration, and its order of ties: by its number.
  case calibration = 0x6361
  /// "da": draws of x | z that take a random count of numbers: by the row's key.
  case data = 0x6461
  /// "di": the factors of an image of `digits`, whose number in its split is the stream's.
  case digitFactors = 0x6469
  /// "gl": weights drawn as Glorot and Bengio do.
  case glorotWeights = 0x676c
  /// "im": which draws of q(z | x) fill what was not observed: by example.
  case imputation = 0x696d
  /// "in": the first weights of a run.
  case initialWeights = 0x696e
  /// "or": the order of the examples in an epoch, whose number is the stream's.
  case epochOrder = 0x6f72
  /// "pc": where a picture's crops are taken, whose number in its folder is the stream's.
  case pictureCrops = 0x7063
  /// "pd": draws of a program's laws: by statement.
  case programDraws = 0x7064
  /// "pr": seeds of draws from the prior by a program that simulates.
  case priorDraws = 0x7072
  /// "ps": the part of a plate that a step sees: by step and plate.
  case plateSubset = 0x7073
  /// "rs": rows taken by their weights.
  case resampling = 0x7273
  /// "sb": which examples are measured, where not all are.
  case subset = 0x7362
  /// "sd": the seed of a data set that is simulated, whose number is the stream's.
  case simulatedDataSet = 0x7364
  /// "sp": which examples fall into which part of the data.
  case division = 0x7370
  /// "st": seeds of a Stan library's own random numbers, by block of rows.
  case stanDraws = 0x7374

  /// The stream of an item, whose number is below 2^48.
  package func stream(_ number: UInt64 = 0) -> UInt64 {
    precondition(number < 1 << 48, "stream \(number) of '\(self)' is not below 2^48")
    return rawValue << 48 | number
  }
}

extension NoisePurpose {
  /// Draws of one example that share a sequence, where an evaluation takes many: a chunk of draws is
  /// whole blocks of so many, so that a draw does not depend on the size of the chunks.
  static let drawsPerSequence = 64

  /// Standard normal numbers `[rows, ...]`, those of each example a function of (seed, example,
  /// round) and of this purpose alone.
  ///
  /// The rows are one for each example, or equally many in succession, which then share one
  /// sequence.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func noise<Scalar: TensorScalar>(
    _ examples: [Int], round: Int = 0, offset: Int = 0, shape: [Int], seed: UInt64
  ) -> Tensor<Scalar> {
    Tensor(shape: shape) {
      writeNoise(examples, round: round, offset: offset, to: $0, seed: seed)
    }
  }

  /// The same numbers, written to `buffer`, of which each example has an equal part.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func writeNoise<Scalar: TensorScalar>(
    _ examples: [Int], round: Int = 0, offset: Int = 0,
    to buffer: UnsafeMutableBufferPointer<Scalar>, seed: UInt64
  ) {
    let count = examples.count
    guard let base = buffer.baseAddress, count > 0 else { return }
    precondition(
      buffer.count.isMultiple(of: count), "\(buffer.count) numbers for \(count) examples")
    let width = buffer.count / count
    for (index, example) in examples.enumerated() {
      key(seed: seed, example: example, round: round, offset: offset)
        .writeStandardNormal(width, to: base + index * width)
    }
  }
}
