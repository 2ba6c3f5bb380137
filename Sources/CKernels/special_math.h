// SPDX-License-Identifier: Apache-2.0
//
// Special functions in double precision, as vectorisable as the elementary functions they call, to
// 4 units in the last place. The digits of the polynomials are in special_terms.h.
//
// Those of the gamma family take x >= 0. Those for x < 0 after them go by reflection, one by one,
// and lose relative digits near their zeros.
#pragma once

#include <math.h>

#include "double_math.h"
#include "special_terms.h"

#define PI 3.14159265358979323846
#define SQRT_HALF 0.70710678118654752440
#define SQRT_TWO_PI 2.50662827463100050242

// Gamma(x) = (x - 1) (x - 2) ... Gamma(1 + w) for 0 <= x < 8: returns w in [0, most], most 1 or 2,
// with the product of the factors and the sum of 1 / factor. Below 1, where
// Gamma(x) = Gamma(1 + x) / x, the product is 1 and the sum -1 / x.
ELBO_INLINE double reduce_gamma(double x, double most, double *product, double *sum) {
  double w = x < 1.0 ? x : x - 1.0, p = 1.0, numerator = 0.0;
  // (numerator / p) + 1 / w, in one fraction until all factors are taken.
  ELBO_UNROLLED_LOOP
  for (int i = 0; i < 6; i++) {
    int taken = w > most;
    numerator = taken ? numerator * w + p : numerator;
    p = taken ? p * w : p;
    w = taken ? w - 1.0 : w;
  }
  *product = p;
  *sum = x < 1.0 ? -1.0 / x : numerator / p;
  return w;
}

// log Gamma(x). Below 8 by log Gamma(1 + w), divided by its zeros w = 0 and 1, in one polynomial
// for both sides of each; then Stirling's series,
//
//     (x - 1/2) log x - x + log(2 pi) / 2 + sum of B_2k / (2k (2k - 1) x^(2k - 1))
ELBO_INLINE double log_gamma(double x) {
  double product, sum, w = reduce_gamma(x, 2.0, &product, &sum);
  double core = w * (w - 1.0) * POLYNOMIAL(w - 1.0, log_gamma_terms);
  double logarithm = double_log(x < 1.0 || x >= 8.0 ? x : product);
  double y = x < 1.0 ? core - logarithm : core + logarithm;
  double inverse = 1.0 / x;
  double series = inverse * POLYNOMIAL(inverse * inverse, stirling_terms);
  // log(2 pi) / 2 - 1/2; infinity - infinity does not arise.
  double stirling = (x - 0.5) * (logarithm - 1.0) + (0.41893853320467274178 + series);
  return x >= 8.0 ? stirling : y;
}

// psi(x) = d log Gamma / dx. Below 8 by psi(1 + w), divided by its zero, which is given in two
// parts; then log x - 1 / (2 x) - sum of B_2k / (2k x^2k).
ELBO_INLINE double digamma(double x) {
  double product, sum, w = reduce_gamma(x, 1.0, &product, &sum);
  double core = ((w - 0x1.d8b618d5af8fep-2) + 0x1.1e563779a1f5bp-56)
                * POLYNOMIAL(w - 0.5, digamma_terms);
  double inverse = 1.0 / x, square = inverse * inverse;
  double series = double_log(x) - (0.5 * inverse + square * POLYNOMIAL(square, digamma_series));
  return x >= 8.0 ? series : core + sum;
}

// psi'(x) = sum of 1 / (x + j)^2: eight terms below 8, and the rest at y = x + 8 by the series
// 1 / y + 1 / (2 y^2) + sum of B_2k / y^(2k + 1).
ELBO_INLINE double trigamma(double x) {
  double y = x < 8.0 ? x + 8.0 : x, inverse = 1.0 / y, square = inverse * inverse;
  double sum = inverse + (0.5 * square + inverse * square * POLYNOMIAL(square, trigamma_series));
  ELBO_UNROLLED_LOOP
  for (int j = 7; j >= 0; j--) sum += x < 8.0 ? 1.0 / ((x + j) * (x + j)) : 0.0;
  return sum;
}

