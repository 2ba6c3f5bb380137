// SPDX-License-Identifier: Apache-2.0

// What densities of real numbers share. What depends on parameters alone is computed on their own
// shape. Outside its support a density is -infinity, and no gradient flows from there.

extension LogDensities {
  /// A law of which a location and a scale are the parameters: f(e) - log scale - log normaliser,
  /// with e = (x - location) / scale.
  ///
  /// With s = -f'(e) the derivatives are -s / scale by x, s / scale by the location and
  /// (s e - 1) / scale by the scale.
  ///
  /// - Parameters:
  ///   - x: Where the density is asked for.
  ///   - location: Of the shape of x, or broadcasting.
  ///   - scale: The same.
  ///   - logNormalizer: The logarithm of the integral of exp(f).
  ///   - f: Of e.
  ///   - score: s, of e; asked for when a gradient is.
  /// - Returns: The log-density of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func locationScale<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, _ location: Tensor<Scalar>, _ scale: Tensor<Scalar>,
    logNormalizer: Double, _ f: (Tensor<Scalar>) -> Tensor<Scalar>,
    score: @escaping (Tensor<Scalar>) -> Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let s = scale.detached
    let e = (x.detached - location.detached) / s
    let value = f(e) - (s.log() + Scalar(logNormalizer))
    return .broadcastOperation(value: value, inputs: [x, location, scale]) { g, isTraced in
      let pull = g * score(e)
      let byLocation = isTraced[0] || isTraced[1] ? pull / s : nil
      return [
        isTraced[0] ? byLocation.map { -$0 } : nil, isTraced[1] ? byLocation : nil,
        isTraced[2] ? (pull * e - g) / s : nil,
      ]
    }
  }

  /// A density where it is positive, and -infinity elsewhere.
  ///
  /// - Parameters:
  ///   - x: Where it is asked for.
  ///   - range: The numbers inside the support; those of an edge may be left to `edges`.
  ///   - standIn: A number inside, at which the density is computed in place of one outside.
  ///   - edges: Numbers at the edge of the support, with the logarithm of the density there.
  ///   - density: Of numbers inside.
  /// - Returns: The log-density of each element.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func within<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, _ range: ClosedRange<Scalar>, standIn: Scalar,
    edges: [(place: Scalar, density: () -> Tensor<Scalar>)] = [],
    _ density: (Tensor<Scalar>) -> Tensor<Scalar>
  ) -> Tensor<Scalar> {
    // So it is for a latent variable, and nearly always for data.
    if x.isWithin(range) { return density(x) }
    let y = x.detached
    let isInside =
      Tensor.isAtLeast(y, Tensor(range.lowerBound)) * .isAtLeast(-y, Tensor(-range.upperBound))
    var outside = Tensor(-Scalar.infinity)
    for edge in edges {
      let (place, density) = (Tensor(edge.place), edge.density())
      outside = .choose(.isAtLeast(y, place) * .isAtLeast(-y, -place), density, outside)
    }
    return .choose(isInside, density(.choose(isInside, x, Tensor(standIn))), outside)
  }

  /// 1 for numbers from `lower` to `upper`, nil standing for no bound, and 0 for others; nil where
  /// all lie there.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func isBetween<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, _ lower: Tensor<Scalar>?, _ upper: Tensor<Scalar>?
  ) -> Tensor<Scalar>? {
    let y = x.detached
    let distances = [lower.map { y - $0.detached }, upper.map { $0.detached - y }].compactMap { $0 }
    if distances.allSatisfy({ $0.isWithin(0...Scalar.infinity) }) { return nil }
    let zero = Tensor(Scalar(0))
    return distances.dropFirst().reduce(.isAtLeast(distances[0], zero)) {
      $0 * .isAtLeast($1, zero)
    }
  }

  /// c log 0: 0 where c is 0, else infinite. Nothing is recorded.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  static func timesLogOfZero<Scalar: TensorScalar>(_ c: Tensor<Scalar>) -> Tensor<Scalar> {
    let infinite = Tensor(-Scalar.infinity).signed(by: c.detached)
    let isZero = Tensor.isAtLeast(-c.detached.magnitude(), Tensor(Scalar(0)))
    return .choose(isZero, Tensor(Scalar(0)), infinite)
  }
}
