// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension EvidenceResults {
  /// One object: a number for each key, with error, count and protocol, which ends with what is to be
  /// said of the model.
  func json(_ model: [JSONValue.Member]) -> JSONValue {
    .object(
      sections.flatMap(\.numbers).map { number in
        .init(
          number.key,
          [
            "estimate": .number(number.mean),
            "standard_error": number.standardError.map(JSONValue.number) ?? .null,
            "examples": JSONValue(number.examples),
            "protocol": .object(number.details + model),
          ])
      })
  }

  /// A table for people, a section for each set of images.
  func printTable() {
    for section in sections {
      Terminal.line(section.title)
      for number in section.numbers { Terminal.line("  " + row(number)) }
      Terminal.line("")
    }
    for line in conclusions { Terminal.line(line) }
    Terminal.line(
      "Protocol: \(data.meaning); seed \(plan.seed); nats per image ± one standard error over "
        + "images. Compare numbers of one section only.")
  }

  private func row(_ number: EvidenceNumber) -> String {
    let value = number.mean.fixed(number.standardError == nil ? 0 : 3)
    let error = number.standardError.map { " ± \($0.fixed(3))" } ?? ""
    return number.name.padded(to: 24)
      + String(repeating: " ", count: max(0, 10 - value.count)) + value
      + error.padded(to: 11) + number.words
  }

  /// What the numbers say, in sentences.
  private var conclusions: [String] {
    var lines: [String] = []
    if let elbo = elboOfLimit, let ais {
      let loss = Estimate(zip(ais.bound, elbo).map { $0 - $1 })
      lines.append(
        "The ELBO is at least \(words(loss)) nats below log p(x) on these images (AIS - ELBO, image "
          + "by image).")
    }
    if let iwae, let ais {
      let loss = Estimate(zip(ais.bound, iwae.bound).map { $0 - $1 })
      lines.append("AIS lies \(words(loss)) nats above IWAE-\(plan.importanceSamples).")
    }
    if let gap = simulated.map({ Estimate($0.bounds.gap) }) {
      lines.append(
        "On images simulated from the model log p(x) is enclosed to within \(words(gap)) nats.")
    }
    if !shapes.isEmpty, shareAboveThreshold > 0.1 {
      lines.append(
        "k-hat is above 0.7 for \(Int(100 * shareAboveThreshold)) % of the images: their importance "
          + "weights have so heavy tails that IWAE rises slowly with K. Trust AIS.")
    }
    return lines
  }

  private func words(_ estimate: Estimate) -> String {
    "\(estimate.mean.fixed(2)) ± \(estimate.standardError.fixed(2))"
  }

  /// Numbers that are no numbers: the model's parameters are too large to compute with.
  var isDefined: Bool { sections.flatMap(\.numbers).allSatisfy { $0.mean.isFinite } }
}
