// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Random numbers by what they are for, each sequence a function of its key alone.
protocol StagedNoise {
  /// What a sequence is for.
  associatedtype Stage

  /// The key of a sequence.
  func key(_ stage: Stage, _ number: Int) -> NoiseKey
}

extension StagedNoise {
  /// Independent standard normal numbers.
  func normal(_ shape: [Int], _ stage: Stage, _ number: Int) -> Tensor<Double> {
    .standardNormal(shape, key: key(stage, number))
  }

  /// Independent numbers uniform in a range.
  func uniform(
    _ count: Int, in range: Range<Double>, _ stage: Stage, _ number: Int
  ) -> [Double] {
    Tensor<Double>.uniform([count], in: range, key: key(stage, number)).doubles
  }
}

/// The random numbers of a fit: each sequence is a function of (seed, stage, number) alone,
/// whatever was drawn before it and however many threads a density has.
package struct FitNoise: StagedNoise, Sendable {
  /// What a sequence is for.
  enum Stage: Int {
    case starts, dispersedStarts, looks, laplaceBounds, poolBounds, meanField, polish, finalBounds
    case check, farSearch, probe, walkStarts, walkLengths, momenta, acceptance, draws
    case lowRank, flow, flowWeights, flowCheck, objective, objectiveValue, minibatch
  }

  let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  func key(_ stage: Stage, _ number: Int) -> NoiseKey {
    NoiseKey(seed: seed, number, stage.rawValue, NoisePurpose.fit.rawValue)
  }

  /// Rows h with h ~ N(0, I) each, orthogonal within blocks of D: orthonormal frames times the
  /// lengths of other normal rows. Sums over a block see each direction once.
  ///
  /// - Returns: `[count, dimension]`.
  func orthogonalNormal(
    _ count: Int, dimension: Int, _ stage: Stage, _ number: Int
  ) -> Tensor<Double> {
    let normal = normal([count, dimension], stage, number)
    let blocks = stride(from: 0, to: count, by: dimension).map { start -> Tensor<Double> in
      let block = normal.slice(start..<min(start + dimension, count))
      // A row's length does not depend on its direction, from which alone the frame comes.
      let lengths = block.squared().sum(along: -1, keepingAxis: true).squareRoot()
      return block.orthonormalRows() * lengths
    }
    return blocks.count == 1 ? blocks[0] : .concatenated(blocks)
  }
}
