// SPDX-License-Identifier: Apache-2.0

import VariationalInference

let cubic: @Sendable (Tensor<Double>) -> Tensor<Double> = {
  1 - 0.5 * $0 + 0.25 * $0 * $0 - 0.125 * $0 * $0 * $0
}

func gradientOfBanana() -> Double {
  let point = [Tensor<Double>(0.5), Tensor<Double>(-1)]
  let (value, gradients) = valueWithGradients(at: point) {
    -0.5 * $0[0].squared() - 0.5 * (($0[1] - 0.1 * $0[0].squared() + 10) / 0.3).squared() - 1.2
  }
  return value.scalar + 2 * gradients[0].scalar - 0.5 * gradients[1].scalar / 3 + 12.8 - 2 * 3.17
}

func named(_ z: Tensor<Float>) -> Tensor<Float> {
  let squash = { (t: Tensor<Float>) in
    0.5 * t * (1 + (0.797_884_56 * (t + 0.044_715 * t * t * t)).tanh())
  }
  let scaled = { (t: Tensor<Float>, s: Float) in (1 - s) * t + s * (t / 2 - 0.25) * 3 - 1 }
  return squash(z) - 2 * scaled(z, 0.3) + 0.1 * squash(1 - z) - 4
}

func mapped(_ parts: [Tensor<Double>]) -> Tensor<Double> {
  let terms = parts.map { -0.5 * (($0 - 1) / 2).squared() - 0.693 - 0.918 + $0 * 0.1 - 3 }
  return terms.reduce(Tensor(0)) { $0 + 2 * $1 - ($1 - 1) * 0.5 }
}

func drawn(_ scales: [Double]) -> [Tensor<Double>] {
  scales.map { scale in
    Tensor<Double>.standardNormal([3], key: NoiseKey(seed: 1)) * scale / 2 + 0.5 - scale * 3 * 0.25
      + 1
  }
}
