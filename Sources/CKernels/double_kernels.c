// SPDX-License-Identifier: Apache-2.0

#include "double_math.h"

#include <float.h>
#include <math.h>

#define REAL double
#define LARGEST DBL_MAX
#define SUFFIX f64
#define EXP double_exp
#define LOG double_log
#define LOG1P double_log1p
#define EXPM1 double_expm1
#define TANH double_tanh
#define SIGMOID double_sigmoid
#define SOFTPLUS double_softplus
#define SQRT __builtin_elementwise_sqrt
#define FABS fabs
#define POW pow
#define SIN sin
#define COS cos
#define EXP_NONPOSITIVE double_exp

#include "kernels.inc"
#include "draws.inc"
#include "densities.inc"
#include "multinomial.inc"
