// SPDX-License-Identifier: Apache-2.0

/// An invertible map that moves one half of the coordinates by an amount that depends on the other:
///
///     u -> v:  v[a] = u[a],  v[b] = u[b] exp(s(u[a])) + t(u[a])      log det = sum of s
///
/// with s = tanh of one half of the outputs of a network with one hidden layer of tanh units, and t
/// the other half. The bound on s keeps a step from stretching more than e-fold; the inverse is as
/// cheap as the map, and exact.
///
/// Each example has a network of its own.
///
/// - Source: Dinh, Sohl-Dickstein and Bengio, "Density estimation using real NVP", ICLR 2017,
///   section 3, arXiv:1605.08803.
public struct CouplingStep<Scalar: TensorScalar>: Sendable {
  /// Whether the first half moves, given the second, or the second, given the first.
  public let movesFirstHalf: Bool
  /// `[examples, hidden, given]` and `[examples, hidden]`.
  public let hiddenWeight, hiddenBias: Tensor<Scalar>
  /// `[examples, 2 x moved, hidden]` and `[examples, 2 x moved]`.
  public let outputWeight, outputBias: Tensor<Scalar>

  /// A step with these networks: weights and biases of the hidden layer, then of the output.
  public init(movesFirstHalf: Bool, network: [Tensor<Scalar>]) {
    precondition(network.count == 4, "\(network.count) tensors for two layers")
    self.movesFirstHalf = movesFirstHalf
    (hiddenWeight, hiddenBias) = (network[0], network[1])
    (outputWeight, outputBias) = (network[2], network[3])
  }

  /// v, and log |dv/du| of each row, for u `[examples, n]` or `[examples, draws, n]`.
  func forward(_ u: Tensor<Scalar>) -> (value: Tensor<Scalar>, logDeterminant: Tensor<Scalar>) {
    let (moved, given) = halves(u)
    let (s, t) = network(given)
    return (joined(moved * s.exp() + t, given), s.sum(along: -1))
  }

  /// u, and log |dv/du| of each row, for v of such a shape.
  ///
  ///     v -> u:  u[a] = v[a],  u[b] = (v[b] - t(v[a])) exp(-s(v[a]))
  func inverse(_ v: Tensor<Scalar>) -> (value: Tensor<Scalar>, logDeterminant: Tensor<Scalar>) {
    let (moved, given) = halves(v)
    let (s, t) = network(given)
    return (joined((moved - t) * (-s).exp(), given), s.sum(along: -1))
  }

  /// s and t, each of the shape of the half that moves: s in (-1, 1), t unbounded.
  private func network(
    _ given: Tensor<Scalar>
  ) -> (logScale: Tensor<Scalar>, shift: Tensor<Scalar>) {
    let rank = given.rank
    let hidden =
      (given.groupedLinear(weight: hiddenWeight) + hiddenBias.aligned(toRank: rank)).tanh()
    let output = hidden.groupedLinear(weight: outputWeight) + outputBias.aligned(toRank: rank)
    let moved = outputBias.shape[1] / 2
    return (
      output.slice(0..<moved, along: -1).tanh(), output.slice(moved..<2 * moved, along: -1)
    )
  }

  /// Of n coordinates the first half has floor(n / 2).
  private func halves(_ u: Tensor<Scalar>) -> (moved: Tensor<Scalar>, given: Tensor<Scalar>) {
    let all = u.shape[u.rank - 1]
    let (first, second) = (
      u.slice(0..<all / 2, along: -1), u.slice(all / 2..<all, along: -1)
    )
    return movesFirstHalf ? (first, second) : (second, first)
  }

  private func joined(_ moved: Tensor<Scalar>, _ given: Tensor<Scalar>) -> Tensor<Scalar> {
    .concatenated(movesFirstHalf ? [moved, given] : [given, moved], along: -1)
  }

  /// The same step with networks off the tape.
  var detached: CouplingStep {
    CouplingStep(
      movesFirstHalf: movesFirstHalf,
      network: [hiddenWeight, hiddenBias, outputWeight, outputBias].map(\.detached))
  }
}
