// SPDX-License-Identifier: Apache-2.0

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
