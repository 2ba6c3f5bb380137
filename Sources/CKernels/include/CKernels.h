// SPDX-License-Identifier: Apache-2.0
//
// Element-wise kernels, reductions and fused operations over contiguous memory.
//
// Goals, in this order:
//   1. The same bits wherever a block of work begins or ends: an element's result depends on its
//      inputs alone, and sums run in an order fixed by the shape.
//   2. Accuracy: a few units in the last place.
//   3. Speed: one vectorised clone per x86-64 generation, chosen when the program is loaded.
//
// Shapes in comments are row-major. No pointer may be null unless its comment says so.
#pragma once

#include <stddef.h>
#include <stdint.h>

// How to read the operand of a unary kernel.
typedef enum {
  ElboNegate, ElboExp, ElboLog, ElboLogOnePlus, ElboExpMinusOne, ElboSquareRoot, ElboSquare,
  ElboReciprocal, ElboAbs, ElboTanh, ElboSigmoid, ElboSoftplus, ElboRelu, ElboSin, ElboCos,
  ElboArctangent, ElboLogOneMinusExp, ElboLogGamma, ElboDigamma, ElboTrigamma, ElboTetragamma,
  ElboErrorFunction, ElboComplementaryErrorFunction, ElboNormalLogCDF, ElboNormalLogCDFDerivative,
  ElboNormalQuantile, ElboLogBesselI0, ElboBesselRatio
} ElboUnary;

// Those named gradients: the first operand is the gradient of the output, the second the input (`x`)
// or the output (`y`) of the function, as its name says.
//
// ExpBelowLargest: exp(a - b) for b the largest of many a, also where that is infinite: +infinity
// counts as 1 beside +infinity, so that a sum counts such terms; -infinity always as 0.
// WhereTaken: 1 where a, the larger or smaller of b and another number, is b; else 0.
// KeepWhere, DropWhere: a where b is not 0, or where it is; else 0, also for an infinite a.
typedef enum {
  ElboAdd, ElboSubtract, ElboMultiply, ElboDivide, ElboMaximum, ElboMinimum, ElboPower,
  ElboTanhGradientFromY, ElboSigmoidGradientFromY, ElboReluGradientFromY, ElboSoftplusGradientFromX,
  ElboAbsGradientFromX, ElboSquareRootGradientFromY, ElboReciprocalGradientFromY,
  ElboExpBelowLargest, ElboWhereTaken, ElboKeepWhere, ElboDropWhere
} ElboBinary;

typedef enum { ElboIdentityActivation, ElboReluActivation, ElboTanhActivation } ElboActivation;

// Makes this thread treat subnormal numbers as zeros, and back again: arithmetic with them takes a
// hundred times as long, and training makes many (moments of pixels that are hardly ever set).
uint64_t elbo_flush_subnormals(void);
void elbo_restore_subnormals(uint64_t before);

// y = x w^T, [rows, inputs] x [outputs, inputs] -> [rows, outputs], for few rows; strides are those
// between rows. Only where elbo_has_avx512() is true.
//
// Inputs that are zero in all of some neighbouring rows are left out. With finite weights a row's bits
// are its own (but for the sign of a zero whose products all vanished). A weight that is infinite or
// not a number need not show in rows where its input is zero: whether it does depends on the others.
int elbo_has_avx512(void);
void elbo_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x, size_t stride_x,
                       const float *w, size_t stride_w, float *y, size_t stride_y);
// The same to the bit, at the cost of what is not zero and one pass over w: what the product above
// does where the rows are sparse.
void elbo_sparse_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x,
                              size_t stride_x, const float *w, size_t stride_w, float *y,
                              size_t stride_y);
// Whether so few numbers of x are not zero that this is faster: a guess by some of the rows.
int elbo_has_sparse_rows(size_t rows, size_t inputs, const float *x, size_t stride);
// The same for bfloat16 numbers, summed as floats. Only where elbo_has_avx512_bf16() is true, and for
// even numbers of inputs and strides.
int elbo_has_avx512_bf16(void);
void elbo_rows_product_bf16(size_t rows, size_t outputs, size_t inputs, const uint16_t *x,
                            size_t stride_x, const uint16_t *w, size_t stride_w, float *y,
                            size_t stride_y);

