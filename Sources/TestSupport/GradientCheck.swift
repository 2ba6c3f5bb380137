// SPDX-License-Identifier: Apache-2.0

internal import Testing
package import VariationalInference

/// The gradient of a function by the tape and by central differences.
package struct GradientComparison: Sendable {
  package let tape: [[Double]]
  package let differences: [[Double]]
  /// What rounding in the function's value does to a difference quotient grows with it.
  package let scale: Double

  /// The largest disagreement, relative to the largest of 1, the function's value and the gradient.
  package var error: Double {
    relativeError(tape.flatMap { $0 }, differences.flatMap { $0 }, scale: scale)
  }
}

/// Differentiates sum(weight * function(point)), with pseudo-random weights of magnitude 0.5 to 1.5
/// so that no element of the output hides another's mistake.
///
/// The step is h = 1e-5 max(1, |x|): central differences are then wrong by about h^2 f'''/6 = 2e-11
/// by truncation and by eps |f| / h = 2e-11 |f| by rounding.
package func compareGradients(
  of function: ([Tensor<Double>]) -> Tensor<Double>, at point: [Tensor<Double>], seed: UInt64 = 7
) -> GradientComparison {
  let tape = Tape<Double>()
  let variables = point.map(tape.variable)
  let output = function(variables)
  let weight = Tensor<Double>.pseudoRandom(output.shape, .eitherSign(0.5...1.5), seed: seed)
  let gradients = tape.gradients(of: output, at: variables, seed: weight)
  func value(_ point: [Tensor<Double>]) -> Double {
    zip(function(point).scalars, weight.scalars).reduce(0) { $0 + $1.0 * $1.1 }
  }
  let differences = point.indices.map { input in
    point[input].scalars.indices.map { element in
      let h = 1e-5 * max(1, point[input].scalars[element].magnitude)
      return
        (value(moved(point, input, element, by: h))
        - value(moved(point, input, element, by: -h))) / (2 * h)
    }
  }
  return GradientComparison(
    tape: gradients.map(\.scalars), differences: differences,
    scale: max(1, value(point).magnitude))
}

/// Records an issue where the tape's gradient differs from central differences by more than 1e-6,
/// some 10^4 times what the differences themselves get wrong, and far below any mistake in a rule.
package func checkGradients(
  of function: ([Tensor<Double>]) -> Tensor<Double>, at point: [Tensor<Double>], seed: UInt64 = 7,
  fileID: String = #fileID, filePath: String = #filePath, line: Int = #line, column: Int = #column
) {
  let place = SourceLocation(fileID: fileID, filePath: filePath, line: line, column: column)
  let comparison = compareGradients(of: function, at: point, seed: seed)
  for (gradient, input) in zip(comparison.tape, point) where gradient.count != input.count {
    Issue.record("\(gradient.count) gradients for shape \(input.shape)", sourceLocation: place)
  }
  // "Not less than" also catches a comparison that is not a number.
  if !(comparison.error < 1e-6) {
    Issue.record(
      """
      relative error \(comparison.error) of the gradient at shapes \(point.map(\.shape)):
      tape        \(comparison.tape)
      differences \(comparison.differences)
      """, sourceLocation: place)
  }
}

/// A copy of `point` with one element of one tensor moved.
private func moved(
  _ point: [Tensor<Double>], _ input: Int, _ element: Int, by step: Double
) -> [Tensor<Double>] {
  var (copy, scalars) = (point, point[input].scalars)
  scalars[element] += step
  copy[input] = Tensor(scalars, shape: point[input].shape)
  return copy
}
