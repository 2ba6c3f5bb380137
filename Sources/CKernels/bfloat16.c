// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"
#include "clones.h"

#include <string.h>

ELBO_CLONES void elbo_round_bfloat16(size_t n, const float *x, uint16_t *y) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, &x[i], sizeof bits);
    // Half a unit, and a bit less where the last digit kept is even.
    uint32_t nearest = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    // What is not a number must not round up to infinity: it stays what it is, and quiet.
    y[i] = (uint16_t)(x[i] == x[i] ? nearest : (bits >> 16) | 0x40);
  }
}
