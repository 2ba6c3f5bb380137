// SPDX-License-Identifier: Apache-2.0

/// One statement `target ~ law(arguments) T[lower, upper];`.
struct StanTilde {
  /// Of the whole statement, without `;`.
  let range: Range<Int>
  let target: Range<Int>
  let law: String
  let arguments: Range<Int>
  /// The bounds of `T[ , ]`, either of which may be empty.
  let cut: (lower: Range<Int>, upper: Range<Int>)?
}

extension StanText {
  /// The statements with `~`, as far as their form is understood.
  var tildes: [StanTilde] { statements(in: code.indices).compactMap(tilde) }

  private func tilde(_ statement: Range<Int>) -> StanTilde? {
    let sides = parts(statement, at: "~")
    guard sides.count == 2, let law = name(at: next(sides[1].lowerBound)),
      case let open = next(law.upperBound), byte(open) == "(", let close = closing(open)
    else { return nil }
    let target = trimmed(sides[0])
    guard !target.isEmpty else { return nil }
    var (end, cut): (Int, (lower: Range<Int>, upper: Range<Int>)?) = (close + 1, nil)
    if byte(next(end)) == "T", case let bracket = next(next(end) + 1), byte(bracket) == "[" {
      guard let last = closing(bracket) else { return nil }
      let bounds = parts(bracket + 1..<last, at: ",").map(trimmed)
      guard bounds.count == 2 else { return nil }
      (end, cut) = (last + 1, (bounds[0], bounds[1]))
    }
    guard next(end) == statement.upperBound, byte(statement.upperBound) == ";" else { return nil }
    return StanTilde(
      range: target.lowerBound..<end, target: target, law: self[law],
      arguments: trimmed(open + 1..<close), cut: cut)
  }
}

/// A program whose `~` are written out, so that a library which drops the constants of `~` keeps them.
///
/// `y ~ normal(mu, sigma)` and `target += normal_lpdf(y | mu, sigma)` differ by a constant.
package struct StanConstants {
  let text: StanText

  package init(_ source: String) { text = StanText(source) }

  /// The rewritten program; the same lines stand where they stood.
  package var kept: String {
    var edits: [(range: Range<Int>, new: String)] = []
    for tilde in text.tildes {
      if let new = written(tilde) { edits.append((tilde.range, new)) }
    }
    // Unnormalised densities by name.
    for name in text.names(in: text.code.indices) {
      let word = text[name]
      for ending in ["lupdf", "lupmf"] where word.hasSuffix("_\(ending)") {
        let isInside = edits.contains { $0.range.overlaps(name) }
        if !isInside {
          edits.append((name, word.dropLast(5) + (ending == "lupdf" ? "lpdf" : "lpmf")))
        }
      }
    }
    var (result, place): ([UInt8], Int) = ([], 0)
    for edit in edits.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      result += text.bytes[place..<edit.range.lowerBound] + Array(edit.new.utf8)
      place = edit.range.upperBound
    }
    return String(decoding: result + text.bytes[place...], as: UTF8.self)
  }

  /// Whether `~` or an unnormalised density is left.
  package static func remain(in source: String) -> Bool {
    let text = StanText(source)
    return text.code.contains(UInt8(ascii: "~"))
      || text.names(in: text.code.indices).contains {
        text[$0].hasSuffix("_lupdf") || text[$0].hasSuffix("_lupmf")
      }
  }

  private func written(_ tilde: StanTilde) -> String? {
    let (target, arguments) = (text[tilde.target], text[tilde.arguments])
    let ending = isDiscrete(tilde.law) ? "lpmf" : "lpdf"
    let density = "\(tilde.law)_\(ending)(\(target) | \(arguments))"
    guard let cut = tilde.cut else { return "target += \(density)" }
    // Cutting divides by the probability between the bounds, once for a number.
    guard ending == "lpdf",
      text.declared(in: "parameters").contains(where: {
        $0.name == target && $0.isScalar
      })
    else { return nil }
    let (lower, upper) = (text[cut.lower], text[cut.upper])
    func below(_ bound: String) -> String { "\(tilde.law)_lcdf(\(bound) | \(arguments))" }
    switch (lower.isEmpty, upper.isEmpty) {
    case (true, true): return "target += \(density)"
    case (false, true):
      return """
        target += \(target) < \(lower) ? negative_infinity() \
        : \(density) - \(tilde.law)_lccdf(\(lower) | \(arguments))
        """
    case (true, false):
      return """
        target += \(target) > \(upper) ? negative_infinity() : \(density) - \(below(upper))
        """
    case (false, false):
      return """
        target += \(target) < \(lower) || \(target) > \(upper) ? negative_infinity() \
        : \(density) - log_diff_exp(\(below(upper)), \(below(lower)))
        """
    }
  }

  private func isDiscrete(_ law: String) -> Bool {
    if text.names(in: text.code.indices).contains(where: { text[$0] == "\(law)_lpmf" }) {
      return true
    }
    return Self.discrete.contains(law)
  }

  /// Laws of integers. Source: "Stan functions reference", discrete distributions.
  private static let discrete: Set<String> = [
    "bernoulli", "bernoulli_logit", "bernoulli_logit_glm", "beta_binomial",
    "beta_neg_binomial", "binomial", "binomial_logit", "binomial_logit_glm", "categorical",
    "categorical_logit", "categorical_logit_glm", "dirichlet_multinomial", "discrete_range",
    "hypergeometric", "multinomial", "multinomial_logit", "neg_binomial", "neg_binomial_2",
    "neg_binomial_2_log", "neg_binomial_2_log_glm", "ordered_logistic", "ordered_logistic_glm",
    "ordered_probit", "poisson", "poisson_log", "poisson_log_glm",
  ]
}
