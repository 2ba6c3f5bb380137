// SPDX-License-Identifier: Apache-2.0
//
// C = op(A) op(B) in double: tiles of C in registers, what they need of B in the first cache.
//
// Each number of C is one chain of sums over k, in order, 128 at a time: a block's chain begins at
// 0 and is added to those before it. Tiles of any height and width make the same chains, so that
// its bits depend neither on m and n nor on where rows and columns are cut. A column beyond the
// last is a zero in a packed panel of B; its sums are not written.

#include "CKernels.h"

#include <string.h>

#include "clones.h"

#define UNROLLED ELBO_UNROLLED_LOOP

enum { BlockK = 128, BlockN = 128, BlockM = 64, MostRows = 8, MostColumns = 16 };

// Rows of op(A) times one panel of op(B), `columns` wide. Row i of A at its inner index p is
// a[i * row_step + p * inner_step], and one of the steps is 1; row p of the panel begins at
// b + p * step_b.
typedef struct {
  size_t rows, columns, inner;
  const double *a;
  size_t row_step, inner_step;
  const double *b;
  size_t step_b;
  double *c;
  size_t stride_c;
  int adding;
} Strip;

typedef struct {
  // Rows of a tile, numbers in a vector. A panel has one vector or two.
  size_t rows, lanes;
  void (*multiply)(const Strip *strip);
} Tiles;

