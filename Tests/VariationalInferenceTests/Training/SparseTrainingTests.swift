// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Training on sparse rows")
struct SparseTrainingTests {
  private static let (rows, width) = (90, 700)

  /// Counts of which one in forty is not 0, in rows that fill neither blocks nor vectors.
  private func numbers() -> [Double] {
    Tensor<Double>.pseudoRandom([Self.rows * Self.width], .uniform(0...1), seed: 8).scalars.map {
      $0 < 0.975 ? 0 : (1 + ($0 - 0.975) * 200).rounded(.down)
    }
  }

  private var field: DataField { DataField("x", shape: [Self.width], kind: .count) }

  private var dense: ArrayDataset {
    ArrayDataset(name: "counts", columns: [DataColumn(field, numbers())]).addingTotals()
  }

  private var sparse: ArrayDataset {
    let all = numbers()
    let places = all.indices.filter { all[$0] != 0 }
    let rows = SparseRows(
      rows: places.map { Int32($0 / Self.width) }, columns: places.map { Int32($0 % Self.width) },
      values: places.map { all[$0] }, shape: [Self.rows, Self.width])
    return ArrayDataset(name: "counts", columns: [DataColumn(field, rows)]).addingTotals()
  }

  private func trained(
    _ data: ArrayDataset, _ law: DataLikelihood.Law, threads: Int
  ) throws -> [[Float]] {
    var generator = SplitMix64(seed: 3)
    let model = GeneralAutoencoder<Float>(
      DataLikelihood(law, columns: Self.width),
      .init(
        data: Self.width, hidden: [70], latent: 3, fields: AutoencoderFields(total: "total")),
      using: &generator)
    let trainer = try Trainer(
      model, data: data, options: TrainingOptions(epochs: 3, batchSize: 64, seed: 4),
      workers: WorkerPool(count: threads))
    try finish(trainer)
    return trainer.model.parameters.map(\.scalars)
  }

  @Test(
    "gives the bits of dense rows, with one thread and with two",
    arguments: [DataLikelihood.Law.multinomial, .negativeBinomial])
  func bits(_ law: DataLikelihood.Law) throws {
    let reference = try trained(dense, law, threads: 1)
    #expect(reference.joined().allSatisfy { $0.isFinite })
    for threads in [1, 2, 3] { #expect(try trained(sparse, law, threads: threads) == reference) }
  }
}
