// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Log-joints written by hand, as in the textbooks: several sites of a model in one line.

/// y[j] ~ N(mu + tau eta[j], sigma[j]), eta ~ N(0, 1), mu ~ N(0, 5), log tau ~ N(0, 1).
func eightSchools(
  _ mu: Tensor<Double>, _ logTau: Tensor<Double>, _ eta: Tensor<Double>, _ y: Tensor<Double>,
  _ sigma: Tensor<Double>
) -> Tensor<Double> {
  let school = -0.5 * ((y - mu - logTau.exp() * eta) / sigma).squared() - sigma.log() - 0.918_938_5
  return school.sum(along: -1) - 0.5 * eta.squared().sum(along: -1) - 8 * 0.918_938_5 - 0.5
    * (mu / 5).squared() - 1.609 - 0.918_938_5 - 0.5 * logTau.squared() - 0.918_938_5
}

func logisticRegression(
  _ x: Tensor<Float>, _ y: Tensor<Float>, _ w: Tensor<Float>
) -> Tensor<Float> {
  let logits = x.matrixProduct(w.reshaped(to: [3, 1])) * 2 - 0.5
  return (y * logits - logits.softplus()).sum() - 0.5 * (w / 2.5).squared().sum() - 3 * 1.835 - 1
}

func poisson(_ count: Tensor<Double>, _ eta: Tensor<Double>) -> Tensor<Double> {
  (count * (0.5 * eta + 1) - (0.5 * eta + 1).exp()).sum(along: -1) - 0.5
    * (eta / 3).squared().sum(
      along: -1) - 10 * 2.017 + 0.25
}

func autoregression(
  _ x: Tensor<Double>, _ phi: Tensor<Double>, _ s: Tensor<Double>
) -> Tensor<Double> {
  let step = x.slice(1..<10) - phi * x.slice(0..<9) - 0.1
  return -0.5 * (step / s).squared().sum() - 9 * s.log() - 9 * 0.918_938_5 - 0.5
    * ((phi - 0.5) / 0.25).squared() + 1.386 - 0.918_938_5 - 2 * s
}

func funnel(_ v: Tensor<Float>, _ x: Tensor<Float>) -> Tensor<Float> {
  -0.5 * (v / 3).squared() - 1.0986 - 0.9189 - 0.5 * (x.squared() * (-v).exp()).sum(along: -1) - 4.5
    * v - 9 * 0.9189
}
