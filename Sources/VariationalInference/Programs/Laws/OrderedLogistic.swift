// SPDX-License-Identifier: Apache-2.0

/// One of K ordered categories, as a number of 0 ..< K: where a logistic number around a predictor
/// eta falls between K - 1 ascending cutpoints c. With c[-1] = -infinity and c[K - 1] = infinity:
///
///     p(k) = sigmoid(c[k] - eta) - sigmoid(c[k - 1] - eta)
///
/// With b and a the two arguments it is computed as
///
///     log p(k) = log sigmoid(b) + log sigmoid(-a) + log(1 - exp(a - b)),
///
/// whose last term knows no eta: no digits are lost far from the cutpoints.
///
/// - Source: "Stan functions reference", ordered_logistic, whose categories begin with 1.
public struct OrderedLogistic: Law {
  private let predictor: Value
  private let cutpoints: Value

  /// - Parameters:
  ///   - predictor: eta, any number; of a regression one for each observation.
  ///   - cutpoints: c, an ascending vector: a latent one has ``Constraint/ordered``.
  public init(_ predictor: Value, _ cutpoints: Value) {
    (self.predictor, self.cutpoints) = (predictor, cutpoints)
  }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the predictor.
  public var shape: [Int] { predictor.shape }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    if let fault = predictor.fault ?? cutpoints.fault { return Value(fault: fault) }
    guard cutpoints.shape.count == 1, cutpoints.count > 0 else {
      return Value(fault: "cutpoints of shape \(cutpoints.shape), not a vector")
    }
    let size = cutpoints.count
    // So far out that its sigmoid is 0 or 1, also after an infinity would have become no number.
    let ends = [Value([-1e300]), cutpoints, Value([1e300])]
    let all = Value.concatenated(ends)
    let (a, b) = (all.picked(x) - predictor, all.picked(x + 1) - predictor)
    let value = -(-b).softplus() - a.softplus()
    if size == 1 { return value }
    let widths = (cutpoints[1..<size] - cutpoints[0..<size - 1]).map { (-$0).logOneMinusExp() }
    return value + Value.concatenated([Value([0.0]), widths, Value([0.0])]).picked(x)
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    if let fault = predictor.fault ?? cutpoints.fault { return Value(fault: fault) }
    let cuts = (0..<cutpoints.count).map { cutpoints[$0] }
    return source.numbers(shape, [predictor] + cuts) { parameters, generator in
      let score = parameters[0] + logarithm(1 / generator.uniform() - 1)
      return Double(parameters.dropFirst().count { $0 < score })
    }
  }

  /// The first of the data that the law cannot give.
  public func fault(inData data: Value) -> String? {
    data.firstFault(of: "OrderedLogistic", Value(cutpoints.count)) {
      "a whole number of 0 ... \($0)"
    } isGood: {
      $0 >= 0 && $0 <= $1 && $0 == $0.rounded()
    }
  }
}
