// SPDX-License-Identifier: Apache-2.0

/// How a latent variable meets its law.
public enum Form: Sendable {
  /// The variable is a coordinate itself: best where the data say much about it.
  case centred
  /// A coordinate is standard normal noise, of which the variable is a function: best where the data say
  /// little, as of a group's effect whose spread is a latent variable too.
  case nonCentred
}

/// One run of a model: what the statements of its closure speak to.
///
/// The same closure draws from the prior, scores coordinates and predicts, depending on the run. It must
/// make the same statements each time; which ones may depend on data, not on values.
public final class Program {
  /// What a run is for.
  enum Mode {
    /// To learn names, shapes and supports: coordinates are 0.
    case structure
    /// To draw everything from the prior, the data too.
    case prior(seed: UInt64)
    /// To add up the log joint density at the coordinates of each latent variable in turn.
    case joint([Value])
    /// The same without the densities of the noise of non-centred variables.
    case givenNoise([Value])
    /// To name the first statement whose log-density is not finite, for one draw.
    case diagnosis([Value])
    /// To score values on their own scale, without Jacobians, and to find their coordinates.
    case given([String: Value])
    /// To compute all values at coordinates, with the data.
    case values([Value])
    /// The same with the data drawn anew.
    case predictive([Value], seed: UInt64)

    /// Those of each latent variable, in a run at coordinates.
    var coordinates: [Value]? {
      switch self {
      case .joint(let all), .givenNoise(let all), .diagnosis(let all), .values(let all),
        .predictive(let all, _):
        all
      case .structure, .prior, .given: nil
      }
    }
  }

  /// A latent variable of a model.
  struct Site: Sendable {
    let name: String
    let shape: [Int]
    /// The shape of its coordinates.
    let unconstrainedShape: [Int]
    /// Where its coordinates begin among all of them.
    let start: Int
    let isNonCentred: Bool

    var count: Int { unconstrainedShape.reduce(1, *) }
  }

  /// An observed or derived value of a model.
  struct Output: Sendable {
    enum Kind: Sendable { case latent, observed, derived, predicted }
    let name: String
    let shape: [Int]
    let kind: Kind
  }

  let mode: Mode
  /// The axis of draws of all that is computed; what has one draw is the same for all of them.
  let draws: Int
  /// Which examples of a plate are seen; nil for all of them.
  let minibatch: Minibatch?
  private(set) var error: ModelError?
  /// The latent variables: found by a run for the structure, known to those at coordinates.
  private(set) var sites: [Site]
  private(set) var outputs: [Output] = []
  private(set) var values: [String: Value] = [:]
  /// Whether the priors' densities integrate to 1.
  private(set) var isNormalised = true
  /// Whether it adds terms that are no law.
  private(set) var hasFreeTerm = false
  /// Whether a plate was seen in part.
  private(set) var hasSubset = false
  /// The coordinates of latent variables drawn from the prior, or given; nil for one that has none.
  private(set) var drawnCoordinates: [Value?] = []
  private let replacements: [String: Value]
  private var terms: [(value: Value, weight: Double)] = []
  private var statements = 0
  private var latents = 0
  private var names: Set<String> = []
  /// The weight of observations: the size of a plate over that of its subset.
  private var weight = 1.0
  /// The examples that a step sees of a plate of so many.
  private var part: (size: Int, examples: [Int])?

  /// A subset of the examples of each plate that has one.
  package struct Minibatch: Sendable {
    package let seed: UInt64
    package let step: Int

    package init(seed: UInt64, step: Int) { (self.seed, self.step) = (seed, step) }
  }

  init(
    _ mode: Mode, draws: Int, sites: [Site] = [], minibatch: Minibatch? = nil,
    replacements: [String: Value] = [:]
  ) {
    self.mode = mode
    self.sites = sites
    self.replacements = replacements
    self.draws = draws
    self.minibatch = minibatch
  }

  /// log p of each draw, `[draws]`.
  var logJoint: Tensor<Double> {
    // Statements that depend on values make no density.
    if error != nil { return Tensor(repeating: .nan, shape: [draws]) }
    // What is the same for all draws is added up before it meets them.
    let shared = terms.filter { $0.value.draws != draws }
    let constant = shared.reduce(0.0) { $0 + $1.value.tensor.scalars[0] * $1.weight }
    let own = terms.filter { $0.value.draws == draws }
    if own.isEmpty { return Tensor(repeating: constant, shape: [draws]) }
    let total = Tensor.linearCombination(own.map(\.value.tensor), own.map(\.weight))
    return constant == 0 ? total : total + constant
  }
}

