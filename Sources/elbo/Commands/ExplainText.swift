// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension Derivation {
  /// The derivation as text of at most 80 columns.
  var lines: [String] {
    setting
      + ["", "Both sides of each step in nats, and by how much they differ:", ""]
      + steps.enumerated().flatMap { number, step in Self.lines(number + 1, step) }
      + bound + movement
  }

  private static func lines(_ number: Int, _ step: Step) -> [String] {
    [
      "\(number). \(step.title)",
      "   " + step.left.padded(to: 42) + step.leftValue.aligned,
      " = " + step.right.padded(to: 42) + step.rightValue.aligned
        + "   (\(step.difference.magnitudeInWords))",
    ]
  }

  private var bound: [String] {
    guard let first = moves.first else { return [] }
    return [
      "\(steps.count + 1). KL >= 0, so the ELBO is a lower bound on the evidence",
      "   " + "ELBO(q)".padded(to: 42) + first.bound.aligned,
      "<= " + "log p(x)".padded(to: 42) + logEvidence.aligned,
    ]
      + (logEvidence > 0
        ? ["   (positive, as the density p(x) exceeds 1 here: that is allowed)"] : [])
      + [""]
  }

  private var movement: [String] {
    [
      "As q moves to the posterior".padded(to: 44) + "ELBO".leading(14)
        + "log p(x) - ELBO".leading(19)
    ]
      + moves.map { move in
        "  " + move.name.padded(to: 42) + move.bound.aligned
          + (logEvidence - move.bound).aligned.leading(19)
      }
      + ["The gap log p(x) - ELBO is KL(q || p(z|x)): never negative, 0 at the posterior."]
  }

  /// The same numbers for programs.
  var report: JSONValue {
    [
      "unit": "nats",
      "setting": .array(setting.map { .string($0) }),
      "log_evidence": .number(logEvidence),
      "steps": .array(
        steps.map { step in
          [
            "title": .string(step.title), "left": .string(step.left),
            "right": .string(step.right), "left_value": .number(step.leftValue),
            "right_value": .number(step.rightValue), "difference": .number(step.difference),
          ]
        }),
      "moves": .array(
        moves.map { move in
          [
            "q": .string(move.name), "elbo": .number(move.bound),
            "gap": .number(logEvidence - move.bound), "kl": .number(move.divergence),
          ]
        }),
    ]
  }
}

extension Double {
  /// With nine decimals, in eleven columns or more.
  fileprivate var aligned: String { fixed(9).leading(14) }

  /// The order of magnitude of a rounding error: "differ by 2e-16".
  fileprivate var magnitudeInWords: String {
    if self == 0 { return "equal" }
    var (digits, exponent) = (magnitude, 0)
    while digits < 1, exponent > -300 { (digits, exponent) = (digits * 10, exponent - 1) }
    return exponent == 0 ? "differ by \(digits)" : "differ by \(Int(digits))e\(exponent)"
  }
}
