// SPDX-License-Identifier: Apache-2.0
//
// Noise as a pure function of (seed, counters): Philox4x32-10 (Salmon et al. 2011) in vector form,
// then Box and Muller's transform (1958). Four draws of 32 bits give four floats or two doubles.

#include "CKernels.h"
#include "float_math.h"

#include <math.h>

#define BATCH 16

typedef struct { uint32_t word[4][BATCH]; } Blocks;

// Blocks first ... first + BATCH - 1 of one stream. Bit for bit CounterGenerator.block in Swift.
ELBO_INLINE void philox(uint64_t seed, uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3,
                        Blocks *out) {
  uint32_t *x0 = out->word[0], *x1 = out->word[1], *x2 = out->word[2], *x3 = out->word[3];
  ELBO_VECTOR_LOOP
  for (uint32_t i = 0; i < BATCH; i++) {
    x0[i] = first + i;
    x1[i] = c1;
    x2[i] = c2;
    x3[i] = c3;
  }
  uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    ELBO_VECTOR_LOOP
    for (uint32_t i = 0; i < BATCH; i++) {
      uint64_t p0 = (uint64_t)x0[i] * 0xD2511F53u, p1 = (uint64_t)x2[i] * 0xCD9E8D57u;
      x0[i] = (uint32_t)(p1 >> 32) ^ x1[i] ^ k0;
      x1[i] = (uint32_t)p1;
      x2[i] = (uint32_t)(p0 >> 32) ^ x3[i] ^ k1;
      x3[i] = (uint32_t)p0;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
}

// The radius uses all 32 bits, so the tail reaches 6.7 standard deviations; 24 bits suffice for
// the angle.
ELBO_INLINE void box_muller_float(uint32_t u, uint32_t t, float *first, float *second) {
  float uniform = ((float)(u >> 8) + (float)(u & 0xff) * 0x1p-8f + 0x1p-9f) * 0x1p-24f;
  float radius = __builtin_elementwise_sqrt(-2.0f * float_log_normal(uniform < 1.0f ? uniform : 0x1.fffffep-1f, 0.0f));
  float sine, cosine;
  float_sincos_turns((float)(t >> 8) * 0x1p-24f, &sine, &cosine);
  *first = radius * cosine;
  *second = radius * sine;
}

ELBO_INLINE void box_muller_double(const uint32_t w[4], double *first, double *second) {
  uint64_t u = ((uint64_t)w[1] << 32 | w[0]) >> 11, t = ((uint64_t)w[3] << 32 | w[2]) >> 11;
  double radius = sqrt(-2.0 * log(((double)u + 0.5) * 0x1p-53));
  double angle = 6.283185307179586476925 * ((double)t * 0x1p-53);
  *first = radius * cos(angle);
  *second = radius * sin(angle);
}

ELBO_CLONES void elbo_normal_f32(size_t n, uint64_t seed, uint32_t c1, uint32_t c2, uint32_t c3,
                                 float *y) {
  for (size_t start = 0; start < n; start += 4 * BATCH) {
    Blocks b;
    float z[4 * BATCH];
    philox(seed, (uint32_t)(start / 4), c1, c2, c3, &b);
    // All cosines, then all sines, of the first two words; then of the others: whole vectors.
    ELBO_VECTOR_LOOP
    for (size_t i = 0; i < BATCH; i++)
      box_muller_float(b.word[0][i], b.word[1][i], &z[i], &z[BATCH + i]);
    size_t count = n - start < 4 * BATCH ? n - start : 4 * BATCH;
    if (count > 2 * BATCH) {
      ELBO_VECTOR_LOOP
      for (size_t i = 0; i < BATCH; i++)
        box_muller_float(b.word[2][i], b.word[3][i], &z[2 * BATCH + i], &z[3 * BATCH + i]);
    }
    for (size_t i = 0; i < count; i++) y[start + i] = z[i];
  }
}

void elbo_normal_f64(size_t n, uint64_t seed, uint32_t c1, uint32_t c2, uint32_t c3, double *y) {
  for (size_t start = 0; start < n; start += 2 * BATCH) {
    Blocks b;
    double z[2 * BATCH];
    philox(seed, (uint32_t)(start / 2), c1, c2, c3, &b);
    for (size_t i = 0; i < BATCH; i++) {
      uint32_t w[4] = {b.word[0][i], b.word[1][i], b.word[2][i], b.word[3][i]};
      box_muller_double(w, &z[2 * i], &z[2 * i + 1]);
    }
    size_t count = n - start < 2 * BATCH ? n - start : 2 * BATCH;
    for (size_t i = 0; i < count; i++) y[start + i] = z[i];
  }
}

// The upper 24 bits of a word are a float's worth; a double takes 32, which weights do not notice.
// What rounds up to `high` becomes the number before it: the range is half open.
#define UNIFORM(REAL, SUFFIX, BITS, NEXT)                                                          \
  ELBO_CLONES void elbo_uniform_##SUFFIX(size_t n, uint64_t seed, uint32_t c1, uint32_t c2,        \
                                         uint32_t c3, REAL low, REAL high, REAL *y) {              \
    REAL last = NEXT(high, low);                                                                   \
    for (size_t start = 0; start < n; start += 4 * BATCH) {                                        \
      Blocks b;                                                                                    \
      philox(seed, (uint32_t)(start / 4), c1, c2, c3, &b);                                         \
      size_t count = n - start < 4 * BATCH ? n - start : 4 * BATCH;                                \
      for (size_t i = 0; i < count; i++) {                                                         \
        uint32_t word = b.word[i / BATCH][i % BATCH] >> (32 - BITS);                               \
        REAL value = low + (high - low) * ((REAL)word / ((uint64_t)1 << BITS));                    \
        y[start + i] = value >= high ? last : value;                                               \
      }                                                                                            \
    }                                                                                              \
  }

