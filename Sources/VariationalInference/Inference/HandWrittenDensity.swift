// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A log-density written as a function of many points, with its gradient written by hand.
///
/// ```swift
/// let density = try HandWrittenDensity(dimension: 2) { points in
///   (values: points.squared().sum(along: -1) * -0.5, gradients: -points)
/// }
/// let fit = try density.fit()
/// ```
///
/// The gradient is compared once with differences of the values.
public struct HandWrittenDensity: LogDensity {
  /// Values `[B]` and gradients `[B, D]` at points `[B, D]`.
  public typealias Function =
    @Sendable (Tensor<Double>) -> (values: Tensor<Double>, gradients: Tensor<Double>)

  /// D.
  public let dimension: Int
  /// D names.
  public let coordinateNames: [String]
  private let function: Function
  private let valueFunction: (@Sendable (Tensor<Double>) -> Tensor<Double>)?

  /// - Parameters:
  ///   - dimension: D.
  ///   - coordinateNames: D names; `x[1]` to `x[D]` if nil.
  ///   - values: log p alone, `[B]`, where that is cheaper than with its gradient.
  ///   - function: log p and its gradient at each row; a row's numbers depend on that row alone.
  /// - Throws: ``FitError/wrongGradient(coordinate:given:difference:)``.
  public init(
    dimension: Int, coordinateNames: [String]? = nil,
    values: (@Sendable (Tensor<Double>) -> Tensor<Double>)? = nil, _ function: @escaping Function
  ) throws {
    precondition(dimension >= 0, "a density of \(dimension) coordinates")
    self.dimension = dimension
    self.coordinateNames = coordinateNames ?? (0..<dimension).map { "x[\($0 + 1)]" }
    precondition(
      self.coordinateNames.count == dimension,
      "\(self.coordinateNames.count) names for \(dimension) coordinates")
    self.function = function
    valueFunction = values
    if dimension > 0 { try checkGradient() }
  }

  /// log p at each row, `[B]`.
  public func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    valueFunction?(points) ?? function(points).values
  }

  /// log p at each row, `[B]`, and its gradient, `[B, D]`.
  public func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    function(points)
  }

  private static let places = 8
  private static let tolerance = 1e-3

  /// Central differences along one random direction; where they say otherwise than the gradient,
  /// along each coordinate to find which is wrong. At places without a finite density nothing is
  /// compared.
  private func checkGradient() throws {
    let key = NoiseKey(seed: 0, 0, 0, NoisePurpose.fit.rawValue)
    let places = Tensor<Double>.uniform([Self.places, dimension], in: -2..<2, key: key)
    let direction = Tensor<Double>.standardNormal(
      [1, dimension], key: NoiseKey(seed: 0, 1, 0, NoisePurpose.fit.rawValue)
    ).doubles
    let (values, gradients) = function(places)
    precondition(
      values.shape == [Self.places] && gradients.shape == places.shape,
      "a density gave values \(values.shape), gradients \(gradients.shape) at \(places.shape)")
    for place in 0..<Self.places {
      let point = places.row(place)
      let gradient = gradients.row(place)
      guard values.doubles[place].isFinite, gradient.allSatisfy(\.isFinite) else { continue }
      guard disagreement(at: point, gradient, along: direction) != nil else { continue }
      for coordinate in 0..<dimension {
        var axis = [Double](repeating: 0, count: dimension)
        axis[coordinate] = 1
        if let difference = disagreement(at: point, gradient, along: axis) {
          throw FitError.wrongGradient(
            coordinate: coordinateNames[coordinate], given: gradient[coordinate],
            difference: difference)
        }
      }
    }
  }

  /// The derivative along a direction by differences, where the gradient says otherwise by more
  /// than differences of two step sizes disagree among themselves.
  private func disagreement(
    at point: [Double], _ gradient: [Double], along direction: [Double]
  ) -> Double? {
    let h = 1e-4
    let moved = [h, -h, h / 2, -h / 2].map { point.adding($0, direction) }
    let values = logDensities(at: Tensor(rows: moved)).doubles
    let (coarse, fine) = ((values[0] - values[1]) / (2 * h), (values[2] - values[3]) / h)
    guard coarse.isFinite, fine.isFinite else { return nil }
    let given = gradient.dot(direction)
    let rounding = 1e-14 * values.largestMagnitude / h
    let allowed =
      Self.tolerance * max(1e-3, given.magnitude, fine.magnitude) + 10 * (coarse - fine).magnitude
      + rounding
    return (given - fine).magnitude > allowed ? fine : nil
  }
}