// psi''(x), in the same way: -2 / (x + j)^3, and then
// -1 / y^2 - 1 / y^3 - sum of (2k + 1) B_2k / y^(2k + 2).
ELBO_INLINE double tetragamma(double x) {
  double y = x < 8.0 ? x + 8.0 : x, inverse = 1.0 / y, square = inverse * inverse;
  double sum = square * (square * POLYNOMIAL(square, tetragamma_series) - (1.0 + inverse));
  ELBO_UNROLLED_LOOP
  for (int j = 7; j >= 0; j--) sum -= x < 8.0 ? 2.0 / ((x + j) * (x + j) * (x + j)) : 0.0;
  return sum;
}

// x < 0 as a distance from the nearest integer; not a number at a pole.
static inline double from_pole(double x) {
  double distance = x - nearbyint(x);
  return distance == 0.0 || isinf(x) ? NAN : distance;
}

// Gamma(x) Gamma(1 - x) = pi / sin(pi x), and its derivatives. |Gamma| is infinite at a pole.
static inline double log_gamma_negative(double x) {
  double s = sin(PI * from_pole(x));
  return s != s ? INFINITY : log(PI / fabs(x * s)) - log_gamma(-x);
}

static inline double digamma_negative(double x) {
  return digamma(1.0 - x) - PI / tan(PI * from_pole(x));
}

static inline double trigamma_negative(double x) {
  double s = sin(PI * from_pole(x));
  return PI * PI / (s * s) - trigamma(1.0 - x);
}

static inline double tetragamma_negative(double x) {
  double angle = PI * from_pole(x), s = sin(angle);
  return tetragamma(1.0 - x) - 2.0 * PI * PI * PI * cos(angle) / (s * s * s);
}

// exp(-factor x^2), factor 1/2 or 1: x^2 to twice the digits, as its error is one of the exponent.
ELBO_INLINE double exp_minus_square(double x, double factor) {
  double upper = double_from_bits(bits_from_double(x) & 0xfffffffff8000000);
  // Where x^2 is infinite, or not a number, the rest adds nothing.
  double rest = (x - upper) * (x + upper) * factor;
  return double_exp_sum(-(upper * upper) * factor, rest < 1.0 ? -rest : 0.0);
}

// Q(x) exp(x^2 / 2) for x >= 0, Q(x) = 1 - Phi(x) the upper tail of the standard normal, by a
// polynomial in (x - 6) / (x + 6) (after M. Shepherd and J. Laframboise 1981).
ELBO_INLINE double scaled_tail(double x) {
  double finite = x > 1e300 ? 1e300 : x;
  double t = (finite - 6.0) / (finite + 6.0);
  return POLYNOMIAL(t, mills_terms) / (1.0 + 2.0 * finite);
}

// erf(x) for |x| < 1, and erfc(x) for x >= 0, relatively exact for x > 1/2.
ELBO_INLINE double small_erf(double x) { return x * POLYNOMIAL(x * x, erf_terms); }
ELBO_INLINE double large_erfc(double x) {
  return 2.0 * exp_minus_square(x, 1.0) * scaled_tail(x * (2.0 * SQRT_HALF));
}

// log Phi(x): of the tail itself below 0, of what it leaves above. Near 0, by erf.
ELBO_INLINE double normal_log_cdf(double x) {
  double magnitude = double_magnitude(x), scaled = scaled_tail(magnitude);
  double centre = 0.5 - 0.5 * small_erf(magnitude * SQRT_HALF);
  double tail = magnitude < 1.0 ? centre : exp_minus_square(magnitude, 0.5) * scaled;
  double below = double_log(magnitude < 1.0 ? centre : scaled);
  below = magnitude < 1.0 ? below : below - 0.5 * x * x;
  return x < 0.0 ? below : double_log1p(-tail);
}

