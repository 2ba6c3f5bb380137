// SPDX-License-Identifier: Apache-2.0

/// The unnormalised densities of an annealing path, row by row:
///
///     log pi_beta(z) = start(z) + beta difference(z),   difference = log p(x, z) - start(z)
///
/// At beta = 0 it is the density that chains start from, at beta = 1 the joint density p(x, z), whose
/// integral over z is p(x).
package struct AnnealedDensity<Scalar: TensorScalar> {
  /// Both terms at z `[..., n]`, `[...]` each, differentiable in z.
  private let terms: (Tensor<Scalar>) -> (start: Tensor<Scalar>, difference: Tensor<Scalar>)

  package init(
    _ terms: @escaping (Tensor<Scalar>) -> (start: Tensor<Scalar>, difference: Tensor<Scalar>)
  ) {
    self.terms = terms
  }

  /// The terms and the gradient of log pi_beta at z.
  package func callAsFunction(at z: Tensor<Scalar>, beta: Double) -> AnnealedPoint<Scalar> {
    let tape = Tape<Scalar>()
    let variable = tape.variable(z)
    let (start, difference) = terms(variable)
    let total = start + difference * Scalar(beta)
    // A row's density depends on its own z alone: the gradient of the sum over rows holds each
    // row's.
    return AnnealedPoint(
      z: z, start: start.doubles, difference: difference.doubles,
      gradient: tape.gradients(of: total, at: [variable])[0])
  }
}

/// Chains at one moment: where they are, and what the densities of the path are there.
package struct AnnealedPoint<Scalar: TensorScalar> {
  /// `[..., n]`: a chain for each row.
  package private(set) var z: Tensor<Scalar>
  /// One number for each row, in nats.
  private(set) var start: [Double]
  /// One number for each row, in nats.
  private(set) var difference: [Double]
  /// Of log pi at the inverse temperature that the point was computed for, of the shape of z.
  let gradient: Tensor<Scalar>

  func logDensity(_ row: Int, beta: Double) -> Double { start[row] + beta * difference[row] }

  /// Takes the rows of `other` that are chosen; the gradient is left as it is.
  mutating func replaceRows(_ chosen: [Bool], by other: AnnealedPoint) {
    for row in chosen.indices where chosen[row] {
      start[row] = other.start[row]
      difference[row] = other.difference[row]
    }
    z = z.replacingRows(chosen, by: other.z)
  }
}

extension Tensor {
  /// The chosen rows of `other`, the others of this tensor, of one shape; all axes but the
  /// last count rows.
  func replacingRows(_ chosen: [Bool], by other: Tensor) -> Tensor {
    let columns = shape[rank - 1]
    return Tensor(shape: shape) { target in
      withScalars { old in
        other.withScalars { new in
          for row in chosen.indices {
            let range = row * columns..<(row + 1) * columns
            let source = UnsafeBufferPointer(rebasing: (chosen[row] ? new : old)[range])
            _ = UnsafeMutableBufferPointer(rebasing: target[range]).update(from: source)
          }
        }
      }
    }
  }
}