// A tile of R rows and V vectors of columns, constants where it is inlined: one value of A goes
// into all lanes. Then rows of such tiles, and what is left in smaller ones.
#define TILES(S, TARGET, LANES, MOST, LESS)                                                        \
  typedef double Vector_##S __attribute__((vector_size(8 * LANES)));                               \
  typedef Vector_##S Unaligned_##S __attribute__((aligned(8)));                                    \
  TARGET static inline __attribute__((always_inline)) void tile_##S(                               \
      const int R, const int V, const Strip *s, const double *a, size_t row_step,                  \
      size_t inner_step, double *c) {                                                              \
    Vector_##S sum[MOST][2];                                                                       \
    UNROLLED for (int i = 0; i < R; i++)                                                           \
      UNROLLED for (int v = 0; v < V; v++) sum[i][v] = (Vector_##S){0};                            \
    const double *b = s->b;                                                                        \
    size_t step_b = s->step_b;                                                                     \
    const double *rows[MOST];                                                                      \
    UNROLLED for (int i = 0; i < R; i++) rows[i] = a + i * row_step;                               \
    for (size_t p = 0, end = s->inner * inner_step; p < end; p += inner_step, b += step_b) {       \
      Vector_##S row[2];                                                                           \
      UNROLLED for (int v = 0; v < V; v++) row[v] = *(const Unaligned_##S *)(b + v * LANES);       \
      UNROLLED for (int i = 0; i < R; i++) {                                                       \
        double factor = rows[i][p];                                                                \
        UNROLLED for (int v = 0; v < V; v++) sum[i][v] += factor * row[v];                         \
      }                                                                                            \
    }                                                                                              \
    UNROLLED for (int i = 0; i < R; i++) {                                                         \
      double *target = c + i * s->stride_c;                                                        \
      if (s->columns == (size_t)(V * LANES)) {                                                     \
        UNROLLED for (int v = 0; v < V; v++) {                                                     \
          Unaligned_##S *part = (Unaligned_##S *)(target + v * LANES);                             \
          *part = s->adding ? *part + sum[i][v] : sum[i][v];                                       \
        }                                                                                          \
      } else {                                                                                     \
        double numbers[2 * LANES];                                                                 \
        memcpy(numbers, sum[i], sizeof(Vector_##S) * V);                                           \
        for (size_t j = 0; j < s->columns; j++)                                                    \
          target[j] = s->adding ? target[j] + numbers[j] : numbers[j];                             \
      }                                                                                            \
    }                                                                                              \
  }                                                                                                \
  TARGET static inline __attribute__((always_inline)) void rows_##S(                               \
      const int V, const Strip *s, size_t row_step, size_t inner_step) {                           \
    size_t i = 0;                                                                                  \
    for (; i + MOST <= s->rows; i += MOST)                                                         \
      tile_##S(MOST, V, s, s->a + i * row_step, row_step, inner_step, s->c + i * s->stride_c);     \
    for (; i + LESS <= s->rows; i += LESS)                                                         \
      tile_##S(LESS, V, s, s->a + i * row_step, row_step, inner_step, s->c + i * s->stride_c);     \
    for (; i < s->rows; i++)                                                                       \
      tile_##S(1, V, s, s->a + i * row_step, row_step, inner_step, s->c + i * s->stride_c);        \
  }                                                                                                \
  TARGET static void multiply_##S(const Strip *s) {                                                \
    int one = s->columns <= LANES, along_rows = s->row_step == 1;                                  \
    if (one && along_rows) rows_##S(1, s, 1, s->inner_step);                                       \
    else if (one) rows_##S(1, s, s->row_step, 1);                                                  \
    else if (along_rows) rows_##S(2, s, 1, s->inner_step);                                         \
    else rows_##S(2, s, s->row_step, 1);                                                           \
  }

#if defined(__x86_64__) && defined(__linux__)
// As many sums as registers allow: 16 of 32, 12 of 16, 8 of 16.
//
// Features one by one: for "arch=x86-64-v4" the compiler takes vectors of half the size.
TILES(v4, __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512cd,fma"))), 8, 8, 3)
TILES(v3, __attribute__((target("arch=x86-64-v3"))), 4, 6, 2)
#endif
TILES(plain, , 2, 4, 2)

static Tiles best_tiles(void) {
#if defined(__x86_64__) && defined(__linux__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v4")) return (Tiles){8, 8, multiply_v4};
  if (__builtin_cpu_supports("x86-64-v3")) return (Tiles){6, 4, multiply_v3};
#endif
  return (Tiles){4, 2, multiply_plain};
}

static inline size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// op(B)'s inner indices up to `inner` and columns up to `columns` as a panel [inner, width], zeros
// beyond the last column.
ELBO_CLONES static void pack(size_t inner, size_t columns, size_t width, const double *b,
                             size_t stride, int transposed, double *panel) {
  for (size_t p = 0; p < inner; p++, panel += width)
    for (size_t j = 0; j < width; j++)
      panel[j] = j >= columns ? 0 : transposed ? b[j * stride + p] : b[p * stride + j];
}

// Columns of C, at most 128, from a block of inner indices.
static void multiply_block(const Tiles *tiles, size_t m, size_t n, size_t inner, const double *a,
                           size_t stride_a, int transpose_a, const double *b, size_t stride_b,
                           int transpose_b, double *c, size_t stride_c, int adding) {
  _Alignas(64) double packed_b[BlockK * (BlockN + MostColumns)];
  _Alignas(64) double packed_a[BlockK * BlockM];
  size_t width = 2 * tiles->lanes;
  // For few rows of C a panel is not read often enough to be worth a copy.
  int packs_b = transpose_b || m > 4 * MostRows, packs_a = transpose_a && n > 4 * MostColumns;
  for (size_t j = 0; j < n; j += width) {
    size_t columns = smaller(n - j, width), panel = columns > tiles->lanes ? width : tiles->lanes;
    if (packs_b || columns < panel)
      pack(inner, columns, panel, transpose_b ? b + j * stride_b : b + j, stride_b, transpose_b,
           packed_b + j * inner);
  }
  for (size_t i = 0; i < m; i += BlockM) {
    size_t rows = smaller(m - i, BlockM);
    const double *first = transpose_a ? a + i : a + i * stride_a;
    if (packs_a)
      for (size_t p = 0; p < inner; p++)
        memcpy(packed_a + p * BlockM, first + p * stride_a, rows * sizeof(double));
    for (size_t j = 0; j < n; j += width) {
      size_t columns = smaller(n - j, width), panel = columns > tiles->lanes ? width : tiles->lanes;
      int packed = packs_b || columns < panel;
      Strip strip = {
        rows, columns, inner, packs_a ? packed_a : first, transpose_a ? 1 : stride_a,
        packs_a ? BlockM : transpose_a ? stride_a : 1, packed ? packed_b + j * inner : b + j,
        packed ? panel : stride_b, c + i * stride_c + j, stride_c, adding};
      tiles->multiply(&strip);
    }
  }
}

void elbo_product_f64(size_t m, size_t n, size_t k, const double *a, size_t stride_a,
                      int transpose_a, const double *b, size_t stride_b, int transpose_b,
                      double *c, size_t stride_c, int adding) {
  Tiles tiles = best_tiles();
  for (size_t p = 0; p < k; p += BlockK)
    for (size_t j = 0; j < n; j += BlockN)
      multiply_block(&tiles, m, smaller(n - j, BlockN), smaller(k - p, BlockK),
                     transpose_a ? a + p * stride_a : a + p, stride_a, transpose_a,
                     transpose_b ? b + j * stride_b + p : b + p * stride_b + j, stride_b,
                     transpose_b, c + j, stride_c, adding || p > 0);
}
