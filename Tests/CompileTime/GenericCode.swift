// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Without known types the compiler has less to go by: up to three numbers in one formula.

func standardised<Scalar>(_ x: Tensor<Scalar>, _ mean: Tensor<Scalar>) -> Tensor<Scalar> {
  (x - mean).squared() * -0.5 / 4 - 1.6
}

func noisyGeneric<Scalar>(_ x: Tensor<Scalar>, _ z: Tensor<Scalar>) -> Tensor<Scalar> {
  -0.5 * (x - 2 * z).squared() - 0.918_938_533 + z
}

func parts<Scalar>(_ z: Tensor<Scalar>) -> Tensor<Scalar> {
  let near = -0.5 * (z - 1).squared() - 0.918
  let far = -0.5 * (z / 3).squared() - 0.918
  return near.exp() + far.exp()
}

func scaled<Scalar>(_ z: Tensor<Scalar>, _ factor: Scalar) -> Tensor<Scalar> {
  (1 - factor) * z + factor * z.squared() / 2
}
