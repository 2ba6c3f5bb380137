// SPDX-License-Identifier: Apache-2.0

#include "clones.h"

#include <float.h>
#include <math.h>

// The C library's functions: what a gradient check to 1e-9 needs.
ELBO_INLINE double double_sigmoid(double x) {
  double e = exp(-fabs(x));
  return (x < 0 ? e : 1.0) / (1.0 + e);
}

ELBO_INLINE double double_softplus(double x) {
  return (x > 0 ? x : 0.0) + log1p(exp(-fabs(x)));
}

#define REAL double
#define LARGEST DBL_MAX
#define SUFFIX f64
#define EXP exp
#define LOG log
#define LOG1P log1p
#define EXPM1 expm1
#define TANH tanh
#define SIGMOID double_sigmoid
#define SOFTPLUS double_softplus
#define SQRT __builtin_elementwise_sqrt
#define FABS fabs
#define POW pow
#define SIN sin
#define COS cos
#define EXP_NONPOSITIVE exp

#include "kernels.inc"
