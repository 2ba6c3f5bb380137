// SPDX-License-Identifier: Apache-2.0
//
// y = d^T x, the gradient of a weight, for inputs x that are zero in many places: pixels, and units
// that are off. The numbers that are not zero are listed column by column, once for all outputs;
// each then costs one multiplication for each output, of vectors of outputs that lie side by side
// in d.
//
//     y[o, i] = sum over the rows r with x[r, i] not 0 of d[r, o] x[r, i]
//
// x is [rows, inputs], d [rows, outputs] and y [outputs, inputs], with at most 128 rows in one
// call; the caller adds up the blocks of a longer batch.
//
// An element of y is summed over the rows in order, 128 at a time, whatever outputs are worked on
// together.

#include "CKernels.h"
#include "vectors.h"

// A product and its addition may become one instruction, rounded once.
#pragma clang fp contract(fast)

// Outputs at once: as many as keep 128 rows of d, and what is listed, in the first cache. (128 rows
// of 48 floats are 24 KB.) The packed rows have this fixed width, so that a list can hold the place
// of a row in bytes, whatever d's own stride.
enum { MostVectors = 3, Width = MostVectors * Lanes, RowBytes = Width * sizeof(float) };

ELBO_INLINE float number_f32(float x) { return x; }

// A bfloat16 number is the upper half of a float.
ELBO_INLINE float number_bf16(uint16_t x) {
  union { uint32_t bits; float number; } wide = {(uint32_t)x << 16};
  return wide.number;
}

// The rows of d for some outputs, side by side, with zeros up to a whole vector. What the zeros
// lead to is never written: write_turned is told how many outputs there are.
#define PACK(S, ELEMENT)                                                                           \
  ELBO_INLINE void pack_##S(size_t rows, size_t outputs, const ELEMENT *d, size_t stride,          \
                            float *packed) {                                                       \
    for (size_t r = 0; r < rows; r++, d += stride, packed += Width) {                              \
      if (outputs == Width)                                                                        \
        for (size_t o = 0; o < Width; o++) packed[o] = number_##S(d[o]);                           \
      else                                                                                         \
        for (size_t o = 0; o < Width; o++) packed[o] = o < outputs ? number_##S(d[o]) : 0;         \
    }                                                                                              \
  }

// Sums for 16 inputs, and for some vectors of outputs of each: lane o of sums[v][i] belongs to
// output 16 v + o and input i, so that sums[v] is a block of y, transposed. Each sum is one
// accumulator over the list of its input, which has the rows in ascending order.
#define SUM(VECTORS)                                                                               \
  ELBO_INLINE void sum_##VECTORS(const ElboColumns *list, const float *d,                          \
                                 Vector sums[MostVectors][Lanes]) {                                \
    for (int i = 0; i < Lanes; i++) {                                                              \
      Vector sum[VECTORS];                                                                         \
      UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] = (Vector){0};                             \
      const float *value = list->value[i], *end = value + list->count[i];                          \
      for (const uint32_t *start = list->start[i]; value < end; value++, start++) {                \
        const Vector *row = (const Vector *)((const char *)d + *start);                            \
        UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] += *value * row[v];                      \
      }                                                                                            \
      UNROLLED for (int v = 0; v < VECTORS; v++) sums[v][i] = sum[v];                              \
    }                                                                                              \
  }
SUM(1) SUM(2) SUM(3)

// gradient: y, or what is added to it, for 48 outputs at a time; the last ones take only as many
// vectors as they fill. write_turned transposes each 16 x 16 block of sums into rows of y.
//
// list_any: the numbers of up to 16 columns that are not zero, in the order of the rows. Each
// number is written behind those kept so far and stays if it is not zero: there is no branch, which
// the CPU could not foresee. Not-a-number is not equal to zero, so it stays.
#define GRADIENT(S, ELEMENT)                                                                       \
  PACK(S, ELEMENT)                                                                                 \
  ELBO_INLINE void gradient_##S(size_t rows, size_t outputs, size_t inputs,                        \
                                const ElboColumns *lists, const ELEMENT *d, size_t stride,         \
                                int adding, float *y) {                                            \
    _Alignas(64) float packed[ElboColumnsRows * Width];                                            \
    for (size_t first = 0; first < outputs; first += Width) {                                      \
      size_t width = least(outputs - first, Width);                                                \
      pack_##S(rows, width, d + first, stride, packed);                                            \
      for (size_t i = 0; i < inputs; i += Lanes) {                                                 \
        const ElboColumns *list = lists + i / Lanes;                                               \
        Vector sums[MostVectors][Lanes];                                                           \
        if (width > 2 * Lanes) sum_3(list, packed, sums);                                          \
        else if (width > Lanes) sum_2(list, packed, sums);                                         \
        else sum_1(list, packed, sums);                                                            \
        for (size_t v = 0; v * Lanes < width; v++)                                                 \
          write_turned(sums[v], width - v * Lanes, inputs - i, adding,                             \
                       y + (first + v * Lanes) * inputs + i, inputs);                              \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  ELBO_CLONES static void gradient_any_##S(size_t rows, size_t outputs, size_t inputs,             \
                                           const ElboColumns *lists, const ELEMENT *d,             \
                                           size_t stride, int adding, float *y) {                  \
    gradient_##S(rows, outputs, inputs, lists, d, stride, adding, y);                              \
  }                                                                                                \
                                                                                                   \
  static void list_any_##S(size_t rows, size_t columns, const ELEMENT *x, size_t stride,           \
                           ElboColumns *list) {                                                    \
    for (size_t i = 0; i < Lanes; i++) list->count[i] = 0;                                         \
    for (size_t r = 0; r < rows; r++)                                                              \
      for (size_t i = 0; i < least(columns, Lanes); i++) {                                         \
        float value = number_##S(x[r * stride + i]);                                               \
        list->value[i][list->count[i]] = value;                                                    \
        list->start[i][list->count[i]] = (uint32_t)(r * RowBytes);                                 \
        list->count[i] += value != 0;                                                              \
      }                                                                                            \
  }
GRADIENT(f32, float)
GRADIENT(bf16, uint16_t)

#if defined(__x86_64__)

// A row of 16 columns, zeros where `there` is not set: nothing is read beyond the matrix.
AVX512 static Vector load_f32(__mmask16 there, const float *x) {
  return (Vector)_mm512_maskz_loadu_ps(there, x);
}

AVX512 static Vector load_bf16(__mmask16 there, const uint16_t *x) {
  return (Vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(there, x)), 16);
}

