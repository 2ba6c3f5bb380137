// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Numbers that have names, beside tensors and literals.

func blend(_ x: Tensor<Double>, by scale: Double) -> Tensor<Double> {
  (1 - scale * 0.5) * x + scale * (0.25 - x / 3) - 2 * scale
}

func longerBlend(_ x: Tensor<Double>, by scale: Double) -> Tensor<Double> {
  (1 - scale * 0.5) * x + scale * (0.25 - x / 3) - 2 * (scale - 1) * 0.125 + x * scale * 1.5
}

func singleBlend(_ x: Tensor<Float>, by scale: Float) -> Tensor<Float> {
  (1 - scale * 0.5) * x + scale * (0.25 - x / 3) - 2 * (scale - 1) * 0.125 + x * scale * 1.5
}

func likelihood(
  _ y: Tensor<Double>, _ z: Tensor<Double>, a: Double, b: Double, s: Double
) -> Tensor<Double> {
  -0.5 * ((y - a * z - b) / s).squared() - 2 * s / (1 + s) - 0.918_938_5 + a * (1 - b) * 0.25 - 1
}

func tempered(
  _ prior: Tensor<Float>, _ data: Tensor<Float>, _ beta: Float, _ count: Int
) -> Tensor<Float> {
  (1 - beta) * prior + beta * data * Float(count) / 128 - 0.5 * beta * (1 - beta) * data.squared()
    + 1e-6 * Float(count - 1)
}

func kernel(
  _ x: Tensor<Double>, _ y: Tensor<Double>, length: Double, height: Double
) -> Tensor<Double> {
  height * height * (-0.5 * ((x - y) / length).squared()).exp() + 0.1 * (1 - length / 2) * x * y
    + 1e-9 * height
}

func discounted(_ x: Tensor<Double>, _ rates: [Double]) -> Tensor<Double> {
  rates.reduce(0 * x) { $0 + (1 - $1) * x / (1 + $1 / 12) - 2 * $1 * (x - 0.5) * 0.25 }
}
