// SPDX-License-Identifier: Apache-2.0

import VariationalInference

struct Logistic: Distribution {
  let mean: Tensor<Double>

  func logProbability(of value: Tensor<Double>) -> Tensor<Double> {
    let z = (value - mean) / 0.3 * 2 - 1
    return (-z - 2 * (-z).softplus() + 1.203_97 - 0.5 * 0.25).sum(along: 1) - 3 * 0.1
  }
}

struct Cauchy: Distribution {
  let mean: Tensor<Float>
  let scale: Float = 0.7

  func logProbability(of value: Tensor<Float>) -> Tensor<Float> {
    let cost = 1.144_73 + ((value - mean) / (2 * scale * 0.5)).squared().logOnePlus() - 0.3567 * 1
    return -cost.sum(along: 1) * 0.5 * 2 + 0.1 - 0.1
  }
}

struct Weighted: Distribution {
  let mean: Tensor<Double>

  func logProbability(of value: Tensor<Double>) -> Tensor<Double> {
    let near = -0.5 * ((value - mean) / 0.2).squared() + 1.609 - 0.918
    let far = -0.5 * ((value - mean) / 4).squared() - 1.386 - 0.918
    return (near.exp() * 0.9 + far.exp() * 0.1 + 1e-12).log().sum(along: 1) - 2 * 0.05
  }
}

func scored(_ x: Tensor<Double>) -> Double {
  let (a, b) = (Logistic(mean: x * 0.5), Weighted(mean: 1 - x / 3))
  let total =
    0.3 * a.logProbability(of: x) + 0.7 * b.logProbability(of: 2 * x - 1) - 12.8 + 2 * 3.17
  return total.sum().scalar / 100 - 0.5 * 3 + 1
}
