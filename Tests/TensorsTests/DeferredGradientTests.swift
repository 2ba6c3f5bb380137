// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Tensors
import TestSupport
import Testing

/// The gradient of y = x s, with D the gradient of y: ds = sum over the rows of D x, column by column.
private struct ColumnScaleGradient<Scalar: TensorScalar>: DeferredGradient {
  let scale: Int
  /// `[rows, columns]` each.
  let x, d: Tensor<Scalar>
  /// Whether those of several shards can be joined.
  let joins: Bool
  /// Which preparations were made.
  let prepared = Preparations()

  final class Preparations: Sendable { let made = Mutex<Set<Int>>([]) }

  var parameters: [Int] { [scale] }

  static func joined(_ shards: [ColumnScaleGradient]) -> ColumnScaleGradient? {
    guard shards.count == 1 || shards[0].joins, let x = Tensor.joined(shards.map(\.x)),
      let d = Tensor.joined(shards.map(\.d))
    else { return nil }
    return ColumnScaleGradient(scale: shards[0].scale, x: x, d: d, joins: shards[0].joins)
  }

  var preparations: Int { 3 }

  func prepare(_ index: Int, _ profile: Profile?) {
    let isNew = prepared.made.withLock { $0.insert(index).inserted }
    precondition(isNew, "a preparation was made twice")
  }

  func write(
    _ columns: Range<Int>, of parameter: Int, adding: Bool,
    into target: UnsafeMutablePointer<Scalar>, _ profile: Profile?
  ) {
    precondition(prepared.made.withLock { $0 } == [0, 1, 2], "a slab before all preparations")
    let width = x.shape[1]
    x.withScalars { x in
      d.withScalars { d in
        for column in columns {
          var sum: Scalar = adding ? target[column - columns.lowerBound] : 0
          for element in stride(from: column, to: x.count, by: width) {
            sum += x[element] * d[element]
          }
          target[column - columns.lowerBound] = sum
        }
      }
    }
  }
}

extension Tensor {
  /// This matrix `[rows, columns]`, each column multiplied by its scale `[columns]`: an operation whose
  /// gradient waits for the second phase of a step, as one that is not a linear layer.
  fileprivate func scalingColumns(by scale: Tensor, joins: Bool) -> Tensor {
    let (x, s) = (detached, scale.detached)
    let tape = Tensor.commonTape(of: [self, scale])
    let waiting = isRowsOfBatch ? scale.parameterNumber : nil
    let width = shape[1]
    return .operation(
      named: "column scale", shape: shape, rowsOf: self, inputs: [self, scale], operations: count
    ) { y in
      x.withScalars { x in
        s.withScalars { s in for index in y.indices { y[index] = x[index] * s[index % width] } }
      }
    } pullback: { [weak tape] g in
      guard let waiting, let tape else { return [g * s, (g * x).sum(along: 0)] }
      tape.deferGradient(
        ColumnScaleGradient(
          scale: waiting, x: tape.batchWide(x), d: tape.batchWide(g), joins: joins))
      return [g * s, nil]
    }
  }
}

/// A scale between two layers. In what ways its gradient comes together:
private enum ScaleProgram: String, CaseIterable, Sendable {
  /// In one piece over the batch.
  case joined
  /// From shards that cannot be joined.
  case apart
  /// Twice, and from a use that is no such operation.
  case several

  func perRow<Scalar>(
    _ x: Tensor<Scalar>, _ parameters: [Tensor<Scalar>]
  ) -> Tensor<Scalar> {
    let (scale, joins) = (parameters[2], self != .apart)
    var h = x.linear(weight: parameters[0], bias: parameters[1], activation: .tanh)
      .scalingColumns(by: scale, joins: joins)
    if self == .several { h = h.scalingColumns(by: scale, joins: joins) * scale }
    return h.linear(weight: parameters[3]).squared().sum(along: 1)
  }

  static func parameters<Scalar>(_ type: Scalar.Type) -> [Tensor<Scalar>] {
    [[70, 9], [70], [70], [5, 70]].enumerated().map {
      .pseudoRandom($1, .uniform(-0.6...0.6), seed: UInt64(90 + $0))
    }
  }
}

@Suite("Gradients that wait for the second phase of a step")
struct DeferredGradientTests {
  private struct Result<Scalar: TensorScalar>: Equatable {
    var gradients: [[Scalar]]
    var shards: Int
  }

