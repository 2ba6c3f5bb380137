// SPDX-License-Identifier: Apache-2.0
//
// y = x w^T for few rows x and a large weight w, as a linear layer needs it: on CPUs with AVX-512.
//
// A general product packs both operands, for few rows at a cost near that of multiplying. Here w is
// read as it lies, once for every 64 rows, number by number into all lanes; only x is turned, so that
// a vector holds one input of 16 rows. Inputs that are zero in all of these rows are left out: they
// add zeros. (Of the pixels of MNIST, some 330 of 784 are zero in all of 32 images.)
//
// Each sum runs over the inputs in order in one accumulator: its bits do not depend on where a block
// of rows begins or ends, nor on what is left out.

#include "CKernels.h"

#if defined(__x86_64__) && defined(__clang__)

#pragma clang fp contract(fast)

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

enum { Lanes = 16, TileOutputs = 8 };

typedef float Vector __attribute__((vector_size(64)));
typedef Vector UnalignedVector __attribute__((aligned(4)));
typedef int32_t Bits __attribute__((vector_size(64)));
typedef Bits UnalignedBits __attribute__((aligned(4)));

#define SHUFFLE __builtin_shufflevector

// A 16 x 16 block, turned: pairs, then fours, then the four 128-bit quarters.
AVX512_INLINE void turn(Vector r[Lanes]) {
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

// Up to 32 rows of x, turned, without the inputs that are zero in all of them.
typedef struct {
  size_t rows, vectors, count;
  uint32_t input[ElboRowsProductInputs];
  _Alignas(64) float value[ElboRowsProductInputs * 2 * Lanes];
} Panel;

// The inputs k ... k + 15 of 16 rows, turned; rows and inputs beyond the end are zeros.
AVX512_INLINE void load_turned(size_t rows, size_t inputs, const float *x, size_t stride_x, size_t k,
                               Vector r[Lanes]) {
  size_t width = inputs - k < Lanes ? inputs - k : Lanes;
  for (size_t i = 0; i < Lanes; i++) {
    if (i >= rows) {
      r[i] = (Vector){0};
    } else if (width == Lanes) {
      r[i] = *(const UnalignedVector *)(x + i * stride_x + k);
    } else {
      r[i] = (Vector){0};
      for (size_t j = 0; j < width; j++) r[i][j] = x[i * stride_x + k + j];
    }
  }
  turn(r);
}

AVX512 static void pack(size_t inputs, const float *x, size_t stride_x, Panel *panel) {
  size_t rows = panel->rows, vectors = panel->vectors, count = 0;
  for (size_t k = 0; k < inputs; k += Lanes) {
    Vector r[2][Lanes];
    for (size_t v = 0; v < vectors; v++) {
      size_t first = v * Lanes;
      load_turned(rows > first ? rows - first : 0, inputs, x + first * stride_x, stride_x, k, r[v]);
    }
    size_t width = inputs - k < Lanes ? inputs - k : Lanes;
    for (size_t i = 0; i < width; i++) {
      Bits set = (Bits)r[0][i] | (vectors == 2 ? (Bits)r[1][i] : (Bits){0});
      // Minus zero counts as set: one vector test less, and the sum is the same.
      if (__builtin_reduce_or(set) == 0) continue;
      for (size_t v = 0; v < vectors; v++)
        *(Vector *)(panel->value + (count * vectors + v) * Lanes) = r[v][i];
      panel->input[count++] = (uint32_t)(k + i);
    }
  }
  panel->count = count;
}

// 8 outputs of 16 or 32 rows, turned: out[output][row].
#define TILE(NAME_, VECTORS, INPUT)                                                                      \
  AVX512_INLINE void NAME_(const Panel *panel, const float *const w[TileOutputs], float *out) {    \
    Vector sum[TileOutputs][VECTORS];                                                              \
    UNROLLED for (int o = 0; o < TileOutputs; o++)                                                 \
      UNROLLED for (int v = 0; v < VECTORS; v++) sum[o][v] = (Vector){0};                          \
    const Vector *value = (const Vector *)panel->value;                                            \
    size_t count = panel->count;                                                                   \
    _Pragma("clang loop unroll_count(4)") for (size_t i = 0; i < count; i++) {                     \
      size_t k = INPUT;                                                                            \
      UNROLLED for (int o = 0; o < TileOutputs; o++)                                               \
        UNROLLED for (int v = 0; v < VECTORS; v++) sum[o][v] += w[o][k] * value[i * VECTORS + v];  \
    }                                                                                              \
    UNROLLED for (int o = 0; o < TileOutputs; o++)                                                 \
      UNROLLED for (int v = 0; v < VECTORS; v++) *(Vector *)(out + (o * VECTORS + v) * Lanes) =    \
          sum[o][v];                                                                               \
  }
TILE(tile_of_16, 1, panel->input[i])
TILE(tile_of_32, 2, panel->input[i])
TILE(dense_tile_of_32, 2, i)

// Turns 16 outputs of 16 rows back and writes what there is of them.
AVX512_INLINE void store(const float *out, size_t vectors, size_t rows, size_t outputs, float *y,
                         size_t stride_y) {
  Vector r[Lanes];
  UNROLLED for (size_t i = 0; i < Lanes; i++) r[i] = *(const Vector *)(out + i * vectors * Lanes);
  turn(r);
  for (size_t i = 0; i < (rows < Lanes ? rows : Lanes); i++) {
    if (outputs >= Lanes) {
      *(UnalignedVector *)(y + i * stride_y) = r[i];
    } else {
      for (size_t o = 0; o < outputs; o++) y[i * stride_y + o] = r[i][o];
    }
  }
}

// 16 outputs, from o on, of one panel's rows.
AVX512_INLINE void multiply_panel(const Panel *panel, size_t outputs, size_t inputs, size_t o,
                                  const float *w, size_t stride_w, float *y, size_t stride_y) {
  _Alignas(64) float out[Lanes * 2 * Lanes];
  size_t vectors = panel->vectors;
  for (size_t t = 0; t < Lanes && o + t < outputs; t += TileOutputs) {
    const float *row[TileOutputs];
    for (size_t i = 0; i < TileOutputs; i++) {
      // Beyond the last output, once more the last: what comes of it is not stored.
      size_t output = o + t + i < outputs ? o + t + i : outputs - 1;
      row[i] = w + output * stride_w;
    }
    if (vectors == 1) tile_of_16(panel, row, out + t * Lanes);
    else if (panel->count < inputs) tile_of_32(panel, row, out + t * 2 * Lanes);
    else dense_tile_of_32(panel, row, out + t * 2 * Lanes);
  }
  for (size_t v = 0; v < vectors && v * Lanes < panel->rows; v++)
    store(out + v * Lanes, vectors, panel->rows - v * Lanes, outputs - o,
          y + v * Lanes * stride_y + o, stride_y);
}

AVX512 void elbo_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x,
                              size_t stride_x, const float *w, size_t stride_w, float *y,
                              size_t stride_y) {
  Panel panels[2];
  for (size_t row = 0; row < rows;) {
    size_t count = 0, first = row;
    for (; count < 2 && row < rows; count++) {
      Panel *panel = &panels[count];
      size_t left = rows - row;
      panel->vectors = left > Lanes ? 2 : 1;
      panel->rows = left < panel->vectors * Lanes ? left : panel->vectors * Lanes;
      pack(inputs, x + row * stride_x, stride_x, panel);
      row += panel->rows;
    }
    // Both panels while 16 rows of w are in the first cache.
    for (size_t o = 0; o < outputs; o += Lanes)
      for (size_t p = 0, start = first; p < count; start += panels[p++].rows)
        multiply_panel(&panels[p], outputs, inputs, o, w, stride_w, y + start * stride_y, stride_y);
  }
}

int elbo_has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
         && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

#else

int elbo_has_avx512(void) { return 0; }
void elbo_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x, size_t stride_x,
                       const float *w, size_t stride_w, float *y, size_t stride_y) {
  __builtin_trap();
}

#endif
