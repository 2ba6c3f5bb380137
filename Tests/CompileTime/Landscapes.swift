// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// What optimisers are tried on.

func rosenbrock(_ x: Tensor<Double>, _ y: Tensor<Double>) -> Tensor<Double> {
  -((1 - x).squared() + 100 * (y - x.squared()).squared()) / 20 - 12.8 + 2 * 3.17
}

func himmelblau(_ x: Tensor<Float>, _ y: Tensor<Float>) -> Tensor<Float> {
  (x.squared() + y - 11).squared() / 10 + (x + y.squared() - 7).squared() / 10 - 0.5 * x + 3
}

func goldstein(_ x: Tensor<Double>, _ y: Tensor<Double>) -> Tensor<Double> {
  (1 + (x + y + 1).squared() * (19 - 14 * x + 3 * x * x - 14 * y + 6 * x * y + 3 * y * y))
    * (30 + (2 * x - 3 * y).squared()
      * (18 - 32 * x + 12 * x * x + 48 * y - 36 * x * y + 27 * y * y))
}

func ripples(_ x: Tensor<Float>) -> Tensor<Float> {
  10 + x.squared() - 10 * (2 * 3.141_592_65 * x).cos() - 0.5 * (x / 2 + 0.25).sin() + 1
    / (1 + x * x)
}

func beale(_ x: Tensor<Double>, _ y: Tensor<Double>) -> Tensor<Double> {
  (1.5 - x + x * y).squared() + (2.25 - x + x * y * y).squared()
    + (2.625 - x + x * y * y * y)
    .squared()
}

func whole(_ x: Tensor<Double>) -> Tensor<Double> {
  2 * x + 3 - x / 4 * 5 - 6 * (7 - x) + 8 / (9 + x.squared()) - 10 * (x - 11) / 12
}
