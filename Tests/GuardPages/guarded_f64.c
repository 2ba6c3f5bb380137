// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"
#include "guard.h"

#define REAL double
#define SUFFIX f64

#include "guarded.inc"
