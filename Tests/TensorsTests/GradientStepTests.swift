// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Tensors
import TestSupport
import Testing

/// What the last of some equal steps left behind.
private struct StepResult<Scalar: TensorScalar>: Equatable {
  var gradients: [[Scalar]]
  var values: [Scalar]
  var once: Double?
}

/// Runs a program `steps` times; only the first step's shards are cut without knowing the program.
private func run<Scalar: TensorScalar>(
  _ program: StepProgram, batches: [Int], threads: Int, _ type: Scalar.Type,
  _ precision: ProductPrecision = .float32
) -> StepResult<Scalar> {
  let step = GradientStep(
    parameters: StepProgram.parameters(type), precision: precision,
    workers: WorkerPool(count: threads))
  let gradients = FlatBuffer<Scalar>(shapes: step.parameters.shapes)
  var (values, once): ([Scalar], Double?) = ([], nil)
  for batch in batches {
    let data = StepProgram.data(batch, type)
    let outcome = step.run(batch: batch) { context in
      let value = program.perRow(context.input(rowsOf: data), context.parameters)
      return .init(perRow: value, once: program.once(context.parameters), report: [value])
    } update: {
      gradients.store($0)
    }
    values = outcome.reports.flatMap { $0[0].scalars }
    once = outcome.once
  }
  return StepResult(gradients: gradients.tensors.map(\.scalars), values: values, once: once)
}

/// One row, less than a block of 16, one and two blocks, uneven ones, and many. With 32 rows and 128
/// some shards have as many rows as the programs have constant ones.
private let batchSizes = [1, 7, 16, 32, 33, 40, 128]

@Suite("Parallel gradient step")
struct GradientStepTests {
  /// Sums over at most 128 rows and 20 columns in another order: some 150 roundings of 2^-53.
  @Test("the gradient is that of a single tape", arguments: StepProgram.allCases, batchSizes)
  func singleTape(_ program: StepProgram, _ batch: Int) {
    let parameters = StepProgram.parameters(Double.self)
    let values = program.perRow(StepProgram.data(batch, Double.self), parameters).scalars
    let once = program.once(parameters)?.sum().scalar
    // A term that is there once is one of the summands, whatever the batch.
    let gradients = valueWithGradients(at: parameters) {
      let perRow = program.perRow(StepProgram.data(batch, Double.self), $0).sum()
      return program.once($0).map { $0.sum() + perRow } ?? perRow
    }.gradients
    for threads in 1...4 {
      for steps in [1, 2] {
        let batches = [Int](repeating: batch, count: steps)
        let result = run(program, batches: batches, threads: threads, Double.self)
        #expect(relativeError(result.values, values, scale: 1) < 1e-13)
        #expect((result.once == nil) == (once == nil))
        #expect(relativeError([result.once ?? 0], [once ?? 0], scale: 1) < 1e-13)
        for (index, gradient) in gradients.enumerated() {
          let error = relativeError(result.gradients[index], gradient.scalars, scale: 1)
          #expect(error < 1e-12, "\(StepProgram.Parameter.allCases[index]), \(threads) threads")
        }
      }
    }
  }

  /// The zeros that images and rectified units have, and some that they have not.
  enum Zeros: String, CaseIterable, Sendable {
    case none, margins, every, everySecond, allButOne, mostlyZeroRows, scattered

    func isZero(_ row: Int, _ column: Int, of columns: Int) -> Bool {
      switch self {
      case .none: false
      case .margins: column < columns / 4 || column >= columns - 17
      case .every: true
      case .everySecond: column % 2 == 0
      case .allButOne: column != columns - 1
      // A column that is not zero in the last row alone must not be left out.
      case .mostlyZeroRows: column % 3 != 0 && row != 127
      case .scattered: (7 * row + 5 * column) % 11 < 8
      }
    }
  }