  private func run<Scalar: TensorScalar>(
    _ program: ScaleProgram, batch: Int, threads: Int, _ type: Scalar.Type,
    profile: Profile? = nil
  ) -> Result<Scalar> {
    let step = GradientStep(
      parameters: ScaleProgram.parameters(type),
      workers: WorkerPool(count: threads, profile: profile))
    let gradients = FlatBuffer<Scalar>(shapes: step.parameters.shapes)
    let data = Tensor<Scalar>.pseudoRandom([batch, 9], seed: 94)
    var shards = 0
    for _ in 0..<2 {
      let outcome = step.run(batch: batch) { context in
        let value = program.perRow(context.input(rowsOf: data), context.parameters)
        return .init(perRow: value, report: [value])
      } update: {
        gradients.store($0)
      }
      shards = outcome.reports.count
    }
    return Result(gradients: gradients.tensors.map(\.scalars), shards: shards)
  }

  /// Sums over at most 128 rows and 70 columns in another order: some 200 roundings of 2^-53.
  @Test(
    "a second kind of them: the gradient of a single tape, the same bits for any number of threads",
    arguments: ScaleProgram.allCases, [1, 7, 32, 33, 128])
  private func secondKind(_ program: ScaleProgram, _ batch: Int) {
    let data = Tensor<Double>.pseudoRandom([batch, 9], seed: 94)
    let exact = valueWithGradients(at: ScaleProgram.parameters(Double.self)) {
      program.perRow(data, $0)
    }.gradients
    let one = run(program, batch: batch, threads: 1, Double.self)
    for (gradient, exact) in zip(one.gradients, exact) {
      #expect(relativeError(gradient, exact.scalars, scale: 1) < 1e-12)
    }
    let single = run(program, batch: batch, threads: 1, Float.self)
    for threads in 2...4 {
      let isSame =
        run(program, batch: batch, threads: threads, Double.self).gradients == one.gradients
        && run(program, batch: batch, threads: threads, Float.self).gradients == single.gradients
      #expect(isSame, "\(threads) threads")
    }
  }

  /// Shards are cut for the threads where nothing is summed over them, and in blocks of 32 rows else.
  @Test("shards are summed only where a gradient does not wait")
  func waiting() {
    #expect(run(.joined, batch: 128, threads: 2, Float.self).shards == 2)
    #expect(run(.apart, batch: 128, threads: 2, Float.self).shards == 4)
    #expect(run(.several, batch: 128, threads: 2, Float.self).shards == 4)
  }

  @Test(
    "a profile lists an operation of one's own, its gradient, and layers after it",
    arguments: [1, 2])
  func profile(_ threads: Int) throws {
    let profile = Profile()
    _ = run(.joined, batch: 64, threads: threads, Float.self, profile: profile)
    let entries = Dictionary(uniqueKeysWithValues: profile.entries.map { ($0.operation, $0) })
    // Two steps; the first in two blocks of 32 rows, the second in one for each thread.
    let forward = try #require(entries["column scale"])
    #expect(forward.calls == 2 + threads && forward.operations == 2 * 64 * 70)
    let backward = try #require(entries["column scale gradient"])
    #expect(backward.calls == 2 + threads && backward.operations == 0)
    #expect(entries["D^T x     70 -> 5"] != nil && entries["input"] != nil)
  }
}

@Suite("Operations of one's own that write their result")
struct OwnOperationTests {
  private func cubed(_ a: Tensor<Double>) -> Tensor<Double> {
    let x = a.detached
    return .operation(named: "cube", shape: a.shape, rowsOf: a, inputs: [a], bytes: 16 * a.count) {
      y in
      x.withScalars { x in for i in y.indices { y[i] = x[i] * x[i] * x[i] } }
    } pullback: { gradient in
      [gradient * x * x * 3]
    }
  }

  @Test("its value, and the gradient of its rule")
  func rule() {
    let x = Tensor<Double>.pseudoRandom([3, 4], seed: 1)
    #expect(cubed(x).scalars == x.scalars.map { $0 * $0 * $0 } && !cubed(x).isTraced)
    checkGradients(of: { cubed($0[0]) }, at: [x])
  }

  @Test("a result with another number of rows than the batch is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      let step = GradientStep<Float>(parameters: [.zeros([1])], workers: WorkerPool(count: 1))
      _ = step.run(batch: 16) { context in
        let x = context.input([16]) { $0.update(repeating: 0) }
        let y = Tensor.operation(named: "too many", shape: [17], rowsOf: x, inputs: [x]) {
          $0.update(repeating: 0)
        } pullback: { _ in
          [nil]
        }
        return .init(perRow: y)
      } update: { _ in
      }
    }
  }
}