// MARK: - Statements

extension Program {
  /// A latent variable: unknown, with a prior.
  ///
  /// - Parameters:
  ///   - name: The only one of its name in the model.
  ///   - law: Its prior, whose parameters may be other latent variables.
  ///   - count: How many independent ones there are, as a vector; for a law of vectors or matrices, as
  ///     an axis before theirs. Where nil, the law's parameters give the shape.
  ///   - form: What the coordinates are.
  /// - Returns: Its value.
  @discardableResult
  public func latent(
    _ name: String, _ law: some Law, count: Int? = nil, _ form: Form = .centred
  ) -> Value {
    latent(name, law, shape: count.map { [$0] + eventShape(law) }, form)
  }

  /// A latent variable of any shape: `shape` with that of the law's own vectors or matrices at its end.
  @discardableResult
  public func latent(
    _ name: String, _ law: some Law, shape: [Int]?, _ form: Form = .centred
  ) -> Value {
    let statement = begin(.latent, name)
    if let coordinates = mode.coordinates { return value(law, statement, form, coordinates) }
    let shape = shape ?? law.shape
    if law.isDiscrete {
      return fail(
        statement,
        "a latent variable that counts or chooses has no gradient; sum it out of the density, with "
          + "Mixture, HiddenMarkov or a zero-inflated law")
    }
    if let problem = mismatch("shape \(shape) does", shape, law) { return fail(statement, problem) }
    guard
      let coordinates = form == .nonCentred
        ? shape : law.support.unconstrainedShape(of: shape)
    else { return fail(statement, "a value of its law cannot have shape \(shape)") }
    if shape.contains(where: { $0 < 1 }) {
      return fail(statement, "shape \(shape) has no elements")
    }
    guard let count = Value.elements(of: shape), count <= Self.mostElements else {
      return fail(statement, "shape \(shape) has more elements than can be fitted")
    }
    let value = latentValue(law, statement, shape, coordinates, form)
    note(name, value, .latent)
    return value
  }

  /// The shape of one of the law's vectors or matrices.
  private func eventShape(_ law: some Law) -> [Int] { Array(law.shape.suffix(law.eventRank)) }

  /// The value of a latent variable in a run at coordinates, where the structure is known.
  private func value(
    _ law: some Law, _ statement: Statement, _ form: Form, _ coordinates: [Value]
  ) -> Value {
    defer { latents += 1 }
    guard latents < sites.count, sites[latents].name == statement.name else {
      return fail(
        statement, "the model made other statements than before; they must not depend on values")
    }
    let value = constrained(law, statement, coordinates[latents], sites[latents].shape, form)
    note(statement.name, value, .latent)
    return value
  }

  /// The value at coordinates u, whose log-density is added.
  private func constrained(
    _ law: some Law, _ statement: Statement, _ u: Value, _ shape: [Int], _ form: Form
  ) -> Value {
    if form == .nonCentred {
      guard let value = law.transform(ofNoise: u) else {
        return fail(statement, "\(type(of: law)) has no non-centred form")
      }
      if case .givenNoise = mode { return checked(value, statement) }
      add(Self.standardNormal.totalLogDensity(of: u), statement)
      return checked(value, statement)
    }
    let (value, logJacobian) = law.support.constrain(u, to: shape)
    add(law.totalLogDensity(of: value), statement)
    add(logJacobian, statement)
    return checked(value, statement)
  }

  private func latentValue(
    _ law: some Law, _ statement: Statement, _ shape: [Int], _ coordinates: [Int], _ form: Form
  ) -> Value {
    switch mode {
    case .prior(let seed):
      var source = DrawSource(draws: draws, seed: seed, statement: statements)
      if form == .nonCentred {
        let noise = source.standardNormal(shape)
        drawnCoordinates.append(noise)
        return checked(law.transform(ofNoise: noise) ?? 0, statement)
      }
      let value = checked(law.draw(shape, from: &source), statement)
      drawnCoordinates.append(value.fault == nil ? law.support.unconstrain(value) : nil)
      return value
    case .given(let values):
      guard let value = values[statement.name], value.shape == shape, value.fault == nil else {
        let found = values[statement.name].map { "one of shape \($0.shape)" } ?? "none"
        return fail(statement, "a value of shape \(shape) is expected, \(found) was given")
      }
      add(law.totalLogDensity(of: value), statement)
      drawnCoordinates.append(form == .nonCentred ? nil : law.support.unconstrain(value))
      return value
    default:
      // The structure: runs at coordinates know it.
      let start = sites.last.map { $0.start + $0.count } ?? 0
      sites.append(
        Site(
          name: statement.name, shape: shape, unconstrainedShape: coordinates, start: start,
          isNonCentred: form == .nonCentred))
      if !law.isNormalised { isNormalised = false }
      return constrained(law, statement, Value(.zeros(coordinates + [1])), shape, form)
    }
  }

