// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Tensor {
  /// The natural exponential of each element, y = exp(x): dy/dx = y.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func exp() -> Tensor {
    recordedFromOutput(ElboExp) { g, y in g * y }
  }

  /// The natural logarithm of each element: dy/dx = 1 / x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func log() -> Tensor {
    recordedFromInput(ElboLog) { g, x in g / x }
  }

  /// log(1 + x), exact also for small x: dy/dx = 1 / (1 + x).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logOnePlus() -> Tensor {
    recordedFromInput(ElboLogOnePlus) { g, x in g / (1 + x) }
  }

  /// y = exp(x) - 1, exact also for small x: dy/dx = y + 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func expMinusOne() -> Tensor {
    recordedFromOutput(ElboExpMinusOne) { g, y in g * (y + 1) }
  }

  /// The square root y of each element: dy/dx = 1 / (2 y).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func squareRoot() -> Tensor {
    recordedFromOutput(ElboSquareRoot) { .binary(ElboSquareRootGradientFromY, $0, $1) }
  }

  /// The square of each element: dy/dx = 2 x.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func squared() -> Tensor {
    recordedFromInput(ElboSquare) { g, x in g * x * 2 }
  }

  /// y = 1 / x for each element: dy/dx = -y^2.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func reciprocal() -> Tensor {
    recordedFromOutput(ElboReciprocal) { .binary(ElboReciprocalGradientFromY, $0, $1) }
  }

  /// The magnitude of each element: dy/dx = sign(x), 0 at 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func magnitude() -> Tensor {
    recordedFromInput(ElboAbs) { .binary(ElboAbsGradientFromX, $0, $1) }
  }

  /// The hyperbolic tangent y of each element: dy/dx = 1 - y^2.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func tanh() -> Tensor {
    recordedFromOutput(ElboTanh) { .binary(ElboTanhGradientFromY, $0, $1) }
  }

  /// The logistic function y = 1 / (1 + exp(-x)): dy/dx = y (1 - y).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sigmoid() -> Tensor {
    recordedFromOutput(ElboSigmoid) { .binary(ElboSigmoidGradientFromY, $0, $1) }
  }

  /// log(1 + exp(x)), which neither overflows nor cancels: dy/dx = 1 / (1 + exp(-x)).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func softplus() -> Tensor {
    recordedFromInput(ElboSoftplus) { .binary(ElboSoftplusGradientFromX, $0, $1) }
  }

  /// max(x, 0); its gradient at 0 is 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func relu() -> Tensor {
    recordedFromOutput(ElboRelu) { .binary(ElboReluGradientFromY, $0, $1) }
  }

  /// The sine of each element, in radians: dy/dx = cos(x).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sin() -> Tensor {
    recordedFromInput(ElboSin) { g, x in g * x.cos() }
  }

  /// The cosine of each element, in radians: dy/dx = -sin(x).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func cos() -> Tensor {
    recordedFromInput(ElboCos) { g, x in -(g * x.sin()) }
  }
}

extension Tensor {
  /// An element-wise kernel of one tensor; nothing is recorded.
  static func unary(_ operation: ElboUnary, _ a: Tensor) -> Tensor {
    generate(a.shape, a) { Scalar.kernels.unary(operation, a.count, $1, $0) }.marked(a.rows)
  }

  /// `gradient` maps the gradient of y = f(x), and x, to that of x: for a derivative that is
  /// simplest in x.
  func recordedFromInput(
    _ kernel: ElboUnary, name: String = #function,
    gradient: @escaping (Tensor, Tensor) -> Tensor
  ) -> Tensor {
    let x = detached
    return Tensor.operation(value: .unary(kernel, self), inputs: [self], name: name) {
      [gradient($0, x)]
    }
  }

  /// The same for a derivative that is simplest in y, as exp' = y. Then x need not be kept.
  func recordedFromOutput(
    _ kernel: ElboUnary, name: String = #function,
    gradient: @escaping (Tensor, Tensor) -> Tensor
  ) -> Tensor {
    let y = Tensor.unary(kernel, self)
    return Tensor.operation(value: y, inputs: [self], name: name) { [gradient($0, y)] }
  }
}
