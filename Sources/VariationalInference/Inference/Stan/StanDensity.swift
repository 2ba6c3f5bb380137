// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization

/// The log-density of a Stan program given its data, on unconstrained coordinates, as
/// ``LogDensity/posterior(_:)`` takes it.
///
/// A library that drops the constants of `~` gets the program with `~` written out, so that log p
/// is full: it is compared with the program as it was written, and taken only if both differ by a
/// constant. Where a constant stays unknown, ``unknownConstant`` says why.
public struct StanDensity: LogDensity {
  /// The program's name.
  public let name: String
  /// D, the number of unconstrained coordinates.
  public let dimension: Int
  /// The names of unconstrained coordinates, in Stan's order.
  public let coordinateNames: [String]
  /// The names of parameters, transformed parameters, and generated quantities if asked for.
  public let quantityNames: [String]
  /// The names of parameters.
  public let parameterNames: [String]
  /// Why log p is known up to a constant only, see ``LogDensity/unknownConstant``.
  public let unknownConstant: String?
  /// The data, as they were given.
  let data: StanData
  private let model: StanModel
  /// What makes a model of other data.
  private let make: @Sendable (StanData) throws -> StanModel
  private let quantityPlaces: [Int]
  private let isGenerated: Bool
  private let seed: UInt64
  private let threads: WorkerPool
  private let alone = WorkerPool(count: 1)
  /// What one gradient takes, in nanoseconds.
  private let nanoseconds: Double

  /// A program that is compiled now.
  ///
  /// - Parameters:
  ///   - program: The program.
  ///   - data: Its data.
  ///   - library: One that compiles.
  ///   - generated: Whether generated quantities belong to ``quantityNames``.
  ///   - seed: Of random numbers in transformed data and generated quantities.
  ///   - threads: Evaluates many points at once; the numbers do not depend on it.
  /// - Throws: ``StanError`` for a program that does not compile, or data that do not fit.
  public init(
    _ program: StanProgram, data: StanData = StanData(), library: StanLibrary,
    generated: Bool = false, seed: UInt64 = 0, threads: WorkerPool = WorkerPool()
  ) throws {
    let translation = try StanTranslation(program, library: library, data: data, seed: seed)
    try self.init(
      translation.model, name: program.name, data: data,
      unknownConstant: translation.unknownConstant, generated: generated, seed: seed,
      threads: threads
    ) { [member = translation.member] data in
      try StanModel(
        library, text: data.text(with: member), data: data, name: program.name, seed: seed)
    }
  }

  /// A library that is one compiled program.
  ///
  /// - Parameters:
  ///   - library: One that BridgeStan compiled.
  ///   - data: Its data.
  ///   - generated: Whether generated quantities belong to ``quantityNames``.
  ///   - seed: Of random numbers in transformed data and generated quantities.
  ///   - threads: Evaluates many points at once; the numbers do not depend on it.
  /// - Throws: ``StanError`` for a library that compiles, or data that do not fit.
  public init(
    compiled library: StanLibrary, data: StanData = StanData(), generated: Bool = false,
    seed: UInt64 = 0, threads: WorkerPool = WorkerPool()
  ) throws {
    let path = library.path.shown(limit: 300)
    guard !library.compiles else {
      throw StanError("'\(path)' compiles programs and is none: give a program to it")
    }
    let file = library.path.split(separator: "/").last.map(String.init) ?? path
    let make: @Sendable (StanData) throws -> StanModel = { data in
      try StanModel(library, text: data.text(with: nil), data: data, name: file, seed: seed)
    }
    try self.init(
      make(data), name: file, data: data, unknownConstant: nil, generated: generated, seed: seed,
      threads: threads, make: make)
  }

  private init(
    _ model: StanModel, name: String, data: StanData, unknownConstant: String?,
    generated: Bool, seed: UInt64, threads: WorkerPool,
    make: @escaping @Sendable (StanData) throws -> StanModel
  ) throws {
    (self.model, self.name, self.data, self.seed, self.make) = (model, name, data, seed, make)
    (self.unknownConstant, self.threads, isGenerated) = (unknownConstant, threads, generated)
    dimension = model.dimension
    guard dimension > 0 else {
      throw StanError(
        "the program '\(name.shown(limit: 100))' has no parameters; there is nothing to infer")
    }
    // Coordinates keep Stan's order, in which other programs take them.
    coordinateNames = model.coordinateNames.map(StanNames.written)
    let quantities = StanNames(model.names(transformed: true, generated: generated))
    (quantityNames, quantityPlaces) = (quantities.names, quantities.places)
    parameterNames = StanNames(model.names(transformed: false, generated: false)).names
    let clock = ContinuousClock()
    let point = [Double](repeating: 0.1, count: dimension)
    var (value, gradient) = (0.0, point)
    // The first call may prepare what later ones find.
    for _ in 0..<2 { _ = model.density(at: point, value: &value, gradient: &gradient) }
    let start = clock.now
    _ = model.density(at: point, value: &value, gradient: &gradient)
    nanoseconds = Double((clock.now - start).components.attoseconds) * 1e-9
  }

  /// The same program with other data.
  ///
  /// - Throws: ``StanError`` where they do not fit.
  func given(_ data: StanData, threads: WorkerPool) throws -> StanDensity {
    try StanDensity(
      make(data), name: name, data: data, unknownConstant: unknownConstant, generated: isGenerated,
      seed: seed, threads: threads, make: make)
  }
}

// MARK: - Evaluation

