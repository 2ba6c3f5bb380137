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

  private var rows: Int { examples.count * chains }

  /// Standard normal numbers that chains start from, `[rows, latent]`.
  func start<Scalar>() -> Tensor<Scalar> { normal(.start, round: 0) }

  /// The numbers of a transition.
  func transition<Scalar>(_ round: Int) -> HamiltonianMonteCarlo<Scalar>.Noise {
    let uniforms = examples.map {
      Tensor<Double>.uniform([chains], in: 0..<1, key: key(.acceptance, $0, round))
    }
    return .init(
      momentum: normal(.momentum, round: round), acceptance: uniforms.flatMap(\.scalars))
  }

  private func normal<Scalar>(_ use: Use, round: Int) -> Tensor<Scalar> {
    Tensor(shape: [rows, latent]) { buffer in
      guard let base = buffer.baseAddress else { return }
      for (index, example) in examples.enumerated() {
        key(use, example, round).writeStandardNormal(
          chains * latent, to: base + index * chains * latent)
      }
    }
  }

  private func key(_ use: Use, _ example: Int, _ round: Int) -> NoiseKey {
    NoisePurpose.firstOfChains.key(
      seed: seed, example: example, round: round, offset: 3 * role.rawValue + use.rawValue)
  }
}
