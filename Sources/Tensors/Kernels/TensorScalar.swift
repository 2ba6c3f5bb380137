// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// A type of number that tensors hold: exactly `Float` and `Double`.
///
/// Networks train in `Float`; gradient checks, identities and user-written joint densities run in
/// `Double`. The requirements are whole-buffer kernels, so that no generic code runs per element.
public protocol TensorScalar: BinaryFloatingPoint, Sendable
where RawSignificand: FixedWidthInteger {
  /// The kernels of this type, a table of functions.
  static var kernels: Kernels<Self> { get }
}

/// The whole-buffer functions behind every operation on tensors of one scalar type.
///
/// Each entry is documented beside its declaration in `CKernels.h`, and takes its arguments in that
/// order but where a comment says otherwise. Tensors are row-major, without gaps where no stride is
/// given; no entry keeps a pointer.
public struct Kernels<Scalar: Sendable & Comparable & ExpressibleByIntegerLiteral>: Sendable {
  typealias Input = UnsafePointer<Scalar>
  typealias Output = UnsafeMutablePointer<Scalar>
  typealias DensityKernel =
    @Sendable (Int, Int, UnsafePointer<Int>, Input, Input, Input, Output) -> Void
  typealias DensityGradientKernel =
    @Sendable (Int, Int, UnsafePointer<Int>, Input, Input, Input, Input, Output, Output) -> Void

  let unary: @Sendable (ElboUnary, Int, Input, Output) -> Void
  /// One row, of strides 0 or 1: operation, n, a, its stride, b, its stride, y.
  let binary: @Sendable (ElboBinary, Int, Input, Int, Input, Int, Output) -> Void
  /// As `elbo_binary`: operation, rows, n, a and its two strides, b and its two, y.
  let binaryRows: @Sendable (ElboBinary, Int, Int, Input, Int, Int, Input, Int, Int, Output) -> Void
  let fill: @Sendable (Int, Scalar, Output) -> Void
  let accumulate: @Sendable (Int, Input, Output) -> Void
  let sum: @Sendable (Int, Int, Int, Input, Output) -> Void
  let max: @Sendable (Int, Int, Int, Input, Output) -> Void
  let transpose: @Sendable (Int, Int, Input, Output) -> Void
  let addSparseProduct: @Sendable (Int, Int, Int, Input, Input, Output) -> Void
  let biasActivation: @Sendable (ElboActivation, Int, Int, Input?, Output) -> Void
  /// Rows, columns, x, logits, `[rows]` of log-probabilities, and the residual or nil.
  let bernoulli: @Sendable (Int, Int, Input, Input, Output, Output?) -> Void
  /// As for bernoulli.
  let multinomial: @Sendable (Int, Int, Input, Input, Output, Output?) -> Void
  let scaleRows: @Sendable (Int, Int, Input, Input, Output) -> Void
  let gaussianSample: @Sendable (Int, Input, Input, Input, Output) -> Void
  let gaussianDraws: @Sendable (Int, Int, Input, Input, Input, Output) -> Void
  let gaussianSampleGradient: @Sendable (Int, Input, Input, Input, Output) -> Void
  let gaussianKL: @Sendable (Int, Int, Input, Input, Output) -> Void
  let gaussianKLGradient: @Sendable (Int, Int, Input, Input, Input, Output, Output) -> Void
  /// As `elbo_normal_density`: rows, n, the constant, six steps, x, mean, sd, log sd, y.
  let normalDensity:
    @Sendable (Int, Int, Scalar, UnsafePointer<Int>, Input, Input, Input, Input, Output) -> Void
  /// As `elbo_normal_density_gradient`: rows, n, six steps, g, x, mean, sd, and the two gradients.
  let normalDensityGradient:
    @Sendable (Int, Int, UnsafePointer<Int>, Input, Input, Input, Input, Output, Output) -> Void
  /// Log-densities of data: rows, n, six steps, x, two parameters, y.
  let negativeBinomial: DensityKernel
  let moreZeros: DensityKernel
  /// The same with half the width of a bin after n.
  let discretisedLogistic:
    @Sendable (Int, Int, Scalar, UnsafePointer<Int>, Input, Input, Input, Output) -> Void
  /// Rows, n, six steps, g, x, two parameters, and their two gradients.
  let negativeBinomialGradient: DensityGradientKernel
  let moreZerosGradient: DensityGradientKernel
  /// The same with half the width of a bin after n.
  let discretisedLogisticGradient:
    @Sendable (Int, Int, Scalar, UnsafePointer<Int>, Input, Input, Input, Input, Output, Output) ->
      Void
  /// n, gradient, parameter, first and second moment; whether all that it wrote is finite.
  let adam: @Sendable (Int, Input, Output, Output, Output, AdamCoefficients<Scalar>) -> Bool
  let sumOfSquares: @Sendable (Int, Input) -> Double
  let scale: @Sendable (Int, Scalar, Output) -> Void
  /// n, weight, x and y, which moves towards x.
  let approach: @Sendable (Int, Scalar, Input, Output) -> Void
  /// For normal, uniform and bernoulliBytes the key holds the seed and three counters.
  let normal: @Sendable (Int, NoiseKey, Output) -> Void
  let uniform: @Sendable (Int, NoiseKey, Range<Scalar>, Output) -> Void
  let bytes: @Sendable (Int, UnsafePointer<UInt8>, Output) -> Void
  let thresholdBytes: @Sendable (Int, UnsafePointer<UInt8>, Output) -> Void
  let bernoulliBytes: @Sendable (Int, NoiseKey, UnsafePointer<UInt8>, Output) -> Void
  /// y[i] = x[i] as a `Double`, exactly; then the way back, rounded to nearest.
  let toDoubles: @Sendable (Int, Input, UnsafeMutablePointer<Double>) -> Void
  let fromDoubles: @Sendable (Int, UnsafePointer<Double>, Output) -> Void
  let firstNonFinite: @Sendable (Int, Input) -> Int
  /// Small matrices of many draws: n, draws, A, L.
  let drawsCholesky: @Sendable (Int, Int, Input, Output) -> Void
  /// n, draws, L, its gradient, that of A.
  let drawsCholeskyGradient: @Sendable (Int, Int, Input, Input, Output) -> Void
  /// Whether transposed, n, columns, draws, L and whether it has draws, b and whether it has, y.
  let drawsTriangularSolve:
    @Sendable (Bool, Int, Int, Int, Input, Bool, Input, Bool, Output) -> Void
  let drawsProduct: @Sendable (ElboDrawsProduct, Int, Input, Bool, Input, Bool, Output) -> Void
  /// C = op(A) op(B) from A, B and C: see ``MatrixProduct``.
  let multiply: @Sendable (MatrixProduct, Input, Input, Output) -> Void
  /// Gradients from lists of what is not zero; nil for a type that has none.
  let columns: ColumnKernels<Scalar, Scalar>?
  /// Products of operands rounded to bfloat16; nil for a type that has none.
  let rounded: RoundedKernels<Scalar>?
}

