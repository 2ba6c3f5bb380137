// SPDX-License-Identifier: Apache-2.0

// What laws of 0 or 1, counts and categories share.

/// A probability, or its logit log(p / (1 - p)).
enum Odds: Sendable {
  case probability(Value)
  case logits(Value)

  var shape: [Int] {
    switch self {
    case .probability(let value), .logits(let value): value.shape
    }
  }

  var probability: Value {
    switch self {
    case .probability(let p): p
    case .logits(let l): l.sigmoid()
    }
  }

  /// k log p + f log(1 - p).
  func logDensity(successes: Value, failures: Value) -> Value {
    switch self {
    case .probability(let p):
      .combine("a log-density", [successes, failures, p]) {
        LogDensities.binomial(successes: $0[0], failures: $0[1], probability: $0[2])
      }
    case .logits(let l):
      .combine("a log-density", [successes, failures, l]) {
        LogDensities.binomial(successes: $0[0], failures: $0[1], logits: $0[2])
      }
    }
  }
}

/// Logarithms of the probabilities of categories, along the last axis.
enum CategoryWeights: Sendable {
  case probabilities(Value)
  case logits(Value)

  var shape: [Int] {
    switch self {
    case .probabilities(let value), .logits(let value): value.shape
    }
  }

  /// Their logarithms.
  var logarithms: Value {
    switch self {
    case .probabilities(let p): p.log()
    case .logits(let l): l.logSoftmax()
    }
  }

  /// A sentence on probabilities that do not sum to 1, as far as is known before a fit.
  var fault: String? {
    guard case .probabilities(let p) = self, p.fault == nil, !p.shape.isEmpty else { return nil }
    let sums = p.sum(along: -1).tensor.scalars
    return sums.first { ($0 - 1).magnitude > 1e-4 }.map {
      "its probabilities sum to \($0), not to 1"
    }
  }

  /// The probabilities.
  var probabilities: Value {
    switch self {
    case .probabilities(let p): p
    case .logits(let l): l.logSoftmax().exp()
    }
  }
}

extension Value {
  /// y[...] = self[..., x[...]] with numbers x of 0 ..< K, which take no gradient.
  func picked(_ x: Value) -> Value {
    if fault != nil { return self }
    guard let size = shape.last else { return Value(fault: "a number has no categories") }
    let outer = Array(shape.dropLast())
    // Where each row begins: with more than one draw of x, elements of each draw are picked alone.
    let count = outer.reduce(1, *)
    let rows = Value((0..<count).map { Double($0 * size) }, shape: outer)
    let places = Value.combine("categories", rows, x) { $0 + $1 }
    if places.fault != nil { return places }
    let categories = x.tensor.scalars
    if let index = categories.firstIndex(where: { !($0 >= 0 && $0 < Double(size)) }) {
      return Value(
        fault: "element \(index) is \(categories[index]), which is no category of 0 ..< \(size)")
    }
    let indices = places.tensor.scalars.map(Int.init)
    if x.draws == 1 {
      return reshaped(to: [count * size]).map { $0.selectingRows(indices) }
        .reshaped(to: places.shape)
    }
    let draws = x.draws
    let elements = indices.enumerated().map { $0.element * draws + $0.offset % draws }
    return spread(draws).map {
      $0.reshaped(to: [count * size * draws]).selectingRows(elements)
        .reshaped(to: places.shape + [draws])
    }
  }
}

extension Value {
  /// A sentence on the first number that is not as it should be, with the parameter that belongs to
  /// it; nil where all are, or where the shapes do not match, which is said elsewhere.
  func firstFault(
    of law: String, _ parameter: Value, _ wanted: (_ parameter: String) -> String,
    isGood: (_ number: Double, _ parameter: Double) -> Bool
  ) -> String? {
    guard parameter.draws == 1, Value.broadcastShape([parameter.shape, shape]) == shape else {
      return nil
    }
    let numbers = tensor.scalars
    let parameters = parameter.tensor.repeated(to: tensor.shape).scalars
    guard let index = numbers.indices.first(where: { !isGood(numbers[$0], parameters[$0]) })
    else { return nil }
    // A count without ".0".
    let shown = "\(parameters[index])".split(separator: ".0", omittingEmptySubsequences: false)
    let limit = wanted(shown.last == "" ? String(shown[0]) : "\(parameters[index])")
    return "element \(index) is \(numbers[index]); a value of \(law) is \(limit)"
  }
}

extension DrawSource {
  /// A category of 0 ..< K for each element and draw.
  ///
  /// - Parameters:
  ///   - shape: That of the result.
  ///   - weights: In proportion to the probabilities, `[..., K]`, the axes before the last
  ///     broadcasting to `shape`.
  /// - Returns: Numbers of 0 ..< K; no number where the weights sum to none.
  mutating func categories(_ shape: [Int], _ weights: Value) -> Value {
    let size = weights.shape.last ?? 1
    let all = weights.tensor.repeated(to: shape + [size, draws]).scalars
    let count = shape.reduce(1, *)
    var numbers: [Double] = []
    numbers.reserveCapacity(count * draws)
    for element in 0..<count {
      for draw in 0..<draws {
        let start = element * size * draws + draw
        let sum = (0..<size).reduce(0.0) { $0 + all[start + $1 * draws] }
        var rest = generator.uniform() * sum
        var category = 0
        while category < size - 1, rest >= all[start + category * draws] {
          rest -= all[start + category * draws]
          category += 1
        }
        numbers.append(sum.isFinite && sum > 0 ? Double(category) : .nan)
      }
    }
    return Value(Tensor(numbers, shape: shape + [draws]))
  }
}
