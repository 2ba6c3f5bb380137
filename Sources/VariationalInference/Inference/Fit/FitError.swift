// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Why there is nothing to fit.
public enum FitError: Error, CustomStringConvertible, Equatable {
  /// The density has no coordinates.
  case noCoordinates
  /// No start has a finite density and gradient; what was found at the one with the fewest faults.
  case noFiniteStart(tried: Int, value: Double, coordinates: [String])
  /// log p is +infinity at places that q draws.
  case infiniteDensity(count: Int, draws: Int, near: String)
  /// log p does not fall along a coordinate: no density integrates.
  case improperPosterior(coordinate: String, isRising: Bool)
  /// So few draws of the check say nothing.
  case tooFewDraws(Int)
  /// A start has another number of coordinates than the density.
  case wrongStart(number: Int, coordinates: Int, dimension: Int)
  /// There is no such member of a family for a density of so many coordinates.
  case wrongFamily(FitFamily, dimension: Int)
  /// The objective is not defined, or not maximised within the family.
  case wrongObjective(FitObjective, FitFamily)
  /// The gradient is not that of the density.
  case wrongGradient(coordinate: String, given: Double, difference: Double)

  /// One sentence.
  public var description: String {
    switch self {
    case .noCoordinates:
      return "there is nothing to fit: the density has no coordinates"
    case .noFiniteStart(let tried, let value, let coordinates):
      if value.isFinite {
        return """
          none of \(tried) starts has a finite gradient: at the best of them log p is \
          \(shown(value)) but its derivative by \(listed(coordinates)) is not finite; give a start
          """
      }
      let meaning =
        value.isNaN
        ? "not a number" : value > 0 ? "+infinity" : "-infinity, which is no density there"
      return """
        none of \(tried) starts has a finite density: at the best of them log p is \(meaning); \
        give a start, or look for a division by 0 or a logarithm of a negative number
        """
    case .infiniteDensity(let count, let draws, let near):
      return """
        log p is +infinity at \(count) of \(draws) draws, as where `\(near)` is extreme: a density \
        with a pole cannot be fitted; bound the parameter away from it
        """
    case .improperPosterior(let coordinate, let isRising):
      return """
        the posterior looks improper: log p \(isRising ? "keeps rising" : "does not fall") along \
        `\(coordinate)`; give it a proper prior
        """
    case .tooFewDraws(let draws):
      return "a check by \(draws.counted("draw")) says nothing; take at least 100"
    case .wrongStart(let number, let coordinates, let dimension):
      return "start \(number) has \(coordinates.counted("coordinate")), the density \(dimension)"
    case .wrongFamily(.lowRank(let rank), let dimension):
      return """
        a rank of \(rank) for \(dimension) coordinates; it is at least 0 and below their number, \
        and full-rank covers all
        """
    case .wrongFamily(let family, _):
      return "the family \(family) has nothing in it; take at least 1"
    case .wrongObjective(let objective, let family):
      return """
        \(objective) is not maximised within \(family): an importance-weighted bound of at least 1 \
        draw and a Renyi bound of a finite alpha >= 0 are, within mean-field and full-rank
        """
    case .wrongGradient(let coordinate, let given, let difference):
      return """
        the gradient is wrong: by `\(coordinate)` it is \(shown(given)), central differences of \
        log p give \(shown(difference))
        """
    }
  }

  private func listed(_ names: [String]) -> String {
    let first = names.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
    return names.count > 3 ? "\(first) and \(names.count - 3) more" : first
  }
}

/// A number with four digits, as sentences have it.
func shown(_ value: Double) -> String {
  // The sign of what is not a number says nothing.
  guard !value.isNaN else { return "nan" }
  guard value.isFinite, value != 0 else { return "\(value)" }
  let magnitude = value.magnitude
  if magnitude >= 1e7 || magnitude < 1e-3 {
    var (exponent, scaled) = (0, value)
    while scaled.magnitude >= 10 { (exponent, scaled) = (exponent + 1, scaled / 10) }
    while scaled.magnitude < 1 { (exponent, scaled) = (exponent - 1, scaled * 10) }
    return "\((scaled * 100).rounded() / 100)e\(exponent)"
  }
  let unit = magnitude >= 100 ? 10.0 : magnitude >= 1 ? 100.0 : 1000.0
  return "\((value * unit).rounded() / unit)"
}
