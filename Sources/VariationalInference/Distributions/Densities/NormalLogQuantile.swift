// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The z <= 0 at which the standard normal law's log Phi(z) is a number t <= log(1/2), however
  /// far out: dz/dt = exp(t) / phi(z).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func normalQuantileOfLog() -> Tensor {
    let t = detached
    let z = t.normalQuantileOfDetachedLog()
    return .operation(value: z, inputs: [self]) { g in
      [g * (t + (z.squared() * Scalar(0.5) + Scalar(halfLogTwoPi))).exp()]
    }
  }

  private func normalQuantileOfDetachedLog() -> Tensor {
    // Below, exp(t) loses digits or is 0.
    let least = Scalar(Scalar.self == Float.self ? -80 : -700)
    let near = Tensor.maximum(self, Tensor(least)).exp().normalQuantile()
    if isWithin(least...0) { return near }
    // Newton's steps for log Phi(z) = t, of slope |z| + 1 / |z| to 1e-4 or better, from the first
    // terms of z^2 = -2 t - log(2 pi z^2) - ...
    let far = Tensor.minimum(self, Tensor(least))
    let squares = far * -2 - Scalar(2 * halfLogTwoPi)
    var size = (squares - squares.log()).squareRoot()
    for _ in 0..<4 {
      size = size + ((-size).normalLogCDF() - far) / (size + size.reciprocal())
    }
    return .choose(.isAtLeast(self, Tensor(least)), near, -size)
  }
}
