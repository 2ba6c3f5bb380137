// SPDX-License-Identifier: Apache-2.0
//
// y = x w^T for few rows x and a large weight w, as a linear layer needs it: on CPUs with AVX-512.
//
// A general product packs both operands, for few rows at a cost near that of multiplying. Here w is
// read as it lies, once for every 64 rows, number by number into all lanes; only x is turned, so
// that a vector holds one input of 16 rows. Inputs that are zero in all of these rows are left out:
// they add zeros. (Of the pixels of MNIST, some 290 of 784 are zero in all of 64 images.)
//
// Each sum runs over the inputs in order, 1,024 at a time in one accumulator: its bits do not
// depend on where a block of rows begins or ends, nor on what is left out. Rows that are nearly all
// zero go another way to the same bits (sparse_rows.c).
//
// Numbers of bfloat16 go the same way in pairs of inputs, 32 bits each, which one instruction
// multiplies and adds. Moving, turning and leaving out do not ask what the 32 bits mean.

#include "CKernels.h"

#if defined(__x86_64__) && defined(__clang__)

#include "vectors.h"

#pragma clang fp contract(fast)

enum { MostVectors = 4, MostInputs = 1024, Ahead = 8 };

// Up to 64 rows of some inputs of x, turned, without the inputs that are zero in all of them. The
// kept input number c is column input[c] of these inputs of x, and its 16 `vectors` rows begin at
// value[16 vectors c]; lanes beyond the last row are 0. Inputs that are not kept are written behind
// the last one that is: hence MostInputs + 1.
typedef struct {
  size_t rows, vectors, count;
  uint32_t input[MostInputs];
  _Alignas(64) float value[(MostInputs + 1) * MostVectors * Lanes];
} Panel;

// The inputs k ... k + 15 of a row, zeros beyond the last.
AVX512_INLINE Vector load_inputs(size_t inputs, const float *row, size_t k) {
  if (inputs - k >= Lanes) return *(const UnalignedVector *)(row + k);
  return (Vector)_mm512_maskz_loadu_ps(up_to(inputs - k), row + k);
}

// Fills a panel with at most 1,024 inputs, 16 at a time: first which of them have a bit set in any
// row, then 16 x 16 blocks of x, transposed, whose kept lines are written behind each other.
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

// Some outputs of a panel's rows, turned: out[output][row], with 16 `vectors` rows. W begins at the
// first of them, and each is a row of W, [outputs, inputs].
typedef void Tile(const Panel *panel, const float *w, size_t stride_w, float *out);

// Where output o, below 12, has its weight of one input: addresses that the CPU adds up itself.
// Base plus an index times 1, 2, 4 or 8 is one operand: with s, 3 s, 5 s, 7 s, 9 s and 11 s in
// registers, every multiple below 12 is.
#define WEIGHT(o_)                                                                                  \
  ((o_) < 3 ? (o_) * s : (o_) == 4 ? 4 * s : (o_) == 8 ? 8 * s : (o_) == 3 ? s3 : (o_) == 5 ? s5        \
   : (o_) == 6 ? 2 * s3 : (o_) == 7 ? s7 : (o_) == 9 ? s9 : (o_) == 10 ? 2 * s5 : s11)

// The next input: one vector of each 16 rows, then one weight of each output in all lanes.
#define ADD_INPUT(OUTPUTS, VECTORS, ADD)                                                           \
  {                                                                                                \
    const char *column = (const char *)(w + *input++);                                             \
    Vector rows[VECTORS];                                                                          \
    UNROLLED for (int v = 0; v < VECTORS; v++) rows[v] = value[v];                                 \
    value += VECTORS;                                                                              \
    UNROLLED for (int o = 0; o < OUTPUTS; o++) {                                                   \
      float weight = *(const float *)(column + WEIGHT(o));                                         \
      UNROLLED for (int v = 0; v < VECTORS; v++) ADD(sum[o][v], weight, rows[v]);                  \
    }                                                                                              \
  }

