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
  /// Evaluates many draws, or runs many simulations, at once; the numbers do not depend on it.
  public let threads: WorkerPool
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
    (sites, outputs, isImproper) = (program.sites, program.outputs, !program.isNormalised)
    let tape = Tape<Double>()
    let parts = sites.map { tape.variable(Tensor<Double>.zeros($0.unconstrainedShape + [1])) }
    let joint = model.run(.joint(parts.map(Value.init)), draws: 1, sites: program.sites)
    if let error = joint.error { throw error }
    work = tape.work
    var names: Set<String> = []
    if let twice = quantityNames.first(where: { !names.insert($0).inserted }) {
      throw ModelError(nil, "two values are called '\(twice)': give one of them another name")
    }
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

  /// The names of latent variables, element by element.
  public var parameterNames: [String] {
    outputs.filter { $0.kind == .latent }.flatMap { ElementNames.of($0.name, $0.shape) }
  }

  /// A flat prior, or one that is not normalised.
  public var unknownConstant: String? {
    isImproper ? "as a prior is flat or not normalised" : nil
  }

  /// Latent variables and derived values.
  var reported: [Program.Output] { outputs.filter { $0.kind == .latent || $0.kind == .derived } }
}

// MARK: - Evaluation

extension ProgramDensity {
  /// log p at each row, `[B]`.
  public func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    let parts = blocks(of: points) { block in
      run(.joint(coordinates(of: block).map(Value.init)), draws: block.draws).logJoint
    }
    return values(of: parts, rows: points.shape[0])
  }

  /// log p at each row, `[B]`, and its gradient, `[B, D]`.
  public func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    gradients(at: points, minibatch: nil)
  }

  /// The same, where plates see a part of their examples.
  package func gradients(
    at points: Tensor<Double>, minibatch: Program.Minibatch?
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    let parts = blocks(of: points) { block -> [Tensor<Double>] in
      let tape = Tape<Double>()
      let leaves = coordinates(of: block).map { tape.variable($0) }
      let program = run(
        .joint(leaves.map(Value.init)), draws: block.draws, minibatch: minibatch)
      let total = program.logJoint
      let gradients =
        total.isTraced ? tape.gradients(of: total, at: leaves) : leaves.map { .zeros($0.shape) }
      return [total.detached] + gradients
    }
    let (rows, width) = (points.shape[0], dimension)
    let values = values(of: parts.map { ($0.block, $0.result[0]) }, rows: rows)
    let gradients = Tensor<Double>(shape: [rows, width]) { out in
      for (block, part) in parts {
        for (site, gradient) in zip(sites, part.dropFirst()) {
          gradient.withScalars { source in
            for coordinate in 0..<site.count {
              var place = block.start * width + site.start + coordinate
              for row in 0..<block.count {
                out[place] = source[coordinate * block.draws + row]
                place += width
              }
            }
          }
        }
      }
    }
    return (values, gradients)
  }

  /// Parameters and derived values at each row, `[B, Q]`.
  public func quantities(at points: Tensor<Double>) -> Tensor<Double> {
    let parts = blocks(of: points) { block -> Tensor<Double> in
      let draws = block.draws
      let program = run(.values(coordinates(of: block).map(Value.init)), draws: draws)
      let rows = reported.map { output -> Tensor<Double> in
        let count = output.shape.reduce(1, *)
        // A closure that says something else than before has no numbers.
        guard let value = program.values[output.name], value.shape == output.shape else {
          return Tensor(repeating: .nan, shape: [count, draws])
        }
        return value.spread(draws).tensor.reshaped(to: [count, draws])
      }
      return Tensor.concatenated(rows).transposed().slice(0..<block.count)
    }
    return Tensor.concatenated(parts.map(\.result))
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
    let count = points.shape[0]
    let block = Block(points: points, start: 0, count: count)
    let program = run(
      .predictive(coordinates(of: block, draws: count).map(Value.init), seed: seed), draws: count)
    if let error = program.error { throw error }
    return NamedDraws(program.values, order: outputs.map(\.name), draws: count)
  }

  /// Observed data by name, and data drawn anew; those whose law has no draws left out.
  ///
  /// - Throws: ``ModelError`` where no data can be drawn at all.
  public func predictions(at points: Tensor<Double>, seed: UInt64) throws -> [Prediction] {
    let observed = outputs.filter { $0.kind == .observed }
    if observed.isEmpty { return [] }
    let count = points.shape[0]
    let block = Block(points: points, start: 0, count: count)
    let seen = run(.values(coordinates(of: block, draws: 1).map(Value.init)), draws: 1)
    let anew = run(
      .predictive(coordinates(of: block, draws: count).map(Value.init), seed: seed), draws: count)
    let predictions = observed.compactMap { output -> Prediction? in
      guard let data = seen.values[output.name], let drawn = anew.values[output.name],
        drawn.fault == nil, drawn.shape == data.shape
      else { return nil }
      let columns = drawn.spread(count).tensor.reshaped(to: [data.count, count])
      return Prediction(
        name: output.name, observed: data.tensor.scalars, drawn: columns.transposed())
    }
    if predictions.isEmpty, let error = anew.error { throw error }
    return predictions
  }

  private func run(
    _ mode: Program.Mode, draws: Int, minibatch: Program.Minibatch? = nil
  ) -> Program {
    model.run(mode, draws: draws, sites: sites, minibatch: minibatch)
  }
}

