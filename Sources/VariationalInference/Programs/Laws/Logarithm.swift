// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The natural logarithm of a constant, where a method of the same name hides the function.
func logarithm(_ x: Double) -> Double { log(x) }

/// log |Gamma(x)| of a constant.
func logGammaOfNumber(_ x: Double) -> Double { lgamma(x) }
