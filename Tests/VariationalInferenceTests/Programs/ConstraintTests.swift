// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A constraint, the shape of its values, and what tells a value that lies where it should.
private struct ConstraintCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let constraint: Constraint
  let shape: [Int]
  /// Those of a value's elements, in row-major order, that are its free coordinates.
  let free: [Int]
  let isInside: @Sendable ([Double]) -> Bool
}

private func triangle(_ n: Int, withDiagonal: Bool) -> [Int] {
  (0..<n * n).filter { $0 % n < $0 / n + (withDiagonal ? 1 : 0) }
}

/// Whether a symmetric matrix has a Cholesky factor, with the given diagonal or any.
private func isPositiveDefinite(_ x: [Double], _ n: Int, unitDiagonal: Bool) -> Bool {
  let isSymmetric = (0..<n * n).allSatisfy { (x[$0] - x[$0 % n * n + $0 / n]).magnitude < 1e-12 }
  let hasDiagonal = !unitDiagonal || (0..<n).allSatisfy { (x[$0 * (n + 1)] - 1).magnitude < 1e-12 }
  let factor = SmallMatrix(x, rows: n, columns: n).choleskyFactor
  return isSymmetric && hasDiagonal && factor.diagonal.allSatisfy { $0 > 0 }
}

private func isTriangular(_ x: [Double], _ n: Int) -> Bool {
  (0..<n * n).allSatisfy { $0 % n > $0 / n ? x[$0] == 0 : $0 % n < $0 / n || x[$0] > 0 }
}

private let cases: [ConstraintCase] = [
  ConstraintCase(testDescription: "real", constraint: .real, shape: [2], free: [0, 1]) { _ in true
  },
  ConstraintCase(testDescription: "positive", constraint: .positive, shape: [2], free: [0, 1]) {
    $0.allSatisfy { $0 > 0 }
  },
  ConstraintCase(testDescription: "above", constraint: .above(-2), shape: [2], free: [0, 1]) {
    $0.allSatisfy { $0 > -2 }
  },
  ConstraintCase(testDescription: "below", constraint: .below([3, -1]), shape: [2], free: [0, 1]) {
    $0[0] < 3 && $0[1] < -1
  },
  ConstraintCase(
    testDescription: "interval", constraint: .interval([-1, 2], 5), shape: [2], free: [0, 1]
  ) { $0[0] > -1 && $0[1] > 2 && $0.allSatisfy { $0 < 5 } },
  ConstraintCase(testDescription: "simplex", constraint: .simplex, shape: [4], free: [0, 1, 2]) {
    $0.allSatisfy { $0 > 0 } && ($0.reduce(0, +) - 1).magnitude < 1e-14
  },
  ConstraintCase(testDescription: "simplex of one", constraint: .simplex, shape: [1], free: []) {
    $0 == [1]
  },
  ConstraintCase(testDescription: "ordered", constraint: .ordered, shape: [3], free: [0, 1, 2]) {
    $0[0] < $0[1] && $0[1] < $0[2]
  },
  ConstraintCase(
    testDescription: "positive ordered", constraint: .positiveOrdered, shape: [3], free: [0, 1, 2]
  ) { $0[0] > 0 && $0[0] < $0[1] && $0[1] < $0[2] },
  ConstraintCase(
    testDescription: "Cholesky factor", constraint: .choleskyFactor, shape: [3, 3],
    free: triangle(3, withDiagonal: true)
  ) { isTriangular($0, 3) },
  ConstraintCase(
    testDescription: "covariance", constraint: .covariance, shape: [3, 3],
    free: triangle(3, withDiagonal: true)
  ) { isPositiveDefinite($0, 3, unitDiagonal: false) },
  ConstraintCase(
    testDescription: "factor of a correlation matrix", constraint: .correlationCholesky,
    shape: [4, 4], free: triangle(4, withDiagonal: false)
  ) { x in
    isTriangular(x, 4)
      && (0..<4).allSatisfy { row in
        let squares = (0..<4).reduce(0.0) { $0 + x[row * 4 + $1] * x[row * 4 + $1] }
        return (squares - 1).magnitude < 1e-14
      }
  },
  ConstraintCase(
    testDescription: "correlation matrix", constraint: .correlation, shape: [4, 4],
    free: triangle(4, withDiagonal: false)
  ) { isPositiveDefinite($0, 4, unitDiagonal: true) },
]

