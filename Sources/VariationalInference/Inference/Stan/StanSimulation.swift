// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A Stan program beside another that draws its parameters and its data: what calibration asks of it.
///
/// The simulating program takes the same data, has no parameters of its own, and draws in its
/// generated quantities, under the same names, the parameters (and what is derived from them) and
/// those data that the model observes:
///
///     data { int N; vector[N] x; }
///     generated quantities {
///       real slope = normal_rng(0, 1);
///       vector[N] y = to_vector(normal_rng(slope * x, 1));
///     }
public struct SimulatedStanDensity: SimulatableDensity {
  /// The density given the data that were seen.
  public private(set) var density: StanDensity
  /// Among which simulations are shared.
  public let threads: WorkerPool
  private let simulator: StanModel
  /// The numbers in a row of the simulator.
  private let width: Int
  /// Names of what is simulated, with its place in a row of the simulator.
  private let truths: [(name: String, place: Int)]
  private let drawn: [(name: String, places: [Int])]
  /// The places of the truths in a row of the density's quantities.
  private let columns: [Int]
  /// Why no whole data set can be simulated; nil where one can.
  private let lack: String?

  /// - Parameters:
  ///   - density: A program with the data that were seen.
  ///   - simulator: The program that draws.
  ///   - library: One that compiles.
  ///   - threads: Among which simulations are shared.
  ///   - isComplete: Whether it has to draw all parameters and some data, as calibration asks; else one
  ///     quantity is enough, for ``priorQuantities(count:seed:)``.
  /// - Throws: ``StanError`` where the simulator does not draw what it has to.
  public init(
    _ density: StanDensity, simulator: StanProgram, library: StanLibrary,
    threads: WorkerPool = WorkerPool(), isComplete: Bool = true
  ) throws {
    let member = try library.translated(
      simulator.source, name: simulator.name, folder: simulator.folder)
    self.simulator = try StanModel(
      library, text: density.data.text(with: member), data: density.data, name: simulator.name,
      seed: 0)
    (self.density, self.threads) = (density, threads)
    let own = "the simulating program '\(simulator.name.shown(limit: 100))'"
    guard self.simulator.dimension == 0 else {
      throw StanError(
        "\(own) has parameters: it should draw all it needs in its generated quantities")
    }
    let drawnNames = self.simulator.names(transformed: true, generated: true)
    width = drawnNames.count
    let names = StanNames(drawnNames)
    let places = Dictionary(zip(names.names, names.places)) { first, _ in first }
    truths = density.quantityNames.compactMap { name in places[name].map { (name, $0) } }
    columns = density.quantityNames.indices.filter { places[density.quantityNames[$0]] != nil }
    drawn = density.data.names.compactMap { name in
      let elements = names.names.indices.filter { place in
        names.names[place].prefix { $0 != "[" } == name
      }
      return elements.isEmpty ? nil : (name, elements.map { names.places[$0] })
    }
    func none(_ what: String, of names: [String]) -> String {
      "\(own) draws none of the \(what) \(shownList(names)): its generated quantities should bear "
        + "their names"
    }
    lack =
      if let missing = density.parameterNames.first(where: { places[$0] == nil }) {
        "\(own) does not draw the parameter '\(missing.shown())'"
      } else if drawn.isEmpty {
        none("data", of: density.data.names)
      } else {
        nil
      }
    if isComplete, let lack { throw StanError(lack) }
    if truths.isEmpty { throw StanError(none("quantities", of: density.quantityNames)) }
    for part in drawn where density.data.numbers(part.name)?.count != part.places.count {
      throw StanError(
        "\(own) draws \(part.places.count) numbers of '\(part.name.shown())', where the data have "
          + "\(density.data.numbers(part.name)?.count ?? 0)")
    }
  }

  /// Parameters and data of one simulation, and the density given these data.
  ///
  /// - Throws: ``StanError`` where the simulator does not draw all parameters and some data.
  public func simulated(
    seed: UInt64
  ) throws -> (truth: [Double], coordinates: [Double]?, density: SimulatedStanDensity) {
    if let lack { throw StanError(lack) }
    let row = try row(seed: seed)
    let numbers = Dictionary(
      uniqueKeysWithValues: drawn.map { part in (part.name, part.places.map { row[$0] }) })
    if let name = numbers.first(where: { !$0.value.allSatisfy(\.isFinite) })?.key {
      throw ModelError(nil, "the simulating program drew '\(name.shown())' that is not finite")
    }
    var copy = self
    copy.density = try density.given(
      density.data.replacing(numbers), threads: WorkerPool(count: 1))
    return (truths.map { row[$0.place] }, nil, copy)
  }

  /// Draws of ``quantityNames`` from the prior.
  ///
  /// - Parameters:
  ///   - count: How many.
  ///   - seed: The same seed gives the same draws.
  /// - Returns: The draws of each quantity, by its name.
  /// - Throws: ``ModelError`` where the simulating program fails.
  public func priorQuantities(count: Int, seed: UInt64 = 0) throws -> [String: [Double]] {
    precondition(count > 0, "\(count) draws")
    var seeds = CounterGenerator(seed: seed, stream: GeneratorPurpose.priorDraws.stream())
    let rowSeeds = (0..<count).map { _ in seeds.next() }
    let rows = try threads.map(count) { index in Result { try row(seed: rowSeeds[index]) } }
      .map { try $0.get() }
    let columns = truths.map { truth in (truth.name, rows.map { $0[truth.place] }) }
    return Dictionary(columns) { first, _ in first }
  }

  /// All that the simulating program draws at once.
  private func row(seed: UInt64) throws -> [Double] {
    var row = [Double](repeating: .nan, count: width)
    let seed = UInt32(truncatingIfNeeded: seed ^ seed >> 32)
    let message = simulator.withGenerator(seed: seed) { generator in
      simulator.quantities(
        at: [], transformed: true, generated: true, generator: generator, values: &row)
    }
    if let message {
      throw ModelError(nil, "the simulating program failed: \(StanError.bounded(message))")
    }
    return row
  }
}

extension SimulatedStanDensity {
  /// D, the number of unconstrained coordinates.
  public var dimension: Int { density.dimension }
  /// The names of unconstrained coordinates, in Stan's order.
  public var coordinateNames: [String] { density.coordinateNames }
  /// The names of those parameters and derived values that the simulator draws.
  public var quantityNames: [String] { truths.map(\.name) }
  /// The names of parameters.
  public var parameterNames: [String] { density.parameterNames }
  /// Why log p is known up to a constant only, see ``LogDensity/unknownConstant``.
  public var unknownConstant: String? { density.unknownConstant }

  /// log p at each row, `[B]`.
  public func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    density.logDensities(at: points)
  }

  /// log p at each row, `[B]`, and its gradient, `[B, D]`.
  public func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    density.logDensitiesWithGradients(at: points)
  }

  /// Those parameters and derived values that the simulator draws.
  public func quantities(at points: Tensor<Double>) -> Tensor<Double> {
    let all = density.quantities(at: points)
    return StanDensity.columns(columns, of: all.scalars, width: all.shape[1])
  }

  /// What Stan says of a point that it rejects.
  public func failure(at point: [Double]) -> String? { density.failure(at: point) }
}
