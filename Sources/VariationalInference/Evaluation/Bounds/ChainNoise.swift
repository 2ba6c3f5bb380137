// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The random numbers of the chains of a block of examples: a chain's depend on seed, example, its
/// number and the transition alone, not on how many chains there are or which thread moves them.
package struct ChainNoise {
  /// Which chains, so that none share random numbers.
  enum Role: Int, CaseIterable {
    case warmUp, forward, reverse
    /// No chains: the draws of q that say how far apart its coordinates lie.
    case scale
  }

  /// What for.
  private enum Use: Int, CaseIterable {
    case start, momentum, acceptance
  }

  /// What is added to `NoisePurpose.firstOfChains` for each role and use.
  package static var offsets: [Int] {
    Role.allCases.flatMap { role in Use.allCases.map { offset(role, $0) } }
  }

  let seed: UInt64
  let role: Role
  let examples: Range<Int>
  let chains: Int
  let dimension: Int

  /// Standard normal numbers that chains start from, `[examples, chains, dimension]`.
  func start<Scalar>(dimension: Int) -> Tensor<Scalar> {
    normal(.start, round: 0, dimension: dimension)
  }

  /// The numbers of a transition.
  func transition<Scalar>(_ round: Int) -> HamiltonianMonteCarlo<Scalar>.Noise {
    let uniforms = examples.map { example in
      let key = NoisePurpose.firstOfChains.key(
        seed: seed, example: example, round: round, offset: Self.offset(role, .acceptance))
      return Tensor<Double>.uniform([chains], in: 0..<1, key: key)
    }
    return .init(
      momentum: normal(.momentum, round: round, dimension: dimension),
      acceptance: uniforms.flatMap(\.scalars))
  }

  /// `[examples, chains, dimension]`: the sequence of an example is cut into its chains, so that
  /// those of the first C chains do not depend on how many there are.
  private func normal<Scalar>(_ use: Use, round: Int, dimension: Int) -> Tensor<Scalar> {
    NoisePurpose.firstOfChains.noise(
      Array(examples), round: round, offset: Self.offset(role, use),
      shape: [examples.count, chains, dimension], seed: seed)
  }

  /// A sequence of its own for each role and use.
  private static func offset(_ role: Role, _ use: Use) -> Int {
    Use.allCases.count * role.rawValue + use.rawValue
  }
}
