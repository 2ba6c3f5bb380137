// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Double: TensorScalar {
  /// The kernels for `Double`.
  public static let kernels = Kernels<Double>(
    unary: { elbo_unary_f64($0, $1, $2, $3) },
    binary: { elbo_binary_f64($0, 1, $1, $2, 0, $3, $4, 0, $5, $6) },
    binaryRows: { elbo_binary_f64($0, $1, $2, $3, $4, $5, $6, $7, $8, $9) },
    fill: { elbo_fill_f64($0, $1, $2) },
    accumulate: { elbo_accumulate_f64($0, $1, $2) },
    sum: { elbo_sum_f64($0, $1, $2, $3, $4) },
    max: { elbo_max_f64($0, $1, $2, $3, $4) },
    transpose: { elbo_transpose_f64($0, $1, $2, $3) },
    addSparseProduct: { elbo_add_sparse_product_f64($0, $1, $2, $3, $4, $5) },
    biasActivation: { elbo_bias_activation_f64($0, $1, $2, $3, $4) },
    bernoulli: { elbo_bernoulli_f64($0, $1, $2, $3, $4, $5) },
    multinomial: { elbo_multinomial_f64($0, $1, $2, $3, $4, $5) },
    scaleRows: { elbo_scale_rows_f64($0, $1, $2, $3, $4) },
    gaussianSample: { elbo_gaussian_sample_f64($0, $1, $2, $3, $4) },
    gaussianDraws: { elbo_gaussian_draws_f64($0, $1, $2, $3, $4, $5) },
    gaussianSampleGradient: { elbo_gaussian_sample_gradient_f64($0, $1, $2, $3, $4) },
    gaussianKL: { elbo_gaussian_kl_f64($0, $1, $2, $3, $4) },
    gaussianKLGradient: { elbo_gaussian_kl_gradient_f64($0, $1, $2, $3, $4, $5, $6) },
    normalDensity: { elbo_normal_density_f64($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    normalDensityGradient: {
      elbo_normal_density_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7, $8)
    },
    negativeBinomial: { elbo_negative_binomial_f64($0, $1, $2, $3, $4, $5, $6) },
    moreZeros: { elbo_more_zeros_f64($0, $1, $2, $3, $4, $5, $6) },
    discretisedLogistic: { elbo_discretised_logistic_f64($0, $1, $2, $3, $4, $5, $6, $7) },
    negativeBinomialGradient: {
      elbo_negative_binomial_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7, $8)
    },
    moreZerosGradient: { elbo_more_zeros_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7, $8) },
    discretisedLogisticGradient: {
      elbo_discretised_logistic_gradient_f64($0, $1, $2, $3, $4, $5, $6, $7, $8, $9)
    },
    adam: { n, gradient, parameter, first, second, c in
      elbo_adam_f64(
        n, gradient, parameter, first, second, c.rate, c.weight1, c.weight2, c.epsilon,
        c.correction1, c.correction2, c.retained) != 0
    },
    sumOfSquares: { elbo_sum_of_squares_f64($0, $1) },
    scale: { elbo_scale_f64($0, $1, $2) },
    approach: { elbo_approach_f64($0, $1, $2, $3) },
    normal: { n, key, out in
      elbo_normal_f64(n, key.seed, key.counters.0, key.counters.1, key.counters.2, out)
    },
    uniform: { n, key, range, out in
      elbo_uniform_f64(
        n, key.seed, key.counters.0, key.counters.1, key.counters.2, range.lowerBound,
        range.upperBound, out)
    },
    bytes: { elbo_bytes_f64($0, $1, $2) },
    thresholdBytes: { elbo_threshold_bytes_f64($0, $1, $2) },
    bernoulliBytes: { n, key, bytes, out in
      elbo_bernoulli_bytes_f64(
        n, key.seed, key.counters.0, key.counters.1, key.counters.2, bytes, out)
    },
    toDoubles: { n, x, y in for i in 0..<n { y[i] = Double(x[i]) } },
    fromDoubles: { n, x, y in for i in 0..<n { y[i] = Double(x[i]) } },
    firstNonFinite: { elbo_first_non_finite_f64($0, $1) },
    drawsCholesky: { elbo_draws_cholesky_f64($0, $1, $2, $3) },
    drawsCholeskyGradient: { elbo_draws_cholesky_gradient_f64($0, $1, $2, $3, $4) },
    drawsTriangularSolve: { transposed, n, columns, draws, l, manyL, b, manyB, y in
      elbo_draws_triangular_solve_f64(
        transposed ? 1 : 0, n, columns, draws, l, manyL ? 1 : 0, b, manyB ? 1 : 0, y)
    },
    drawsProduct: { product, draws, a, manyA, b, manyB, c in
      withUnsafePointer(to: product) {
        elbo_draws_product_f64($0, draws, a, manyA ? 1 : 0, b, manyB ? 1 : 0, c)
      }
    },
    multiply: { $0.multiply($1, $2, into: $3) },
    columns: nil,
    rounded: nil
  )
}