@Suite("Constraints")
struct ConstraintTests {
  /// log of the magnitude of a determinant, by elimination with the largest pivot.
  private func logDeterminant(_ matrix: [[Double]]) -> Double {
    var (m, total) = (matrix, 0.0)
    for column in m.indices {
      let pivot = m.indices.dropFirst(column).max {
        m[$0][column].magnitude < m[$1][column].magnitude
      }
      guard let pivot else { return total }
      m.swapAt(column, pivot)
      total += log(m[column][column].magnitude)
      for row in m.indices.dropFirst(column + 1) {
        let factor = m[row][column] / m[column][column]
        for k in m.indices.dropFirst(column) { m[row][k] -= factor * m[column][k] }
      }
    }
    return total
  }

  /// Coordinates of three draws, with `outer` values of each.
  private func coordinates(_ row: ConstraintCase, outer: [Int]) throws -> Tensor<Double> {
    let shape = try #require(row.constraint.unconstrainedShape(of: outer + row.shape))
    return .pseudoRandom(shape + [3], seed: 6)
  }

  /// Central differences err by some 1e-10, relative to entries of order 1.
  @Test(
    "values lie inside, and log |det| is that of a numeric Jacobian", arguments: cases, [[], [2]])
  private func jacobians(_ row: ConstraintCase, _ outer: [Int]) throws {
    let u = try coordinates(row, outer: outer)
    let shape = outer + row.shape
    let size = row.shape.reduce(1, *)
    let (value, logJacobian) = row.constraint.constrain(Value(u), to: shape)
    #expect(value.fault == nil && value.shape == shape && logJacobian.shape.isEmpty)
    let inputs = u.count / 3
    /// The values of one draw at moved coordinates.
    func moved(_ draw: Int, _ input: Int, _ step: Double) -> [Double] {
      var numbers = (0..<inputs).map { u.scalars[$0 * 3 + draw] }
      if inputs > 0 { numbers[input] += step }
      let point = Value(Tensor(numbers, shape: u.shape.dropLast() + [1]))
      return row.constraint.constrain(point, to: shape).value.tensor.scalars
    }
    for draw in 0..<3 {
      let x = moved(draw, 0, 0)
      for start in stride(from: 0, to: x.count, by: size) {
        #expect(row.isInside(Array(x[start..<start + size])), "\(x)")
      }
      let found = logJacobian.spreadScalars(3)[draw]
      let h = 1e-5
      let free = (0..<outer.reduce(1, *)).flatMap { place in row.free.map { place * size + $0 } }
      try #require(free.count == inputs)
      let columns = (0..<inputs).map { input in
        zip(moved(draw, input, h), moved(draw, input, -h)).map { ($0 - $1) / (2 * h) }
      }
      let jacobian = free.map { element in columns.map { $0[element] } }
      #expect((found - logDeterminant(jacobian)).magnitude < 1e-7, "draw \(draw)")
    }
  }

  @Test(
    "gradients of values and of log |det| are central differences", arguments: cases, [[], [2]])
  private func gradients(_ row: ConstraintCase, _ outer: [Int]) throws {
    let u = try coordinates(row, outer: outer)
    if u.count == 0 { return }
    let shape = outer + row.shape
    checkGradients(of: { row.constraint.constrain(Value($0[0]), to: shape).value.tensor }, at: [u])
    if case .real = row.constraint { return }
    checkGradients(
      of: { row.constraint.constrain(Value($0[0]), to: shape).logJacobian.tensor }, at: [u])
  }

  /// A uniform direction times the chi law of a length is a normal vector.
  @Test("the coordinates of a uniform direction are standard normal", arguments: [2, 3, 5])
  func unitVectors(_ n: Int) {
    let u = Tensor<Double>.pseudoRandom([2, n, 3], seed: 9)
    let (value, logJacobian) = Constraint.unitVector.constrain(Value(u), to: [2, n])
    let total = logJacobian + UniformUnitVector(n).totalLogDensity(of: value)
    let normal = Normal(0, 1).logDensity(of: Value(u)).sum()
    #expect(relativeError(total.tensor.scalars, normal.tensor.scalars) < 1e-14)
    let lengths = value.squared().sum(along: -1).tensor.scalars
    #expect(lengths.allSatisfy { ($0 - 1).magnitude < 1e-14 })
  }

  @Test("there are no values of shapes that do not fit")
  func shapes() {
    #expect(Constraint.simplex.unconstrainedShape(of: []) == nil)
    #expect(Constraint.covariance.unconstrainedShape(of: [2, 3]) == nil)
    #expect(Constraint.correlation.unconstrainedShape(of: [5, 3, 3]) == [5, 3])
  }
}

extension Value {
  /// Of a number: that of each of `draws` draws, also where it is the same for all.
  fileprivate func spreadScalars(_ count: Int) -> [Double] {
    tensor.count == count ? tensor.scalars : [Double](repeating: tensor.scalars[0], count: count)
  }
}
