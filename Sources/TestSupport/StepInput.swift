// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

extension GradientStep.Context {
  /// This shard's rows of a tensor of the whole batch, as an input of the step.
  package func input(rowsOf tensor: Tensor<Scalar>) -> Tensor<Scalar> {
    let rows = tensor.slice(rows)
    return input(rows.shape) { target in
      rows.withScalars { _ = target.update(fromContentsOf: $0) }
    }
  }
}
