// SPDX-License-Identifier: Apache-2.0
//
// Sixteen floats at once, whatever vectors the CPU has, and blocks of 16 x 16.
#pragma once

#include <stddef.h>

#include "clones.h"

static inline size_t least(size_t a, size_t b) { return a < b ? a : b; }

#if defined(__clang__)

#define UNROLLED _Pragma("clang loop unroll(full)")
#define SHUFFLE __builtin_shufflevector

enum { Lanes = 16 };

typedef float Vector __attribute__((vector_size(64)));
typedef Vector UnalignedVector __attribute__((aligned(4)));

// A 16 x 16 block, turned: pairs, then fours, then the four 128-bit quarters.
ELBO_INLINE void turn(Vector r[Lanes]) {
  Vector t[Lanes];
  UNROLLED for (int i = 0; i < 16; i += 2) {
    t[i] = SHUFFLE(r[i], r[i + 1], 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29);
    t[i + 1] = SHUFFLE(r[i], r[i + 1], 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31);
  }
  UNROLLED for (int i = 0; i < 16; i += 4) {
    UNROLLED for (int h = 0; h < 2; h++) {
      Vector a = t[i + h], b = t[i + h + 2];
      r[i + 2 * h] = SHUFFLE(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
      r[i + 2 * h + 1] = SHUFFLE(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
    }
  }
  UNROLLED for (int c = 0; c < 4; c++) {
    UNROLLED for (int half = 0; half < 2; half++) {
      Vector a = r[c], b = r[4 + c], d = r[8 + c], e = r[12 + c], ab, de;
      if (half == 0) {
        ab = SHUFFLE(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
        de = SHUFFLE(d, e, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
      } else {
        ab = SHUFFLE(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
        de = SHUFFLE(d, e, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
      }
      t[8 * half + c] = SHUFFLE(ab, de, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
      t[8 * half + 4 + c] =
          SHUFFLE(ab, de, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    }
  }
  UNROLLED for (int i = 0; i < 16; i++) r[i] = t[i];
}

// Turns a block, then writes or adds what there is of it: at most 16 rows and columns of y.
ELBO_INLINE void write_turned(Vector block[Lanes], size_t rows, size_t columns, int adding, float *y,
                              size_t stride) {
  turn(block);
  for (size_t r = 0; r < least(rows, Lanes); r++, y += stride) {
    if (columns >= Lanes) {
      UnalignedVector *target = (UnalignedVector *)y;
      *target = adding ? *target + block[r] : block[r];
    } else {
      for (size_t c = 0; c < columns; c++) y[c] = adding ? y[c] + block[r][c] : block[r][c];
    }
  }
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))

// The first of 16 lanes.
AVX512_INLINE __mmask16 up_to(size_t count) {
  return count < Lanes ? (__mmask16)((1u << count) - 1) : 0xffff;
}

// first, first + 1, ... times the step.
AVX512_INLINE __m512i sequence(size_t first, size_t step) {
  const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  return _mm512_mullo_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32((int)first)),
                            _mm512_set1_epi32((int)step));
}

#endif

#endif
