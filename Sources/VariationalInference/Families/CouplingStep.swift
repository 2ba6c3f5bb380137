// SPDX-License-Identifier: Apache-2.0

/// An invertible map that moves one half of the coordinates by an amount that depends on the other:
///
///     u -> v:  v[a] = u[a],  v[b] = u[b] exp(s(u[a])) + t(u[a])      log det = sum of s
///
/// with s = tanh of one half of the outputs of a network with one hidden layer of tanh units, and t
/// the other half. The bound on s keeps a step from stretching more than e-fold; the inverse is as
/// cheap as the map, and exact.
///
/// Each example has a network of its own; its rows follow each other.
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

  /// v, and log |dv/du| of each row, for u `[batch, dimension]`.
  func forward(_ u: Tensor<Scalar>) -> (value: Tensor<Scalar>, logDeterminant: Tensor<Scalar>) {
    let (moved, given) = halves(u)
    let (s, t) = network(given)
    return (joined(moved * s.exp() + t, given), s.sum(along: 1))
  }

  /// u, and log |dv/du| of each row, for v `[batch, dimension]`.
  func inverse(_ v: Tensor<Scalar>) -> (value: Tensor<Scalar>, logDeterminant: Tensor<Scalar>) {
    let (moved, given) = halves(v)
    let (s, t) = network(given)
    return (joined((moved - t) * (-s).exp(), given), s.sum(along: 1))
  }

  private func network(
    _ given: Tensor<Scalar>
  ) -> (logScale: Tensor<Scalar>, shift: Tensor<Scalar>) {
    let hidden = given.groupedLinear(weight: hiddenWeight).addingToGroups(hiddenBias).tanh()
    let output = hidden.groupedLinear(weight: outputWeight).addingToGroups(outputBias)
    let moved = output.shape[1] / 2
    return (
      output.slice(0..<moved, along: 1).tanh(), output.slice(moved..<2 * moved, along: 1)
    )
  }

  private func halves(_ u: Tensor<Scalar>) -> (moved: Tensor<Scalar>, given: Tensor<Scalar>) {
    let (half, all) = (u.shape[1] / 2, u.shape[1])
    let (first, second) = (u.slice(0..<half, along: 1), u.slice(half..<all, along: 1))
    return movesFirstHalf ? (first, second) : (second, first)
  }

  private func joined(_ moved: Tensor<Scalar>, _ given: Tensor<Scalar>) -> Tensor<Scalar> {
    .concatenated(movesFirstHalf ? [moved, given] : [given, moved], along: 1)
  }
}

extension Tensor {
  /// Row g of `bias` `[groups, n]` added to each row of group g of this tensor, `[rows, n]`.
  fileprivate func addingToGroups(_ bias: Tensor) -> Tensor {
    let (groups, n) = (bias.shape[0], bias.shape[1])
    return (reshaped(to: [groups, shape[0] / groups, n]) + bias.reshaped(to: [groups, 1, n]))
      .reshaped(to: shape)
  }
}
