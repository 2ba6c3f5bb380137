// SPDX-License-Identifier: Apache-2.0
//
// y = x w^T for few rows x and a large weight w, as a linear layer needs it: on CPUs with AVX-512.
//
// A general product packs both operands, for few rows at a cost near that of multiplying. Here w is
// read as it lies, once for every 64 rows, number by number into all lanes; only x is turned, so that
// a vector holds one input of 16 rows. Inputs that are zero in all of these rows are left out: they
// add zeros. (Of the pixels of MNIST, some 290 of 784 are zero in all of 64 images.)
//
// Each sum runs over the inputs in order in one accumulator: its bits do not depend on where a block
// of rows begins or ends, nor on what is left out.

#include "CKernels.h"

#if defined(__x86_64__) && defined(__clang__)

#include <immintrin.h>

#pragma clang fp contract(fast)

#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma")))
#define AVX512_INLINE AVX512 static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")

enum { Lanes = 16, MostVectors = 4, Ahead = 8 };

typedef float Vector __attribute__((vector_size(64)));
typedef Vector UnalignedVector __attribute__((aligned(4)));

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

// Up to 64 rows of x, turned, without the inputs that are zero in all of them.
typedef struct {
  size_t rows, vectors, count;
  uint32_t input[ElboRowsProductInputs];
  _Alignas(64) float value[(ElboRowsProductInputs + 1) * MostVectors * Lanes];
} Panel;

// The inputs k ... k + 15 of a row, zeros beyond the last.
AVX512_INLINE Vector load_inputs(size_t inputs, const float *row, size_t k) {
  if (inputs - k >= Lanes) return *(const UnalignedVector *)(row + k);
  return (Vector)_mm512_maskz_loadu_ps((__mmask16)((1u << (inputs - k)) - 1), row + k);
}

AVX512 static void pack(size_t inputs, const float *x, size_t stride_x, Panel *panel) {
  size_t rows = panel->rows, vectors = panel->vectors, count = 0;
  for (size_t k = 0; k < inputs; k += Lanes) {
    __m512i set = {0};
    for (size_t i = 0; i < rows; i++) set |= (__m512i)load_inputs(inputs, x + i * stride_x, k);
    // Minus zero counts as set, and the sum is the same.
    uint32_t kept = _mm512_test_epi32_mask(set, set);
    for (size_t v = 0; v < vectors; v++) {
      Vector r[Lanes];
      UNROLLED for (size_t i = 0; i < Lanes; i++) {
        size_t row = v * Lanes + i;
        r[i] = row < rows ? load_inputs(inputs, x + row * stride_x, k) : (Vector){0};
      }
      turn(r);
      // What is not kept is overwritten by what follows; after the last input there is room for it.
      float *next = panel->value + (count * vectors + v) * Lanes;
      UNROLLED for (size_t i = 0; i < Lanes; i++) {
        *(Vector *)next = r[i];
        next += (kept >> i & 1) * vectors * Lanes;
      }
    }
    for (uint32_t left = kept; left != 0; left &= left - 1)
      panel->input[count++] = (uint32_t)k + (uint32_t)__builtin_ctz(left);
  }
  panel->count = count;
}

// Some outputs of a panel's rows, turned: out[output][row]. W begins at the first of them.
typedef void Tile(const Panel *panel, const float *w, size_t stride_w, float *out);

// Where output o, below 12, has its weight of one input: addresses that the CPU adds up itself.
#define WEIGHT(o_)                                                                                  \
  ((o_) < 3 ? (o_) * s : (o_) == 4 ? 4 * s : (o_) == 8 ? 8 * s : (o_) == 3 ? s3 : (o_) == 5 ? s5        \
   : (o_) == 6 ? 2 * s3 : (o_) == 7 ? s7 : (o_) == 9 ? s9 : (o_) == 10 ? 2 * s5 : s11)

// The next input: one vector of each 16 rows, then one weight of each output in all lanes.
#define ADD_INPUT(OUTPUTS, VECTORS)                                                                \
  {                                                                                                \
    const char *column = (const char *)(w + *input++);                                             \
    Vector rows[VECTORS];                                                                          \
    UNROLLED for (int v = 0; v < VECTORS; v++) rows[v] = value[v];                                 \
    value += VECTORS;                                                                              \
    UNROLLED for (int o = 0; o < OUTPUTS; o++) {                                                   \
      float weight = *(const float *)(column + WEIGHT(o));                                         \
      UNROLLED for (int v = 0; v < VECTORS; v++) sum[o][v] += weight * rows[v];                    \
    }                                                                                              \
  }

