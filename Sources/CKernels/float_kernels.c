// SPDX-License-Identifier: Apache-2.0

#include "float_math.h"

#include <float.h>
#include <math.h>

#define REAL float
#define LARGEST FLT_MAX
#define SUFFIX f32
#define EXP float_exp
#define LOG float_log
#define LOG1P float_log1p
#define EXPM1 float_expm1
#define TANH float_tanh
#define SIGMOID float_sigmoid
#define SOFTPLUS float_softplus
// Unlike sqrtf, which may set errno, it vectorises.
#define SQRT __builtin_elementwise_sqrt
#define FABS fabsf
#define POW powf
#define SIN sinf
#define COS cosf
#define EXP_NONPOSITIVE float_exp_nonpositive

#include "kernels.inc"
#include "draws.inc"
#include "densities.inc"
#include "multinomial.inc"
