// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The random numbers of the chains of a block of examples: a chain's depend on seed, example, its
/// number and the transition alone, not on how many chains there are or which thread moves them.
struct ChainNoise {
  /// Which chains, so that none share random numbers.
  enum Role: Int {
    case warmUp, forward, reverse
  }

  /// What for.
  private enum Use: Int {
    case start, momentum, acceptance
  }

  let seed: UInt64
  let role: Role
  let examples: Range<Int>
  let chains: Int
  let latent: Int

  /// Standard normal numbers that chains start from, `[examples x chains, latent]`.
  func start<Scalar>() -> Tensor<Scalar> { normal(.start, round: 0) }

  /// The numbers of a transition.
  func transition<Scalar>(_ round: Int) -> HamiltonianMonteCarlo<Scalar>.Noise {
    let uniforms = examples.map { example in
      let key = NoisePurpose.firstOfChains.key(
        seed: seed, example: example, round: round, offset: offset(.acceptance))
      return Tensor<Double>.uniform([chains], in: 0..<1, key: key)
    }
    return .init(
      momentum: normal(.momentum, round: round), acceptance: uniforms.flatMap(\.scalars))
  }

  private func normal<Scalar>(_ use: Use, round: Int) -> Tensor<Scalar> {
    NoisePurpose.firstOfChains.noise(
      Array(examples), round: round, offset: offset(use), shape: [examples.count * chains, latent],
      seed: seed)
  }

  /// A sequence of its own for each role and use.
  private func offset(_ use: Use) -> Int { 3 * role.rawValue + use.rawValue }
}
