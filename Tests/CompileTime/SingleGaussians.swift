// SPDX-License-Identifier: Apache-2.0

import VariationalInference

func logDensity(_ z: Tensor<Float>) -> Tensor<Float> {
  (z / 5).squared() * -0.5 - 1.6 - 0.918 + (z / 5).squared() * -0.5
}

func noisySingle(_ x: Tensor<Float>, _ z: Tensor<Float>) -> Tensor<Float> {
  -0.5 * (x - 2 * z).squared() / (2 * 0.3 * 0.3) - 0.918_938_533 - 1.203 + 0.5 * z - 1
}

func threeTerms(_ a: Tensor<Float>, _ b: Tensor<Float>, _ c: Tensor<Float>) -> Tensor<Float> {
  -0.5 * ((a - 1) / 2).squared() - 0.693 - 0.918 - 0.5 * ((b - a) / 0.1).squared() + 2.303 - 0.918
    - 0.5 * (c - 0.5 * b).squared() - 0.918
}

func laplace(_ x: Tensor<Float>, _ mean: Tensor<Float>, _ s: Tensor<Float>) -> Tensor<Float> {
  -((x - mean).magnitude() * (-s).exp() + s + 0.693_147) * 2 - 0.5 * (s / 3).squared() - 2.017
}

func logNormal(_ x: Tensor<Float>) -> Tensor<Float> {
  -x.log() - ((x.log() - 0.25) / 0.5).squared() / 2 - 0.918_938_5 + 0.693_147 - 3 * 0.25
}

func shrunk(_ x: Tensor<Float>, by scale: Float) -> Tensor<Float> {
  (1 - scale * 0.5) * x + scale * (0.25 - x / 3) - 2 * (scale - 1) * 0.125 + x * scale * 1.5
}
