// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// How grey levels become the data of a Bernoulli likelihood.
///
/// With `none`, grey levels between 0 and 1 are used as they are: the objective is then a
/// cross-entropy, not a log-density, and its values do not compare with published log-likelihoods.
public enum Binarization: String, Sendable, CaseIterable {
  /// Grey levels byte / 255.
  case none
  /// Each pixel drawn anew every epoch, 1 with its grey level as probability.
  case dynamic
  /// 1 from byte 128 on, else 0.
  case threshold

  /// What a value of the objective means under this choice, for records and help.
  public var meaning: String {
    switch self {
    case .none: "cross-entropy on grey levels (not a normalised density)"
    case .dynamic: "log-probability of pixels drawn anew every epoch"
    case .threshold: "log-probability of pixels cut at half grey"
    }
  }
}

/// What a sequence of random numbers is for: part of its key, so that no two purposes share one.
enum NoisePurpose: Int {
  case trainingLatent = 1
  case trainingPixels
  case evaluationLatent
  case evaluationPixels
  case priorSample
  case simulatedPixels = 32
  case aggregatePosterior = 40
  case gapOptimisation
  case gapSelection
  case gapBound
  case flowWeights
  /// Markov chains need several sequences: this and the numbers up to 63.
  case firstOfChains = 48

  /// The numbers of one example in one epoch (or of one draw, outside training).
  func key(seed: UInt64, example: Int, round: Int = 0, offset: Int = 0) -> NoiseKey {
    NoiseKey(seed: seed, example, round, rawValue + offset)
  }
}
