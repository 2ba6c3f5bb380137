// SPDX-License-Identifier: Apache-2.0

internal import CKernels
internal import COneDNN

/// C = op(A) op(B), or C += op(A) op(B): row-major, op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`.
///
/// Each row of C depends on its row of op(A) and on op(B) alone, and its bits are the same for any
/// block of at least ``rowGranularity`` rows that begins at a multiple of it; if A is transposed
/// and B is not, for any block that begins at a multiple of ``transposedRowGranularity``.
///
/// That holds where op(B) is finite. Products of zeros may be left out (`rows_product.c`): 0 times
/// an infinite number or not-a-number in op(B) may then count as 0, and whether it does depends on
/// the rows beside it. Where all products of a finite sum vanish, so may the sign of its zero.
struct MatrixProduct: Sendable {
  /// Rows of C, columns of C, and the terms of each of its sums.
  var m, n, k: Int
  /// Elements between rows of A and of B as they lie in memory, before the transposition.
  var strideA, strideB, strideC: Int
  var transposeA = false
  var transposeB = false
  var accumulates = false

  /// Additions and multiplications.
  var operations: Int { 2 * m * n * k }

  /// oneDNN multiplies fewer than 16 rows, and a single one, in other ways, which round
  /// differently.
  static let rowGranularity = 16
  /// Found by trial; a test watches both.
  static let transposedRowGranularity = isInBlocks ? 64 : 4

  /// On CPUs with AVX2 alone oneDNN takes rows in groups of six and the rest in another way, so
  /// that bits depend on where a block ends. There, blocks of one size are multiplied one by one.
  private static let isInBlocks: Bool = {
    let instructions = dnnl_get_effective_cpu_isa()
    return instructions == dnnl_cpu_isa_avx2 || instructions == dnnl_cpu_isa_avx2_vnni
  }()

  /// True where there is nothing to multiply; C is then cleared unless it accumulates.
  private func isTrivial<Scalar: BinaryFloatingPoint>(_ c: UnsafeMutablePointer<Scalar>) -> Bool {
    if m > 0, n > 0, k > 0 { return false }
    if !accumulates {
      for row in 0..<m { (c + row * strideC).update(repeating: 0, count: n) }
    }
    return true
  }

  func multiply(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>
  ) {
    if isTrivial(c) { return }
    if isRowsProduct {
      return elbo_rows_product(m, n, k, a, strideA, b, strideB, c, strideC)
    }
    ProductThread.shielded { multiplyInBlocks(a, b, into: c) }
  }

  /// Rows of C in blocks where bits depend on where a block ends. Row r of op(A) begins r strides
  /// into A, or, if A is transposed, r elements.
  private func multiplyInBlocks(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>
  ) {
    let block = transposeA ? Self.transposedRowGranularity : Self.rowGranularity
    guard Self.isInBlocks, m > block else { return multiplyAtOnce(a, b, into: c) }
    for row in stride(from: 0, to: m, by: block) {
      var part = self
      part.m = min(block, m - row)
      part.multiplyAtOnce(a + row * (transposeA ? 1 : strideA), b, into: c + row * strideC)
    }
  }

  /// Whether the kernel for few rows serves: like oneDNN for many rows, up to twice as fast for
  /// few. (oneDNN is up to a third faster with fewer inputs than 64; but an evaluation that does
  /// without it saves the 30 ms in which it compiles its kernels.)
  private var isRowsProduct: Bool {
    transposeB && !transposeA && !accumulates && Self.hasOwnKernels
  }

  /// Whether this CPU, and what oneDNN was told of it, has the instructions of our own kernels.
  static let hasOwnKernels = !isInBlocks && elbo_has_avx512() != 0
  private static let hasOwnRoundedKernels = hasOwnKernels && elbo_has_avx512_bf16() != 0

  /// C = op(A) op(B) + beta C with beta 0 or 1. `dnnl_sgemm` is row-major.
  private func multiplyAtOnce(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>
  ) {
    let status = dnnl_sgemm(
      letter(transposeA), letter(transposeB), dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), 1, a,
      dnnl_dim_t(strideA), b, dnnl_dim_t(strideB), accumulates ? 1 : 0, c, dnnl_dim_t(strideC))
    precondition(status == dnnl_success, "oneDNN refused a matrix product \(self)")
  }

  /// An element's bits depend on its row and column and on k alone, whatever is cut or transposed.
  func multiply(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, into c: UnsafeMutablePointer<Double>
  ) {
    if isTrivial(c) { return }
    elbo_product_f64(
      m, n, k, a, strideA, transposeA ? 1 : 0, b, strideB, transposeB ? 1 : 0, c, strideC,
      accumulates ? 1 : 0)
  }

  /// The product of numbers rounded to bfloat16, summed in `Float`.
  func multiplyRounded(
    _ a: UnsafePointer<UInt16>, _ b: UnsafePointer<UInt16>, into c: UnsafeMutablePointer<Float>
  ) {
    if isTrivial(c) { return }
    if isRowsProduct, Self.hasOwnRoundedKernels, k % 2 == 0, strideA % 2 == 0, strideB % 2 == 0 {
      return elbo_rows_product_bf16(m, n, k, a, strideA, b, strideB, c, strideC)
    }
    guard let multiply = ProductPrecision.roundedMultiply else {
      preconditionFailure("this oneDNN has no bfloat16 products")
    }
    let status = ProductThread.shielded {
      multiply(
        letter(transposeA), letter(transposeB), dnnl_dim_t(m), dnnl_dim_t(n), dnnl_dim_t(k), 1, a,
        dnnl_dim_t(strideA), b, dnnl_dim_t(strideB), accumulates ? 1 : 0, c, dnnl_dim_t(strideC))
    }
    precondition(status == dnnl_success, "oneDNN refused a bfloat16 product \(self)")
  }

  private func letter(_ transposed: Bool) -> CChar {
    CChar(UInt8(ascii: transposed ? "T" : "N"))
  }
}
