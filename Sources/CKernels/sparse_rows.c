// SPDX-License-Identifier: Apache-2.0
//
// y = x w^T for rows x most of whose numbers are zero, as counts of words are: the product of
// rows_product.c, to the bit, at the cost of what is not zero.
//
// The numbers of some rows that are not zero are listed once. Then 32 outputs of w at a time are
// turned, so that one input's weights lie side by side, and each listed number takes one
// multiplication for 16 outputs. To turn w takes one pass over it, whatever is zero: an update of w
// takes six. Groups of 16 inputs that no row has are left out.
//
// Each sum runs over the inputs in order, 1,024 at a time in one accumulator, as in rows_product.c,
// where a product with zero changes no sum.

#include "CKernels.h"

#if defined(__x86_64__) && defined(__clang__)

#include "vectors.h"

#pragma clang fp contract(fast)

// Of up to 512 rows and 1,024 inputs, 16,384 numbers are listed at once. 32 outputs of 1,024 inputs
// are 128 KB.
enum { MostInputs = 1024, MostRows = 512, MostNumbers = 1 << 14, Outputs = 2 * Lanes };

// What is not zero in some rows: row r has the numbers from end[r - 1] to end[r]. `start` is where
// an input's turned weights begin, in bytes. Whole vectors are written, hence more room.
typedef struct {
  size_t rows, count;
  uint32_t end[MostRows];
  uint8_t is_used[MostInputs / Lanes];
  float value[MostNumbers + Lanes];
  uint32_t start[MostNumbers + Lanes];
} List;

// Lists as many rows as there is certainly room for.
AVX512 static void list_rows(size_t rows, size_t inputs, const float *x, size_t stride,
                             List *list) {
  list->rows = list->count = 0;
  for (size_t b = 0; b < MostInputs / Lanes; b++) list->is_used[b] = 0;
  for (; list->rows < least(rows, MostRows) && list->count + inputs <= MostNumbers; x += stride) {
    for (size_t k = 0; k < inputs; k += Lanes) {
      __m512 value = _mm512_maskz_loadu_ps(up_to(inputs - k), x + k);
      // What is not a number is not equal to zero either.
      __mmask16 set = _mm512_cmp_ps_mask(value, _mm512_setzero_ps(), _CMP_NEQ_UQ);
      if (set == 0) continue;
      __m512i start = sequence(k, Outputs * sizeof(float));
      _mm512_storeu_ps(list->value + list->count, _mm512_maskz_compress_ps(set, value));
      _mm512_storeu_epi32(list->start + list->count, _mm512_maskz_compress_epi32(set, start));
      list->count += (size_t)__builtin_popcount(set);
      list->is_used[k / Lanes] = 1;
    }
    list->end[list->rows++] = (uint32_t)list->count;
  }
}

// The weights of up to 32 outputs, turned: [inputs, 32], zeros where there is no output.
AVX512 static void turn_weights(size_t outputs, size_t inputs, const float *w, size_t stride,
                                const List *list, float *turned) {
  for (size_t k = 0; k < inputs; k += Lanes) {
    if (!list->is_used[k / Lanes]) continue;
    __mmask16 there = up_to(inputs - k);
    for (size_t first = 0; first < least(outputs, Outputs); first += Lanes) {
      Vector block[Lanes];
      // The same weights of the outputs after these, which come while these are used: into the
      // second cache, as equal places of rows meet in the same lines of the first.
      const float *ahead = w + (first + Outputs) * stride + k;
      UNROLLED for (size_t o = 0; o < Lanes; o++)
        __builtin_prefetch(ahead + o * stride, 0, 2);
      const float *from = w + first * stride + k;
      if (outputs - first >= Lanes)
        UNROLLED for (size_t o = 0; o < Lanes; o++)
          block[o] = (Vector)_mm512_maskz_loadu_ps(there, from + o * stride);
      else
        for (size_t o = 0; o < Lanes; o++)
          block[o] = o < outputs - first ? (Vector)_mm512_maskz_loadu_ps(there, from + o * stride)
                                         : (Vector){0};
      turn(block);
      UNROLLED for (size_t i = 0; i < Lanes; i++)
        *(Vector *)(turned + (k + i) * Outputs + first) = block[i];
    }
  }
}

// Some outputs of every listed row, one vector of them or two.
#define MULTIPLY(VECTORS)                                                                          \
  AVX512 static void multiply_##VECTORS(const List *list, const float *turned, __mmask16 last,     \
                                        int adding, float *y, size_t stride) {                     \
    uint32_t next = 0;                                                                             \
    for (size_t r = 0; r < list->rows; r++, y += stride) {                                         \
      Vector sum[VECTORS];                                                                         \
      UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] = (Vector){0};                             \
      for (; next < list->end[r]; next++) {                                                        \
        const Vector *from = (const Vector *)((const char *)turned + list->start[next]);           \
        UNROLLED for (int v = 0; v < VECTORS; v++) sum[v] += list->value[next] * from[v];          \
      }                                                                                            \
      UNROLLED for (int v = 0; v < VECTORS; v++) {                                                 \
        __mmask16 there = v + 1 < VECTORS ? 0xffff : last;                                         \
        __m512 total = (__m512)sum[v];                                                             \
        if (adding) total = _mm512_add_ps(_mm512_maskz_loadu_ps(there, y + v * Lanes), total);     \
        _mm512_mask_storeu_ps(y + v * Lanes, there, total);                                        \
      }                                                                                            \
    }                                                                                              \
  }
MULTIPLY(1) MULTIPLY(2)

AVX512 static void sparse_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x,
                                       size_t stride_x, const float *w, size_t stride_w, float *y,
                                       size_t stride_y) {
  List list;
  _Alignas(64) float turned[MostInputs * Outputs];
  for (size_t k = 0; k < inputs; k += MostInputs) {
    size_t width = least(inputs - k, MostInputs);
    for (size_t row = 0; row < rows; row += list.rows) {
      list_rows(rows - row, width, x + row * stride_x + k, stride_x, &list);
      for (size_t o = 0; o < outputs; o += Outputs) {
        size_t count = least(outputs - o, Outputs);
        turn_weights(count, width, w + o * stride_w + k, stride_w, &list, turned);
        float *target = y + row * stride_y + o;
        if (count > Lanes)
          multiply_2(&list, turned, up_to(count - Lanes), k > 0, target, stride_y);
        else
          multiply_1(&list, turned, up_to(count), k > 0, target, stride_y);
      }
    }
  }
}

void elbo_sparse_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x,
                              size_t stride_x, const float *w, size_t stride_w, float *y,
                              size_t stride_y) {
  sparse_rows_product(rows, outputs, inputs, x, stride_x, w, stride_w, y, stride_y);
}

// Every sixteenth row tells: both ways lead to the same bits.
int elbo_has_sparse_rows(size_t rows, size_t inputs, const float *x, size_t stride) {
  enum { Step = 16, FewRows = 16, SparseShare = 8 };
  if (rows < FewRows) return 0;
  size_t looked_at = 0, nonzero = 0;
  for (size_t row = 0; row < rows; row += Step, looked_at += inputs)
    nonzero += elbo_count_nonzero_f32(inputs, x + row * stride);
  return nonzero * SparseShare < looked_at;
}

#endif
