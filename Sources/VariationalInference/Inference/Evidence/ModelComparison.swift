// SPDX-License-Identifier: Apache-2.0

package import Formats

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Models of the same data, by the evidence of each.
///
///     log p(x | A) - log p(x | B)
///
/// is by how many nats the data are more probable under A than under B, priors included. It means
/// something only where both log-densities are known in full, and where both are densities of the
/// same numbers: one model of y and one of log(y) are not.
///
/// - Source: Kass and Raftery, "Bayes factors", JASA 90 (1995), doi:10.1080/01621459.1995.10476572.
public struct ModelComparison: Sendable {
  /// One model.
  public struct Entry: Sendable {
    /// What it is called.
    public let name: String
    /// All that was measured.
    public let report: EvidenceReport
    /// The estimate of log p(x) that stands, and how it was made; nil where none does.
    public let evidence: (value: Fit.Estimate, method: String)?
    /// Why this model's evidence is not to be compared, as a clause; nil where it is.
    public let obstacle: String?

    /// - Parameters:
    ///   - name: What the model is called.
    ///   - report: All that was measured.
    public init(_ name: String, _ report: EvidenceReport) {
      (self.name, self.report) = (name, report)
      evidence = report.standing
      if let constant = report.unknownConstant {
        obstacle = "it is known up to a constant only, \(constant)"
      } else if evidence == nil {
        obstacle =
          report.verdict == .doNotUse
          ? "the verdict on its fit is do-not-use"
          : "no estimate of it stands: see `contradictions`"
      } else {
        obstacle = nil
      }
    }
  }

  /// The models in the order in which they were given.
  public let entries: [Entry]

  /// - Parameter entries: Two models or more.
  public init(_ entries: [Entry]) {
    precondition(entries.count > 1, "\(entries.count) models: two or more can be compared")
    self.entries = entries
  }

  /// Which model has the largest evidence among those that can be compared; nil where there are
  /// fewer than two.
  public var best: Int? {
    let comparable = entries.indices.filter { entries[$0].obstacle == nil }
    guard comparable.count > 1 else { return nil }
    return comparable.max { entries[$0].value < entries[$1].value }
  }

  /// By how much a model's evidence differs from the best one's, 0 or less; nil where it cannot be compared.
  public func difference(of index: Int) -> Fit.Estimate? {
    guard let best, entries[index].obstacle == nil, let own = entries[index].evidence,
      let other = entries[best].evidence
    else { return nil }
    return index == best
      ? Fit.Estimate(mean: 0, standardError: 0) : own.value.less(other.value)
  }

  /// What follows, a sentence each.
  public var conclusions: [String] {
    var sentences = entries.compactMap { entry in
      entry.obstacle.map { "The evidence of \(entry.name) is not compared: \($0)." }
    }
    guard let best else {
      return sentences + ["Fewer than two models are left: there is nothing to compare."]
    }
    for (index, entry) in entries.enumerated() where index != best {
      guard let difference = difference(of: index) else { continue }
      sentences.append(Self.sentence(entries[best].name, entry.name, difference))
    }
    sentences.append(
      "This is a statement about models with their priors: a wider prior alone makes evidence smaller."
    )
    return sentences
  }

  private static func sentence(_ best: String, _ other: String, _ difference: Fit.Estimate)
    -> String
  {
    let (gain, error) = (-difference.mean, difference.standardError)
    if gain <= 2 * error {
      return """
        \(best) and \(other) differ by \(nats(gain, error)) nats, which is within two standard errors: \
        these estimates do not tell which of them the data favour.
        """
    }
    let weight =
      switch gain {
      case ..<1: "hardly worth a mention"
      case ..<3: "positive evidence"
      case ..<5: "strong evidence"
      default: "very strong evidence"
      }
    let factor = gain < 13 ? ": they are \(shown(exp(gain))) times as probable under it" : ""
    return """
      The data favour \(best) over \(other) by \(nats(gain, error)) nats\(factor), \(weight) on the scale of \
      Kass and Raftery.
      """
  }

  private static func nats(_ value: Double, _ error: Double) -> String {
    VariationalInference.nats(Fit.Estimate(mean: value, standardError: error))
  }
}

extension ModelComparison.Entry {
  fileprivate var value: Double { evidence?.value.mean ?? -.infinity }
}

extension EvidenceReport {
  /// The estimate of log p(x) that stands: that of importance weights where they are good, else
  /// that of annealing where it came to rest; nil where neither did, or where numbers contradict
  /// each other.
  var standing: (value: Fit.Estimate, method: String)? {
    guard verdict != .doNotUse, contradictions.isEmpty else { return nil }
    let isWeighted = verdict == .use || verdict == .useWeighted
    if isWeighted, importance.mean.isFinite { return (importance, "importance") }
    return annealed.isReliable && annealed.isWithinTolerance
      ? (annealed.estimate, "annealing") : nil
  }
}

extension ModelComparison: CustomStringConvertible {
  /// A line for each model, then the conclusions.
  public var description: String {
    let width = max(5, entries.map(\.name.count).max() ?? 0)
    var lines = [
      "\("model".padded(to: width))  \("verdict".padded(to: 12))  \("ELBO".padded(to: 20))  "
        + "\("log p(x)".padded(to: 20))  \("method".padded(to: 10))  difference"
    ]
    for (index, entry) in entries.enumerated() {
      let evidence = entry.evidence.map { VariationalInference.nats($0.value) } ?? "-"
      let method = entry.evidence?.method ?? "-"
      let difference = difference(of: index)
      let shownDifference =
        difference.map { $0.standardError == 0 ? "0, the largest" : VariationalInference.nats($0) }
        ?? "-"
      lines.append(
        "\(entry.name.padded(to: width))  \(entry.report.verdict.rawValue.padded(to: 12))  "
          + "\(VariationalInference.nats(entry.report.elbo).padded(to: 20))  "
          + "\((evidence + (entry.report.isUpToAConstant ? " + c" : "")).padded(to: 20))  "
          + "\(method.padded(to: 10))  \(shownDifference)")
    }
    for entry in entries {
      lines += entry.report.contradictions.map { "Contradiction of \(entry.name): \($0)" }
    }
    return (lines + [""] + conclusions).joined(separator: "\n")
  }
}

extension ModelComparison {
  /// The same for programs; numbers that are undefined are null.
  package var json: JSONValue {
    func estimate(_ estimate: Fit.Estimate?) -> JSONValue {
      guard let estimate else { return .null }
      return [
        "estimate": .number(estimate.mean), "standard_error": .number(estimate.standardError),
      ]
    }
    return [
      "models": .array(
        entries.enumerated().map { index, entry in
          [
            "model": .string(entry.name), "verdict": .string(entry.report.verdict.rawValue),
            "elbo": estimate(entry.report.elbo), "log_evidence": estimate(entry.evidence?.value),
            "method": entry.evidence.map { .string($0.method) } ?? .null,
            "up_to_a_constant": .bool(entry.report.isUpToAConstant),
            "difference": estimate(difference(of: index)),
            "contradictions": .array(
              entry.report.contradictions.map { .string($0.description) }),
          ]
        }),
      "best": best.map { .string(entries[$0].name) } ?? .null,
      "conclusions": .array(conclusions.map(JSONValue.string)),
    ]
  }
}
