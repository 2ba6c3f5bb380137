// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"

void elbo_prefetch(size_t bytes, const void *memory) {
  enum { CacheLine = 64 };
  for (size_t i = 0; i < bytes; i += CacheLine) __builtin_prefetch((const char *)memory + i);
}