/// Rounding to bfloat16, and products of what was rounded, summed in full precision.
struct RoundedKernels<Scalar>: Sendable {
  typealias Operand = UnsafePointer<UInt16>

  /// n, x and the nearest bfloat16 numbers, ties to even.
  let round: @Sendable (Int, UnsafePointer<Scalar>, UnsafeMutablePointer<UInt16>) -> Void
  let multiply: @Sendable (MatrixProduct, Operand, Operand, UnsafeMutablePointer<Scalar>) -> Void
  let columns: ColumnKernels<UInt16, Scalar>
}

/// Counts and lists what is not zero in a matrix of `Element`, and multiplies what is listed.
struct ColumnKernels<Element, Scalar>: Sendable {
  typealias Matrix = UnsafePointer<Element>

  /// n and x: how many of x are not zero.
  let count: @Sendable (Int, Matrix) -> Int
  /// Rows, columns (up to 16 are taken), x, the stride between its rows, and the list.
  let list: @Sendable (Int, Int, Matrix, Int, UnsafeMutablePointer<ElboColumns>) -> Void
  /// Rows, outputs, inputs, lists, d, the stride between its rows, whether to add, and y.
  let gradient:
    @Sendable (
      Int, Int, Int, UnsafePointer<ElboColumns>, Matrix, Int, Bool, UnsafeMutablePointer<Scalar>
    ) -> Void
}

/// The numbers of one Adam step, shared by all parameters: the weights of the newest gradient in
/// the moments, 1 - beta1 and 1 - beta2, the corrections 1 - beta1^t and 1 - beta2^t, and the share
/// of a parameter that weight decay retains.
package struct AdamCoefficients<Scalar: Sendable & ExpressibleByIntegerLiteral>: Sendable {
  package var rate, weight1, weight2, epsilon, correction1, correction2, retained: Scalar

  package init(
    rate: Scalar, weight1: Scalar, weight2: Scalar, epsilon: Scalar, correction1: Scalar,
    correction2: Scalar, retained: Scalar = 1
  ) {
    self.rate = rate
    self.weight1 = weight1
    self.weight2 = weight2
    self.epsilon = epsilon
    self.correction1 = correction1
    self.correction2 = correction2
    self.retained = retained
  }
}
