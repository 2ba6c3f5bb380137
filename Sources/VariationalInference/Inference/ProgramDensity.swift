// SPDX-License-Identifier: Apache-2.0

extension Model {
  /// The log joint density of the latent variables given the data, on unconstrained coordinates.
  ///
  /// - Parameter threads: Evaluates many draws at once; the numbers do not depend on it.
  /// - Returns: What fitting asks of a model.
  /// - Throws: ``ModelError`` for a mistake in the model, with the statement.
  public func density(threads: WorkerPool = WorkerPool()) throws -> ProgramDensity {
    try ProgramDensity(self, threads: threads)
  }
}

/// The log joint density of a program's latent variables given its data, on unconstrained coordinates.
///
/// Rows of points run through the program together, in blocks: a block's intermediate values should stay
/// in a core's cache, and each thread should have one. A row's numbers do not depend on its block.
public struct ProgramDensity: LogDensity {
  /// The model.
  public let model: Model
  /// Whether a prior is flat without bounds: the evidence is then known up to a constant.
  public let isImproper: Bool
  let sites: [Program.Site]
  let outputs: [Program.Output]
  private let threads: WorkerPool
  /// The calling thread alone, under the same rules of arithmetic.
  private let alone = WorkerPool(count: 1)
  /// The elements of the largest value, of all values, and the number of operations.
  private let work: (largest: Int, elements: Int, operations: Int)

  /// - Throws: ``ModelError``.
  init(_ model: Model, threads: WorkerPool) throws {
    self.model = model
    self.threads = threads
    let program = model.run(.structure, draws: 1)
    if let error = program.error { throw error }
    if program.sites.isEmpty {
      throw ModelError(nil, "the model has no latent variable; there is nothing to infer")
    }
    (sites, outputs, isImproper) = (program.sites, program.outputs, program.hasFlatPrior)
    let tape = Tape<Double>()
    let parts = sites.map { tape.variable(Tensor<Double>.zeros($0.unconstrainedShape + [1])) }
    let joint = model.run(.joint(parts.map(Value.init)), draws: 1)
    if let error = joint.error { throw error }
    work = tape.work
  }

  /// The number of unconstrained coordinates.
  public var dimension: Int { sites.reduce(0) { $0 + $1.count } }

  /// The coordinates' names: `tau`, `theta[3]`.
  public var coordinateNames: [String] {
    sites.flatMap { ElementNames.of($0.name, $0.unconstrainedShape) }
  }

  /// The names of latent variables and derived values, element by element as `theta[3]`, in the order of
  /// the program's statements.
  public var quantityNames: [String] {
    reported.flatMap { ElementNames.of($0.name, $0.shape) }
  }

  /// Latent variables and derived values.
  var reported: [Program.Output] { outputs.filter { $0.kind != .observed } }
}

// MARK: - Evaluation

