// SPDX-License-Identifier: Apache-2.0

/// The range of a tensor's numbers, and how many of its elements are none: what a person wants to
/// know of a tensor in which something went wrong.
public struct ValueRange: Sendable, Equatable {
  /// The shape of the tensor.
  public package(set) var shape: [Int]
  /// The smallest finite number; nil where there is none.
  public package(set) var minimum: Double?
  /// The largest finite number; nil where there is none.
  public package(set) var maximum: Double?
  /// The mean magnitude of the finite numbers; nil where there is none.
  public package(set) var meanMagnitude: Double?
  /// Finite numbers.
  public package(set) var finite = 0
  /// Elements that are not a number.
  public package(set) var undefined = 0
  /// Elements that are plus infinity.
  public package(set) var infinite = 0
  /// Elements that are minus infinity.
  public package(set) var negativeInfinite = 0
  /// The index in row-major order of the first element that is not finite; nil where all are.
  public package(set) var firstNonFinite: Int?

  /// Elements that are infinite or not a number.
  public var nonFinite: Int { undefined + infinite + negativeInfinite }

  /// All elements.
  public var count: Int { finite + nonFinite }

  /// The largest magnitude of a finite number; nil where there is none.
  public var largestMagnitude: Double? {
    guard let minimum, let maximum else { return nil }
    return max(minimum.magnitude, maximum.magnitude)
  }

  /// What is known of a range that was written down.
  package init(
    shape: [Int], minimum: Double? = nil, maximum: Double? = nil, meanMagnitude: Double? = nil,
    finite: Int = 0, undefined: Int = 0, infinite: Int = 0, negativeInfinite: Int = 0,
    firstNonFinite: Int? = nil
  ) {
    (self.shape, self.minimum, self.maximum) = (shape, minimum, maximum)
    (self.meanMagnitude, self.finite) = (meanMagnitude, finite)
    (self.undefined, self.infinite) = (undefined, infinite)
    (self.negativeInfinite, self.firstNonFinite) = (negativeInfinite, firstNonFinite)
  }

  /// The range of a tensor's elements.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public init<Scalar: TensorScalar>(_ tensor: Tensor<Scalar>) {
    self.init(tensor.doubles, shape: tensor.shape)
  }

  /// The range of some numbers.
  package init(_ numbers: [Double], shape: [Int]) {
    self.init(shape: shape)
    var (least, most, sum) = (Double.infinity, -Double.infinity, 0.0)
    // Divided first, so that the sum of the largest numbers is one.
    let share = 1 / Double(max(numbers.count, 1))
    for (index, number) in numbers.enumerated() {
      if number.isFinite {
        finite += 1
        least = min(least, number)
        most = max(most, number)
        sum += number.magnitude * share
        continue
      }
      if firstNonFinite == nil { firstNonFinite = index }
      if number.isNaN {
        undefined += 1
      } else if number > 0 {
        infinite += 1
      } else {
        negativeInfinite += 1
      }
    }
    if finite > 0 {
      (minimum, maximum) = (least, most)
      meanMagnitude = sum * Double(numbers.count) / Double(finite)
    }
  }

  /// The range of this tensor's elements and of another's, whose rows follow those of this one
  /// where `followsRows`; else both are the same tensor computed twice, or summands of one shape.
  package func joined(with other: ValueRange, followsRows: Bool) -> ValueRange {
    var joined = self
    if followsRows, !shape.isEmpty { joined.shape[0] += other.shape[0] }
    func choose(_ a: Double?, _ b: Double?, _ rule: (Double, Double) -> Double) -> Double? {
      guard let a, let b else { return a ?? b }
      return rule(a, b)
    }
    joined.minimum = choose(minimum, other.minimum, min)
    joined.maximum = choose(maximum, other.maximum, max)
    let all = Double(finite + other.finite)
    joined.meanMagnitude = choose(meanMagnitude, other.meanMagnitude) {
      $0 * (Double(finite) / all) + $1 * (Double(other.finite) / all)
    }
    joined.finite += other.finite
    joined.undefined += other.undefined
    joined.infinite += other.infinite
    joined.negativeInfinite += other.negativeInfinite
    joined.firstNonFinite = firstNonFinite ?? other.firstNonFinite.map { $0 + count }
    return joined
  }
}