  /// Data, with the law that they follow given the latent variables.
  ///
  /// - Parameters:
  ///   - name: The only one of its name in the model.
  ///   - law: Its likelihood.
  ///   - data: What was observed.
  public func observe(_ name: String, _ law: some Law, _ data: Value) {
    let statement = begin(.observe, name)
    let data = replacement(of: name, data) ?? data
    if data.fault != nil { return _ = checked(data, statement) }
    if case .structure = mode {
      if data.count == 0 { return _ = fail(statement, "there are no data") }
      if let place = data.tensor.firstNonFinite {
        return _ = fail(
          statement, "element \(place) of the data is \(data.tensor.scalars[place])")
      }
      if let problem = law.fault(inData: data) { return _ = fail(statement, problem) }
      if let problem = mismatch("data of shape \(data.shape) do", data.shape, law) {
        return _ = fail(statement, problem)
      }
    }
    switch mode {
    case .structure, .joint, .givenNoise, .diagnosis, .given:
      add(law.totalLogDensity(of: data), statement, weight: weight)
      note(name, data, .observed)
    case .prior(let seed), .predictive(_, let seed):
      var source = DrawSource(draws: draws, seed: seed, statement: statements)
      note(name, checked(law.draw(data.shape, from: &source), statement), .observed)
    case .values: note(name, data, .observed)
    }
  }

  /// Data that are a list of numbers.
  public func observe(_ name: String, _ law: some Law, _ data: [Double]) {
    observe(name, law, Value(data))
  }

  /// Data that are a list of counts, or of categories.
  public func observe(_ name: String, _ law: some Law, _ data: [Int]) {
    observe(name, law, Value(data))
  }

  /// A derived value, reported beside the latent variables.
  @discardableResult
  public func define(_ name: String, _ value: Value) -> Value {
    let statement = begin(.define, name)
    note(name, checked(value, statement), .derived)
    return value
  }

  /// A value that nobody has seen, as a further observation: drawn with the prior, and with predictions
  /// from the posterior; it takes no part in inference.
  ///
  /// - Parameters:
  ///   - name: The only one of its name in the model.
  ///   - law: What it follows given the latent variables.
  ///   - count: How many independent ones, as a vector; where nil, the law's parameters give the shape.
  public func predict(_ name: String, _ law: some Law, count: Int? = nil) {
    let statement = begin(.predict, name)
    let shape = count.map { [$0] + eventShape(law) } ?? law.shape
    switch mode {
    case .structure:
      if shape.contains(where: { $0 < 0 }) {
        fail(statement, "shape \(shape) has a negative size")
      } else if let problem = mismatch("shape \(shape) does", shape, law) {
        fail(statement, problem)
      }
      outputs.append(Output(name: name, shape: shape, kind: .predicted))
    case .prior(let seed), .predictive(_, let seed):
      var source = DrawSource(draws: draws, seed: seed, statement: statements)
      note(name, checked(law.draw(shape, from: &source), statement), .predicted)
    case .joint, .givenNoise, .diagnosis, .given, .values: break
    }
  }

  /// Adds what is no law to the log joint density, in nats; of an array the sum. There are no draws from
  /// it: a model with such a term has no prior draws of what it restricts. In a plate it counts as
  /// observations do.
  public func add(_ logDensity: Value) {
    statements += 1
    hasFreeTerm = true
    add(logDensity.sum(), Statement(kind: .add, name: "statement \(statements)"), weight: weight)
  }

  /// Statements about examples of which there are many, of which a step may see a random part.
  ///
  ///     z.plate(size: 100_000, subset: 500) { rows in
  ///       z.observe("y", Normal(x[rows].times(beta), sigma), y[rows])
  ///     }
  ///
  /// With a subset, the log-densities of observations within count size / subset times, so that the sum
  /// is unbiased. Only fitting by minibatches takes subsets; all else sees all examples.
  ///
  /// - Parameters:
  ///   - size: How many examples there are.
  ///   - subset: How many of them a step sees.
  ///   - body: Is given their numbers, from 0.
  /// - Source: Hoffman, Blei, Wang and Paisley, "Stochastic variational inference", JMLR 14 (2013),
  ///   arXiv:1206.7051.
  public func plate(size: Int, subset: Int, _ body: (_ examples: [Int]) -> Void) {
    statements += 1
    if size < 1 || subset < 1 || subset > size {
      return _ = fail(
        Statement(kind: .plate, name: "statement \(statements)"),
        "a subset of \(subset) of \(size) examples")
    }
    guard let minibatch, subset < size else { return body(Array(0..<size)) }
    hasSubset = true
    let outer = (weight, part)
    defer { (weight, part) = outer }
    weight *= Double(size) / Double(subset)
    let examples = minibatch.examples(of: size, subset: subset, plate: statements)
    part = (size, examples)
    body(examples)
  }
}

