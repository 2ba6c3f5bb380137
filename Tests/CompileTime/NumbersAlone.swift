// SPDX-License-Identifier: Apache-2.0

import VariationalInference

// Numbers among themselves, beside an import that brings operators of tensors.

func sumsOfNumbers() -> [Double] {
  let short = 12.8 - 2 * 3.17
  let long = 12.8 - 2 * 3.17 + 4 * 0.5 - 1 / 3.0 + 0.1 * 7 - 2.5 / 8
  let powers = 1 + 0.5 * 0.5 + 0.25 * 0.25 * 2 - 0.125 * 0.125 * 0.125 * 3 + 1e-3 * 4
  let negative = -0.5 * 1.5 * 1.5 - 0.918_938_533 - -1.6 * -2 + -(3 - 0.25 * 2)
  return [short, long, powers, negative, 2 * 3.141_592_653_589_793 / 360 * 12.5 - 1]
}

func singleSums() -> [Float] {
  let short: Float = 12.8 - 2 * 3.17
  let long: Float = 12.8 - 2 * 3.17 + 4 * 0.5 - 1 / 3.0 + 0.1 * 7 - 2.5 / 8
  return [short, long, (1 - 0.75 * 0.75) * (1 + 0.75 * 0.75) / (2 - 0.5 * 3) + 1]
}

func wholeNumbers(_ rows: Int, _ columns: Int) -> Int {
  (rows + 15) / 16 * 16 * columns + 2 * (rows - 1) * 3 - 4 * columns / 2 + 7
}

func numbersForATensor(_ z: Tensor<Double>) -> Tensor<Double> {
  z + (12.8 - 2 * 3.17) - (4 * 0.5 + 1 / 3.0) * (0.1 * 7 - 2.5 / 8)
}

func mixedArguments(_ count: Int, _ scale: Double) -> Tensor<Double> {
  Tensor([1 / Double(count) + 0.5, scale * 2 - 1, 3 * scale * scale - 4 * 0.25, 12.8 - 2 * 3.17])
}
