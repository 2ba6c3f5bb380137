// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// What a budget of time is spent on.
struct EvidenceSpending {
  /// In seconds.
  let budget: Double
  let leftOut: [EvidencePilot.LeftOut]
  let pilot: EvidencePilot
  let plan: EvidencePlan
  /// What an example is called.
  let noun: String

  /// What was chosen; what cannot fit stands in the first line.
  var lines: [String] {
    let misfits = leftOut.map { part in
      "\(part.part.rawValue) takes \(Self.words(part.seconds)) or more"
        + (part.part == .elbo ? " for all \(noun)s and is measured all the same" : "")
    }
    let first =
      "For \(Clock.words(budget)) minutes: "
      + (amounts.isEmpty ? "no part beside the ELBO" : amounts.joined(separator: ", ")) + "."
      + (misfits.isEmpty
        ? "" : " What cannot fit is left out: \(misfits.joined(separator: ", ")).")
    guard plan.parts.contains(.ais) else { return [first] }
    return [
      first,
      "(Single \(noun)s differ by \(pilot.spread.fixed(1)) nats; a few simulated ones foretell a "
        + "sandwich \((pilot.gapTimesSteps / Double(plan.steps)).fixed(3)) nats wide at this T.)",
    ]
  }

  private var amounts: [String] {
    let (nouns, parts) = (noun + "s", plan.parts)
    var words: [String] = []
    if !parts.isDisjoint(with: [.iwae, .ais]) { words.append("\(plan.limit.grouped) \(nouns)") }
    if parts.contains(.iwae) { words.append("K = \(plan.importanceSamples.grouped)") }
    if parts.contains(.ais) {
      words += [
        "T = \(plan.steps)", "\(plan.chains) chains",
        "\(plan.simulated.grouped) simulated \(nouns)",
      ]
    }
    if parts.contains(.gaps) { words.append("gaps of \(plan.gapImages.grouped) \(nouns)") }
    if parts.contains(.health) { words.append("the latent space of all") }
    return words
  }

  /// What there was no time for although it was planned; nil where there is nothing.
  func shortfall(of done: EvidencePlan) -> String? {
    let parts: [(Bool, String, Int, Int)] = [
      (
        !plan.parts.isDisjoint(with: [.iwae, .ais]), "\(noun)s for IWAE and AIS", done.limit,
        plan.limit
      ),
      (plan.parts.contains(.ais), "simulated \(noun)s", done.simulated, plan.simulated),
      (plan.parts.contains(.gaps), "\(noun)s for gaps", done.gapImages, plan.gapImages),
    ]
    let givenUp = EvidencePart.allCases.filter {
      plan.parts.contains($0) && $0 != .elbo && !done.parts.contains($0)
    }
    let short = parts.filter { $0.0 && $0.2 < $0.3 }
      .map { "\($0.2.grouped) of \($0.3.grouped) \($0.1)" }
    let sentences = [
      short.isEmpty ? nil : "Time was up after \(short.joined(separator: ", ")).",
      givenUp.isEmpty
        ? nil
        : "Given up, as the machine was slower than before: "
          + givenUp.map(\.rawValue).joined(separator: ", ") + ".",
    ].compactMap { $0 }
    return sentences.isEmpty ? nil : sentences.joined(separator: " ")
  }

  /// The same for programs.
  var json: JSONValue {
    [
      "seconds": .number(budget),
      "left_out": .array(
        leftOut.map { ["part": .string($0.part.rawValue), "seconds": .number($0.seconds)] }),
    ]
  }

  /// 0.4 as "0.4 s", 75 as "1:15 minutes", 7300 as "2 h".
  private static func words(_ seconds: Double) -> String {
    if seconds < 60 { return "\(seconds.fixed(1)) s" }
    return seconds < 3600
      ? "\(Clock.words(seconds)) minutes" : "\((seconds / 3600).fixed(0)) h"
  }
}

extension EvidencePlan {
  /// Refuses what takes more memory than there is: chains and draws of blocks on each thread, with
  /// gradients; and beside them images of a subset, simulated ones, and posteriors of all.
  func checkMemory(
    _ architecture: AutoencoderArchitecture, _ images: Int, threads: Int
  ) throws {
    let chains = parts.contains(.ais) ? max(128, self.chains) : 256
    let subset =
      parts.contains(.ais) ? Double(limit) : parts.contains(.gaps) ? Double(gapImages) : 0
    let simulated = parts.contains(.ais) ? Double(self.simulated) : 0
    let posteriors = parts.contains(.health) ? 64 * Double(images) * Double(architecture.latent) : 0
    try MemoryNeed.passes(
      "the evidence", architecture, rows: 2 * chains, threads: threads,
      beside: (4 * subset + 24 * simulated) * Double(architecture.data) + posteriors
        + 64 * Double(images),
      advice: "take fewer --ais-chains, a smaller --limit or fewer --parts"
    ).check()
  }
}
