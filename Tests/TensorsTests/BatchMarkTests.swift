// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// What is done to rows of a batch, `[rows, 20]`, before a linear layer takes them.
private struct RowOperation: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let apply: @Sendable (Tensor<Float>) -> Tensor<Float>

  init(_ name: String, _ apply: @escaping @Sendable (Tensor<Float>) -> Tensor<Float>) {
    testDescription = name
    self.apply = apply
  }

  private static func constant(_ shape: [Int]) -> Tensor<Float> { .pseudoRandom(shape, seed: 70) }

  /// Each row of the result belongs to one row of the batch.
  static let keeping = [
    RowOperation("nothing") { $0 },
    RowOperation("detached") { $0.detached },
    RowOperation("an elementary function") { $0.tanh() },
    RowOperation("a negation and a power") { (-$0).magnitude().raised(to: 1.5) },
    RowOperation("a number on either side") { 2 - $0 * 3 },
    RowOperation("a constant vector on either side") { constant([20]) * $0 + constant([20]) },
    RowOperation("a constant row on either side") { constant([1, 20]) - $0 / constant([1, 20]) },
    RowOperation("the larger of two") { .maximum($0, constant([20])) },
    RowOperation("a column of itself") { $0 + $0.slice(3..<4, along: 1) },
    RowOperation("columns of itself, joined") {
      .concatenated([$0.slice(2..<9, along: 1), $0, $0.slice(0..<4, along: 1)], along: 1)
    },
    RowOperation("a constant column, joined") {
      .concatenated([.zeros([$0.shape[0], 1]), $0], along: -1)
    },
    RowOperation("several rows each") { $0.reshaped(to: [$0.shape[0] * 5, 4]) },
    RowOperation("another axis, and back") {
      $0.reshaped(to: [$0.shape[0], 5, 4]).squared().reshaped(to: $0.shape)
    },
    RowOperation("an axis more") { $0.reshaped(to: [$0.shape[0], 5, 4]) },
    RowOperation("sums along other axes") {
      $0.reshaped(to: [$0.shape[0], 5, 4]).sum(along: 1) + $0.mean(along: -1, keepingAxis: true)
    },
    RowOperation("logSumExp and largest") {
      let parts = $0.reshaped(to: [$0.shape[0], 5, 4])
      return parts.logSumExp(along: 2) + parts.logMeanExp(along: 2) * parts.largest(along: 2)
    },
    RowOperation("columns repeated") {
      $0.slice(0..<1, along: 1).repeated(to: [$0.shape[0], 20])
    },
    RowOperation("several draws of each row") {
      ($0.aligned(toRank: 3) + constant([1, 3, 1])).reshaped(to: [3 * $0.shape[0], 20])
    },
    RowOperation("a matrix product") { $0.matrixProduct(constant([20, 7])) },
    RowOperation("a constant layer") {
      $0.linear(weight: constant([7, 20]), bias: .zeros([7]), activation: .tanh)
    },
    RowOperation("matrices of each row") {
      let rows = $0.shape[0]
      let constants = constant([1, 20]).repeated(to: [rows, 20])
      return constants.groupedLinear(weight: $0.reshaped(to: [rows, 1, 20]))
    },
    RowOperation("a matrix for all rows") { $0.groupedLinear(weight: constant([1, 6, 20])) },
    RowOperation("a triangular solution") {
      let identity = Tensor<Float>((0..<400).map { $0 % 21 == 0 ? 1 : 0 }, shape: [1, 20, 20])
      return $0.lowerTriangularSolve(factor: identity)
    },
    RowOperation("a Gaussian draw") {
      .gaussianSample(mean: $0, logVariance: $0 * 0.1, noise: .zeros($0.shape))
    },
    RowOperation("fused log-probabilities") {
      let kl = Tensor.gaussianKLToStandardNormal(mean: $0, logVariance: $0 * 0.1)
      return (kl + $0.bernoulliLogProbability(logits: $0)).reshaped(to: [$0.shape[0], 1])
    },
    RowOperation("log-probabilities of several draws") {
      let draws = $0.aligned(toRank: 3) + constant([1, 2, 1])
      return $0.aligned(toRank: 3).bernoulliLogProbability(logits: draws)
    },
    RowOperation("several Gaussian draws") {
      let mean = $0.aligned(toRank: 3)
      return .gaussianSample(
        mean: mean, logVariance: mean * 0.1, noise: .zeros([$0.shape[0], 2, 20])
      ).reshaped(to: [$0.shape[0], 40])
    },
  ]

  /// The first axis of the result is something else, or nobody knows.
  static let losing = [
    RowOperation("a copy") { $0.copy },
    RowOperation("constant rows, as many as a shard has") { _ in constant([32, 20]) },
    RowOperation("one constant row") { _ in constant([1, 20]) },
    RowOperation("a sum over the rows") { $0.sum(along: 0, keepingAxis: true) },
    RowOperation("a transposition, and back") { $0.transposed().transposed() },
    RowOperation("some of the rows") { $0.slice(0..<16) },
    RowOperation("rows joined to rows") { .concatenated([$0, $0], along: 0) },
    RowOperation("another first axis") { $0.reshaped(to: [4, $0.shape[0] * 5]).transposed() },
    RowOperation("a new first axis") { $0 + constant([3, 1, 20]) },
  ]
}

@Suite("Rows of a batch are known as such")
struct BatchMarkTests {
  /// The shards of a second step on two threads: one for each thread where all gradients wait for the
  /// second phase; four blocks of 32 rows where a gradient is summed over shards.
  private func shards(_ operation: RowOperation) -> Int {
    let data = Tensor<Float>.pseudoRandom([128, 20], .uniform(0.1...0.9), seed: 71)
    let width = operation.apply(data).shape.last ?? 0
    let step = GradientStep<Float>(
      parameters: [.pseudoRandom([3, width], seed: 72), .zeros([3])],
      workers: WorkerPool(count: 2))
    var shards = 0
    for _ in 0..<2 {
      let outcome = step.run(batch: 128) { context in
        let y = operation.apply(context.input(rowsOf: data))
          .linear(weight: context.parameters[0], bias: context.parameters[1])
        return .init(perRow: y, report: [y])
      } update: { _ in
      }
      shards = outcome.reports.count
    }
    return shards
  }

  @Test("through what leaves rows apart", arguments: RowOperation.keeping)
  private func keeping(_ operation: RowOperation) { #expect(shards(operation) == 2) }

  @Test("and no longer through what does not", arguments: RowOperation.losing)
  private func losing(_ operation: RowOperation) { #expect(shards(operation) == 4) }

  @Test("an input of another number of rows is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      let step = GradientStep<Float>(parameters: [.zeros([1])], workers: WorkerPool(count: 1))
      _ = step.run(batch: 16) { context in
        .init(perRow: context.input([17, 2]) { $0.update(repeating: 0) })
      } update: { _ in
      }
    }
  }
}
