// SPDX-License-Identifier: Apache-2.0
//
// Elementary functions in single precision that a compiler can vectorise: no branch, no table, no
// call. Argument reduction and minimax polynomials in the manner of Cephes (S. Moshier, 1989).
// The compiler contracts a * b + c before it vectorises, so body and remainder of a loop round alike.
#pragma once

#include <stdint.h>
#include <string.h>

#include "clones.h"

ELBO_INLINE float float_from_bits(int32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

ELBO_INLINE int32_t bits_from_float(float x) {
  int32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

// 2^n for an integer -126 <= n <= 127 held in a float.
ELBO_INLINE float float_exp2_integer(float n) {
  return float_from_bits(((int32_t)n + 127) << 23);
}

// exp(r) - 1 for |r| <= ln(2) / 2. Not-a-number passes through this and the clamps below.
ELBO_INLINE float float_exp_polynomial(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r;
}

// Splits x = n ln 2 + r. Adding and subtracting 1.5 * 2^23 rounds to the nearest integer.
ELBO_INLINE float float_exp_reduce(float x, float *r) {
  const float magic = 12582912.0f;
  float n = (x * 1.44269504088896341f + magic) - magic;
  *r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  return n;
}

// Two factors of 2^(n/2) reach subnormal results and infinity without overflowing the exponent.
ELBO_INLINE float float_exp(float x) {
  float y = x > 89.0f ? 89.0f : x;
  y = y < -104.0f ? -104.0f : y;
  float r, n = float_exp_reduce(y, &r);
  const float magic = 12582912.0f;
  float half = (n * 0.5f + magic) - magic;
  float value = (float_exp_polynomial(r) + 1.0f) * float_exp2_integer(half);
  return value * float_exp2_integer(n - half);
}

// exp(x) for x <= 0, never below 1.2e-38: subnormal numbers would slow every later operation.
ELBO_INLINE float float_exp_nonpositive(float x) {
  float r, n = float_exp_reduce(x < -87.0f ? -87.0f : x, &r);
  return (float_exp_polynomial(r) + 1.0f) * float_exp2_integer(n);
}

ELBO_INLINE float float_expm1(float x) {
  float y = x > 88.0f ? 88.0f : x;
  y = y < -30.0f ? -30.0f : y;
  float r, n = float_exp_reduce(y, &r);
  float scale = float_exp2_integer(n);
  float value = float_exp_polynomial(r) * scale + (scale - 1.0f);
  return x > 88.0f ? float_exp(x) : value;
}

// log(1 + f) - f + f^2 / 2, for sqrt(1/2) - 1 <= f <= sqrt(2) - 1.
ELBO_INLINE float float_log_polynomial(float f) {
  float p = 7.0376836292e-2f;
  p = p * f - 1.1514610310e-1f;
  p = p * f + 1.1676998740e-1f;
  p = p * f - 1.2420140846e-1f;
  p = p * f + 1.4249322787e-1f;
  p = p * f - 1.6668057665e-1f;
  p = p * f + 2.0000714765e-1f;
  p = p * f - 2.4999993993e-1f;
  p = p * f + 3.3333331174e-1f;
  return p * f * f * f;
}

// log x for a positive normal x, plus `correction`, which is small beside 1.
ELBO_INLINE float float_log_normal(float x, float correction) {
  int32_t bits = bits_from_float(x);
  // The mantissa in [sqrt(1/2), sqrt(2)): 0x3f3504f3 is sqrt(1/2).
  int32_t shifted = bits - 0x3f3504f3;
  float n = (float)(shifted >> 23);
  float f = float_from_bits((shifted & 0x007fffff) + 0x3f3504f3) - 1.0f;
  float y = float_log_polynomial(f);
  y = y + n * -2.12194440e-4f;
  y = y - 0.5f * f * f;
  return ((y + correction) + f) + n * 0.693359375f;
}

ELBO_INLINE float float_log(float x) {
  int subnormal = x < 1.17549435e-38f;
  float scaled = subnormal ? x * 8388608.0f : x;
  float y = float_log_normal(scaled, 0.0f);
  y = subnormal ? y - 15.9423851528787421f : y;
  y = x > 3.4028234e38f ? x : y;
  y = x == 0.0f ? -__builtin_inff() : y;
  return x < 0.0f || x != x ? __builtin_nanf("") : y;
}

// log(1 + x): the rounding error of 1 + x is put back as a correction (Kahan).
ELBO_INLINE float float_log1p(float x) {
  float u = 1.0f + x;
  float safe = u > 1.17549435e-38f && u <= 3.4028234e38f ? u : 1.0f;
  // Where |x| > 1 the small summand is 1, not x.
  float lost = x > 1.0f ? 1.0f - (u - x) : x - (u - 1.0f);
  float y = float_log_normal(safe, lost / safe);
  float magnitude = x < 0.0f ? -x : x;
  y = magnitude < 1e-5f ? x - 0.5f * x * x : y;
  y = x > 3.4028234e38f ? x : y;
  y = x == -1.0f ? -__builtin_inff() : y;
  return x < -1.0f || x != x ? __builtin_nanf("") : y;
}

// log(1 + e) for 0 <= e <= 1, where log1p needs no special case.
ELBO_INLINE float float_log1p_unit(float e) {
  float u = 1.0f + e;
  float y = float_log_normal(u, (e - (u - 1.0f)) / u);
  return e < 1e-4f ? e - 0.5f * e * e : y;
}

// sin and cos of 2 pi t for 0 <= t < 1, by reflection to |angle| <= pi / 4.
ELBO_INLINE void float_sincos_turns(float t, float *sine, float *cosine) {
  const float magic = 12582912.0f;
  float quarter = (t * 4.0f + magic) - magic;
  float a = (t - quarter * 0.25f) * 6.28318530717958648f;
  float a2 = a * a;
  float s = -1.9515295891e-4f;
  s = s * a2 + 8.3321608736e-3f;
  s = s * a2 - 1.6666654611e-1f;
  s = s * a2 * a + a;
  float c = 2.443315711809948e-5f;
  c = c * a2 - 1.388731625493765e-3f;
  c = c * a2 + 4.166664568298827e-2f;
  c = c * a2 * a2 - 0.5f * a2 + 1.0f;
  int32_t q = (int32_t)quarter;
  float sine_magnitude = (q & 1) ? c : s;
  float cosine_magnitude = (q & 1) ? s : c;
  *sine = (q & 2) ? -sine_magnitude : sine_magnitude;
  *cosine = ((q + 1) & 2) ? -cosine_magnitude : cosine_magnitude;
}

ELBO_INLINE float float_sigmoid(float x) {
  float e = float_exp_nonpositive(x < 0.0f ? x : -x);
  return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

// max(x, 0) + log(1 + exp(-|x|)): nothing overflows, nothing cancels.
ELBO_INLINE float float_softplus(float x) {
  float e = float_exp_nonpositive(x < 0.0f ? x : -x);
  return (x > 0.0f ? x : 0.0f) + float_log1p_unit(e);
}

ELBO_INLINE float float_tanh(float x) {
  float magnitude = x < 0.0f ? -x : x;
  float e = float_expm1(-2.0f * (magnitude > 10.0f ? 10.0f : magnitude));
  float y = -e / (2.0f + e);
  return x < 0.0f ? -y : y;
}