// The numbers of 16 rows and as many columns, column by column, behind those of earlier rows: the
// block is transposed, and each column's lanes that are not zero are moved together. Rows and
// columns that are not there were loaded as zeros, and so are not listed.
AVX512 static void append(Vector block[Lanes], size_t first, ElboColumns *list) {
  __m512i start = sequence(first, RowBytes);
  turn(block);
  for (int i = 0; i < Lanes; i++) {
    __m512 column = (__m512)block[i];
    // What is not a number is not equal to zero either.
    __mmask16 set = _mm512_cmp_ps_mask(column, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    // No more than `first` were kept so far: there is room for 16.
    _mm512_storeu_ps(list->value[i] + list->count[i], _mm512_maskz_compress_ps(set, column));
    _mm512_storeu_epi32(list->start[i] + list->count[i], _mm512_maskz_compress_epi32(set, start));
    list->count[i] += (uint32_t)__builtin_popcount(set);
  }
}

#define AVX512_VERSIONS(S, ELEMENT)                                                                \
  AVX512 static void list_avx512_##S(size_t rows, size_t columns, const ELEMENT *x, size_t stride, \
                                     ElboColumns *list) {                                          \
    __mmask16 there = up_to(columns);                                                              \
    for (int i = 0; i < Lanes; i++) list->count[i] = 0;                                            \
    for (size_t first = 0; first < rows; first += Lanes) {                                         \
      Vector block[Lanes];                                                                         \
      for (size_t r = 0; r < Lanes; r++)                                                           \
        block[r] = load_##S(first + r < rows ? there : 0, x + (first + r) * stride);               \
      append(block, first, list);                                                                  \
    }                                                                                              \
  }                                                                                                \
                                                                                                   \
  AVX512 static void gradient_avx512_##S(size_t rows, size_t outputs, size_t inputs,               \
                                         const ElboColumns *lists, const ELEMENT *d,               \
                                         size_t stride, int adding, float *y) {                    \
    gradient_##S(rows, outputs, inputs, lists, d, stride, adding, y);                              \
  }
AVX512_VERSIONS(f32, float)
AVX512_VERSIONS(bf16, uint16_t)

#define DISPATCH(CALL) if (elbo_has_avx512()) return CALL;

#else
#define DISPATCH(CALL)
#endif

// The count runs in 32 bits within 4,096 numbers, as wide as a float, so that a vector of
// comparisons is added without widening it; their sums are added in 64.
#define ENTRIES(S, ELEMENT)                                                                        \
  ELBO_CLONES size_t elbo_count_nonzero_##S(size_t n, const ELEMENT *x) {                          \
    size_t count = 0;                                                                              \
    for (size_t first = 0; first < n; first += 4096) {                                             \
      uint32_t some = 0;                                                                           \
      for (size_t i = first; i < least(n, first + 4096); i++) some += number_##S(x[i]) != 0;       \
      count += some;                                                                               \
    }                                                                                              \
    return count;                                                                                  \
  }                                                                                                \
                                                                                                   \
  void elbo_list_columns_##S(size_t rows, size_t columns, const ELEMENT *x, size_t stride,         \
                             ElboColumns *list) {                                                  \
    DISPATCH(list_avx512_##S(rows, columns, x, stride, list))                                      \
    list_any_##S(rows, columns, x, stride, list);                                                  \
  }                                                                                                \
                                                                                                   \
  void elbo_sparse_gradient_##S(size_t rows, size_t outputs, size_t inputs,                        \
                                const ElboColumns *lists, const ELEMENT *d, size_t stride,         \
                                int adding, float *y) {                                            \
    DISPATCH(gradient_avx512_##S(rows, outputs, inputs, lists, d, stride, adding, y))              \
    gradient_any_##S(rows, outputs, inputs, lists, d, stride, adding, y);                          \
  }
ENTRIES(f32, float)
ENTRIES(bf16, uint16_t)