UNIFORM(float, f32, 24, nextafterf)
UNIFORM(double, f64, 32, nextafter)

// Whether no byte lies between 0 and 255: then nothing is drawn.
ELBO_INLINE int is_black_and_white(size_t n, const uint8_t *bytes) {
  uint8_t grey = 0;
  for (size_t i = 0; i < n; i++) grey |= (uint8_t)(bytes[i] + 1) > 1;
  return !grey;
}

// A pixel is 1 where a uniform 32-bit integer lies below grey * 2^32 / 255, rounded down, which is
// grey * 16843009 but for 255: exact at 0 and at 255.
#define BERNOULLI_BYTES(REAL, SUFFIX)                                                              \
  ELBO_CLONES void elbo_bernoulli_bytes_##SUFFIX(size_t n, uint64_t seed, uint32_t c1,             \
                                                 uint32_t c2, uint32_t c3, const uint8_t *bytes,   \
                                                 REAL *y) {                                        \
    for (size_t start = 0; start < n; start += 4 * BATCH) {                                        \
      size_t count = n - start < 4 * BATCH ? n - start : 4 * BATCH;                                \
      if (is_black_and_white(count, bytes + start)) {                                              \
        for (size_t i = start; i < start + count; i++) y[i] = bytes[i] == 255;                     \
        continue;                                                                                  \
      }                                                                                            \
      Blocks b;                                                                                    \
      philox(seed, (uint32_t)(start / 4), c1, c2, c3, &b);                                         \
      const uint32_t *word = &b.word[0][0];                                                        \
      for (size_t i = 0; i < count; i++) {                                                         \
        uint8_t grey = bytes[start + i];                                                           \
        y[start + i] = (word[i] < grey * 16843009u) | (grey == 255);                               \
      }                                                                                            \
    }                                                                                              \
  }

BERNOULLI_BYTES(float, f32)
BERNOULLI_BYTES(double, f64)
