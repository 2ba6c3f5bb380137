// SPDX-License-Identifier: Apache-2.0
//
// y += x w for an x most of whose numbers are zero: only the rows of w that meet another number are
// read and added. x is [rows, inputs], w [inputs, outputs] and y [rows, outputs], without gaps:
//
//     y[r, o] += sum over the inputs k with x[r, k] not 0 of x[r, k] w[k, o]
//
// Each number of y is summed in the order of the inputs, in one accumulator, whatever rows and
// columns are worked on together.

#include "CKernels.h"
#include "vectors.h"

// Blocks of rows and inputs whose nonzero numbers are listed before they are used. 512 rows of 64
// columns of w are 128 KB, which 32 rows of x use one after the other.
enum { Rows = 32, Inputs = 512 };

// Columns of a row of y at once: running sums enough to hide the time of an addition, and rows of w
// so short that those in use stay near.
#define WIDTH 64

// For any CPU: the inputs of one row that are not zero, up to 512 at a time, then 64 columns of y
// at a time. A sum waits in y between blocks of inputs, at its full width, so that it rounds as in
// one pass.
#define PORTABLE(LINKAGE, REAL, NAME_)                                                             \
  ELBO_INLINE void NAME_##_columns(size_t count, const uint16_t *input, const REAL *x,             \
                                   const REAL *w, size_t stride, size_t width, REAL *y) {          \
    REAL sum[WIDTH];                                                                               \
    for (size_t j = 0; j < width; j++) sum[j] = y[j];                                              \
    for (size_t i = 0; i < count; i++)                                                             \
      for (size_t j = 0; j < width; j++) sum[j] += x[input[i]] * w[input[i] * stride + j];         \
    for (size_t j = 0; j < width; j++) y[j] = sum[j];                                              \
  }                                                                                                \
                                                                                                   \
  LINKAGE ELBO_CLONES void NAME_(size_t rows, size_t inputs, size_t outputs, const REAL *x,        \
                                 const REAL *w, REAL *y) {                                         \
    uint16_t input[Inputs];                                                                        \
    for (size_t r = 0; r < rows; r++)                                                              \
      for (size_t k = 0; k < inputs; k += Inputs) {                                                \
        const REAL *from = x + r * inputs + k;                                                     \
        size_t count = 0;                                                                          \
        for (size_t i = 0; i < least(inputs - k, Inputs); i++) {                                   \
          input[count] = (uint16_t)i;                                                              \
          count += from[i] != 0;                                                                   \
        }                                                                                          \
        size_t j = 0;                                                                              \
        for (; j + WIDTH <= outputs; j += WIDTH)                                                   \
          NAME_##_columns(count, input, from, w + k * outputs + j, outputs, WIDTH,                 \
                          y + r * outputs + j);                                                    \
        NAME_##_columns(count, input, from, w + k * outputs + j, outputs, outputs - j,             \
                        y + r * outputs + j);                                                      \
      }                                                                                            \
  }
PORTABLE(static, float, add_sparse_product)
PORTABLE(, double, elbo_add_sparse_product_f64)

#if defined(__x86_64__)

enum { Vectors = WIDTH / Lanes };

// What is not zero in a row of x: the numbers, and where their rows of w begin, in bytes.
typedef struct {
  size_t count;
  float value[Inputs];
  uint32_t start[Inputs];
} Row;

// Lists one row of x, its inputs in order; `stride` is the number of columns of w. Each group of 16
// is compressed to the lanes that are not zero and stored behind the others.
AVX512 static void list(size_t inputs, const float *x, size_t stride, Row *row) {
  row->count = 0;
  for (size_t k = 0; k < inputs; k += Lanes) {
    __mmask16 there = up_to(inputs - k);
    __m512 value = _mm512_maskz_loadu_ps(there, x + k);
    // Not-a-number is not equal to zero either.
    __mmask16 set = _mm512_mask_cmp_ps_mask(there, value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
    __m512i start = sequence(k, stride * sizeof(float));
    __mmask16 room = up_to(Inputs - row->count);
    _mm512_mask_storeu_ps(row->value + row->count, room, _mm512_maskz_compress_ps(set, value));
    _mm512_mask_storeu_epi32(row->start + row->count, room,
                             _mm512_maskz_compress_epi32(set, start));
    row->count += (size_t)__builtin_popcount(set);
  }
}

// Some columns of a row of y, in registers while the listed inputs are added: whole vectors, of the
// last one those in `last`. `w` begins at the first of these columns, in the first row of the
// block.
#define ADD(VECTORS)                                                                               \
  AVX512 static void add_##VECTORS(const Row *row, const float *w, __mmask16 last, float *y) {     \
    __m512 sum[VECTORS];                                                                           \
    for (int v = 0; v < VECTORS; v++)                                                              \
      sum[v] = _mm512_maskz_loadu_ps(v + 1 < VECTORS ? 0xffff : last, y + v * Lanes);              \
    for (size_t i = 0; i < row->count; i++) {                                                      \
      const float *from = (const float *)((const char *)w + row->start[i]);                        \
      __m512 value = _mm512_set1_ps(row->value[i]);                                                \
      for (int v = 0; v < VECTORS; v++)                                                            \
        sum[v] = _mm512_fmadd_ps(                                                                  \
            value,                                                                                 \
            v + 1 < VECTORS ? _mm512_loadu_ps(from + v * Lanes)                                    \
                            : _mm512_maskz_loadu_ps(last, from + v * Lanes),                       \
            sum[v]);                                                                               \
    }                                                                                              \
    for (int v = 0; v < VECTORS; v++)                                                              \
      _mm512_mask_storeu_ps(y + v * Lanes, v + 1 < VECTORS ? 0xffff : last, sum[v]);               \
  }
ADD(1) ADD(2) ADD(3) ADD(4)

// 32 rows are listed for a block of inputs, then all of them take 64 columns of w after the other:
// these are fetched once for 32 rows.
AVX512 static void add_sparse_product_avx512(size_t rows, size_t inputs, size_t outputs,
                                             const float *x, const float *w, float *y) {
  static void (*const add[Vectors])(const Row *, const float *, __mmask16, float *) = {
    add_1, add_2, add_3, add_4,
  };
  Row listed[Rows];
  for (size_t first = 0; first < rows; first += Rows) {
    size_t count = least(rows - first, Rows);
    for (size_t k = 0; k < inputs; k += Inputs) {
      for (size_t r = 0; r < count; r++)
        list(least(inputs - k, Inputs), x + (first + r) * inputs + k, outputs, &listed[r]);
      for (size_t j = 0; j < outputs; j += WIDTH) {
        size_t vectors = (least(outputs - j, WIDTH) + Lanes - 1) / Lanes;
        __mmask16 last = up_to(outputs - j - (vectors - 1) * Lanes);
        for (size_t r = 0; r < count; r++)
          add[vectors - 1](&listed[r], w + k * outputs + j, last, y + (first + r) * outputs + j);
      }
    }
  }
}

#endif

void elbo_add_sparse_product_f32(size_t rows, size_t inputs, size_t outputs, const float *x,
                                 const float *w, float *y) {
#if defined(__x86_64__)
  // The starts of rows of w are 32 bits wide: 512 rows of fewer than 2^21 floats take less than
  // 2^32 bytes.
  if (elbo_has_avx512() && outputs < (1u << 21))
    return add_sparse_product_avx512(rows, inputs, outputs, x, w, y);
#endif
  add_sparse_product(rows, inputs, outputs, x, w, y);
}
