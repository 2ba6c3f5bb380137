// SPDX-License-Identifier: Apache-2.0
//
// Elementary functions in double precision that a compiler can vectorise: no branch, no table, no
// call. Arguments are reduced as by W. Cody and W. Waite (Software Manual for the Elementary
// Functions, 1980), log is arranged as in FDLIBM (Sun Microsystems, 1993), and the polynomials
// interpolate at Chebyshev points. Errors in units in the last place, at 10^6 points against long
// double: exp, log and log1p below 1, expm1 and softplus 1.5, sigmoid and tanh 2.4.
//
// The compiler contracts a * b + c before it vectorises: body and remainder of a loop round alike.
#pragma once

#include <stdint.h>
#include <string.h>

#include "clones.h"

#define DOUBLE_INFINITY __builtin_inf()
#define DOUBLE_NAN __builtin_nan("")

// terms[0] + terms[1] x + terms[2] x^2 + ...
#define POLYNOMIAL(X, TERMS) double_polynomial(X, sizeof(TERMS) / sizeof(TERMS)[0], TERMS)

ELBO_INLINE double double_polynomial(double x, size_t count, const double *terms) {
  double p = terms[count - 1];
  ELBO_UNROLLED_LOOP
  for (size_t i = count - 1; i > 0; i--) p = p * x + terms[i - 1];
  return p;
}

ELBO_INLINE double double_from_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

