// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The derivation of the bound with numbers.
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The derivation of the ELBO, line by line, with numbers that you can move.",
    discussion: """
      The models are simple enough that log p(x) and p(z|x) are known. Each step shows both sides \
      of an equation, one by a closed formula, the other by an integral (or a sum) over z. Move q \
      and watch the gap, which is always KL(q || p(z|x)):

        elbo explain
        elbo explain --mean 1.2 --deviation 0.4
        elbo explain --model linear-gaussian --mean 0.5,0.2 --deviation 0.2,0.1
        elbo explain --model mixture --probabilities 0.1,0.8,0.1
      """)

  enum Model: String, ExpressibleByArgument, CaseIterable {
    case conjugate
    case linearGaussian = "linear-gaussian"
    case mixture
  }

  @Option(help: "The model.")
  var model = Model.conjugate

  @Option(
    parsing: .unconditional,
    help: "The mean of q; for linear-gaussian two numbers with a comma between.")
  var mean: NumberList?

  @Option(parsing: .unconditional, help: "The standard deviation of q, in the same way.")
  var deviation: NumberList?

  @Option(parsing: .unconditional, help: "For mixture: q(z) of each of the three components.")
  var probabilities: NumberList?

  @Flag(help: "Print one JSON object instead of text.")
  var json = false

  func validate() throws {
    let count = model == .linearGaussian ? 2 : 1
    if model == .mixture {
      try require(mean == nil && deviation == nil, "'mixture' takes --probabilities instead")
      try require(probabilities?.values.count ?? 3 == 3, "--probabilities: three numbers")
    } else {
      try require(probabilities == nil, "--probabilities is for --model mixture")
      try require(mean?.values.count ?? count == count, "--mean: \(Self.wanted(count))")
      try require(deviation?.values.count ?? count == count, "--deviation: \(Self.wanted(count))")
    }
    // Beyond these q is so far from z, or so thin, that the quadrature has too many points.
    try require(
      mean?.values.allSatisfy { abs($0) <= 1e3 } ?? true, "--mean: from -1000 to 1000")
    try require(
      deviation?.values.allSatisfy { (0.01...100).contains($0) } ?? true,
      "--deviation: from 0.01 to 100")
    let q = probabilities?.values ?? [1]
    try require(
      q.allSatisfy { $0 > 0 } && abs(q.reduce(0, +) - 1) < 1e-9,
      "--probabilities: positive, with sum 1")
  }

  private static func wanted(_ count: Int) -> String {
    count == 1
      ? "one number for this model, as in 0.5; two are for --model linear-gaussian"
      : "two numbers with a comma between for this model, as in 0.5,0.2"
  }

  private func require(_ condition: Bool, _ sentence: String) throws {
    if !condition { throw ValidationError(sentence) }
  }

  private var derivation: Derivation {
    switch model {
    case .conjugate:
      .conjugateNormal(mean: mean?.values[0] ?? 0.5, deviation: deviation?.values[0] ?? 0.8)
    case .linearGaussian:
      .linearGaussian(
        mean: mean?.values ?? [0.5, 0.2], deviation: deviation?.values ?? [0.3, 0.3])
    case .mixture:
      .mixture(q: probabilities?.values ?? [0.4, 0.4, 0.2])
    }
  }

  func run() throws {
    let derivation = derivation
    if json {
      Terminal.write(derivation.report.pretty)
    } else {
      for line in derivation.lines { Terminal.line(line) }
    }
  }
}

/// Numbers separated by commas: "0.5,0.2".
struct NumberList: ExpressibleByArgument {
  let values: [Double]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    values = parts.compactMap { Double($0) }
    if values.count != parts.count || !values.allSatisfy(\.isFinite) { return nil }
  }
}
