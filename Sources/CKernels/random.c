// SPDX-License-Identifier: Apache-2.0
//
// Noise as a pure function of (seed, counters): Philox4x32-10 (Salmon et al. 2011) in vector form,
// then Box and Muller's transform (1958). Four draws of 32 bits give four floats or two doubles.
// Number i of a call is a function of (seed, c1, c2, c3) and i alone, never of n: blocks of Philox
// are counted from 0 in each call, and a call that ends within a block drops the rest of it. The
// first counter has 32 bits, so that a stream repeats after 2^32 blocks: 2^34 floats or 2^33
// doubles.

#include "CKernels.h"
#include "float_math.h"

#include <math.h>

// Blocks at once: each word of all of them is one vector of 512 bits.
#define BATCH 16

// word[j][i] is word j of block i: the same word of neighbouring blocks lies side by side, so that
// a round is one vector operation for all blocks.
typedef struct { uint32_t word[4][BATCH]; } Blocks;

// Blocks first ... first + BATCH - 1 of one stream. Bit for bit CounterGenerator.block in Swift.
//
// The key (k0, k1) is the seed, low half first, and the counter (first + i, c1, c2, c3). One of the
// ten rounds, with M0 = 0xD2511F53 and M1 = 0xCD9E8D57, and with hi and lo the halves of a 64-bit
// product:
//
//     (x0, x1, x2, x3) <- (hi(M1 x2) ^ x1 ^ k0, lo(M1 x2), hi(M0 x0) ^ x3 ^ k1, lo(M0 x0))
//
// Between rounds the key moves by the fractions of the golden ratio and of sqrt(3), times 2^32.
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

// radius = sqrt(-2 log U), z = radius (cos, sin)(2 pi T), with U = (u + 1/2) 2^-32 and T = t / 2^32
// cut to 24 bits. The half keeps U above 0. The low byte of u is added as a fraction of its own:
// where the upper bits are small, which is where the tail is decided, their sum keeps it. What
// rounds up to U = 1 becomes the float before it.
//
// The radius uses all 32 bits, so the tail reaches 6.7 standard deviations; 24 bits suffice for the
// angle.
ELBO_INLINE void box_muller_float(uint32_t u, uint32_t t, float *first, float *second) {
  float uniform = ((float)(u >> 8) + (float)(u & 0xff) * 0x1p-8f + 0x1p-9f) * 0x1p-24f;
  float below_one = uniform < 1.0f ? uniform : 0x1.fffffep-1f;
  float radius = __builtin_elementwise_sqrt(-2.0f * float_log_normal(below_one, 0.0f));
  float sine, cosine;
  float_sincos_turns((float)(t >> 8) * 0x1p-24f, &sine, &cosine);
  *first = radius * cosine;
  *second = radius * sine;
}

// The same with 53 bits for each: words 0 and 1 make U, words 2 and 3 the angle. The tail reaches
// 8.6 standard deviations. Where U rounds to 1 the radius is 0.
ELBO_INLINE void box_muller_double(const uint32_t w[4], double *first, double *second) {
  uint64_t u = ((uint64_t)w[1] << 32 | w[0]) >> 11, t = ((uint64_t)w[3] << 32 | w[2]) >> 11;
  double radius = sqrt(-2.0 * log(((double)u + 0.5) * 0x1p-53));
  double angle = 6.283185307179586476925 * ((double)t * 0x1p-53);
  *first = radius * cos(angle);
  *second = radius * sin(angle);
}

// Of each 64 numbers, from 16 blocks: 16 k ... 16 k + 15 are the cosines (k = 0) and sines (k = 1)
// of words 0 and 1 of the blocks in order, then (k = 2 and 3) those of words 2 and 3.
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

// Numbers 2 i and 2 i + 1 are the cosine and the sine of block i.
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

// y = low + (high - low) k / 2^BITS with k the upper BITS of a word: of each 64 numbers, number i
// takes word i / 16 of block i % 16.
//
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

// Whether no byte lies between 0 and 255: then nothing is drawn. Adding 1 modulo 256 takes 255 and
// 0 to 0 and 1, and all others above: one comparison, without a branch, for whole vectors.
ELBO_INLINE int is_black_and_white(size_t n, const uint8_t *bytes) {
  uint8_t grey = 0;
  for (size_t i = 0; i < n; i++) grey |= (uint8_t)(bytes[i] + 1) > 1;
  return !grey;
}

// A pixel is 1 where a uniform 32-bit integer lies below grey * 2^32 / 255, rounded down, which is
// grey * 16843009 but for 255: exact at 0 and at 255.
//
// 16843009 = (2^32 - 1) / 255, so that the probability falls short of grey / 255 by less than
// 2^-32. Pixel i of each 64 takes word i / 16 of block i % 16. A group without grey is left out,
// but its blocks are counted: what is drawn for a pixel does not depend on the other pixels.
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
