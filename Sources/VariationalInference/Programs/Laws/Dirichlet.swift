// SPDX-License-Identifier: Apache-2.0

/// Vectors of K positive numbers that sum to 1.
///
///     log p(x) = sum over k of (a[k] - 1) log x[k] - log Gamma(a[k]), plus log Gamma(sum of a)
///
/// Its mean is a / (sum of a); with all a = 1 it is uniform.
///
/// - Source: "Stan functions reference", dirichlet.
public struct Dirichlet: Law {
  private let concentration: Value

  /// - Parameter concentration: a, `[..., K]`, above 0.
  public init(_ concentration: Value) { self.concentration = concentration }

  /// Positive numbers that sum to 1.
  public var support: Constraint { .simplex }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// That of the concentration.
  public var shape: [Int] { concentration.shape }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if concentration.shape.isEmpty {
      return Value(fault: "a Dirichlet law of one number; its concentration is a vector")
    }
    let gammas = concentration.map { $0.logGamma() }.sum(along: -1)
    let normalizer = concentration.sum(along: -1).map { $0.logGamma() } - gammas
    return ((concentration - 1) * x.log()).sum(along: -1) + normalizer
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    // Gamma numbers over their sum, by logarithms: of a small shape most are smaller than any
    // number.
    source.numbers(shape, [concentration]) { $1.logGamma($0[0]) }.logSoftmax().exp()
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    if let fault = support.fault(inData: data, isDiscrete: false, of: "Dirichlet") { return fault }
    return data.faultOfVectors("Dirichlet", "sums to 1") { $0.reduce(0, +) - 1 }
  }
}

/// Vectors of length 1 in any direction alike: density Gamma(n / 2) / (2 pi^(n / 2)) on the sphere.
public struct UniformUnitVector: Law {
  private let size: Int

  /// - Parameter size: n, the number of elements.
  public init(_ size: Int) { self.size = size }

  /// Vectors of length 1.
  public var support: Constraint { .unitVector }
  /// Vectors.
  public var eventRank: Int { 1 }
  /// A vector.
  public var shape: [Int] { [size] }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    let half = Double(size) / 2
    return Value(logGammaOfNumber(half) - logarithm(2) - half * logarithm(.pi))
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let normal = source.standardNormal(shape)
    return normal / normal.squared().sum(along: -1).squareRoot().asColumn
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    data.faultOfVectors("UniformUnitVector", "has length 1") {
      $0.reduce(0) { $0 + $1 * $1 } - 1
    }
  }
}

extension Value {
  /// A sentence on the first vector of data of which `excess` is not 0, to eight digits.
  fileprivate func faultOfVectors(
    _ law: String, _ wanted: String, excess: ([Double]) -> Double
  ) -> String? {
    guard let size = shape.last, size > 0 else { return nil }
    let numbers = tensor.scalars
    let vectors = stride(from: 0, to: numbers.count, by: size)
    for (index, start) in vectors.enumerated() {
      let vector = Array(numbers[start..<start + size])
      if !(excess(vector).magnitude < 1e-8) {
        return "vector \(index) is \(vector); a value of \(law) \(wanted)"
      }
    }
    return nil
  }
}
