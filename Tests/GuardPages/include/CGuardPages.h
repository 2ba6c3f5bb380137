// SPDX-License-Identifier: Apache-2.0
//
// Runs kernels on operands that lie against a page which may not be touched: a kernel that reads or
// writes one byte beyond an operand ends the process.

#ifndef ELBO_GUARD_PAGES_H
#define ELBO_GUARD_PAGES_H

#include <stddef.h>

// On which side of each operand the page lies.
typedef enum { ElboGuardAfter, ElboGuardBefore } ElboGuardSide;

// Runs the kernels of one type of number on operands of many sizes; returns how many calls there
// were.
size_t elbo_guarded_f32(ElboGuardSide side);
size_t elbo_guarded_f64(ElboGuardSide side);
// The products and hashes that know one type alone, as far as this processor has them.
size_t elbo_guarded_products(ElboGuardSide side);
// Decodes a picture, a PNG or a JPEG file, whose bytes and pixels are such operands; returns 1, or
// 0 where it is refused.
int elbo_guarded_picture(ElboGuardSide side, const unsigned char *bytes, size_t size);

// Reads a byte beyond such an operand, so that a test can see that this ends a process.
int elbo_read_beyond(ElboGuardSide side);

#endif