  /// Zeros are left out of the product where that pays: with 64 outputs or more, and many zeros. What
  /// is left is listed by 128 rows and 16 columns, and multiplied by 48 outputs.
  @Test("the weight gradient of inputs with zeros", arguments: Zeros.allCases, [16, 53, 100])
  func zeros(_ pattern: Zeros, _ inputs: Int) {
    func compare<Scalar: TensorScalar>(_ type: Scalar.Type, rows: Int, within bound: Double) {
      let x = Tensor<Scalar>(
        Tensor<Scalar>.pseudoRandom([rows, inputs], seed: 2).scalars.enumerated().map {
          pattern.isZero($0.offset / inputs, $0.offset % inputs, of: inputs) ? 0 : $0.element
        }, shape: [rows, inputs])
      let weight = Tensor<Scalar>.pseudoRandom([70, inputs], seed: 3)
      let bias = Tensor<Scalar>.pseudoRandom([70], seed: 4)
      @Sendable func value(_ x: Tensor<Scalar>, _ p: [Tensor<Scalar>]) -> Tensor<Scalar> {
        x.linear(weight: p[0], bias: p[1], activation: .tanh)
      }
      func gradients(threads: Int) -> [[Scalar]] {
        let step = GradientStep(parameters: [weight, bias], workers: WorkerPool(count: threads))
        let gradients = FlatBuffer<Scalar>(shapes: step.parameters.shapes)
        for _ in 0..<2 {
          _ = step.run(batch: rows) {
            .init(perRow: value($0.input(rowsOf: x), $0.parameters))
          } update: {
            gradients.store($0)
          }
        }
        return gradients.tensors.map(\.scalars)
      }
      let exact = valueWithGradients(
        at: [weight, bias].map { $0.converted(to: Double.self) }
      ) {
        x.converted(to: Double.self).linear(weight: $0[0], bias: $0[1], activation: .tanh)
      }
      let one = gradients(threads: 1)
      for (gradient, exact) in pairs(one, exact.gradients) {
        #expect(relativeError(gradient.map { Double($0) }, exact.scalars, scale: 1) < bound)
      }
      for threads in 2...4 {
        let isSame = gradients(threads: threads) == one
        #expect(isSame, "\(type), \(threads) threads")
      }
    }
    for rows in [33, 128, 300] {
      // As many terms below 1 as rows, and tanh's error: some 20 roundings more.
      compare(Double.self, rows: rows, within: Double(rows + 20) * 0x1p-51)
      compare(Float.self, rows: rows, within: Double(rows + 20) * 0x1p-23)
    }
  }

  /// In a batch of 512 a single row of a weight gradient would be multiplied in another way.
  @Test(
    "the same bits for 1, 2, 3 and 4 threads", arguments: StepProgram.allCases, batchSizes + [512])
  func threads(_ program: StepProgram, _ batch: Int) {
    bits(program, [batch], Float.self)
    bits(program, [batch, batch], Float.self)
    bits(program, [batch, batch], Double.self)
  }

  @Test(
    "the same bits when batches of several sizes share the memory", arguments: StepProgram.allCases)
  func changingBatches(_ program: StepProgram) {
    bits(program, [40, 128, 7, 128, 32, 33], Float.self)
    let alone = run(program, batches: [33], threads: 2, Float.self)
    #expect(run(program, batches: [128, 7, 40, 32, 33], threads: 2, Float.self) == alone)
  }

