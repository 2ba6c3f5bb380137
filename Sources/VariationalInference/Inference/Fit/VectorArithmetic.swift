// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension [Double] {
  /// The sum of the products with another vector's elements.
  func dot(_ other: [Double]) -> Double {
    var sum = 0.0
    for index in indices { sum += self[index] * other[index] }
    return sum
  }

  /// The Euclidean length.
  var norm: Double { dot(self).squareRoot() }

  /// The largest magnitude.
  var largestMagnitude: Double { reduce(0) { Swift.max($0, $1.magnitude) } }

  /// Adds a multiple of another vector.
  mutating func add(_ factor: Double, _ other: [Double]) {
    for index in indices { self[index] += factor * other[index] }
  }

  /// This vector and a multiple of another.
  func adding(_ factor: Double, _ other: [Double]) -> [Double] {
    var result = self
    result.add(factor, other)
    return result
  }

  /// The mean; not a number for none.
  var mean: Double { reduce(0, +) / Double(count) }

  /// The standard deviation about the mean, over n.
  var standardDeviation: Double {
    let mean = mean
    return (reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)).squareRoot()
  }

  /// The mean of independent estimates with its standard error.
  var estimate: Fit.Estimate {
    Fit.Estimate(mean: mean, standardError: standardDeviation / Double(count).squareRoot())
  }

  /// The middle of the sorted elements, or the mean of the two; not a number for none.
  var median: Double {
    if isEmpty { return .nan }
    let sorted = sorted()
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
  }
}

extension Tensor where Scalar == Double {
  /// Vectors as rows, `[rows.count, n]`.
  init(rows: [[Double]]) {
    self.init(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 0])
  }

  /// A row of a matrix.
  func row(_ index: Int) -> [Double] {
    let n = shape[1]
    return withScalars { Array($0[index * n..<(index + 1) * n]) }
  }

  /// A matrix times a vector.
  func times(_ vector: [Double]) -> [Double] {
    let n = shape[1]
    return withScalars { a in
      (0..<shape[0]).map { row in
        var sum = 0.0
        for column in 0..<n { sum += a[row * n + column] * vector[column] }
        return sum
      }
    }
  }

  /// The transposed matrix times a vector.
  func transposedTimes(_ vector: [Double]) -> [Double] {
    let n = shape[1]
    var result = [Double](repeating: 0, count: n)
    withScalars { a in
      for row in 0..<shape[0] {
        for column in 0..<n { result[column] += a[row * n + column] * vector[row] }
      }
    }
    return result
  }

  /// A matrix whose rows are multiplied by a number each.
  func scalingRows(_ factors: [Double]) -> Tensor {
    self * Tensor(factors, shape: [factors.count, 1])
  }

  /// A copy with some rows of another matrix in the place of its own.
  func replacingRows(
    _ places: [(chain: Int, row: Int)], from other: Tensor
  ) -> Tensor {
    let n = shape[1]
    return Tensor(shape: shape) { buffer in
      withScalars { _ = buffer.update(fromContentsOf: $0) }
      other.withScalars { source in
        for (chain, row) in places {
          for column in 0..<n { buffer[chain * n + column] = source[row * n + column] }
        }
      }
    }
  }

  /// Mean and standard deviation (over n) of each column, by rows with weights whose sum is 1;
  /// equal ones if nil.
  func columnMoments(weights: [Double]? = nil) -> (means: [Double], deviations: [Double]) {
    let (rows, n) = (shape[0], shape[1])
    var means = [Double](repeating: 0, count: n)
    var squares = means
    let equal = 1 / Double(rows)
    withScalars { a in
      for row in 0..<rows {
        let weight = weights?[row] ?? equal
        if weight == 0 { continue }
        for column in 0..<n { means[column] += weight * a[row * n + column] }
      }
      for row in 0..<rows {
        let weight = weights?[row] ?? equal
        if weight == 0 { continue }
        for column in 0..<n {
          let distance = a[row * n + column] - means[column]
          squares[column] += weight * distance * distance
        }
      }
    }
    return (means, squares.map { $0.squareRoot() })
  }

  /// The sum of squares of each row.
  var rowSquares: [Double] { squared().sum(along: -1).doubles }

  /// These rows, then the same with the other sign.
  var withNegatives: Tensor { .concatenated([self, -self]) }

  /// The identity matrix.
  static func identity(_ n: Int) -> Tensor { diagonal([Double](repeating: 1, count: n)) }

  /// A diagonal matrix.
  static func diagonal(_ elements: [Double]) -> Tensor {
    let n = elements.count
    return Tensor(shape: [n, n]) { buffer in
      buffer.update(repeating: 0)
      for index in 0..<n { buffer[index * n + index] = elements[index] }
    }
  }

  /// The diagonal of a square matrix.
  var diagonalElements: [Double] {
    let n = shape[0]
    return withScalars { a in (0..<n).map { a[$0 * n + $0] } }
  }
}