extension StanDensity {
  /// log p at each row, `[B]`; not a number where Stan rejects the point.
  public func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    let values = rows(of: points, width: 1) { model, point, value, _ in
      model.density(at: point, value: value)
    }
    return Tensor(values, shape: [points.shape[0]])
  }

  /// log p at each row, `[B]`, and its gradient, `[B, D]`.
  public func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    let (count, width) = (points.shape[0], dimension)
    let rows = rows(of: points, width: width + 1) { model, point, row, _ in
      model.density(at: point, value: row + width, gradient: row)
    }
    let values = Tensor<Double>(shape: [count]) { out in
      for row in 0..<count { out[row] = rows[row * (width + 1) + width] }
    }
    return (values, Self.columns(Array(0..<width), of: rows, width: width + 1))
  }

  /// Parameters, transformed parameters, and generated quantities if asked for, at each row, `[B, Q]`. Where
  /// generated quantities fail, the others stand.
  public func quantities(at points: Tensor<Double>) -> Tensor<Double> {
    let (width, isGenerated) = (quantityPlaces.count, isGenerated)
    // A generator takes longer to make than some rows to compute.
    let seed = isGenerated ? seed : nil
    let rows = rows(of: points, width: width, seed: seed) { model, point, row, generator in
      let message = model.quantities(
        at: point, transformed: true, generated: isGenerated, generator: generator, values: row)
      guard message != nil, isGenerated else { return message }
      for column in 0..<width { row[column] = .nan }
      return model.quantities(
        at: point, transformed: true, generated: false, generator: generator, values: row)
    }
    return Self.columns(quantityPlaces, of: rows, width: width)
  }

  /// What Stan says of a point that it rejects.
  public func failure(at point: [Double]) -> String? {
    var value = 0.0
    if let message = model.density(at: point, value: &value) {
      return StanError.bounded(message)
    }
    if value.isFinite { return nil }
    let place =
      Set(point).count == 1
      ? "all coordinates are \(point[0] == 0 ? "0" : shown(point[0]))"
      : "coordinates are " + point.prefix(6).map(shown).joined(separator: ", ")
        + (point.count > 6 ? ", ..." : "")
    return "log p is \(value.isNaN ? .nan : value) where \(place)"
  }

  /// Data `y` that generated quantities draw anew, as `y_rep`.
  public func predictions(at points: Tensor<Double>, seed: UInt64) throws -> [Prediction] {
    let all = StanNames(model.names(transformed: true, generated: true))
    let suffix = "_rep"
    let wanted = data.names.compactMap { name -> (name: String, observed: [Double], at: [Int])? in
      let columns = all.names.indices.filter {
        all.names[$0].prefix { $0 != "[" } == name + suffix
      }
      guard let observed = data.numbers(name), !columns.isEmpty, observed.count == columns.count
      else { return nil }
      return (name, observed, columns.map { all.places[$0] })
    }
    if wanted.isEmpty { return [] }
    let width = all.names.count
    let rows = rows(of: points, width: width, seed: seed) { model, point, row, generator in
      model.quantities(
        at: point, transformed: true, generated: true, generator: generator, values: row)
    }
    return wanted.map { part in
      Prediction(
        name: part.name, observed: part.observed,
        drawn: Self.columns(part.at, of: rows, width: width))
    }
  }

  /// The columns at `places` of rows of `width` numbers, `[rows, places]`.
  static func columns(_ places: [Int], of rows: [Double], width: Int) -> Tensor<Double> {
    let count = rows.count / width
    return Tensor(shape: [count, places.count]) { out in
      for row in 0..<count {
        for (column, place) in places.enumerated() {
          out[row * places.count + column] = rows[row * width + place]
        }
      }
    }
  }

  private typealias Call =
    @Sendable (
      StanModel, UnsafePointer<Double>, UnsafeMutablePointer<Double>, OpaquePointer?
    ) -> String?

  /// What a call writes for each row of points; not a number where it failed. With a seed, blocks
  /// of rows have a generator each, so that random numbers depend on the row and not on the thread.
  private func rows(
    of points: Tensor<Double>, width: Int, seed: UInt64? = nil, _ call: @escaping Call
  ) -> [Double] {
    let (count, dimension, size) = (points.shape[0], self.dimension, seed == nil ? 16 : 64)
    precondition(
      points.rank == 2 && points.shape[1] == dimension && count > 0,
      "points of shape \(points.shape) for a density of \(dimension) coordinates")
    let numbers = points.scalars
    let model = model
    let isShared = threads.count > 1 && model.servesThreads && nanoseconds * Double(count) > 50_000
    let blocks = (isShared ? threads : alone).map((count + size - 1) / size) { block in
      let rows = block * size..<min(count, (block + 1) * size)
      let seed = seed.map { seed in
        var generator = CounterGenerator(
          seed: seed, stream: GeneratorPurpose.stanDraws.stream(UInt64(block)))
        return UInt32(truncatingIfNeeded: generator.next())
      }
      return model.withGenerator(seed: seed) { generator in
        var results = [Double](repeating: .nan, count: rows.count * width)
        results.withUnsafeMutableBufferPointer { results in
          numbers.withUnsafeBufferPointer { numbers in
            guard let first = results.baseAddress, let points = numbers.baseAddress else { return }
            for (index, row) in rows.enumerated() {
              let place = first + index * width
              let point = points + row * dimension
              if call(model, point, place, generator) != nil {
                for column in 0..<width { place[column] = .nan }
              }
            }
          }
        }
        return results
      }
    }
    return blocks.flatMap { $0 }
  }
}
