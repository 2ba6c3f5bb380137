// SPDX-License-Identifier: Apache-2.0

/// What the text of a program tells of its priors: whether they integrate to 1, so that evidence is
/// known in full.
///
/// A density that Stan evaluates with all its constants may still be known up to a constant: a
/// parameter without a prior is flat, and `tau ~ cauchy(0, 5)` with `lower=0` integrates to 1/2.
/// Only the text shows it. It is taken for full where each parameter has one law of its own, by a
/// law of Stan's that lives within the parameter's bounds, and where all else are laws of data, or
/// sums with data in them. What is not understood counts as unknown.
package struct StanPriors {
  /// Why evidence is not known in full, a clause each; none where nothing speaks against it.
  package let reasons: [String]

  package init(_ source: String) {
    let text = StanText(source)
    var reading = Reading(text)
    if let model = text.block("model") { reading.read(model) }
    reasons = reading.conclusions
  }

  /// The end of a sentence; nil where evidence is known in full.
  var words: String? {
    reasons.isEmpty ? nil : "as " + reasons.prefix(2).joined(separator: " and ")
  }
}

/// What was found so far in the block of the model.
private struct Reading {
  let text: StanText
  let parameters: [String: StanDeclaration]
  let order: [String]
  /// Data, and what is computed from them.
  var known: Set<String>
  var wholes: [String: Int] = [:]
  var elements: Set<String> = []
  var uncut: [String] = []
  var others: [String] = []

  init(_ text: StanText) {
    self.text = text
    let declared = text.declared(in: "parameters")
    order = declared.map(\.name)
    parameters = Dictionary(declared.map { ($0.name, $0) }) { first, _ in first }
    let data = text.declared(in: "data") + text.declared(in: "transformed data")
    known = Set(data.map(\.name))
    // A size is no datum: `rep_vector(mu, N)` is a parameter.
    let sizes = Set(data.filter { $0.type == "int" || $0.type.hasPrefix("int<") }.map(\.name))
    let blocks = [text.block("transformed parameters"), text.block("model")].compactMap { $0 }
    let assignments = blocks.flatMap(text.statements).compactMap(text.assignment)
    var count = -1
    while known.count != count {
      count = known.count
      for part in assignments where part.name != "target" {
        if part.from.contains(where: { known.contains($0) && !sizes.contains($0) }) {
          known.insert(part.name)
        }
      }
    }
  }

  mutating func read(_ model: Range<Int>) {
    let words = text.names(in: model).map { text[$0] }
    if text.hasConditions { others.append("its text has conditions") }
    if let word = words.first(where: { $0.hasSuffix("_lp") || $0 == "jacobian" }) {
      others.append("`\(word)` adds terms of its own")
    }
    let laws = text.tildes
    for law in laws where model.contains(law.range.lowerBound) {
      take(law.target, law.law, text[law.arguments], cut: law.cut)
    }
    for statement in text.statements(in: model) {
      let sides = text.parts(statement, at: "=")
      guard sides.count > 1, text.names(in: sides[0]).first.map({ text[$0] }) == "target" else {
        continue
      }
      for term in text.parts(sides[1].lowerBound..<statement.upperBound, at: "+") {
        takeTerm(text.trimmed(term))
      }
    }
  }

  /// A term of a sum: a law by name, or a term with data in it.
  private mutating func takeTerm(_ term: Range<Int>) {
    if let name = text.name(at: term.lowerBound), case let open = text.next(name.upperBound),
      text.byte(open) == "(", text.closing(open) == term.upperBound - 1,
      let ending = ["_lpdf", "_lpmf", "_lupdf", "_lupmf"].first(where: text[name].hasSuffix)
    {
      let sides = text.parts(open + 1..<term.upperBound - 1, at: "|")
      let arguments = sides.count > 1 ? text[text.trimmed(sides[1])] : ""
      take(
        text.trimmed(sides[0]), String(text[name].dropLast(ending.count)), arguments, cut: nil)
    } else if !text.names(in: term).contains(where: { known.contains(text[$0]) }) {
      others.append("`\(short(term))` is added, which is no law of a parameter and holds no data")
    }
  }

  /// A law: of data, or of a parameter, whole or in part.
  private mutating func take(
    _ target: Range<Int>, _ law: String, _ arguments: String,
    cut: (lower: Range<Int>, upper: Range<Int>)?
  ) {
    guard let found = plain(target) else {
      if !text.names(in: target).contains(where: { known.contains(text[$0]) }) {
        others.append("`\(short(target))`, which has a law, is no parameter")
      }
      return
    }
    let bounds = cut.map { (lower: text[$0.lower], upper: text[$0.upper]) }
    for (name, isWhole) in found {
      if isWhole { wholes[name, default: 0] += 1 } else { elements.insert(name) }
      if let parameter = parameters[name],
        !StanLaws.isWhole(law, arguments, on: parameter, cut: bounds)
      {
        if !uncut.contains(name) { uncut.append(name) }
      }
    }
  }