// MARK: - Blocks

extension ProgramDensity {
  /// Rows of points that go through the program together.
  private struct Block: Sendable {
    /// All points, `[B, D]`.
    let points: Tensor<Double>
    let start: Int
    let count: Int
    /// Sums over elements that lie side by side round otherwise than sums of rows: one row is two draws.
    var draws: Int { max(count, 2) }
  }

  /// The coordinates of each latent variable in a block, `[..., draws]`.
  private func coordinates(of block: Block, draws: Int? = nil) -> [Tensor<Double>] {
    let (width, draws) = (dimension, draws ?? block.draws)
    return block.points.withScalars { points in
      sites.map { site in
        Tensor(shape: site.unconstrainedShape + [draws]) { out in
          for coordinate in 0..<site.count {
            for draw in 0..<draws {
              let row = block.start + min(draw, block.count - 1)
              out[coordinate * draws + draw] = points[row * width + site.start + coordinate]
            }
          }
        }
      }
    }
  }

  /// A number for each row, from those of each block's draws.
  private func values(
    of parts: [(block: Block, result: Tensor<Double>)], rows: Int
  ) -> Tensor<Double> {
    Tensor(shape: [rows]) { out in
      for (block, values) in parts {
        values.withScalars { for row in 0..<block.count { out[block.start + row] = $0[row] } }
      }
    }
  }

  /// What `body` makes of blocks of the points, in order.
  private func blocks<Result: Sendable>(
    of points: Tensor<Double>, _ body: @escaping @Sendable (Block) -> Result
  ) -> [(block: Block, result: Result)] {
    let rows = points.shape[0]
    precondition(
      points.rank == 2 && points.shape[1] == dimension && rows > 0,
      "points of shape \(points.shape) for a density of \(dimension) coordinates")
    // What one thread does in less time than it takes to wake another stays on one.
    let nanoseconds = Double(work.operations) * 2000 + Double(work.elements * rows) * 2
    let isShared = threads.count > 1 && nanoseconds > 100_000 && rows >= 16
    // A block's values should fit the cache; and a block costs the tape's time for each operation.
    let fitting = max(8, (1 << 18) / max(8 * work.largest, 1) / 8 * 8)
    let share = isShared ? (rows + threads.count - 1) / threads.count : rows
    let size = min(min(fitting, 256), max(8, (share + 7) / 8 * 8))
    let blocks = stride(from: 0, to: rows, by: size).map {
      Block(points: points, start: $0, count: min(size, rows - $0))
    }
    let results = (isShared ? threads : alone).map(blocks.count) { body(blocks[$0]) }
    return Array(zip(blocks, results))
  }
}

// MARK: - Values on their own scale

extension ProgramDensity {
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
    let block = Block(points: Tensor(point, shape: [1, dimension]), start: 0, count: 1)
    let program = run(
      .diagnosis(coordinates(of: block, draws: 1).map(Value.init)), draws: 1)
    guard let error = program.error else { return nil }
    let shown = outputs.filter { $0.kind == .latent }.prefix(6).compactMap { output in
      program.values[output.name].map { "\(output.name) = \($0)" }
    }
    return "\(error.description) at \(shown.joined(separator: ", "))"
  }
}
