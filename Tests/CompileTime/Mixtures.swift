// SPDX-License-Identifier: Apache-2.0

import VariationalInference

func twoHumps(_ z: Tensor<Float>) -> Tensor<Float> {
  (0.3 * (-0.5 * ((z - 1.5) / 0.4).squared()).exp() / 0.4 + 0.7
    * (-0.5 * ((z + 2) / 0.8).squared()).exp() / 0.8).log() - 0.918_938_533
}

func threeHumps(_ z: Tensor<Double>) -> Tensor<Double> {
  (0.2 * (-(z - 3).squared() / 2).exp() + 0.5 * (-(z + 1).squared() / 0.5).exp() * 2 + 0.3
    * (-(z - 0.5).squared() / 4.5).exp() / 1.5).log()
}

func stacked(_ z: Tensor<Double>) -> Tensor<Double> {
  let parts = Tensor.concatenated(
    [
      -0.5 * ((z - 1) / 0.5).squared() - 0.918 + 0.693 - 1.2,
      -0.5 * ((z + 2) / 1.5).squared() - 0.918 - 0.405 - 0.35,
    ], along: 0)
  return parts.logSumExp(along: 0, keepingAxis: true) - 0.5 * (z / 10).squared() - 2.3
}

func outlier(_ x: Tensor<Double>, _ rate: Tensor<Double>) -> Tensor<Double> {
  let inside = (1 - rate) * (-0.5 * (x / 0.2).squared()).exp() / (0.2 * 2.506_628)
  return (inside + rate * (-0.5 * (x / 10).squared()).exp() / (10 * 2.506_628) + 1e-30).log()
}
