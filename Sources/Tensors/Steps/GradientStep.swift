// SPDX-License-Identifier: Apache-2.0

/// Computes the gradient of
///
///     sum over the rows r of a batch of f(r, parameters), plus g(parameters)
///
/// and updates the parameters with it, on all threads of a pool, in two phases:
///
/// 1. Each thread takes rows of the batch, a shard, runs the function and takes the gradient back to
///    the activations. Linear layers leave their weight gradients as two factors.
/// 2. Each thread takes slabs of rows of the parameters, one after the other, computes their gradient
///    over the whole batch, of a weight matrix in one product, and updates them while they are in
///    its cache. Where the whole gradient must be known first, because its norm is limited, the
///    slabs are kept instead, and a third pass updates.
///
/// No thread copies or adds another's gradients, and every sum has an order that depends on the
/// batch alone: the same bits for any number of threads.
///
/// The phases are cut at multiples of what matrix products need to repeat their bits. Gradients that
/// wait for the second phase (``DeferredGradient``) may be cut between any such rows of the batch. All
/// others are sums over shards, and a sum over other shards rounds otherwise: as soon as one gradient is
/// such a sum, shards are blocks whose sizes do not depend on the threads.
package final class GradientStep<Scalar: TensorScalar> {
  /// The values that the function sees and the update changes.
  package let parameters: FlatBuffer<Scalar>
  /// What products multiply where it is rounded to bfloat16.
  private let rounded: RoundedOperands<Scalar>?
  private let workers: WorkerPool
  private let workspace = Workspace<Scalar>()
  /// Where each thread computes the gradient of one slab after the other.
  private let slabMemory: [Storage<Scalar>]
  /// The whole gradient of a step that limits its norm; there once such a step was taken.
  private var wholeGradient: FlatBuffer<Scalar>?
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

  /// What the function makes of a shard: a step ascends the sum of `perRow` over all rows, plus `once`.
  package struct Terms {
    /// What there is for each row: its elements are added up over the batch.
    let perRow: Tensor<Scalar>
    /// What there is once, however many rows and shards there are, as log p of a parameter that all rows
    /// share: its elements are added up, for one shard.
    let once: Tensor<Scalar>?
    /// What to report of the rows; need not be traced.
    let report: [Tensor<Scalar>]

    /// - Parameters:
    ///   - perRow: A tensor of any shape, that of the shard's rows alone.
    ///   - once: A tensor of any shape that depends on parameters and constants, never on rows: it is
    ///     computed for each shard, with the same result.
    ///   - report: Tensors of any shape.
    package init(
      perRow: Tensor<Scalar>, once: Tensor<Scalar>? = nil, report: [Tensor<Scalar>] = []
    ) {
      precondition(
        once?.rows == nil, "what is there once cannot be rows of the batch: \(once?.shape ?? [])")
      self.perRow = perRow
      self.once = once
      self.report = report
    }
  }

  /// What a step reports: copies, which later steps do not change.
  package struct Outcome: Sendable {
    /// What the function reported of each shard, in the order of the rows.
    package let reports: [[Tensor<Scalar>]]
    /// The sum of the elements of what is there once; nil where the function gave no such term.
    package let once: Double?
    /// The Euclidean norm of the gradient of the mean over rows, before it was limited; nil where
    /// it is not.
    package let gradientNorm: Double?
  }

  /// What the first phase leaves of one shard.
  struct ShardResult: Sendable {
    /// The sum over the shard's rows of each parameter's gradient, as far as it does not wait; nil where
    /// there is none.
    let gradients: [Tensor<Scalar>?]
    /// In the order of the backward pass.
    let deferred: [any DeferredGradient<Scalar>]
    let report: [Tensor<Scalar>]
    let once: Double?
    /// What the tape computed, node by node, where it was looked at.
    let entries: [TapeEntry]
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
  ///   - limit: Where the gradient of the mean over rows, the gradient divided by `batch`, has a
  ///     larger Euclidean norm over all parameters, all of the gradient is made smaller by one
  ///     factor; nil for no limit.
  ///   - function: Called for each shard, on any of the threads.
  ///   - isUsable: Given what the function reported, shard by shard, and the sum of what is there once:
  ///     whether the gradient is worth computing. Else the update is never called.
  ///   - update: Called with the gradient of disjoint ranges of elements, on several threads at
  ///     once, while it is in the thread's cache.
  /// - Returns: What the function reported.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func run(
    batch: Int, limitingMeanNorm limit: Double? = nil,
    function: @escaping @Sendable (Context) -> Terms,
    where isUsable: (_ reports: [[Tensor<Scalar>]], _ once: Double?) -> Bool = { _, _ in true },
    update: @escaping @Sendable (GradientSlab<Scalar>) -> Void
  ) -> Outcome {
    precondition(batch > 0, "a step needs at least one row")
    let start = ContinuousClock.now
    defer { workers.profile?.addStep(start.duration(to: .now), threads: workers.count) }
    let (shards, deferred) = settledShards(batch, function)
    let (reports, once) = (shards.map(\.report), shards[0].once)
    guard isUsable(reports, once) else {
      return Outcome(reports: reports, once: once, gradientNorm: nil)
    }
    let norm = secondPhase(shards, deferred, limit.map { (batch, $0) }, update)
    return Outcome(reports: reports, once: once, gradientNorm: norm)
  }

  /// The first phase, on shards whose sums have an order that no number of threads changes.
  func settledShards(
    _ batch: Int, _ function: @escaping @Sendable (Context) -> Terms, inspecting: Bool = false
  ) -> ([ShardResult], [any DeferredGradient<Scalar>]) {
    var shards = firstPhase(batch, function, inspecting: inspecting)
    var deferred = overWholeBatch(shards)
    // A gradient that cannot be joined is summed over the shards too.
    let isSummed = deferred == nil || shards.contains { $0.gradients.contains { $0 != nil } }
    if isSummed, !sumsShards {
      // Unlike the step before, this one sums, but its shards were cut for this number of threads.
      sumsShards = true
      shards = firstPhase(batch, function, inspecting: inspecting)
      deferred = overWholeBatch(shards)
    }
    sumsShards = isSummed
    return (shards, deferred ?? apart(shards))
  }

  /// Runs the function on every shard and goes back to the parameters and to what waits.
  private func firstPhase(
    _ batch: Int, _ function: @escaping @Sendable (Context) -> Terms, inspecting: Bool
  ) -> [ShardResult] {
    workspace.beginStep()
    rounded?.workspace.beginStep()
    let rounded = rounded
    let (views, workspace, shards) = (parameters.views, workspace, shards(of: batch))
    let profile = workers.profile
    return workers.map(shards.count) { index in
      let shard = Shard(
        rows: shards[index], batch: batch, workspace: workspace, profile: profile, rounded: rounded)
      let inspector = inspecting ? TapeInspector<Scalar>() : nil
      let tape = Tape<Scalar>(shard: shard, inspector: inspector)
      let terms = function(
        Context(rows: shard.rows, parameters: views.map(tape.parameter), tape: tape))
      // What is there once is in the value of every shard, but its gradient enters with the first alone.
      let outputs = [terms.perRow, index == 0 ? terms.once : nil].compactMap { $0 }
        .filter(\.isTraced)
      let adjoints = tape.backward(from: outputs.map { ($0, nil) }, keeping: Set(views.indices))
      return ShardResult(
        gradients: Array(adjoints[..<views.count]), deferred: tape.deferred,
        report: terms.report.map(\.copy), once: terms.once?.doubles.reduce(0, +),
        entries: inspector?.entries ?? [])
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

  /// Completes the gradients, slab by slab, and updates.
  ///
  /// - Returns: The norm of the mean's gradient where it is limited.
  private func secondPhase(
    _ shards: [ShardResult], _ deferred: [any DeferredGradient<Scalar>],
    _ limit: (batch: Int, norm: Double)?,
    _ update: @escaping @Sendable (GradientSlab<Scalar>) -> Void
  ) -> Double? {
    let tasks = parameterGradients(shards, deferred)
    // The largest first: what is left at the end is small, and no thread waits long for the other.
    let slabs = tasks.flatMap { task in
      task.slabs.map { (task: task.number, rows: $0, elements: task.elements(in: $0)) }
    }.sorted { $0.elements.count > $1.elements.count }
    let (memory, profile, rounded) = (slabMemory, workers.profile, rounded)
    @Sendable func apply(_ slab: GradientSlab<Scalar>) {
      profile.measure("update", bytes: slab.updateBytes) {
        update(slab)
        rounded?.refresh(slab.range)
      }
    }
    guard let limit else {
      workers.forEach(slabs.count) { thread, index in
        let (task, rows, _) = slabs[index]
        apply(tasks[task].gradient(of: rows, in: memory[thread], profile))
      }
      return nil
    }
    let whole = wholeGradient ?? FlatBuffer(shapes: parameters.shapes)
    wholeGradient = whole
    // In the order of the slabs, which follows from the shapes: the same norm for any number of
    // threads.
    let squares = workers.map(slabs.count) { index in
      let (task, rows, elements) = slabs[index]
      return tasks[task].gradient(
        of: rows, in: whole.storage, at: elements.lowerBound, profile
      ).sumOfSquares
    }
    let norm = squares.reduce(0, +).squareRoot() / Double(limit.batch)
    // As torch.nn.utils.clip_grad_norm_, whose 1e-6 this is. Of a norm that is no number the
    // minimum is 1: such a gradient goes on, and is found in what the update writes.
    let factor = min(1, limit.norm / (norm + 1e-6))
    workers.forEach(slabs.count) { _, index in
      let slab = whole.slab(slabs[index].elements)
      if factor < 1 { slab.scale(by: Scalar(factor)) }
      apply(slab)
    }
    return norm
  }

  /// What each parameter's gradient is to be computed from.
  func parameterGradients(
    _ shards: [ShardResult], _ deferred: [any DeferredGradient<Scalar>]
  ) -> [ParameterGradient<Scalar>] {
    prepare(deferred)
    // A scalar is one row, as is each element of a vector.
    return parameters.shapes.indices.map { number in
      ParameterGradient(
        number: number, range: parameters.ranges[number],
        rows: max(parameters.shapes[number].first ?? 1, 1),
        summands: shards.compactMap { $0.gradients[number] },
        deferred: deferred.filter { $0.parameters.contains(number) })
    }
  }

  /// What the shards left, each place of the program as one gradient over the whole batch; nil where at
  /// some place it cannot be joined, because it is not of rows of the batch or the shards ran different
  /// programs.
  private func overWholeBatch(_ shards: [ShardResult]) -> [any DeferredGradient<Scalar>]? {
    let first = shards[0].deferred
    guard shards.allSatisfy({ $0.deferred.count == first.count }) else { return nil }
    var joined: [any DeferredGradient<Scalar>] = []
    for place in first.indices {
      let others = shards.dropFirst().map { $0.deferred[place] }
      guard let gradient = first[place].joined(with: others) else { return nil }
      joined.append(gradient)
    }
    return joined
  }

  /// What the shards left, each for itself; what they give is to be added in this order.
  private func apart(_ shards: [ShardResult]) -> [any DeferredGradient<Scalar>] {
    shards.flatMap { $0.deferred.compactMap { $0.joined(with: []) } }
  }

  /// Does what some gradients need before their first slab, a piece on each thread.
  private func prepare(_ deferred: [any DeferredGradient<Scalar>]) {
    let pieces = deferred.flatMap { gradient in (0..<gradient.preparations).map { (gradient, $0) } }
    if pieces.isEmpty { return }
    let profile = workers.profile
    workers.forEach(pieces.count) { _, index in
      pieces[index].0.prepare(pieces[index].1, profile)
    }
  }
}
