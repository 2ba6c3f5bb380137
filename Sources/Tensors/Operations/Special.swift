// SPDX-License-Identifier: Apache-2.0

internal import CKernels

// Each is exact to a few units in the last place; `Float` is computed in `Double` and rounded.

extension Tensor {
  /// log |Gamma(x)| of each element: its derivative is ``digamma()``. Infinite at the poles
  /// x = 0, -1, -2, ...
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logGamma() -> Tensor {
    recordedFromInput(ElboLogGamma) { g, x in g * .unary(ElboDigamma, x) }
  }

  /// The digamma function psi(x) = d log Gamma(x) / dx of each element: its derivative is
  /// ``trigamma()``.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func digamma() -> Tensor {
    recordedFromInput(ElboDigamma) { g, x in g * .unary(ElboTrigamma, x) }
  }

  /// The trigamma function psi'(x) = sum over j >= 0 of 1 / (x + j)^2 of each element: its
  /// derivative is the tetragamma function psi''.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func trigamma() -> Tensor {
    recordedFromInput(ElboTrigamma) { g, x in g * .unary(ElboTetragamma, x) }
  }

  /// erf(x) = 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x, of each element:
  /// dy/dx = 2 / sqrt(pi) exp(-x^2).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func errorFunction() -> Tensor {
    recordedFromInput(ElboErrorFunction) { g, x in g * (-x.squared()).exp() * twoOverRootPi }
  }

  /// erfc(x) = 1 - erf(x) of each element, relatively exact in the upper tail:
  /// dy/dx = -2 / sqrt(pi) exp(-x^2).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func complementaryErrorFunction() -> Tensor {
    recordedFromInput(ElboComplementaryErrorFunction) { g, x in
      g * (-x.squared()).exp() * -twoOverRootPi
    }
  }

  /// log Phi(x) of each element, Phi the distribution function of the standard normal; exact in
  /// both tails: dy/dx = phi(x) / Phi(x), the inverse Mills ratio.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalLogCDF() -> Tensor {
    recordedFromInput(ElboNormalLogCDF) { g, x in g * .unary(ElboNormalLogCDFDerivative, x) }
  }

  /// The quantile y = Phi^-1(p) of the standard normal of each element 0 <= p <= 1:
  /// dy/dp = sqrt(2 pi) exp(y^2 / 2). (Wichura 1988, algorithm AS 241.)
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func normalQuantile() -> Tensor {
    recordedFromOutput(ElboNormalQuantile) { g, y in
      g * (y.squared() / 2).exp() * Scalar(2.506628274631000502)
    }
  }

  /// log(1 - exp(x)) of each element x <= 0, exact near 0 and far below it:
  /// dy/dx = -1 / (exp(-x) - 1).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logOneMinusExp() -> Tensor {
    recordedFromInput(ElboLogOneMinusExp) { g, x in -(g / (-x).expMinusOne()) }
  }

  /// The arc tangent of each element, in radians: dy/dx = 1 / (1 + x^2).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func arctangent() -> Tensor {
    recordedFromInput(ElboArctangent) { g, x in g / (1 + x.squared()) }
  }

  /// log I0(x) of each element, I0 the modified Bessel function of the first kind of order 0, as
  /// the von Mises distribution needs it; it does not overflow: dy/dx = I1(x) / I0(x).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logBesselI0() -> Tensor {
    recordedFromInput(ElboLogBesselI0) { g, x in g * .unary(ElboBesselRatio, x) }
  }

  private var twoOverRootPi: Scalar { 1.1283791670955125739 }
}
