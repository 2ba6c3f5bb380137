// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// x[0] = u[0], x[t] = u[t] + c x[t - 1] along the first axis: exponential smoothing, moving averages and
  /// the variances of a GARCH model are such recurrences. One operation, whatever the number of steps.
  ///
  /// With g the gradient of x and a[t] = g[t] + c a[t + 1] from the end: du = a, and dc is the sum over
  /// t > 0 of a[t] x[t - 1].
  ///
  /// - Parameter coefficient: c, of the shape of one step with draws `[..., draws]`; 1 draw serves all.
  /// - Returns: x, `[T, ..., draws]`.
  /// - Precondition: This tensor is `[T, ..., draws]`; both have as many draws, or one of them has 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func linearRecurrence(coefficient: Tensor) -> Tensor {
    precondition(
      rank >= 2 && rank == coefficient.rank + 1, "a recurrence of \(shape) by \(coefficient.shape)")
    let whole = Broadcast(shape, [1] + coefficient.shape).shape
    let (inputs, factors) = (
      self.shape == whole ? self : repeated(to: whole),
      coefficient.shape == Array(whole.dropFirst())
        ? coefficient : coefficient.repeated(to: Array(whole.dropFirst()))
    )
    let (steps, width) = (whole[0], whole.dropFirst().reduce(1, *))
    let c = factors.detached
    let value = Tensor.generate(whole, inputs, c) { x, u, c in
      for step in 0..<steps {
        let (now, before) = (step * width, (step - 1) * width)
        for i in 0..<width { x[now + i] = step == 0 ? u[i] : u[now + i] + c[i] * x[before + i] }
      }
    }
    return Tensor.operation(value: value, inputs: [inputs, factors]) { g in
      let adjoint = Tensor.generate(whole, g, c) { a, g, c in
        for step in stride(from: steps - 1, through: 0, by: -1) {
          let (now, after) = (step * width, (step + 1) * width)
          let isLast = step == steps - 1
          for i in 0..<width { a[now + i] = isLast ? g[now + i] : g[now + i] + c[i] * a[after + i] }
        }
      }
      let slope = Tensor.generate(c.shape, adjoint, value) { out, a, x in
        for i in 0..<width { out[i] = 0 }
        for step in 1..<max(steps, 1) {
          for i in 0..<width { out[i] += a[step * width + i] * x[(step - 1) * width + i] }
        }
      }
      return [adjoint, slope]
    }
  }
}
