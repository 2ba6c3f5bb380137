// SPDX-License-Identifier: Apache-2.0

/// Draws of a model's values by name.
public struct NamedDraws: Sendable {
  /// The names, in the order of the model's statements.
  public let names: [String]
  /// The weight of each draw, summing to 1; nil for equal ones.
  public let weights: [Double]?
  private let values: [String: DrawnValue]

  init(_ values: [String: DrawnValue], names: [String], weights: [Double]? = nil) {
    (self.values, self.names, self.weights) = (values, names, weights)
  }

  init(_ values: [String: Value], order: [String], draws: Int) {
    let drawn = values.mapValues { DrawnValue($0.spread(draws).tensor, shape: $0.shape) }
    self.init(drawn, names: order.filter { values[$0] != nil })
  }

  /// The draws of a value, or of one element by its own name, as `theta[3]`.
  ///
  /// - Precondition: The model has a value of this name.
  public subscript(_ name: String) -> DrawnValue {
    if let value = values[name] { return value }
    for whole in names {
      guard let value = values[whole] else { continue }
      let elements = ElementNames.of(whole, value.shape)
      if let place = elements.firstIndex(of: name) { return value.element(place) }
    }
    preconditionFailure(
      "no value '\(name)' in the model; there are \(names.joined(separator: ", "))")
  }
}

/// Names of the elements of an array, counted from 1 as in Stan: `theta[3]`, `L[1,2]`.
enum ElementNames {
  static func of(_ name: String, _ shape: [Int]) -> [String] {
    if shape.isEmpty { return [name] }
    let indices = shape.reduce([""]) { (names: [String], size: Int) -> [String] in
      names.flatMap { (name: String) -> [String] in
        (0..<size).map { name.isEmpty ? "\($0 + 1)" : "\(name),\($0 + 1)" }
      }
    }
    return indices.map { "\(name)[\($0)]" }
  }
}

/// Draws of one value.
public struct DrawnValue: Sendable {
  /// The shape of one draw.
  public let shape: [Int]
  /// Elements in row-major order, each with its draws beside each other.
  private let elements: [[Double]]
  private let weights: [Double]?

  init(_ tensor: Tensor<Double>, shape: [Int]) {
    let (numbers, draws) = (tensor.scalars, tensor.shape[tensor.rank - 1])
    self.init(
      stride(from: 0, to: numbers.count, by: max(draws, 1)).map { Array(numbers[$0..<$0 + draws]) },
      shape: shape, weights: nil)
  }

  /// - Parameters:
  ///   - elements: In row-major order, the draws of each.
  ///   - shape: The shape of one draw.
  ///   - weights: Of the draws, summing to 1; nil for equal ones.
  init(_ elements: [[Double]], shape: [Int], weights: [Double]?) {
    self.shape = shape
    self.elements = elements
    self.weights = weights
  }

  /// The draws of each element, elements in row-major order.
  public var draws: [[Double]] { elements }

  /// One element of a vector, counted from 0.
  public subscript(_ index: Int) -> DrawnValue {
    precondition(
      shape.first.map { (0..<$0).contains(index) } ?? false,
      "no element \(index) in a value of shape \(shape)")
    let inner = shape.dropFirst().reduce(1, *)
    return DrawnValue(
      Array(elements[index * inner..<(index + 1) * inner]), shape: Array(shape.dropFirst()),
      weights: weights)
  }

  /// One element, counted from 0 in row-major order.
  func element(_ place: Int) -> DrawnValue {
    DrawnValue([elements[place]], shape: [], weights: weights)
  }

  /// The mean of a number's draws.
  public var mean: Double { only(means) }
  /// The standard deviation of a number's draws.
  public var standardDeviation: Double { only(standardDeviations) }
  /// The mean of each element, in row-major order.
  public var means: [Double] { elements.indices.map { moments(of: $0).mean } }
  /// The standard deviation of each element, in row-major order.
  public var standardDeviations: [Double] {
    elements.indices.map { moments(of: $0).standardDeviation }
  }
  /// The number below which a fraction p of a number's draws lie.
  public func quantile(_ p: Double) -> Double { only(quantiles(p)) }
  /// The number below which a fraction p of the draws of each element lie.
  public func quantiles(_ p: Double) -> [Double] {
    elements.map { SortedDraws($0, weights).quantile(p) }
  }

  /// Of one element, counted from 0 in row-major order.
  func moments(of place: Int) -> WeightedMoments { WeightedMoments(elements[place], weights) }
  /// The same element's draws in order.
  func sorted(_ place: Int) -> SortedDraws { SortedDraws(elements[place], weights) }

  private func only(_ numbers: [Double]) -> Double {
    precondition(
      numbers.count == 1,
      "a value of shape \(shape) has several elements; choose one, or ask for all")
    return numbers[0]
  }
}

/// Mean and standard deviation of weighted draws.
struct WeightedMoments {
  let mean: Double
  let standardDeviation: Double

  /// - Parameters:
  ///   - draws: At least one.
  ///   - weights: Summing to 1; nil for equal ones, with which the variance is divided by n - 1.
  init(_ draws: [Double], _ weights: [Double]?) {
    guard let weights else {
      let mean = draws.reduce(0, +) / Double(draws.count)
      let squares = draws.reduce(0.0) { (sum: Double, x: Double) in sum + (x - mean) * (x - mean) }
      self.mean = mean
      standardDeviation = (squares / Double(max(draws.count - 1, 1))).squareRoot()
      return
    }
    var (sum, squares) = (0.0, 0.0)
    for (x, w) in zip(draws, weights) where w > 0 { sum += w * x }
    for (x, w) in zip(draws, weights) where w > 0 { squares += w * (x - sum) * (x - sum) }
    mean = sum
    standardDeviation = squares.squareRoot()
  }
}

/// Weighted draws in ascending order.
struct SortedDraws {
  private let values: [Double]
  private let weights: [Double]?

  init(_ draws: [Double], _ weights: [Double]?) {
    // What is not a number has no place in an order: then there are no quantiles.
    if draws.contains(where: \.isNaN) {
      (values, self.weights) = ([.nan], nil)
      return
    }
    guard let weights else {
      (values, self.weights) = (draws.sorted(), nil)
      return
    }
    let order = draws.indices.sorted { draws[$0] < draws[$1] }
    (values, self.weights) = (order.map { draws[$0] }, order.map { weights[$0] })
  }

  /// The p-quantile: interpolated between neighbours for equal weights, else the first draw at which the
  /// weights up to it reach p.
  func quantile(_ p: Double) -> Double {
    precondition(p >= 0 && p <= 1, "a quantile at \(p), which is not between 0 and 1")
    guard let weights else {
      let place = p * Double(values.count - 1)
      let (low, fraction) = (Int(place), place - place.rounded(.down))
      let high = min(low + 1, values.count - 1)
      return values[low] + fraction * (values[high] - values[low])
    }
    var reached = 0.0
    for (value, weight) in zip(values, weights) {
      reached += weight
      if reached >= p { return value }
    }
    return values[values.count - 1]
  }
}
