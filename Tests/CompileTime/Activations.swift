// SPDX-License-Identifier: Apache-2.0

import VariationalInference

extension Tensor where Scalar == Float {
  func gaussianErrorUnit() -> Tensor {
    0.5 * self * (1 + (0.797_884_56 * (self + 0.044_715 * self * self * self)).tanh())
  }
  func scaledExponentialUnit() -> Tensor {
    1.0507 * (.maximum(self, Tensor(0)) + 1.673_26 * (.minimum(self, Tensor(0)).exp() - 1))
  }
  func hardSigmoid() -> Tensor {
    .maximum(Tensor(0), .minimum(Tensor(1), self / 6 + 0.5)) * 2 - 1 + 0.1 * self
  }
}

extension Tensor where Scalar == Double {
  func mish() -> Tensor { self * softplus().tanh() * 0.9 + 0.05 * self - 1 / 3 + 2 * 0.25 }
  func smoothStep() -> Tensor { self * self * (3 - 2 * self) * 0.5 + (1 - self) / 4 - 0.125 }
  func softplusOfTwo(_ other: Tensor) -> Tensor {
    (2 * self - 1).softplus() / 2 + 0.5 * (3 - other / 2).softplus() - 0.25 * (self - other) + 1
  }
}

func annealed(_ start: Tensor<Double>, _ end: Tensor<Double>, at beta: Double) -> Tensor<Double> {
  (1 - beta) * start + beta * end - 0.5 * beta * (1 - beta) * (end - start).squared() / 4 + 1e-6
}
