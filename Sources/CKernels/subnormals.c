// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
// Flush-to-zero (results) and denormals-are-zero (operands).
uint64_t elbo_flush_subnormals(void) {
  uint32_t before = _mm_getcsr();
  _mm_setcsr(before | 0x8040);
  return before;
}
void elbo_restore_subnormals(uint64_t before) { _mm_setcsr((uint32_t)before); }
#elif defined(__aarch64__)
// FPCR.FZ does both.
uint64_t elbo_flush_subnormals(void) {
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | (1ull << 24)));
  return before;
}
void elbo_restore_subnormals(uint64_t before) { __asm__ volatile("msr fpcr, %0" : : "r"(before)); }
#else
uint64_t elbo_flush_subnormals(void) { return 0; }
void elbo_restore_subnormals(uint64_t before) { (void)before; }
#endif
