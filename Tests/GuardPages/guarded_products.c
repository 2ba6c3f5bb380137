// SPDX-License-Identifier: Apache-2.0

#include "CKernels.h"
#include "CPictures.h"
#include "guard.h"

#define CALL(...)                                                                                  \
  do {                                                                                             \
    __VA_ARGS__;                                                                                   \
    calls++;                                                                                       \
    release(&all);                                                                                 \
  } while (0)

// Numbers of which two thirds are 0 where `sparse`.
static float *floats(guarded_operands *all, size_t n, int sparse) {
  float *x = guarded(all, n * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = sparse && i % 3 != 0 ? 0 : (float)(i % 31 + 1) / 32;
  return x;
}

static double *doubles(guarded_operands *all, size_t n) {
  double *x = guarded(all, n * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = (double)(i % 31 + 1) / 32;
  return x;
}

static uint16_t *halves(guarded_operands *all, size_t n, int sparse) {
  uint16_t *x = guarded(all, n * sizeof *x);
  for (size_t i = 0; i < n; i++) x[i] = sparse && i % 3 != 0 ? 0 : 0x3F80;
  return x;
}

// y = x w^T.
static size_t rows_products(ElboGuardSide side, size_t rows, size_t outputs, size_t inputs) {
  guarded_operands all = {.side = side};
  size_t calls = 0;
  for (int sparse = 0; sparse < 2; sparse++) {
    if (elbo_has_avx512()) {
      CALL(elbo_rows_product(
          rows, outputs, inputs, floats(&all, rows * inputs, sparse), inputs,
          floats(&all, outputs * inputs, 0), inputs, floats(&all, rows * outputs, 0), outputs));
      CALL(elbo_sparse_rows_product(
          rows, outputs, inputs, floats(&all, rows * inputs, sparse), inputs,
          floats(&all, outputs * inputs, 0), inputs, floats(&all, rows * outputs, 0), outputs));
    }
    CALL(elbo_has_sparse_rows(rows, inputs, floats(&all, rows * inputs, sparse), inputs));
    if (elbo_has_avx512_bf16() && inputs % 2 == 0) {
      CALL(elbo_rows_product_bf16(
          rows, outputs, inputs, halves(&all, rows * inputs, sparse), inputs,
          halves(&all, outputs * inputs, 0), inputs, floats(&all, rows * outputs, 0), outputs));
    }
  }
  return calls;
}

static size_t double_products(ElboGuardSide side, size_t m, size_t n, size_t k) {
  guarded_operands all = {.side = side};
  size_t calls = 0;
  for (int form = 0; form < 8; form++) {
    const int a = form & 1, b = form >> 1 & 1, adding = form >> 2;
    CALL(elbo_product_f64(
        m, n, k, doubles(&all, m * k), a ? m : k, a, doubles(&all, k * n), b ? k : n, b,
        doubles(&all, m * n), n, adding));
  }
  return calls;
}

// Columns of x [rows, inputs] by lists, and y = d^T x of them.
static size_t sparse_gradients(
    ElboGuardSide side, size_t rows, size_t outputs, size_t inputs) {
  guarded_operands all = {.side = side};
  size_t calls = 0;
  const size_t lists = (inputs + 15) / 16;
  for (int adding = 0; adding < 2; adding++) {
    const float *x = floats(&all, rows * inputs, 1);
    ElboColumns *list = guarded(&all, lists * sizeof *list);
    for (size_t i = 0; i < lists; i++) {
      const size_t columns = inputs - 16 * i < 16 ? inputs - 16 * i : 16;
      elbo_list_columns_f32(rows, columns, x + 16 * i, inputs, list + i);
    }
    elbo_count_nonzero_f32(rows * inputs, x);
    CALL(elbo_sparse_gradient_f32(
        rows, outputs, inputs, list, floats(&all, rows * outputs, 0), outputs, adding,
        floats(&all, outputs * inputs, 0)));
    const uint16_t *rounded = halves(&all, rows * inputs, 1);
    list = guarded(&all, lists * sizeof *list);
    for (size_t i = 0; i < lists; i++) {
      const size_t columns = inputs - 16 * i < 16 ? inputs - 16 * i : 16;
      elbo_list_columns_bf16(rows, columns, rounded + 16 * i, inputs, list + i);
    }
    elbo_count_nonzero_bf16(rows * inputs, rounded);
    CALL(elbo_sparse_gradient_bf16(
        rows, outputs, inputs, list, halves(&all, rows * outputs, 0), outputs, adding,
        floats(&all, outputs * inputs, 0)));
  }
  return calls;
}

size_t elbo_guarded_products(ElboGuardSide side) {
  guarded_operands all = {.side = side};
  static const uint32_t constants[64];
  size_t calls = 0;
  for (size_t i = 0; i < guarded_size_count; i++) {
    const size_t n = guarded_sizes[i];
    CALL(elbo_round_bfloat16(n, floats(&all, n, 0), halves(&all, n, 0)));
    CALL(elbo_prefetch(n, guarded(&all, n)));
    if (elbo_has_sha256() && i < 4) {
      void *round = guarded(&all, sizeof constants);
      memcpy(round, constants, sizeof constants);
      CALL(elbo_sha256_blocks(n, memset(guarded(&all, 64 * n), 1, 64 * n), round,
                              memset(guarded(&all, 32), 1, 32)));
    }
    for (size_t j = 0; j < guarded_size_count; j += 2) {
      for (size_t k = 0; k < guarded_size_count; k += 5) {
        const size_t m = guarded_sizes[j], inner = guarded_sizes[k];
        calls += rows_products(side, m < 20 ? m : 20, n, inner);
        calls += double_products(side, m < 40 ? m : 40, n, inner);
        calls += sparse_gradients(side, m < 128 ? m : 128, n < 70 ? n : 70, inner);
      }
    }
  }
  return calls;
}

int elbo_guarded_picture(ElboGuardSide side, const unsigned char *bytes, size_t size) {
  guarded_operands all = {.side = side};
  uint8_t *file = guarded(&all, size);
  memcpy(file, bytes, size);
  const int is_png = size > 0 && bytes[0] == 0x89;
  elbo_picture picture = {0};
  int done = (is_png ? elbo_png_header : elbo_jpeg_header)(file, size, &picture);
  const size_t pixels = (size_t)picture.height * picture.width * picture.channels;
  if (done && pixels <= 1 << 20) {
    uint8_t *room = guarded(&all, pixels);
    done = (is_png ? elbo_png_decode : elbo_jpeg_decode)(file, size, &picture, room);
  }
  release(&all);
  return done;
}

int elbo_read_beyond(ElboGuardSide side) {
  guarded_operands all = {.side = side};
  const volatile unsigned char *operand = guarded(&all, 10);
  return side == ElboGuardBefore ? operand[-1] : operand[10];
}