// d log Phi / dx = phi(x) / Phi(x), the inverse Mills ratio.
ELBO_INLINE double normal_log_cdf_derivative(double x) {
  double magnitude = double_magnitude(x), scaled = scaled_tail(magnitude);
  double centre = 0.5 - 0.5 * small_erf(magnitude * SQRT_HALF);
  double e = exp_minus_square(magnitude, 0.5);
  double tail = magnitude < 1.0 ? centre : e * scaled;
  double below = magnitude < 1.0 ? e / centre : 1.0 / scaled;
  return (x < 0.0 ? below : e / (1.0 - tail)) * (1.0 / SQRT_TWO_PI);
}

ELBO_INLINE double error_function(double x) {
  double magnitude = double_magnitude(x), y = 1.0 - large_erfc(magnitude);
  return magnitude < 1.0 ? small_erf(x) : x < 0.0 ? -y : y;
}

ELBO_INLINE double complementary_error_function(double x) {
  double magnitude = double_magnitude(x), y = large_erfc(magnitude);
  double outside = x < 0.0 ? 2.0 - y : y;
  return magnitude < 0.5 ? 1.0 - small_erf(x) : outside;
}

// Phi^-1(p) by M. Wichura's rational functions (algorithm AS 241, Applied Statistics 37, 1988): of
// q = p - 1/2 in the middle, of sqrt(-log(smaller tail)) outside.
ELBO_INLINE double normal_quantile(double p) {
  double q = p - 0.5, centre = 0.180625 - q * q;
  double middle = q * POLYNOMIAL(centre, quantile_a) / POLYNOMIAL(centre, quantile_b);
  double r = __builtin_elementwise_sqrt(-double_log(q < 0.0 ? p : 1.0 - p));
  double near = POLYNOMIAL(r - 1.6, quantile_c) / POLYNOMIAL(r - 1.6, quantile_d);
  double far = POLYNOMIAL(r - 5.0, quantile_e) / POLYNOMIAL(r - 5.0, quantile_f);
  double tail = r <= 5.0 ? near : far;
  tail = r > 1e300 ? r : tail;
  double y = q < 0.0 ? -tail : tail;
  return double_magnitude(q) <= 0.425 ? middle : y;
}

// log(1 - exp(x)) for x <= 0: near 0 exp(x) - 1 is exact, far from it exp(x) is small.
ELBO_INLINE double log_one_minus_exp(double x) {
  double near = double_log(-double_expm1(x)), far = double_log1p(-double_exp(x));
  return x > -0.69314718055994530942 ? near : far;
}

// log I0(x), by (I0(x) - 1) / t in t = x^2 / 4 below 8, and sqrt(x) exp(-x) I0(x) in 1 / x above.
ELBO_INLINE double log_bessel_i0(double x) {
  double magnitude = double_magnitude(x), t = 0.25 * x * x;
  double small = double_log1p(t * POLYNOMIAL(t, bessel_i0_small));
  double large = double_log(POLYNOMIAL(16.0 / magnitude - 1.0, bessel_i0_large))
                 - 0.5 * double_log(magnitude) + magnitude;
  large = magnitude > 0x1.fffffffffffffp1023 ? magnitude : large;
  return magnitude < 8.0 ? small : large;
}

// d log I0 / dx = I1(x) / I0(x).
ELBO_INLINE double bessel_ratio(double x) {
  double magnitude = double_magnitude(x), t = 0.25 * x * x, u = 16.0 / magnitude - 1.0;
  double i0 = 1.0 + t * POLYNOMIAL(t, bessel_i0_small);
  double small = 0.5 * x * POLYNOMIAL(t, bessel_i1_small) / i0;
  double large = POLYNOMIAL(u, bessel_i1_large) / POLYNOMIAL(u, bessel_i0_large);
  large = x < 0.0 ? -large : large;
  return magnitude < 8.0 ? small : large;
}