extension Program.Minibatch {
  /// Distinct examples, by Floyd's algorithm, in ascending order.
  fileprivate func examples(of size: Int, subset: Int, plate: Int) -> [Int] {
    let number = UInt64(step) << 16 | UInt64(plate)
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.plateSubset.stream(number))
    var chosen: Set<Int> = []
    for last in size - subset..<size {
      let candidate = Int.random(in: 0...last, using: &generator)
      chosen.insert(chosen.contains(candidate) ? last : candidate)
    }
    return chosen.sorted()
  }
}

// MARK: - Book-keeping

extension Program {
  private static let standardNormal = Normal(0, 1)
  /// Of a latent variable: far beyond what the fit's matrices allow, and still no trouble to make.
  private static let mostElements = 1 << 24

  /// What an error says where it is: `latent "tau"`.
  private struct Statement: CustomStringConvertible {
    enum Kind: String { case latent, observe, observing, define, predict, add, plate }
    let kind: Kind
    let name: String
    var description: String { "\(kind.rawValue) \"\(name)\"" }
  }

  private func begin(_ kind: Statement.Kind, _ name: String) -> Statement {
    statements += 1
    let statement = Statement(kind: kind, name: name)
    guard case .structure = mode else { return statement }
    if name.isEmpty { fail(statement, "it has no name") }
    if !names.insert(name).inserted {
      fail(statement, "another statement has this name; each needs one of its own")
    }
    return statement
  }

  /// What is wrong where the law's parameters do not broadcast to a shape; nil where they do.
  private func mismatch(
    _ subject: @autoclosure () -> String, _ shape: [Int], _ law: some Law
  ) -> String? {
    Value.broadcastShape([law.shape, shape]) == shape
      ? nil : "\(subject()) not match the law's parameters, which have \(law.shape)"
  }

  /// Refuses other data for a statement that there is not.
  func checkReplacements() {
    guard case .structure = mode else { return }
    let observed = outputs.filter { $0.kind == .observed }.map(\.name)
    for name in replacements.keys.sorted() where !observed.contains(name) {
      fail(
        Statement(kind: .observing, name: name),
        "no statement observes data of this name; there are \(observed.joined(separator: ", "))")
    }
  }

  /// Refuses statements that are fewer than before, so that some coordinates belong to none.
  func checkStatements() {
    guard mode.coordinates != nil, latents < sites.count else { return }
    fail(
      Statement(kind: .latent, name: sites[latents].name),
      "the model no longer makes this statement; which ones it makes must not depend on values")
  }

  /// What stands in the place of a statement's data, of which a step sees the same examples.
  private func replacement(of name: String, _ data: Value) -> Value? {
    guard let whole = replacements[name] else { return nil }
    guard let part, whole.shape.first == part.size, data.shape.first == part.examples.count
    else { return whole }
    return whole[part.examples]
  }

  /// The first mistake is kept.
  @discardableResult
  private func fail(_ statement: Statement, _ problem: String) -> Value {
    if error == nil { error = ModelError(statement.description, problem) }
    return Value(fault: problem)
  }

  private func checked(_ value: Value, _ statement: Statement) -> Value {
    if let fault = value.fault { fail(statement, fault) }
    return value
  }

  private func add(_ term: Value, _ statement: Statement, weight: Double = 1) {
    if term.fault != nil { _ = checked(term, statement) }
    switch mode {
    case .structure, .joint, .givenNoise, .given: terms.append((term, weight))
    case .diagnosis:
      if error == nil, let number = term.tensor.scalars.first(where: { !$0.isFinite }) {
        // The sign of what is no number says nothing.
        fail(statement, "its log-density is \(number.isNaN ? .nan : number)")
      }
    case .prior, .values, .predictive: break
    }
  }

  private func note(_ name: String, _ value: Value, _ kind: Output.Kind) {
    switch mode {
    case .structure: outputs.append(Output(name: name, shape: value.shape, kind: kind))
    case .joint, .givenNoise: break
    case .prior, .given, .values, .predictive, .diagnosis: values[name] = value
    }
  }
}