// C = op(A) op(B), or C += op(A) op(B): [m, n] from op(A) [m, k] and op(B) [k, n], strides those
// between rows as they lie in memory. A number's sum runs in an order that depends on k alone: its
// bits do not depend on where rows and columns of C are cut, nor on which operand is transposed.
void elbo_product_f64(size_t m, size_t n, size_t k, const double *a, size_t stride_a,
                      int transpose_a, const double *b, size_t stride_b, int transpose_b, double *c,
                      size_t stride_c, int adding);

// Asks for memory that will be read soon.
void elbo_prefetch(size_t bytes, const void *memory);

// Mixes blocks of 64 bytes into the eight words of a SHA-256, given its 64 round constants. Only where
// elbo_has_sha256() is true.
int elbo_has_sha256(void);
void elbo_sha256_blocks(size_t blocks, const void *bytes, const uint32_t constants[64], void *state);

// The nearest bfloat16 numbers, the upper halves of floats; ties to even.
void elbo_round_bfloat16(size_t n, const float *x, uint16_t *y);

// What is not zero in 16 columns of a matrix, over at most 128 rows: numbers, and where the packed rows
// of d begin that they meet, in bytes.
enum { ElboColumnsRows = 128 };
typedef struct {
  uint32_t count[16];
  // A little more room than rows: whole vectors are written.
  float value[16][ElboColumnsRows + 16];
  uint32_t start[16][ElboColumnsRows + 16];
} ElboColumns;

#define ELBO_DECLARE_COLUMNS(ELEMENT, S)                                                           \
  size_t elbo_count_nonzero_##S(size_t n, const ELEMENT *x);                                       \
  /* Lists [rows, columns], at most 16 columns; the stride is that between rows. */                \
  void elbo_list_columns_##S(size_t rows, size_t columns, const ELEMENT *x, size_t stride,         \
                             ElboColumns *list);                                                   \
  /* y = d^T x, or y += d^T x: [outputs, inputs] from d [rows, outputs] and the lists of x, one for \
     each 16 inputs. A d that is infinite or not a number does not show beside a zero in x. */      \
  void elbo_sparse_gradient_##S(size_t rows, size_t outputs, size_t inputs,                        \
                                const ElboColumns *lists, const ELEMENT *d, size_t stride,         \
                                int adding, float *y);

ELBO_DECLARE_COLUMNS(float, f32)
// Of bfloat16 numbers, summed as floats.
ELBO_DECLARE_COLUMNS(uint16_t, bf16)

// A product of small matrices of many draws: [m, k] by [k, n]. Steps from row to row and from
// column to column of each operand are in elements of one draw. Of a `lower` one only what is on
// and below the diagonal is multiplied; above it are zeros.
typedef struct {
  size_t m, n, k;
  size_t a_row, a_column, b_row, b_column;
  int lower;
} ElboDrawsProduct;