// Every eighth input, the same weights of as many outputs after these are asked for: they come while
// these are multiplied. Each line of W holds 16 inputs, so that hardly any is missed.
#define TILE(OUTPUTS, VECTORS)                                                                     \
  AVX512 static void tile_##OUTPUTS##_##VECTORS(const Panel *panel, const float *w,                \
                                                size_t stride_w, float *out) {                     \
    size_t s = stride_w * sizeof(float), s3 = 3 * s, s5 = 5 * s, s7 = 7 * s, s9 = 9 * s;           \
    size_t s11 = 11 * s, next = OUTPUTS * s;                                                       \
    Vector sum[OUTPUTS][VECTORS];                                                                  \
    UNROLLED for (int o = 0; o < OUTPUTS; o++)                                                     \
      UNROLLED for (int v = 0; v < VECTORS; v++) sum[o][v] = (Vector){0};                          \
    const Vector *value = (const Vector *)panel->value;                                            \
    const uint32_t *input = panel->input, *end = input + panel->count;                             \
    while (end - input >= Ahead) {                                                                 \
      const char *ahead = (const char *)(w + *input) + next;                                       \
      UNROLLED for (int o = 0; o < OUTPUTS; o++) __builtin_prefetch(ahead + WEIGHT(o));            \
      _Pragma("clang loop unroll_count(2)") for (int k = 0; k < Ahead; k++)                        \
          ADD_INPUT(OUTPUTS, VECTORS)                                                              \
    }                                                                                              \
    while (input < end) ADD_INPUT(OUTPUTS, VECTORS)                                                \
    UNROLLED for (int o = 0; o < OUTPUTS; o++)                                                     \
      UNROLLED for (int v = 0; v < VECTORS; v++) *(Vector *)(out + (o * VECTORS + v) * Lanes) =    \
          sum[o][v];                                                                               \
  }
TILE(12, 1) TILE(4, 1) TILE(1, 1)
TILE(8, 2) TILE(4, 2) TILE(1, 2)
TILE(8, 3) TILE(2, 3) TILE(1, 3)
TILE(6, 4) TILE(2, 4) TILE(1, 4)

// For panels of 1 to 4 vectors: as many sums as there are registers, and less for what is left over.
typedef struct { size_t outputs; Tile *multiply; } SizedTile;
static const SizedTile tiles[MostVectors][3] = {
  {{12, tile_12_1}, {4, tile_4_1}, {1, tile_1_1}},
  {{8, tile_8_2}, {4, tile_4_2}, {1, tile_1_2}},
  {{8, tile_8_3}, {2, tile_2_3}, {1, tile_1_3}},
  {{6, tile_6_4}, {2, tile_2_4}, {1, tile_1_4}},
};

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

// A panel's rows of y, 48 outputs at a time: they stay in the first cache until they are turned back,
// and tiles of 12, 8 and 6 outputs fill them.
AVX512 static void multiply_panel(const Panel *panel, size_t outputs, const float *w,
                                  size_t stride_w, float *y, size_t stride_y) {
  enum { Block = 48 };
  _Alignas(64) float out[Block * MostVectors * Lanes];
  size_t vectors = panel->vectors;
  for (size_t first = 0; first < outputs; first += Block) {
    size_t count = outputs - first < Block ? outputs - first : Block;
    const SizedTile *tile = tiles[vectors - 1];
    for (size_t o = 0; o < count; o += tile->outputs) {
      while (tile->outputs > count - o) tile++;
      tile->multiply(panel, w + (first + o) * stride_w, stride_w, out + o * vectors * Lanes);
    }
    for (size_t o = 0; o < count; o += Lanes)
      for (size_t v = 0; v < vectors; v++)
        store(out + (o * vectors + v) * Lanes, vectors, panel->rows - v * Lanes, count - o,
              y + v * Lanes * stride_y + first + o, stride_y);
  }
}

AVX512 void elbo_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x,
                              size_t stride_x, const float *w, size_t stride_w, float *y,
                              size_t stride_y) {
  Panel panel;
  for (size_t row = 0; row < rows; row += panel.rows) {
    size_t most = MostVectors * Lanes;
    panel.rows = rows - row < most ? rows - row : most;
    panel.vectors = (panel.rows + Lanes - 1) / Lanes;
    pack(inputs, x + row * stride_x, stride_x, &panel);
    multiply_panel(&panel, outputs, w, stride_w, y + row * stride_y, stride_y);
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
