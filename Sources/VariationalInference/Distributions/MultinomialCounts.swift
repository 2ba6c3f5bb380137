// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// How often each of n kinds came among T, the sum of the row, which is given: bags of words.
///
///     log p(x | T) = log T! - sum over j of log x[j]! + sum over j of x[j] log p[j],   p = softmax(l)
///
/// Of coordinates that were observed alone it is the law given their sum, with p of them alone.
public struct MultinomialCounts<Scalar: TensorScalar>: DataDistribution {
  /// l: `[..., n]`.
  public let logits: Tensor<Scalar>
  /// T of each row, `[...]`, for draws and means; a density takes the sum of its value.
  public let totals: Tensor<Scalar>?

  /// Counts with these logits.
  public init(logits: Tensor<Scalar>, totals: Tensor<Scalar>? = nil) {
    (self.logits, self.totals) = (logits, totals)
  }

  /// The formula above: `[...]`, in nats.
  public func logProbability(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let (x, l) = value.meeting(logits)
    return .multinomialLogDensity(x, logits: l)
  }

  /// The same of the observed coordinates given their sum.
  public func logProbability(
    of value: Tensor<Scalar>, observed mask: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let (all, l) = value.meeting(logits)
    let seen = mask.aligned(toRank: l.rank)
    // Far below any other, but not so far that a row without an observation has no sum.
    let among = l + (seen - Scalar(1)) * Scalar(1e9)
    return .multinomialLogDensity(all * seen, logits: among)
  }

  /// p[j], times T where it is known: `[..., n]`.
  public var mean: Tensor<Scalar> {
    let p = (logits - logits.logSumExp(along: logits.rank - 1, keepingAxis: true)).exp()
    guard let totals else { return p }
    return p * totals.reshaped(to: totals.shape + [1])
  }

  /// Exact, from the row's key: each kind a binomial number of those that are left.
  ///
  /// - Precondition: The totals are known.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    guard let totals else { preconditionFailure("multinomial draws without totals") }
    let n = logits.shape[logits.rank - 1]
    let (l, left) = (logits.doubles, totals.doubles)
    var numbers: [Scalar] = []
    for (row, key) in keys.enumerated() {
      var generator = key.generator
      let own = l[row * n..<(row + 1) * n]
      let largest = own.max() ?? 0
      let weights = own.map { exp($0 - largest) }
      // Sums from the end, so that shares of what is left lose nothing.
      var tail = [Double](repeating: 0, count: n + 1)
      for j in (0..<n).reversed() { tail[j] = tail[j + 1] + weights[j] }
      var rest = left[row].rounded()
      for j in 0..<n {
        let share = tail[j] > 0 ? min(weights[j] / tail[j], 1) : 0
        let count = j == n - 1 ? rest : generator.binomial(rest, share)
        numbers.append(Scalar(count))
        rest -= count
      }
    }
    return Tensor(numbers, shape: [keys.count, n])
  }
}

/// Independent variables of several classes each, as one coordinate for each class: 1 at its class, 0 at
/// the others.
///
///     log p(x) = sum over j of x[j] log p[j],   p = softmax of the logits of a variable's classes
///
/// A variable was observed where the coordinates of its classes were.
public struct IndependentCategorical<Scalar: TensorScalar>: FactorizedDistribution, DataDistribution
{
  /// `[..., n]`.
  public let logits: Tensor<Scalar>
  /// The number of classes of each variable, whose sum is n.
  public let classes: [Int]

  /// Variables with these logits.
  public init(logits: Tensor<Scalar>, classes: [Int]) {
    precondition(
      classes.reduce(0, +) == logits.shape[logits.rank - 1],
      "classes \(classes) for logits of shape \(logits.shape)")
    (self.logits, self.classes) = (logits, classes)
  }

  /// x[j] log p[j]: `[..., n]`, in nats.
  public func logProbabilities(of value: Tensor<Scalar>) -> Tensor<Scalar> {
    let rank = max(value.rank, logits.rank)
    return value.aligned(toRank: rank) * logShares.aligned(toRank: rank)
  }

  /// log p, `[..., n]`.
  private var logShares: Tensor<Scalar> {
    let axis = logits.rank - 1
    var start = 0
    let parts = classes.map { count in
      defer { start += count }
      let own = classes.count == 1 ? logits : logits.slice(start..<start + count, along: axis)
      return own - own.logSumExp(along: axis, keepingAxis: true)
    }
    return parts.count == 1 ? parts[0] : .concatenated(parts, along: axis)
  }

  /// p, `[..., n]`.
  public var mean: Tensor<Scalar> { logShares.exp() }

  /// One class of each variable, from the row's key.
  public func draw(_ keys: [NoiseKey]) -> Tensor<Scalar> {
    let n = logits.shape[logits.rank - 1]
    let p = logShares.detached.exp().doubles
    var numbers = [Scalar](repeating: 0, count: keys.count * n)
    for (row, key) in keys.enumerated() {
      var generator = key.generator
      var start = row * n
      for count in classes {
        var (u, chosen) = (generator.uniform(), start)
        while chosen < start + count - 1, u >= p[chosen] {
          u -= p[chosen]
          chosen += 1
        }
        numbers[chosen] = 1
        start += count
      }
    }
    return Tensor(numbers, shape: [keys.count, n])
  }
}
