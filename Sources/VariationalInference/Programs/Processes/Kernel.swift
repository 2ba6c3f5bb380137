// SPDX-License-Identifier: Apache-2.0

/// A covariance function k(x, x') of inputs that are numbers or vectors; sums and products of
/// kernels are kernels.
///
///     let kernel = .squaredExponential(scale: alpha, lengthScale: rho) + .whiteNoise(scale: sigma)
///
/// Parameters are values, latent ones too. A scale is a standard deviation: k(x, x) is its square.
/// Below, r is the distance |x - x'| over the length scale; with a length scale for each of d
/// dimensions, `[d]`, each difference is divided by its own.
///
/// - Source: Rasmussen and Williams, "Gaussian processes for machine learning" (2006), chapter 4.
public struct Kernel: Sendable {
  /// k of all pairs, or of a shape that broadcasts to theirs.
  let covariances: @Sendable (InputPairs) -> Value

  /// The covariances of all pairs of inputs.
  ///
  /// - Parameters:
  ///   - x: `[n]`, or `[n, d]` for vectors.
  ///   - other: `[m]` or `[m, d]`; nil for x itself. Only then ``whiteNoise(scale:)`` is not 0.
  /// - Returns: `[n, m]`.
  public func covariance(_ x: Value, _ other: Value? = nil) -> Value {
    let right = other ?? x
    let (a, b) = (Value.asVectors(x), Value.asVectors(right))
    if let fault = a.fault ?? b.fault { return Value(fault: fault) }
    guard a.shape[1] == b.shape[1] else {
      return Value(fault: "a kernel of inputs of shapes \(x.shape) and \(right.shape)")
    }
    let shape = [a.shape[0], b.shape[0]]
    let all = covariances(InputPairs(a, b, isSame: other == nil))
    return all.fault != nil || all.shape == shape ? all : all + Value(.zeros(shape + [1]))
  }

  /// The covariance of the sum of two independent functions.
  public static func + (a: Kernel, b: Kernel) -> Kernel {
    Kernel { a.covariances($0) + b.covariances($0) }
  }

  /// The product of two covariance functions, which is one.
  public static func * (a: Kernel, b: Kernel) -> Kernel {
    Kernel { a.covariances($0) * b.covariances($0) }
  }
}

// MARK: - Stationary kernels

extension Kernel {
  /// scale^2 exp(-r^2 / 2): infinitely smooth functions.
  public static func squaredExponential(scale: Value = 1, lengthScale: Value) -> Kernel {
    Kernel { pairs in
      let squares = pairs.squaredDistances(over: lengthScale, times: -0.5)
      return scale.squared() * squares.exp()
    }
  }

  /// scale^2 exp(-r), Matérn of order 1/2: continuous, rough functions.
  public static func exponential(scale: Value = 1, lengthScale: Value) -> Kernel {
    Kernel { scale.squared() * (-$0.distances(over: lengthScale)).exp() }
  }

  /// scale^2 (1 + sqrt(3) r) exp(-sqrt(3) r): functions with a derivative.
  public static func matern32(scale: Value = 1, lengthScale: Value) -> Kernel {
    Kernel { pairs in
      let r = pairs.distances(over: lengthScale) * 3.0.squareRoot()
      return scale.squared() * (r + 1) * (-r).exp()
    }
  }

  /// scale^2 (1 + sqrt(5) r + 5 r^2 / 3) exp(-sqrt(5) r): functions with two derivatives.
  public static func matern52(scale: Value = 1, lengthScale: Value) -> Kernel {
    Kernel { pairs in
      let r = pairs.distances(over: lengthScale) * 5.0.squareRoot()
      return scale.squared() * (r.squared() * (1.0 / 3) + r + 1) * (-r).exp()
    }
  }

  /// scale^2 exp(-2 sum over dimensions of sin^2(pi (x - x') / period) / lengthScale^2), where the
  /// length scale is that of the sine, without a unit.
  public static func periodic(scale: Value = 1, lengthScale: Value, period: Value) -> Kernel {
    Kernel { pairs in
      let sines = (pairs.differences * (.pi / period)).sin().squared().sum(along: -1)
      return scale.squared() * (sines * (-2 / lengthScale.squared())).exp()
    }
  }
}

// MARK: - Other kernels

extension Kernel {
  /// scale^2 times the sum over dimensions of (x - centre) (x' - centre): straight lines through 0
  /// at the centre.
  public static func linear(scale: Value = 1, centre: Value = 0) -> Kernel {
    Kernel { pairs in
      let (a, b) = (pairs.left - centre, pairs.right - centre)
      let rows = a.reshaped(to: [a.shape[0], 1, a.shape[1]])
      return scale.squared() * (rows * b).sum(along: -1)
    }
  }

  /// scale^2: a constant added to the function.
  public static func constant(scale: Value) -> Kernel { Kernel { _ in scale.squared() } }

  /// scale^2 for an input and itself, 0 between all others, equal ones too: noise of each
  /// observation.
  public static func whiteNoise(scale: Value) -> Kernel {
    Kernel { pairs in
      pairs.isSame
        ? scale.squared() * .identity(pairs.left.shape[0])
        : Value(.zeros([pairs.left.shape[0], pairs.right.shape[0], 1]))
    }
  }
}

/// All pairs of two lists of inputs. What depends on them alone is computed once for all kernels
/// and draws.
struct InputPairs: Sendable {
  /// `[n, d]`
  let left: Value
  /// `[m, d]`
  let right: Value
  /// Whether both are one list.
  let isSame: Bool
  /// x - x', `[n, m, d]`.
  let differences: Value
  private let squares: Value
  private let squaredDistances: Value
  private let distances: Value

  init(_ left: Value, _ right: Value, isSame: Bool) {
    (self.left, self.right, self.isSame) = (left, right, isSame)
    differences = left.reshaped(to: [left.shape[0], 1, left.shape[1]]) - right
    squares = differences.squared()
    squaredDistances = squares.sum(along: -1)
    distances = squaredDistances.rootWithoutSlopeAtZero
  }

  /// `factor` times r^2.
  func squaredDistances(over lengthScale: Value, times factor: Double) -> Value {
    let weights = factor / lengthScale.squared()
    if lengthScale.shape.isEmpty { return squaredDistances * weights }
    return (squares * weights).sum(along: -1)
  }

  /// r.
  func distances(over lengthScale: Value) -> Value {
    lengthScale.shape.isEmpty
      ? distances / lengthScale
      : squaredDistances(over: lengthScale, times: 1).rootWithoutSlopeAtZero
  }
}

extension Value {
  /// The square root, 1e-150 for 0, whose slope is then 0: the distance of an input from itself
  /// does not depend on a length scale, and infinity times 0 is no number.
  fileprivate var rootWithoutSlopeAtZero: Value { Value.maximum(self, 1e-300).squareRoot() }

  /// `[n]` as `[n, 1]`.
  fileprivate static func asVectors(_ x: Value) -> Value {
    switch x.shape.count {
    case 1: x.asColumn
    case 2: x
    default: x.fault == nil ? Value(fault: "inputs of shape \(x.shape), not [n] or [n, d]") : x
    }
  }
}
