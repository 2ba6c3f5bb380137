// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

/// Laws of numbers by name, for tables.
enum NamedLaws {
  static func law(_ name: String, _ p: [Value]) -> any Law {
    if let law = cumulative(name, p) { return law }
    switch name {
    case "studentT": return StudentT(p[0], p[1], p[2])
    case "skewNormal": return SkewNormal(p[0], p[1], p[2])
    case "gamma": return Gamma(p[0], p[1])
    case "inverseGamma": return InverseGamma(p[0], p[1])
    case "chiSquared": return ChiSquared(p[0])
    case "beta": return Beta(p[0], p[1])
    case "vonMises": return VonMises(p[0], p[1])
    case "halfNormal": return HalfNormal(p[0])
    case "halfCauchy": return HalfCauchy(p[0])
    case "halfStudentT": return HalfStudentT(p[0], p[1])
    default: preconditionFailure("no law \(name)")
    }
  }

  static func cumulative(_ name: String, _ p: [Value]) -> (any CumulativeLaw)? {
    switch name {
    case "normal": Normal(p[0], p[1])
    case "cauchy": Cauchy(p[0], p[1])
    case "laplace": Laplace(p[0], p[1])
    case "logistic": Logistic(p[0], p[1])
    case "gumbel": Gumbel(p[0], p[1])
    case "logNormal": LogNormal(p[0], p[1])
    case "exponential": Exponential(p[0])
    case "weibull": Weibull(p[0], p[1])
    case "pareto": Pareto(p[0], p[1])
    case "uniform": Uniform(p[0], p[1])
    default: nil
    }
  }

  static func law(_ name: String, _ parameters: [Double]) -> any Law {
    law(name, parameters.map { Value($0) })
  }

  /// The first row of each law's quantiles.
  static let rows = firstOfEach(LawDigits.quantiles)
  /// The same for laws whose F has a formula.
  static let cumulativeRows = rows.filter {
    cumulative($0.law, Array(repeating: 1, count: 3)) != nil
  }

  private static func firstOfEach(
    _ rows: [LawDigits.QuantileRow]
  ) -> [LawDigits.QuantileRow] {
    var names: Set<String> = []
    return rows.filter { names.insert($0.law).inserted }
  }
}

extension LawDigits.QuantileRow {
  /// The law with its parameters.
  var cumulative: any CumulativeLaw {
    guard let law = NamedLaws.cumulative(law, parameters.map { Value($0) }) else {
      preconditionFailure("\(law) is no cumulative law")
    }
    return law
  }
}

extension Value {
  /// The numbers, of all draws.
  var numbers: [Double] { tensor.scalars }
}

/// Records an issue where numbers differ from known ones by more than a fraction of the known one,
/// or of 1 where that is smaller and `absolute`.
func expectEqual(
  _ numbers: [Double], _ known: [Double], within tolerance: Double, absolute: Bool = false,
  _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(numbers.count == known.count, "\(what)", sourceLocation: sourceLocation)
  for (number, known) in zip(numbers, known) where number != known {
    let scale = absolute ? max(1, known.magnitude) : known.magnitude
    #expect(
      (number - known).magnitude <= tolerance * scale, "\(what): \(number), not \(known)",
      sourceLocation: sourceLocation)
  }
}