  /// The parameters that a left side consists of: `tau`, `b[1]`, `to_vector(M)`, `[a, b]'`; nil for
  /// anything else.
  private func plain(_ range: Range<Int>) -> [(name: String, isWhole: Bool)]? {
    var range = text.trimmed(range)
    while range.count > 1, text.byte(range.upperBound - 1) == "'" {
      range = text.trimmed(range.lowerBound..<range.upperBound - 1)
    }
    if let open = text.byte(range.lowerBound), open == "[" || open == "{" || open == "(",
      text.closing(range.lowerBound) == range.upperBound - 1
    {
      let parts = text.parts(range.lowerBound + 1..<range.upperBound - 1, at: ",").map(plain)
      return parts.allSatisfy { $0 != nil } ? parts.flatMap { $0 ?? [] } : nil
    }
    guard let name = text.name(at: range.lowerBound) else { return nil }
    let word = text[name]
    if name.upperBound == range.upperBound {
      return parameters[word] == nil ? nil : [(word, true)]
    }
    let open = text.next(name.upperBound)
    guard text.closing(open) == range.upperBound - 1 else { return nil }
    if text.byte(open) == "[" { return parameters[word] == nil ? nil : [(word, false)] }
    let reshapes = ["to_vector", "to_row_vector", "to_array_1d", "to_matrix"]
    guard text.byte(open) == "(", reshapes.contains(word) else { return nil }
    return plain(open + 1..<range.upperBound - 1)
  }

  private func short(_ range: Range<Int>) -> String {
    let words = text[range].split { $0.isWhitespace }.joined(separator: " ")
    return words.count > 40 ? words.prefix(37) + "..." : words
  }

  var conclusions: [String] {
    func listed(_ names: [String]) -> String {
      let shown = names.prefix(3).map { "`\($0)`" }.joined(separator: ", ")
      return names.count > 3 ? "\(shown) and \(names.count - 3) more" : shown
    }
    var reasons: [String] = []
    let missing = order.filter { wholes[$0] == nil && !elements.contains($0) }
    if !missing.isEmpty { reasons.append("no prior of \(listed(missing)) was found") }
    let twice = order.filter {
      (wholes[$0] ?? 0) > 1 || (wholes[$0] != nil && elements.contains($0))
    }
    if !twice.isEmpty { reasons.append("\(listed(twice)) has more than one prior") }
    if !uncut.isEmpty {
      reasons.append("the prior of \(listed(uncut)) is not cut to where the parameter lives")
    }
    return reasons + others
  }
}

/// Laws of Stan, and where they live.
private enum StanLaws {
  /// Whether a law integrates to 1 over the values that a parameter may have.
  static func isWhole(
    _ law: String, _ arguments: String, on parameter: StanDeclaration,
    cut: (lower: String, upper: String)?
  ) -> Bool {
    guard known.contains(law) else { return false }
    if let own = shaped[String(parameter.kind)] { return own.contains(law) && cut == nil }
    guard let bounds = parameter.bounds else { return cut == nil }
    if let cut { return cut == bounds }
    if law == "uniform" {
      let ends = arguments.filter { $0 != " " }.split(separator: ",", maxSplits: 1)
      return ends.count == 2 && bounds.lower == ends[0] && bounds.upper == ends[1]
    }
    let isZero = bounds.lower == "0" || bounds.lower == "0.0"
    if positive.contains(law) { return bounds.upper.isEmpty && isZero }
    if unit.contains(law) { return isZero && (bounds.upper == "1" || bounds.upper == "1.0") }
    return false
  }

  /// The laws of parameters that are no free numbers.
  private static let shaped: [String: Set<String>] = [
    "simplex": ["dirichlet"], "cov_matrix": ["wishart", "inv_wishart"],
    "corr_matrix": ["lkj_corr"], "cholesky_factor_corr": ["lkj_corr_cholesky"],
    "cholesky_factor_cov": ["wishart_cholesky", "inv_wishart_cholesky"], "ordered": [],
    "positive_ordered": [], "unit_vector": [], "sum_to_zero_vector": [],
    "sum_to_zero_matrix": [], "column_stochastic_matrix": [], "row_stochastic_matrix": [],
    "tuple": [],
  ]

  // Source: "Stan functions reference", continuous distributions.
  private static let positive: Set<String> = [
    "lognormal", "chi_square", "inv_chi_square", "scaled_inv_chi_square", "exponential", "gamma",
    "inv_gamma", "weibull", "frechet", "rayleigh", "loglogistic",
  ]
  private static let unit: Set<String> = ["beta", "beta_proportion"]
  private static let real: Set<String> = [
    "normal", "std_normal", "student_t", "cauchy", "double_exponential", "logistic", "gumbel",
    "skew_normal", "exp_mod_normal", "skew_double_exponential", "uniform", "pareto",
    "multi_normal", "multi_normal_cholesky", "multi_normal_prec", "multi_student_t",
    "multi_student_t_cholesky", "multi_gp", "multi_gp_cholesky", "matrix_normal_prec",
  ]
  private static let known = real.union(positive).union(unit)
    .union(shaped.values.reduce(Set()) { $0.union($1) })
}
