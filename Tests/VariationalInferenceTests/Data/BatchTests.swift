// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Batches of named fields")
struct BatchTests {
  private let x = Tensor<Double>.pseudoRandom([4, 3], seed: 1)
  private let c = Tensor<Double>.pseudoRandom([4, 2], seed: 2)

  @Test("fields are found by name, and those of a role are joined in the order of their uses")
  func fields() {
    let batch = Batch(["x": x, "c": c], examples: [7, 3, 3, 0])
    #expect(batch.count == 4 && batch.examples == [7, 3, 3, 0])
    #expect(batch["x"].scalars == x.scalars && batch["c"].scalars == c.scalars)
    let uses = [FieldUse("c", .data), FieldUse("x", .data), FieldUse("c", .condition)]
    #expect(
      batch.rows(.data, of: uses)?.scalars == Tensor.concatenated([c, x], along: 1).scalars)
    #expect(batch.rows(.condition, of: uses)?.scalars == c.scalars)
    #expect(batch.rows(.mask, of: uses) == nil && batch.rows(.weight, of: uses) == nil)
    #expect(
      batch.encoderInput([FieldUse("c", .condition), FieldUse("x", .data)]).scalars
        == Tensor.concatenated([x, c], along: 1).scalars)
    let bare = Batch(x)
    #expect(bare.examples == [0, 1, 2, 3] && bare["x"].scalars == x.scalars)
  }

  @Test("a slice keeps the examples' numbers")
  func slice() {
    let part = Batch(["x": x, "c": c], examples: [7, 3, 5, 0]).slice(1..<3)
    #expect(part.examples == [3, 5] && part.count == 2)
    #expect(part["x"].scalars == x.slice(1..<3).scalars)
    #expect(part["c"].scalars == c.slice(1..<3).scalars)
  }

  @Test("a field that is not there, and fields of unequal length, are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = Batch<Float>(.zeros([2, 1]))["y"] }
    await #expect(processExitsWith: .failure) {
      _ = Batch<Float>(["x": .zeros([2, 1]), "y": .zeros([3, 1])])
    }
    await #expect(processExitsWith: .failure) {
      _ = Batch<Float>(["x": .zeros([2, 1])], examples: [0, 1, 2])
    }
    await #expect(processExitsWith: .failure) { _ = Batch<Float>(.zeros([2])) }
    await #expect(processExitsWith: .failure) {
      _ = Batch<Float>(.zeros([2, 1])).encoderInput([FieldUse("x", .condition)])
    }
  }
}