ELBO_INLINE uint64_t bits_from_double(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

ELBO_INLINE double double_magnitude(double x) { return __builtin_fabs(x); }

// The nearest integer, for |x| < 2^51: adding 1.5 * 2^52 leaves no bits behind the point.
ELBO_INLINE double double_nearest(double x) {
  const double magic = 6755399441055744.0;
  return (x + magic) - magic;
}

// 2^n for an integer -1022 <= n <= 1023 held in a double: the sum ends in the bits of its exponent.
ELBO_INLINE double double_exp2_integer(double n) {
  return double_from_bits(bits_from_double(n + (6755399441055744.0 + 1023.0)) << 52);
}

// ln 2 in two parts; the first has 33 bits, so that its products with exponents are exact.
static const double double_ln2_high = 0x1.62e42feep-1, double_ln2_low = 0x1.a39ef35793c76p-33;

// (exp(r) - 1 - r) / r^2 for |r| <= ln(2) / 2, off by 1.3e-17 of exp(r).
static const double double_exp_terms[] = {
    0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d37p-5, 0x1.11111111109a6p-7,
    0x1.6c16c1789d1d7p-10, 0x1.a01a01a7cebcdp-13, 0x1.a019b8ca26fcfp-16, 0x1.71de0d85293b8p-19,
    0x1.2891d4ffbb0f9p-22, 0x1.af390ba7e6f47p-26};

// exp(x + y) for a y that is small beside 1: what was lost when x was rounded.
//
// x = n ln 2 + r, and r = high - low with an exact `high`, which enters the sum last but one. Two
// factors of 2^(n/2) reach subnormal results and infinity. Not-a-number passes through the clamps.
ELBO_INLINE double double_exp_sum(double x, double y) {
  double clamped = x > 710.0 ? 710.0 : x;
  clamped = clamped < -746.0 ? -746.0 : clamped;
  double n = double_nearest(clamped * 1.44269504088896341);
  double high = clamped - n * double_ln2_high, low = n * double_ln2_low - y, r = high - low;
  double square = r * r * POLYNOMIAL(r, double_exp_terms);
  double half = double_nearest(n * 0.5);
  double value = (1.0 + (high + (square - low))) * double_exp2_integer(half);
  return value * double_exp2_integer(n - half);
}

ELBO_INLINE double double_exp(double x) { return double_exp_sum(x, 0.0); }

// With h = 2^(n - 1) and r as above,
//
//     exp(x) - 1 = 2 ((h - 1/2) + h r + h (exp(r) - 1 - r))
//
// Doubling is exact, and 2^1024, which is no number, is not needed.
ELBO_INLINE double double_expm1(double x) {
  double y = x > 710.0 ? 710.0 : x;
  y = y < -40.0 ? -40.0 : y;
  double n = double_nearest(y * 1.44269504088896341);
  double high = y - n * double_ln2_high, low = n * double_ln2_low, r = high - low;
  double square = r * r * POLYNOMIAL(r, double_exp_terms);
  double h = double_exp2_integer(n - 1.0);
  double value = 2.0 * ((high * h + (h - 0.5)) + h * (square - low));
  return x == 0.0 ? x : value;
}

// (2 artanh(s) - 2 s) / s^3 in z = s^2, for s = f / (2 + f) and 1 + f as below, off by 5e-18 of
// log(1 + f).
static const double double_log_terms[] = {
    0x1.5555555555558p-1, 0x1.99999999952d7p-2, 0x1.2492492df281ap-2, 0x1.c71c62e3f11e6p-3,
    0x1.7462b51cb66b1p-3, 0x1.39fe51a7c18f9p-3, 0x1.2b5900de53b32p-3};

// log x for a positive normal x, plus `correction`, which is small beside 1.
//
//     x = 2^n (1 + f),  sqrt(1/2) <= 1 + f < sqrt(2)
//     log(1 + f) = 2 artanh(s) = f - f^2 / 2 + s (f^2 / 2 + s^2 P(s^2))
ELBO_INLINE double double_log_normal(double x, double correction) {
  const uint64_t one = 0x3ff0000000000000, root = 0x3fe6a09e667f3bcd;  // 1, sqrt(1/2)
  uint64_t shifted = bits_from_double(x) + (one - root);
  // The biased exponent, made a number by the bits of 2^52 before it.
  double n = double_from_bits(shifted >> 52 | 0x4330000000000000) - (4503599627370496.0 + 1023.0);
  double f = double_from_bits((shifted & 0x000fffffffffffff) + root) - 1.0;
  double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
  double rest = s * (half + z * POLYNOMIAL(z, double_log_terms));
  return n * double_ln2_high + (f - (half - (rest + (n * double_ln2_low + correction))));
}

ELBO_INLINE double double_log(double x) {
  int subnormal = x < 0x1p-1022;
  double y = double_log_normal(subnormal ? x * 0x1p54 : x, 0.0);
  // 54 ln 2, to 53 bits of a result whose own are no finer.
  y = subnormal ? y - 37.429947750237047 : y;
  y = x > 0x1.fffffffffffffp1023 ? x : y;
  y = x == 0.0 ? -DOUBLE_INFINITY : y;
  return x < 0.0 || x != x ? DOUBLE_NAN : y;
}

// log(1 + x): the rounding error of 1 + x is put back as a correction (Kahan).
ELBO_INLINE double double_log1p(double x) {
  double u = 1.0 + x;
  double safe = u >= 0x1p-1022 && u <= 0x1.fffffffffffffp1023 ? u : 1.0;
  // Where |x| > 1 the small summand is 1, not x.
  double lost = x > 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
  double y = double_log_normal(safe, lost / safe);
  y = double_magnitude(x) < 0x1p-54 ? x : y;
  y = x > 0x1.fffffffffffffp1023 ? x : y;
  y = x == -1.0 ? -DOUBLE_INFINITY : y;
  return x < -1.0 || x != x ? DOUBLE_NAN : y;
}

// log(1 + e) for 0 <= e <= 1, where log1p needs no special case.
ELBO_INLINE double double_log1p_unit(double e) {
  double u = 1.0 + e;
  return double_log_normal(u, (e - (u - 1.0)) / u);
}

ELBO_INLINE double double_sigmoid(double x) {
  double e = double_exp(-double_magnitude(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

// max(x, 0) + log(1 + exp(-|x|)): nothing overflows, nothing cancels.
ELBO_INLINE double double_softplus(double x) {
  return (x > 0.0 ? x : 0.0) + double_log1p_unit(double_exp(-double_magnitude(x)));
}

// With e = exp(2 |x|) - 1, tanh |x| = e / (e + 2), where errors of a large e cancel.
ELBO_INLINE double double_tanh(double x) {
  double magnitude = double_magnitude(x);
  double e = double_expm1(2.0 * (magnitude > 20.0 ? 20.0 : magnitude));
  double y = e / (e + 2.0);
  return x < 0.0 ? -y : x == 0.0 ? x : y;
}
