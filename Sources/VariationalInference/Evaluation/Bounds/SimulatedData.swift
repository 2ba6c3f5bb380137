// SPDX-License-Identifier: Apache-2.0

/// Data drawn from a model with the latent variables that they were drawn from: for each example an exact
/// draw of its posterior.
public struct SimulatedData<Scalar: TensorScalar>: Sendable {
  /// The field x that the model reads, the conditions that the data were drawn under, and ones for weights
  /// and masks that it reads.
  public let data: ArrayDataset
  /// `[count, latent]`.
  public let latent: Tensor<Scalar>
}

extension GenerativeModel where Likelihood: DrawableDistribution {
  /// Draws z ~ p(z), then x ~ p(x | z).
  ///
  /// - Parameters:
  ///   - count: The number of examples.
  ///   - batch: The conditions of each example, where the model reads conditions.
  ///   - seed: Decides the draws. Those of z are those of ``priorDraws(count:seed:)``.
  /// - Returns: z, `[count, latent]`, and x, `[count, data]`.
  public func simulate(
    count: Int, _ batch: Batch<Scalar>? = nil, seed: UInt64 = 0
  ) -> (z: Tensor<Scalar>, x: Tensor<Scalar>) {
    simulate(0..<count, batch, seed: seed)
  }

  /// Some of such draws, by their numbers; `batch` has the conditions of these alone.
  package func simulate(
    _ numbers: Range<Int>, _ batch: Batch<Scalar>?, seed: UInt64
  ) -> (z: Tensor<Scalar>, x: Tensor<Scalar>) {
    let z = priorDraws(numbers, seed: seed)
    let x = likelihood(given: batch?.joined(to: z, reads) ?? z).draw(
      numbers.map { NoisePurpose.simulatedPixels.key(seed: seed, example: $0) })
    return (z, x)
  }

  /// Draws z ~ p(z), then x ~ p(x | z).
  ///
  /// - Parameters:
  ///   - count: The number of examples.
  ///   - field: What x is, as the data that the model was trained on call it.
  ///   - batch: The conditions of each example, where the model reads conditions.
  ///   - seed: Decides the draws. Those of z are those of ``priorDraws(count:seed:)``.
  /// - Returns: The examples and what they were drawn from.
  public func simulate(
    count: Int, as field: DataField, _ batch: Batch<Scalar>? = nil, seed: UInt64 = 0
  ) -> SimulatedData<Scalar> {
    let (z, x) = simulate(count: count, batch, seed: seed)
    precondition(
      x.shape == [count, field.width],
      "field '\(field.name)' of \(field.width) numbers for draws of shape \(x.shape)")
    let others = reads.filter { $0.role != .data }.map { use in
      let rows: Tensor<Scalar> =
        switch (use.role, batch) {
        case (.condition, let batch?): batch[use.name]
        default: Tensor(repeating: 1, shape: [count, use.role == .mask ? field.width : 1])
        }
      return DataColumn(DataField(use.name, shape: [rows.shape[1]]), rows.doubles)
    }
    // A Gaussian model of grey levels draws numbers beyond black and white.
    let isOfKind = x.scalars.allSatisfy { $0 == 0 || $0 == 1 }
    let field = isOfKind ? field : DataField(field.name, shape: field.shape)
    return SimulatedData(
      data: ArrayDataset(
        name: "simulated", split: "test",
        columns: [DataColumn(field, x.doubles)] + others),
      latent: z)
  }
}
