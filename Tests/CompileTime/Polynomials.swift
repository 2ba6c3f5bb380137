// SPDX-License-Identifier: Apache-2.0

import VariationalInference

func horner(_ x: Tensor<Double>) -> Tensor<Double> {
  ((((0.2 * x - 1.5) * x + 3) * x - 0.75) * x + 12) * x - 0.125
}

func powers(_ x: Tensor<Double>) -> Tensor<Double> {
  1 - x / 2 + x * x / 6 - x * x * x / 24 + x * x * x * x / 120
}

func singlePowers(_ x: Tensor<Float>) -> Tensor<Float> {
  1 + 0.5 * x + 0.25 * x.squared() + 0.125 * x.raised(to: 3) + 0.0625 * x.raised(to: 4) - 2
}

func twoVariables(_ x: Tensor<Double>, _ y: Tensor<Double>) -> Tensor<Double> {
  4 * x.squared() - 2.1 * x.raised(to: 4) + x.raised(to: 6) / 3 + x * y - 4 * y.squared() + 4
    * y.raised(to: 4)
}

func rational(_ x: Tensor<Float>) -> Tensor<Float> {
  (1 + 0.3 * x + 0.02 * x * x) / (1 - 0.4 * x + 0.05 * x * x) - (x - 1) / (x + 1)
}

func legendre(_ x: Tensor<Double>) -> [Tensor<Double>] {
  [
    (3 * x * x - 1) / 2, (5 * x * x * x - 3 * x) / 2,
    (35 * x * x * x * x - 30 * x * x + 3) / 8,
  ]
}
