// SPDX-License-Identifier: Apache-2.0

import VariationalInference

func logDensity(_ z: Tensor<Double>) -> Tensor<Double> {
  (z / 5).squared() * -0.5 - 1.6 - 0.918 + (z / 5).squared() * -0.5
}

func noisyDouble(_ x: Tensor<Double>, _ z: Tensor<Double>) -> Tensor<Double> {
  -0.5 * (x - 2 * z).squared() / (2 * 0.3 * 0.3) - 0.918_938_533 - 1.203 + 0.5 * z - 1
}

func threeTerms(_ a: Tensor<Double>, _ b: Tensor<Double>, _ c: Tensor<Double>) -> Tensor<Double> {
  -0.5 * ((a - 1) / 2).squared() - 0.693 - 0.918 - 0.5 * ((b - a) / 0.1).squared() + 2.303 - 0.918
    - 0.5 * (c - 0.5 * b).squared() - 0.918
}

func learnedScale(_ x: Tensor<Double>, _ mu: Tensor<Double>, _ s: Tensor<Double>) -> Tensor<Double>
{
  -((x - mu) * (-s).exp()).squared() / 2 - s - 0.918_938_533 + (1 - s / 3).squared() * -0.5 - 1.1
}

func divergence(_ m: Tensor<Double>, _ v: Tensor<Double>) -> Tensor<Double> {
  0.5 * (v.exp() / 4 + (m - 1).squared() / 4 - 1 - v + 2 * 0.693_147).sum(along: -1) - 0.5 * 2 + 1
}

func studentT(_ x: Tensor<Double>) -> Tensor<Double> {
  -(4.0 + 1) / 2 * ((x - 1.5) / 0.7).squared().logOnePlus() / 4 - 0.980_829 - 0.35 * 2
}

func correlated(_ x: Tensor<Double>, _ y: Tensor<Double>) -> Tensor<Double> {
  -(x.squared() - 2 * 0.8 * x * y + y.squared()) / (2 * (1 - 0.8 * 0.8)) - 1.837_877 + 0.51
}
