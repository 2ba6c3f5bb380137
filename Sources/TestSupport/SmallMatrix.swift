// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// A matrix of a few rows for the exact answers of test models: plain loops, nothing of the library.
package struct SmallMatrix: Sendable, Equatable {
  package let rows: Int
  package let columns: Int
  /// `[rows, columns]`, row by row.
  package var elements: [Double]

  package init(_ elements: [Double], rows: Int, columns: Int) {
    precondition(elements.count == rows * columns, "\(elements.count) for \(rows) x \(columns)")
    self.rows = rows
    self.columns = columns
    self.elements = elements
  }

  package init(diagonal: [Double]) {
    self.init(
      [Double](repeating: 0, count: diagonal.count * diagonal.count), rows: diagonal.count,
      columns: diagonal.count)
    for (index, value) in diagonal.enumerated() { self[index, index] = value }
  }

  package subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  package var diagonal: [Double] { (0..<rows).map { self[$0, $0] } }

  package var transposed: SmallMatrix {
    SmallMatrix(
      (0..<columns).flatMap { column in (0..<rows).map { self[$0, column] } }, rows: columns,
      columns: rows)
  }

  package static func + (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
    SmallMatrix(zip(a.elements, b.elements).map(+), rows: a.rows, columns: a.columns)
  }

  package static func * (a: SmallMatrix, b: SmallMatrix) -> SmallMatrix {
    SmallMatrix(
      (0..<a.rows).flatMap { row in
        (0..<b.columns).map { column in
          (0..<a.columns).reduce(0) { $0 + a[row, $1] * b[$1, column] }
        }
      }, rows: a.rows, columns: b.columns)
  }

  package static func * (a: SmallMatrix, vector: [Double]) -> [Double] {
    (0..<a.rows).map { row in (0..<a.columns).reduce(0) { $0 + a[row, $1] * vector[$1] } }
  }

  package func scaled(by factor: Double) -> SmallMatrix {
    SmallMatrix(elements.map { $0 * factor }, rows: rows, columns: columns)
  }

  /// The lower triangular L with L L^T = self, for a positive definite matrix.
  package var choleskyFactor: SmallMatrix {
    var l = self.scaled(by: 0)
    for i in 0..<rows {
      for j in 0...i {
        let rest = (0..<j).reduce(self[i, j]) { $0 - l[i, $1] * l[j, $1] }
        l[i, j] = i == j ? rest.squareRoot() : rest / l[j, j]
      }
    }
    return l
  }

  /// The inverse of a lower triangular matrix, column by column by forward substitution.
  package var lowerTriangularInverse: SmallMatrix {
    var inverse = self.scaled(by: 0)
    for column in 0..<columns {
      for row in column..<rows {
        let rest = (column..<row).reduce(row == column ? 1.0 : 0.0) {
          $0 - self[row, $1] * inverse[$1, column]
        }
        inverse[row, column] = rest / self[row, row]
      }
    }
    return inverse
  }

  /// The inverse of a positive definite matrix.
  package var inverse: SmallMatrix {
    let l = choleskyFactor.lowerTriangularInverse
    return l.transposed * l
  }

  /// The logarithm of the determinant of a positive definite matrix.
  package var logDeterminant: Double {
    choleskyFactor.diagonal.reduce(0) { $0 + 2 * log($1) }
  }

  /// vector^T self vector.
  package func quadraticForm(_ vector: [Double]) -> Double {
    zip(self * vector, vector).reduce(0) { $0 + $1.0 * $1.1 }
  }
}

/// A normal distribution with any covariance.
package struct ExactGaussian: Sendable {
  package let mean: [Double]
  package let covariance: SmallMatrix

  package init(mean: [Double], covariance: SmallMatrix) {
    self.mean = mean
    self.covariance = covariance
  }

  /// -1/2 (d^T C^-1 d + log det C + n log 2 pi), d = x - mean, in nats.
  package func logProbability(of x: [Double]) -> Double {
    let distance = zip(x, mean).map(-)
    return -0.5
      * (covariance.inverse.quadraticForm(distance) + covariance.logDeterminant
        + Double(mean.count) * log(2 * Double.pi))
  }

  /// 1/2 (tr P^-1 Q + d^T P^-1 d - n + log det P - log det Q), in nats.
  package func kullbackLeiblerDivergence(to other: ExactGaussian) -> Double {
    let precision = other.covariance.inverse
    let trace = (precision * covariance).diagonal.reduce(0, +)
    let distance = precision.quadraticForm(zip(mean, other.mean).map(-))
    return 0.5
      * (trace + distance - Double(mean.count) + other.covariance.logDeterminant
        - covariance.logDeterminant)
  }
}
