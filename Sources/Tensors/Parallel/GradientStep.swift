// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Computes the gradient of a sum over the rows of a batch, and updates parameters with it, on all
/// threads of a pool, in two phases:
///
/// 1. Each thread takes rows of the batch, runs the function and takes the gradient back to the
///    activations. Linear layers leave their weight gradients as two factors.
/// 2. Each thread takes slabs of rows of the weight matrices, one after the other, computes their
///    gradient over the whole batch in one product, and updates them while they are in its cache.
///
/// No thread copies or adds another's gradients, and every sum has an order that depends on the
/// batch alone: the same bits for any number of threads.
package final class GradientStep<Scalar: TensorScalar> {
  /// The values that the function sees and the update changes.
  package let parameters: FlatBuffer<Scalar>
  private let rounded: RoundedOperands<Scalar>?
  private let workers: WorkerPool
  private let workspace = Workspace<Scalar>()
  /// Where each thread computes the gradient of one slab after the other.
  private let slabMemory: [Storage<Scalar>]
  /// Whether some gradient cannot be left to one product in the second phase: its sum over shards
  /// must then run in an order that no number of threads changes. Unknown before the first step.
  private var sumsShards = true

  /// What one shard of a batch works with.
  package struct Context {
    /// The rows of the batch.
    package let rows: Range<Int>
    /// Traced, in the order of the buffer.
    package let parameters: [Tensor<Scalar>]
    fileprivate let tape: Tape<Scalar>

    /// This shard's rows of what the function is given, an input or noise, as `body` writes them. The
    /// tensor is marked as rows of the batch: what is computed from it row by row lies in memory of the
    /// whole batch, and linear layers of such rows leave their gradient to the second phase.
    ///
    /// - Parameters:
    ///   - shape: The first axis is as long as `rows`, or a multiple.
    ///   - name: What the step's profile calls the time it takes.
    ///   - body: Must write every element.
    /// - Returns: A tensor of this shape, off the tape.
    package func input(
      _ shape: [Int], named name: String = "input",
      initializedBy body: (UnsafeMutableBufferPointer<Scalar>) -> Void
    ) -> Tensor<Scalar> {
      let tensor = tape.allocate(shape, rows: rows.count)
      tape.profile.measure(name, bytes: tensor.byteCount) {
        body(UnsafeMutableBufferPointer(start: tensor.mutablePointer, count: tensor.count))
      }
      return tensor
    }
  }

  private struct Outcome: Sendable {
    let gradients: [Tensor<Scalar>?]
    let deferred: [DeferredLinear<Scalar>]
    let report: [Tensor<Scalar>]
  }

  /// A step for parameters that begin at these values.
  ///
  /// - Precondition: Only `Float` has products in bfloat16.
  package init(
    parameters: [Tensor<Scalar>], precision: ProductPrecision = .float32, workers: WorkerPool
  ) {
    self.parameters = FlatBuffer(parameters)
    rounded = precision == .bfloat16 ? RoundedOperands(of: self.parameters) : nil
    let largest = parameters.map { ParameterGradient<Scalar>.slabCapacity($0.shape) }.max() ?? 0
    slabMemory = (0..<workers.count).map { _ in Storage(capacity: largest) }
    self.workers = workers
  }

  /// Overwrites the values.
  package func assign(_ tensors: [Tensor<Scalar>]) {
    parameters.assign(tensors)
    rounded?.refreshAll()
  }

  /// One step.
  ///
  /// - Parameters:
  ///   - batch: The number of rows, at least 1.
  ///   - function: Called for each shard; returns a tensor whose elements are summed to the
  ///     function's value, and tensors to report, which need not be traced.
  ///   - update: Called with the gradient of disjoint ranges of elements, on several threads at
  ///     once, while it is in the thread's cache.
  /// - Returns: The reports in the order of the rows.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func run(
    batch: Int,
    function: @escaping @Sendable (Context) -> (value: Tensor<Scalar>, report: [Tensor<Scalar>]),
    update: @escaping @Sendable (GradientSlab<Scalar>) -> Void
  ) -> [[Tensor<Scalar>]] {
    precondition(batch > 0, "a step needs at least one row")
    let start = ContinuousClock.now
    defer { workers.profile?.addStep(start.duration(to: .now), threads: workers.count) }
    var outcomes = firstPhase(batch, function)
    var factors = LinearFactors.overWholeBatch(outcomes.map(\.deferred))
    let isSummed = factors == nil || outcomes.contains { $0.gradients.contains { $0 != nil } }
    if isSummed, !sumsShards {
      // Unlike the step before, this one sums, but its shards were cut for this number of threads.
      sumsShards = true
      outcomes = firstPhase(batch, function)
      factors = LinearFactors.overWholeBatch(outcomes.map(\.deferred))
    }
    sumsShards = isSummed
    secondPhase(outcomes, factors ?? LinearFactors.apart(outcomes.map(\.deferred)), update)
    return outcomes.map(\.report)
  }

  private func firstPhase(
    _ batch: Int,
    _ function:
      @escaping @Sendable (Context) -> (
        value: Tensor<Scalar>, report: [Tensor<Scalar>]
      )
  ) -> [Outcome] {
    workspace.prepareForStep()
    rounded?.workspace.prepareForStep()
    let rounded = rounded
    let (views, workspace, shards) = (parameters.views, workspace, shards(of: batch))
    let profile = workers.profile
    return workers.map(shards.count) { index in
      let shard = Shard(
        rows: shards[index], batch: batch, workspace: workspace, profile: profile, rounded: rounded)
      let tape = Tape<Scalar>(shard: shard)
      let context = Context(
        rows: shard.rows, parameters: views.map(tape.parameter), tape: tape)
      let (value, report) = function(context)
      guard value.isTraced else {
        return Outcome(gradients: views.map { _ in nil }, deferred: [], report: report)
      }
      let adjoints = tape.backward(
        from: value, seed: Tensor(repeating: 1, shape: value.shape), keeping: Set(views.indices))
      return Outcome(
        gradients: Array(adjoints[..<views.count]), deferred: tape.deferred, report: report)
    }
  }

  /// Rows for each thread in multiples of what the matrix products need to repeat their bits, the
  /// last with what is left over; where shards are summed, in blocks of twice that whatever the number
  /// of threads.
  private func shards(of batch: Int) -> [Range<Int>] {
    let unit = MatrixProduct.rowGranularity * (sumsShards ? 2 : 1)
    let units = max(batch / unit, 1)
    let blocks = sumsShards ? units : min(workers.count, units)
    let starts = (0..<blocks).map { $0 * units / blocks * unit }
    return zip(starts, starts.dropFirst() + [batch]).map { $0..<$1 }
  }

  private func secondPhase(
    _ outcomes: [Outcome], _ layers: [LinearFactors<Scalar>],
    _ update: @escaping @Sendable (GradientSlab<Scalar>) -> Void
  ) {
    let factors = layers.map { $0.leavingOutZeros() }
    list(factors.compactMap(\.columns))
    let tasks = parameters.shapes.indices.map { number in
      ParameterGradient(
        number: number, range: parameters.ranges[number],
        rows: max(parameters.shapes[number].first ?? 1, 1),
        summands: outcomes.compactMap { $0.gradients[number] },
        factors: factors.filter { $0.weight == number || $0.bias == number })
    }
    // The largest first: what is left at the end is small, and no thread waits long for the other.
    let slabs = tasks.flatMap { task in task.slabs.map { (task, $0) } }
      .sorted { $0.0.elements(in: $0.1) > $1.0.elements(in: $1.1) }
    let (memory, profile, rounded) = (slabMemory, workers.profile, rounded)
    workers.forEach(slabs.count) { thread, index in
      let (task, rows) = slabs[index]
      let slab = task.gradient(of: rows, in: memory[thread], profile)
      profile.measure("update", bytes: slab.updateBytes) {
        update(slab)
        rounded?.refresh(slab.range)
      }
    }
  }

  /// Lists what is not zero in the layers' inputs, some columns on each thread.
  private func list(_ inputs: [NonzeroColumns<Scalar>]) {
    guard !inputs.isEmpty else { return }
    let lists = inputs.flatMap { input in (0..<input.count).map { (input, $0) } }
    let profile = workers.profile
    workers.forEach(lists.count) { _, index in
      profile.measure("zeros left out") { lists[index].0.list(lists[index].1) }
    }
  }
}