#define ELBO_DECLARE(REAL, S)                                                                      \
  void elbo_unary_##S(ElboUnary op, size_t n, const REAL *x, REAL *y);                             \
  /* y[r, i] = op(a[r * ra + i * sa], b[r * rb + i * sb]), [rows, n]; sa and sb are 0 (one value for \
     all) or 1, ra and rb any steps between rows. */                                               \
  void elbo_binary_##S(ElboBinary op, size_t rows, size_t n, const REAL *a, size_t ra, size_t sa,  \
                       const REAL *b, size_t rb, size_t sb, REAL *y);                              \
  void elbo_fill_##S(size_t n, REAL value, REAL *y);                                               \
  /* y[i] += x[i] */                                                                               \
  void elbo_accumulate_##S(size_t n, const REAL *x, REAL *y);                                      \
  /* [outer, n, inner] -> [outer, inner], summed over n. */                                        \
  void elbo_sum_##S(size_t outer, size_t n, size_t inner, const REAL *x, REAL *y);                 \
  /* [outer, n, inner] -> [outer, inner], the largest over n >= 1. */                              \
  void elbo_max_##S(size_t outer, size_t n, size_t inner, const REAL *x, REAL *y);                 \
  /* [rows, columns] -> [columns, rows] */                                                         \
  void elbo_transpose_##S(size_t rows, size_t columns, const REAL *x, REAL *y);                    \
  /* y += x w, [rows, inputs] x [inputs, outputs], leaving out what is zero in x, whatever w holds   \
     there; each number of y is summed in the order of the inputs. */                              \
  void elbo_add_sparse_product_##S(size_t rows, size_t inputs, size_t outputs, const REAL *x,      \
                                   const REAL *w, REAL *y);                                        \
  /* y = activation(y + bias), [rows, columns]; bias [columns] or null. */                         \
  void elbo_bias_activation_##S(ElboActivation activation, size_t rows, size_t columns,            \
                                const REAL *bias, REAL *y);                                        \
  /* Per row: sum of x * l - softplus(l) -> [rows]; residual [rows, columns] = x - sigmoid(l), or  \
     null where no gradient is wanted. An infinite logit adds 0 where x is what it says, 0 or 1. */ \
  void elbo_bernoulli_##S(size_t rows, size_t columns, const REAL *x, const REAL *logits,          \
                          REAL *log_probability, REAL *residual);                                  \
  /* Per row: log of the chance of counts x given their sum T, of shares softmax(l) -> [rows];     \
     residual [rows, columns] = x - T softmax(l), or null where no gradient is wanted. */          \
  void elbo_multinomial_##S(size_t rows, size_t columns, const REAL *x, const REAL *logits,        \
                            REAL *log_probability, REAL *residual);                                \
  /* y[r, :] = x[r, :] * factor[r] */                                                              \
  void elbo_scale_rows_##S(size_t rows, size_t columns, const REAL *factor, const REAL *x,         \
                           REAL *y);                                                               \
  /* z = mean + exp(log_variance / 2) * noise */                                                   \
  void elbo_gaussian_sample_##S(size_t n, const REAL *mean, const REAL *log_variance,              \
                                const REAL *noise, REAL *z);                                       \
  /* The same for rows [draws, columns] of noise and z, all of one mean [columns] and log variance. */ \
  void elbo_gaussian_draws_##S(size_t draws, size_t columns, const REAL *mean,                     \
                               const REAL *log_variance, const REAL *noise, REAL *z);              \
  /* d z / d log_variance * g = g * (z - mean) / 2 */                                              \
  void elbo_gaussian_sample_gradient_##S(size_t n, const REAL *g, const REAL *z,                   \
                                         const REAL *mean, REAL *d_log_variance);                  \
  /* y[r, i] = constant - log sd - e^2 / 2, e = (x - mean) / sd, for rows of n. The steps are, for x, */ \
  /* mean and sd in turn, that from row to row and that within one, 0 or 1; log_sd lies as sd does. */ \
  void elbo_normal_density_##S(size_t rows, size_t n, REAL constant, const size_t *step,           \
                               const REAL *x, const REAL *mean, const REAL *sd,                    \
                               const REAL *log_sd, REAL *y);                                       \
  /* g e / sd and g (e^2 - 1) / sd, each [rows, n] */                                              \
  void elbo_normal_density_gradient_##S(size_t rows, size_t n, const size_t *step, const REAL *g,  \
                                        const REAL *x, const REAL *mean, const REAL *sd,           \
                                        REAL *d_mean, REAL *d_sd);                                 \
  /* Log-densities of x by two parameters and their gradients times g, each [rows, n]; steps are as\
     above, for x and the parameters. Of levels x = k / (levels - 1), half being                   \
     1 / (2 (levels - 1)): */                                                                      \
  void elbo_discretised_logistic_##S(size_t rows, size_t n, REAL half, const size_t *step,         \
                                     const REAL *x, const REAL *location, const REAL *log_scale,   \
                                     REAL *y);                                                     \
  void elbo_discretised_logistic_gradient_##S(size_t rows, size_t n, REAL half, const size_t *step,\
                                              const REAL *g, const REAL *x, const REAL *location,  \
                                              const REAL *log_scale, REAL *d_location,             \
                                              REAL *d_log_scale);                                  \
  /* of counts of mean mu and variance mu + mu^2 / r; */                                           \
  void elbo_negative_binomial_##S(size_t rows, size_t n, const size_t *step, const REAL *x,        \
                                  const REAL *log_mean, const REAL *log_dispersion, REAL *y);      \
  void elbo_negative_binomial_gradient_##S(size_t rows, size_t n, const size_t *step,              \
                                           const REAL *g, const REAL *x, const REAL *log_mean,     \
                                           const REAL *log_dispersion, REAL *d_log_mean,           \
                                           REAL *d_log_dispersion);                                \
  /* of counts that are 0 with probability sigmoid(logit), else x of log-probability `counted`. */ \
  void elbo_more_zeros_##S(size_t rows, size_t n, const size_t *step, const REAL *x,               \
                           const REAL *counted, const REAL *logit, REAL *y);                       \
  void elbo_more_zeros_gradient_##S(size_t rows, size_t n, const size_t *step, const REAL *g,      \
                                    const REAL *x, const REAL *counted, const REAL *logit,         \
                                    REAL *d_counted, REAL *d_logit);                               \
  /* Per row: 1/2 sum of exp(v) + m^2 - 1 - v -> [rows], KL(N(m, exp v) || N(0, I)). */            \
  void elbo_gaussian_kl_##S(size_t rows, size_t columns, const REAL *mean,                         \
                            const REAL *log_variance, REAL *kl);                                   \
  /* g[r] * m and g[r] * (exp(v) - 1) / 2 */                                                       \
  void elbo_gaussian_kl_gradient_##S(size_t rows, size_t columns, const REAL *g, const REAL *mean, \
                                     const REAL *log_variance, REAL *d_mean,                       \
                                     REAL *d_log_variance);                                        \
  /* One step of Adam that descends along `gradient`, given 1 - beta1, 1 - beta2, the bias         \
     corrections and what weight decay leaves of a parameter, 1 without; whether all that it       \
     wrote is finite. */                                                                           \
  int elbo_adam_##S(size_t n, const REAL *gradient, REAL *parameter, REAL *first, REAL *second,    \
                    REAL rate, REAL weight1, REAL weight2, REAL epsilon, REAL correction1,         \
                    REAL correction2, REAL retained);                                              \
  /* The sum of x[i]^2. */                                                                         \
  double elbo_sum_of_squares_##S(size_t n, const REAL *x);                                         \
  /* y[i] *= factor */                                                                             \
  void elbo_scale_##S(size_t n, REAL factor, REAL *y);                                             \
  /* y[i] += weight (x[i] - y[i]) */                                                               \
  void elbo_approach_##S(size_t n, REAL weight, const REAL *x, REAL *y);                           \
  /* Standard normals for Philox counters (c0 + i / 4, c1, c2, c3); see random.c. */               \
  void elbo_normal_##S(size_t n, uint64_t seed, uint32_t c1, uint32_t c2, uint32_t c3, REAL *y);   \
  /* Uniform in [low, high), for Philox counters as above; low where that is empty. */             \
  void elbo_uniform_##S(size_t n, uint64_t seed, uint32_t c1, uint32_t c2, uint32_t c3, REAL low,  \
                        REAL high, REAL *y);                                                       \
  /* y[i] = bytes[i] / 255 */                                                                      \
  void elbo_bytes_##S(size_t n, const uint8_t *bytes, REAL *y);                                    \
  /* y[i] = 1 where bytes[i] >= 128, else 0 */                                                     \
  void elbo_threshold_bytes_##S(size_t n, const uint8_t *bytes, REAL *y);                          \
  /* y[i] = 1 with probability bytes[i] / 255, else 0, drawn from Philox as above. */              \
  void elbo_bernoulli_bytes_##S(size_t n, uint64_t seed, uint32_t c1, uint32_t c2, uint32_t c3,    \
                                const uint8_t *bytes, REAL *y);                                    \
  /* Matrices [n, n, draws], the draw innermost. `many_x`: x has an axis of draws and is not one    \
     matrix for all; at least one operand has. A is read on and below its diagonal, L is 0 above    \
     it. A draw that is not positive definite is not-a-number from its first bad pivot on. */       \
  void elbo_draws_cholesky_##S(size_t n, size_t draws, const REAL *a, REAL *l);                    \
  /* The gradient of A, lower triangular, from that of L. */                                       \
  void elbo_draws_cholesky_gradient_##S(size_t n, size_t draws, const REAL *l,                     \
                                        const REAL *gradient, REAL *d_a);                          \
  /* y = L^-1 b, or L^-T b: [n, columns, draws]. */                                                \
  void elbo_draws_triangular_solve_##S(int transposed, size_t n, size_t columns, size_t draws,     \
                                       const REAL *l, int many_l, const REAL *b, int many_b,       \
                                       REAL *y);                                                   \
  void elbo_draws_product_##S(const ElboDrawsProduct *p, size_t draws, const REAL *a, int many_a,  \
                              const REAL *b, int many_b, REAL *c);                                 \
  /* The index of the first value that is infinite or not a number; n where there is none. */      \
  size_t elbo_first_non_finite_##S(size_t n, const REAL *x);

ELBO_DECLARE(float, f32)
ELBO_DECLARE(double, f64)