// Every eighth input, the same weights of as many outputs after these are asked for: they come
// while these are multiplied. Each line of W holds 16 inputs, so that hardly any is missed. After
// the last output they lie beyond W: what is only asked for cannot fault.
#define TILE(TARGET, NAME_, OUTPUTS, VECTORS, ADD)                                                 \
  TARGET static void NAME_(const Panel *panel, const float *w, size_t stride_w, float *out) {      \
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
          ADD_INPUT(OUTPUTS, VECTORS, ADD)                                                         \
    }                                                                                              \
    while (input < end) ADD_INPUT(OUTPUTS, VECTORS, ADD)                                           \
    UNROLLED for (int o = 0; o < OUTPUTS; o++)                                                     \
      UNROLLED for (int v = 0; v < VECTORS; v++) *(Vector *)(out + (o * VECTORS + v) * Lanes) =    \
          sum[o][v];                                                                               \
  }

typedef struct { size_t outputs; Tile *multiply; } SizedTile;

// For panels of 1 to 4 vectors: as many sums as there are registers, and less for what is left
// over. At most 24 of the 32 registers are sums; a panel's vectors and a weight need the others.
// Two units that take four cycles for a multiplication and addition need 8 sums to be busy.
#define TILES(TARGET, KIND, ADD)                                                                   \
  TILE(TARGET, KIND##_12_1, 12, 1, ADD)                                                            \
  TILE(TARGET, KIND##_4_1, 4, 1, ADD)                                                              \
  TILE(TARGET, KIND##_1_1, 1, 1, ADD)                                                              \
  TILE(TARGET, KIND##_8_2, 8, 2, ADD)                                                              \
  TILE(TARGET, KIND##_4_2, 4, 2, ADD)                                                              \
  TILE(TARGET, KIND##_1_2, 1, 2, ADD)                                                              \
  TILE(TARGET, KIND##_8_3, 8, 3, ADD)                                                              \
  TILE(TARGET, KIND##_2_3, 2, 3, ADD)                                                              \
  TILE(TARGET, KIND##_1_3, 1, 3, ADD)                                                              \
  TILE(TARGET, KIND##_6_4, 6, 4, ADD)                                                              \
  TILE(TARGET, KIND##_2_4, 2, 4, ADD)                                                              \
  TILE(TARGET, KIND##_1_4, 1, 4, ADD)                                                              \
  static const SizedTile KIND##s[MostVectors][3] = {                                               \
    {{12, KIND##_12_1}, {4, KIND##_4_1}, {1, KIND##_1_1}},                                         \
    {{8, KIND##_8_2}, {4, KIND##_4_2}, {1, KIND##_1_2}},                                           \
    {{8, KIND##_8_3}, {2, KIND##_2_3}, {1, KIND##_1_3}},                                           \
    {{6, KIND##_6_4}, {2, KIND##_2_4}, {1, KIND##_1_4}},                                           \
  };

#define ADD_FLOATS(SUM, WEIGHT_, ROWS) SUM += WEIGHT_ * ROWS
TILES(AVX512, float_tile, ADD_FLOATS)

#define AVX512_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,fma,avx512bf16")))
// SUM += the lower products + the upper products of pairs of bfloat16 numbers, in `float`; the
// weight is one pair in all lanes.
#define ADD_PAIRS(SUM, WEIGHT_, ROWS)                                                              \
  SUM = (Vector)_mm512_dpbf16_ps((__m512)(SUM), (__m512bh)_mm512_set1_ps(WEIGHT_), (__m512bh)(ROWS))
TILES(AVX512_BF16, pair_tile, ADD_PAIRS)

// Turns 16 outputs of 16 rows back, into y[row][output]. Where fewer outputs are left, the other
// lines of `out` hold what lay there and are not written.
AVX512_INLINE void store(const float *out, size_t vectors, size_t rows, size_t outputs, int adding,
                         float *y, size_t stride_y) {
  Vector block[Lanes];
  UNROLLED for (size_t i = 0; i < Lanes; i++)
    block[i] = *(const Vector *)(out + i * vectors * Lanes);
  write_turned(block, rows, outputs, adding, y, stride_y);
}

// A panel's rows of y, 48 outputs at a time: they stay in the first cache until they are turned
// back, and tiles of 12, 8 and 6 outputs fill them. (48 outputs of 64 rows are 12 KB.) What is left
// takes the narrower tiles of the same number of vectors, down to one output.
AVX512 static void multiply_panel(const Panel *panel, const SizedTile tiles[MostVectors][3],
                                  size_t outputs, const float *w, size_t stride_w, int adding,
                                  float *y, size_t stride_y) {
  enum { Block = 48 };
  _Alignas(64) float out[Block * MostVectors * Lanes];
  size_t vectors = panel->vectors;
  for (size_t first = 0; first < outputs; first += Block) {
    size_t count = least(outputs - first, Block);
    const SizedTile *tile = tiles[vectors - 1];
    for (size_t o = 0; o < count; o += tile->outputs) {
      while (tile->outputs > count - o) tile++;
      tile->multiply(panel, w + (first + o) * stride_w, stride_w, out + o * vectors * Lanes);
    }
    for (size_t o = 0; o < count; o += Lanes)
      for (size_t v = 0; v < vectors; v++)
        store(out + (o * vectors + v) * Lanes, vectors, panel->rows - v * Lanes, count - o, adding,
              y + v * Lanes * stride_y + first + o, stride_y);
  }
}

// Every 64 rows and 1,024 inputs make a panel. From the second block of inputs on, sums are added
// to y, so that the order is the same for each row and output.
AVX512 static void rows_product(const SizedTile tiles[MostVectors][3], size_t rows, size_t outputs,
                                size_t inputs, const float *x, size_t stride_x, const float *w,
                                size_t stride_w, float *y, size_t stride_y) {
  Panel panel;
  for (size_t row = 0; row < rows; row += panel.rows) {
    panel.rows = least(rows - row, MostVectors * Lanes);
    panel.vectors = (panel.rows + Lanes - 1) / Lanes;
    for (size_t k = 0; k < inputs; k += MostInputs) {
      pack(least(inputs - k, MostInputs), x + row * stride_x + k, stride_x, &panel);
      multiply_panel(&panel, tiles, outputs, w + k, stride_w, k > 0, y + row * stride_y, stride_y);
    }
  }
}

void elbo_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x, size_t stride_x,
                       const float *w, size_t stride_w, float *y, size_t stride_y) {
  if (elbo_has_sparse_rows(rows, inputs, x, stride_x))
    return elbo_sparse_rows_product(rows, outputs, inputs, x, stride_x, w, stride_w, y, stride_y);
  rows_product(float_tiles, rows, outputs, inputs, x, stride_x, w, stride_w, y, stride_y);
}

void elbo_rows_product_bf16(size_t rows, size_t outputs, size_t inputs, const uint16_t *x,
                            size_t stride_x, const uint16_t *w, size_t stride_w, float *y,
                            size_t stride_y) {
  // A pair of bfloat16 numbers is moved as one float: half as many inputs, and half the strides.
  rows_product(pair_tiles, rows, outputs, inputs / 2, (const float *)x, stride_x / 2,
               (const float *)w, stride_w / 2, y, stride_y);
}

int elbo_has_avx512(void) {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
         && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}

int elbo_has_avx512_bf16(void) {
  return elbo_has_avx512() && __builtin_cpu_supports("avx512bf16");
}

#else

int elbo_has_avx512(void) { return 0; }
int elbo_has_avx512_bf16(void) { return 0; }
void elbo_rows_product(size_t rows, size_t outputs, size_t inputs, const float *x, size_t stride_x,
                       const float *w, size_t stride_w, float *y, size_t stride_y) {
  __builtin_trap();
}
void elbo_rows_product_bf16(size_t rows, size_t outputs, size_t inputs, const uint16_t *x,
                            size_t stride_x, const uint16_t *w, size_t stride_w, float *y,
                            size_t stride_y) {
  __builtin_trap();
}

#endif
