// SPDX-License-Identifier: Apache-2.0
//
// Matrices without the columns that are zero in all rows: found, left out, and put back. Which of 16
// neighbouring columns are occupied is a word of 16 bits.

#include "CKernels.h"
#include "clones.h"

enum { Group = 16 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

// For any CPU.
#define PORTABLE(LINKAGE, REAL, FIND, PACK, SPREAD)                                                \
  LINKAGE ELBO_CLONES void FIND(size_t rows, size_t columns, const REAL *x, uint16_t *groups) {    \
    for (size_t first = 0; first < columns; first += Group) {                                      \
      size_t width = least(columns - first, Group);                                                \
      int set[Group] = {0};                                                                        \
      for (size_t r = 0; r < rows; r++)                                                            \
        for (size_t j = 0; j < width; j++) set[j] |= x[r * columns + first + j] != 0;              \
      groups[first / Group] = 0;                                                                   \
      for (size_t j = 0; j < Group; j++) groups[first / Group] |= (uint16_t)(set[j] << j);         \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  LINKAGE void PACK(size_t rows, size_t columns, const uint16_t *groups, const REAL *x,            \
                    REAL *packed, size_t stride) {                                                 \
    for (size_t r = 0; r < rows; r++, x += columns, packed += stride) {                            \
      size_t count = 0;                                                                            \
      for (size_t j = 0; j < columns; j++)                                                         \
        if (groups[j / Group] >> j % Group & 1) packed[count++] = x[j];                            \
      for (; count < stride; count++) packed[count] = 0;                                           \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  LINKAGE void SPREAD(size_t rows, size_t columns, const uint16_t *groups, const REAL *packed,     \
                      size_t stride, REAL *y) {                                                    \
    for (size_t r = 0; r < rows; r++, y += columns, packed += stride) {                            \
      size_t count = 0;                                                                            \
      for (size_t j = 0; j < columns; j++)                                                         \
        y[j] = groups[j / Group] >> j % Group & 1 ? packed[count++] : 0;                           \
    }                                                                                              \
  }
PORTABLE(static, float, find_columns, pack_columns, spread_columns)
PORTABLE(, double, elbo_find_columns_f64, elbo_pack_columns_f64, elbo_spread_columns_f64)

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))

// The first of 16.
AVX512 static __mmask16 up_to(size_t count) {
  return count < Group ? (__mmask16)((1u << count) - 1) : 0xffff;
}

AVX512 static void find_columns_avx512(size_t rows, size_t columns, const float *x,
                                       uint16_t *groups) {
  for (size_t first = 0; first < columns; first += Group) {
    __mmask16 there = up_to(columns - first);
    __m512i set = _mm512_setzero_si512();
    // Minus zero counts as set: nothing is lost but a little time.
    for (size_t r = 0; r < rows; r++)
      set = _mm512_or_si512(set, _mm512_maskz_loadu_epi32(there, x + r * columns + first));
    groups[first / Group] = _mm512_test_epi32_mask(set, set);
  }
}

AVX512 static void pack_columns_avx512(size_t rows, size_t columns, const uint16_t *groups,
                                       const float *x, float *packed, size_t stride) {
  size_t whole = columns / Group * Group;
  for (size_t r = 0; r < rows; r++, x += columns) {
    float *next = packed + r * stride, *end = next + stride;
    for (size_t j = 0; j < whole; j += Group) {
      __m512 kept = _mm512_maskz_compress_ps(groups[j / Group], _mm512_loadu_ps(x + j));
      // Sixteen where there is room: what is too much is overwritten by the next.
      if (end - next >= Group) _mm512_storeu_ps(next, kept);
      else _mm512_mask_storeu_ps(next, up_to((size_t)(end - next)), kept);
      next += __builtin_popcount(groups[j / Group]);
    }
    for (size_t j = whole; j < columns; j++)
      if (groups[j / Group] >> j % Group & 1) *next++ = x[j];
    while (next < end) *next++ = 0;
  }
}

AVX512 static void spread_columns_avx512(size_t rows, size_t columns, const uint16_t *groups,
                                         const float *packed, size_t stride, float *y) {
  size_t whole = columns / Group * Group;
  for (size_t r = 0; r < rows; r++, y += columns) {
    const float *next = packed + r * stride, *end = packed + rows * stride;
    size_t j = 0;
    for (; j < whole && end - next >= Group; j += Group) {
      _mm512_storeu_ps(y + j, _mm512_maskz_expand_ps(groups[j / Group], _mm512_loadu_ps(next)));
      next += __builtin_popcount(groups[j / Group]);
    }
    for (; j < columns; j += Group) {
      _mm512_mask_storeu_ps(y + j, up_to(columns - j),
                            _mm512_maskz_expandloadu_ps(groups[j / Group], next));
      next += __builtin_popcount(groups[j / Group]);
    }
  }
}

#endif

void elbo_find_columns_f32(size_t rows, size_t columns, const float *x, uint16_t *groups) {
#if defined(__x86_64__)
  if (elbo_has_avx512()) return find_columns_avx512(rows, columns, x, groups);
#endif
  find_columns(rows, columns, x, groups);
}

void elbo_pack_columns_f32(size_t rows, size_t columns, const uint16_t *groups, const float *x,
                           float *packed, size_t stride) {
#if defined(__x86_64__)
  if (elbo_has_avx512()) return pack_columns_avx512(rows, columns, groups, x, packed, stride);
#endif
  pack_columns(rows, columns, groups, x, packed, stride);
}

void elbo_spread_columns_f32(size_t rows, size_t columns, const uint16_t *groups,
                             const float *packed, size_t stride, float *y) {
#if defined(__x86_64__)
  if (elbo_has_avx512()) return spread_columns_avx512(rows, columns, groups, packed, stride, y);
#endif
  spread_columns(rows, columns, groups, packed, stride, y);
}
