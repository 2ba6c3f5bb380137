// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"
#include "guard.h"

#define REAL float
#define SUFFIX f32

#include "guarded.inc"