extension ProgramDensity {
  /// log p at each row, `[B]`.
  public func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    let parts = blocks(of: points) { block in
      model.run(.joint(coordinates(block) { $0 }), draws: block.shape[1]).logJoint
    }
    return Tensor.concatenated(parts).slice(0..<points.shape[0])
  }

  /// log p at each row, `[B]`, and its gradient, `[B, D]`.
  public func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    gradients(at: points, minibatch: nil)
  }

  /// The same, where plates see a part of their examples.
  func gradients(
    at points: Tensor<Double>, minibatch: Program.Minibatch?
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    let parts = blocks(of: points) { block -> Tensor<Double> in
      let draws = block.shape[1]
      let tape = Tape<Double>()
      var leaves: [Tensor<Double>] = []
      let values = coordinates(block) {
        leaves.append(tape.variable($0))
        return leaves[leaves.count - 1]
      }
      let total = model.run(.joint(values), draws: draws, minibatch: minibatch).logJoint
      let gradients =
        total.isTraced ? tape.gradients(of: total, at: leaves) : leaves.map { .zeros($0.shape) }
      // [1 + D, draws]: log p, then the gradient, as columns.
      let rows =
        [total.detached.reshaped(to: [1, draws])]
        + gradients.map { $0.reshaped(to: [$0.count / draws, draws]) }
      return Tensor.concatenated(rows).transposed()
    }
    let all = Tensor.concatenated(parts).slice(0..<points.shape[0])
    return (
      all.slice(0..<1, along: 1).reshaped(to: [points.shape[0]]),
      all.slice(1..<dimension + 1, along: 1)
    )
  }

  /// Parameters and derived values at each row, `[B, Q]`.
  public func quantities(at points: Tensor<Double>) -> Tensor<Double> {
    let parts = blocks(of: points) { block -> Tensor<Double> in
      let draws = block.shape[1]
      let program = model.run(.values(coordinates(block) { $0 }), draws: draws)
      let rows = reported.map { output -> Tensor<Double> in
        let value = program.values[output.name] ?? Value(fault: "")
        return value.spread(draws).tensor.reshaped(to: [value.count, draws])
      }
      return Tensor.concatenated(rows).transposed()
    }
    return Tensor.concatenated(parts).slice(0..<points.shape[0])
  }

  /// Draws of the latent variables from the prior, in unconstrained coordinates; nil where a prior is
  /// flat, or a law has no draws or no way back to coordinates.
  public func priorDraws(_ count: Int, seed: UInt64) -> Tensor<Double>? {
    let program = model.run(.prior(seed: seed), draws: count)
    let coordinates = program.drawnCoordinates.compactMap { $0 }
    guard program.error == nil, coordinates.count == sites.count else { return nil }
    let rows = coordinates.map { $0.spread(count).tensor.reshaped(to: [$0.count, count]) }
    return Tensor.concatenated(rows).transposed()
  }

  /// Everything at given coordinates, `[B, D]`, with data drawn anew.
  func predictive(at points: Tensor<Double>, seed: UInt64) throws -> NamedDraws {
    let block = points.transposed()
    let program = model.run(
      .predictive(coordinates(block) { $0 }, seed: seed), draws: points.shape[0])
    if let error = program.error { throw error }
    return NamedDraws(program.values, order: outputs.map(\.name), draws: points.shape[0])
  }

  /// log p(x, z) at values of the latent variables on their own scale: no Jacobian, and a non-centred
  /// variable scored as a centred one.
  ///
  /// - Parameter values: One for each latent variable, of its shape.
  /// - Returns: In nats.
  /// - Throws: ``ModelError`` for a value that is missing or of another shape.
  public func logJoint(of values: [String: Value]) throws -> Double {
    let program = model.run(.given(values), draws: 1)
    if let error = program.error { throw error }
    return program.logJoint.scalar
  }

  /// Unconstrained coordinates of values on their own scale: a start for ``FitOptions/starts``.
  ///
  /// - Parameter values: One for each latent variable, of its shape.
  /// - Returns: ``dimension`` numbers.
  /// - Throws: ``ModelError`` for a value that is missing, of another shape or outside its support, or
  ///   where a variable is non-centred, so that its coordinates are noise.
  public func coordinates(of values: [String: Value]) throws -> [Double] {
    let program = model.run(.given(values), draws: 1)
    if let error = program.error { throw error }
    return try zip(sites, program.drawnCoordinates).flatMap { site, coordinates -> [Double] in
      guard let coordinates else {
        throw ModelError(
          "latent \"\(site.name)\"", "it is non-centred, so its coordinates are noise, not values")
      }
      let numbers = coordinates.tensor.scalars
      guard numbers.allSatisfy(\.isFinite) else {
        throw ModelError("latent \"\(site.name)\"", "the value given is outside its support")
      }
      return numbers
    }
  }

  /// Which statement has no finite log-density at a point, and the values of the latent variables there;
  /// nil where all have.
  public func failure(at point: [Double]) -> String? {
    let block = Tensor(point, shape: [dimension, 1])
    let program = model.run(.diagnosis(coordinates(block) { $0 }), draws: 1)
    guard let error = program.error else { return nil }
    let shown = outputs.filter { $0.kind == .latent }.prefix(6).compactMap { output in
      program.values[output.name].map { "\(output.name) = \($0)" }
    }
    return "\(error.description) at \(shown.joined(separator: ", "))"
  }

  /// The coordinates of each latent variable in a block, `[..., draws]`.
  private func coordinates(
    _ block: Tensor<Double>, _ make: (Tensor<Double>) -> Tensor<Double>
  ) -> [Value] {
    let draws = block.shape[1]
    return sites.map { site in
      let part = block.slice(site.start..<site.start + site.count)
      return Value(make(part.reshaped(to: site.unconstrainedShape + [draws])))
    }
  }

  /// What `body` makes of blocks of the points, each `[D, draws]`, in order. The last may have a row more
  /// than there are points.
  private func blocks(
    of points: Tensor<Double>, _ body: @escaping @Sendable (Tensor<Double>) -> Tensor<Double>
  ) -> [Tensor<Double>] {
    let rows = points.shape[0]
    precondition(
      points.rank == 2 && points.shape[1] == dimension && rows > 0,
      "points of shape \(points.shape) for a density of \(dimension) coordinates")
    // What one thread does in less time than it takes to wake another stays on one.
    let operations = Double(work.operations) * 2000 + Double(work.elements * rows) * 2
    let isShared = threads.count > 1 && operations > 100_000 && rows >= 16
    // A block's values should fit the cache; and a block costs the tape's time for each operation.
    let fitting = max(8, (1 << 18) / max(8 * work.largest, 1) / 8 * 8)
    let share = isShared ? (rows + threads.count - 1) / threads.count : rows
    let size = min(min(fitting, 256), max(8, (share + 7) / 8 * 8))
    let starts = Array(stride(from: 0, to: rows, by: size))
    return (isShared ? threads : alone).map(starts.count) { index in
      let (start, end) = (starts[index], min(starts[index] + size, rows))
      let block = points.slice(start..<end)
      // Sums over elements that lie side by side round otherwise than sums of rows: one draw is two.
      let padded = end - start == 1 ? Tensor.concatenated([block, block]) : block
      return body(padded.transposed())
    }
  }
}