  /// Operands of 8 significant bits: each product of a layer errs by some 2^-8 of its largest terms.
  @Test(
    "products in bfloat16 give nearly the same gradient, and the same bits for any number of threads",
    .enabled(if: ProductPrecision.canRound), arguments: StepProgram.allCases, batchSizes)
  func bfloat16(_ program: StepProgram, _ batch: Int) {
    bits(program, [batch], Float.self, .bfloat16)
    bits(program, [128, batch, batch], Float.self, .bfloat16)
    let rounded = run(program, batches: [batch], threads: 2, Float.self, .bfloat16)
    let exact = run(program, batches: [batch], threads: 2, Float.self)
    func error(_ rounded: [Float], _ exact: [Float]) -> Double {
      relativeError(rounded.map(Double.init), exact.map(Double.init), scale: 1)
    }
    #expect(error(rounded.values, exact.values) < 0.02)
    for (rounded, exact) in pairs(rounded.gradients, exact.gradients) {
      #expect(error(rounded, exact) < 0.03)
    }
    let layered: [StepProgram] = [
      .layers, .elementwise, .tied, .noBias, .severalRowsEach, .weighted,
    ]
    if layered.contains(program) { #expect(rounded != exact) }
  }

  /// Rounded parameters are a copy: it must follow those that an update, or a state, puts in.
  @Test(
    "the copy that is multiplied in bfloat16 follows the parameters",
    .enabled(if: ProductPrecision.canRound))
  func bfloat16Follows() {
    let x = Tensor<Float>(repeating: 1, shape: [16, 4])
    let weight = Tensor<Float>(repeating: 1, shape: [2, 4])
    let step = GradientStep(
      parameters: [weight, .zeros([2])], precision: .bfloat16, workers: WorkerPool(count: 2))
    let first = FlatBuffer<Float>(shapes: step.parameters.shapes)
    let second = FlatBuffer<Float>(shapes: step.parameters.shapes)
    func outputs(adding increment: Float) -> Float {
      let outcome = step.run(batch: 16) { context in
        let y = context.input(rowsOf: x).linear(
          weight: context.parameters[0], bias: context.parameters[1])
        return .init(perRow: y, report: [y])
      } update: { [parameters = step.parameters] slab in
        FlatBuffer.adam(
          slab, parameter: parameters, first: first, second: second,
          AdamCoefficients(
            rate: -increment, weight1: 1, weight2: 1, epsilon: 0, correction1: 1, correction2: 1))
      }
      return outcome.reports[0][0].scalars[0]
    }
    #expect(outputs(adding: 2) == 4)
    // Adam with no memory moves each parameter by its rate: 4 weights from 1 to 3, the bias from 0 to 2.
    #expect((outputs(adding: 0) - 14).magnitude < 0.1)
    step.assign([weight * 5, .zeros([2])])
    #expect(outputs(adding: 0) == 20)
  }

  private func bits<Scalar: TensorScalar>(
    _ program: StepProgram, _ batches: [Int], _ type: Scalar.Type,
    _ precision: ProductPrecision = .float32
  ) {
    let one = run(program, batches: batches, threads: 1, type, precision)
    for threads in 2...4 {
      // A name for the comparison, so that a failure does not print all numbers.
      let isSame = run(program, batches: batches, threads: threads, type, precision) == one
      #expect(isSame, "\(type), \(threads) threads, batches \(batches)")
    }
  }

  /// Adam updates a range once its gradient is complete, on the thread that computed it.
  @Test("the update sees every element once", arguments: [1, 2, 4])
  func coverage(_ threads: Int) {
    let parameters = StepProgram.parameters(Float.self)
    let step = GradientStep(parameters: parameters, workers: WorkerPool(count: threads))
    let data = StepProgram.data(40, Float.self)
    let seen = Mutex<[Range<Int>]>([])
    _ = step.run(batch: 40) { context in
      .init(perRow: StepProgram.elementwise.perRow(context.input(rowsOf: data), context.parameters))
    } update: { slab in
      seen.withLock { $0.append(slab.range) }
    }
    let elements = seen.withLock { $0.flatMap(Array.init) }.sorted()
    #expect(elements == step.parameters.ranges.flatMap(Array.init))
  }

  @Test("reports come in the order of the rows", arguments: [1, 2, 3, 4])
  func reports(_ threads: Int) {
    let step = GradientStep<Float>(parameters: [Tensor([1])], workers: WorkerPool(count: threads))
    let gradients = FlatBuffer<Float>(shapes: [[1]])
    for batch in [100, 100, 7] {
      let outcome = step.run(batch: batch) { context in
        let rows = Tensor(context.rows.map { Float($0) })
        return .init(perRow: rows * context.parameters[0], report: [rows])
      } update: {
        gradients.store($0)
      }
      #expect(outcome.once == nil)
      #expect(outcome.reports.flatMap { $0[0].scalars } == (0..<batch).map { Float($0) })
      #expect(gradients.tensors[0].scalars == [Float(batch * (batch - 1) / 2)])
    }
  }

  /// Memory of the whole batch, and the parameters themselves, are overwritten by later steps.
  @Test("what a step reported keeps its value", arguments: [1, 2])
  func keptReport(_ threads: Int) {
    let parameters = StepProgram.parameters(Float.self)
    let step = GradientStep(parameters: parameters, workers: WorkerPool(count: threads))
    func reports(_ seed: UInt64) -> [Tensor<Float>] {
      let data = Tensor<Float>.pseudoRandom([32, StepProgram.inputs], seed: seed)
      return step.run(batch: 32) { context in
        let x = context.input(rowsOf: data)
        let h = x.linear(weight: context.parameters[0], bias: context.parameters[1])
        return .init(
          perRow: h, report: [x, h, h.detached, h.reshaped(to: [h.count])] + context.parameters)
      } update: { [parameters = step.parameters] slab in
        parameters.store(slab)
      }.reports.flatMap { $0 }
    }
    let first = reports(1)
    let kept = first.map(\.scalars)
    _ = reports(2)
    #expect(first.map(\.scalars) == kept)
    #expect(first.allSatisfy { !$0.isTraced })
  }

  @Test("rows of the batch are not there once")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      let step = GradientStep<Float>(parameters: [.zeros([1])], workers: WorkerPool(count: 1))
      _ = step.run(batch: 16) { context in
        let x = context.input([16]) { $0.update(repeating: 0) }
        return .init(perRow: x, once: x * context.parameters[0])
      } update: { _ in
      }
    }
  }
}
