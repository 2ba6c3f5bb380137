// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension EvidenceResults {
  /// One object: what contradicts, the best lower bound, gaps against it, the sandwich,
  /// conclusions; then a number for each key, with error, count and protocol, which ends with what
  /// is to be said of the model.
  func json(_ model: [JSONValue.Member]) -> JSONValue {
    let bounds = bounds
    var members: [JSONValue.Member] = [
      .init("contradictions", .array(bounds.contradictions.map(json))),
      .init("subset", subsetJSON(model)),
    ]
    if let best = bounds.best {
      members.append(
        .init(
          "best_lower_bound",
          .object(
            [.init("name", .string(best.name))] + best.estimate.members
              + [.init("protocol", .object(comparisonMembers + model))])))
    }
    if let gaps = gapMembers(model) { members.append(.init("gaps", gaps)) }
    if let (lower, upper) = bounds.sandwich {
      members.append(
        .init(
          "sandwich",
          .object(
            [.init("lower", .string(lower.name)), .init("upper", .string(upper.name))]
              + upper.difference(from: lower).members
              + [.init("protocol", .object(simulatedMembers + model))])))
    }
    members.append(.init("conclusions", .array(conclusions.map(JSONValue.string))))
    return .object(
      members
        + sections.flatMap(\.numbers).map { number in
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

  private func json(_ found: EvidenceContradiction) -> JSONValue {
    .object(
      [
        .init("kind", .string(found.kind.rawValue)),
        .init("larger", .string(found.larger.name)),
        .init("smaller", .string(found.smaller.name)),
        .init(
          "images",
          .string(
            found.isSimulated
              ? "simulated from the model"
              : plan.subset.rule == .first ? "the first" : "the first of the subset")),
      ] + found.difference.members + [.init("meaning", .string(found.sentence(self)))])
  }

  /// What q loses against the best lower bound; where it was sought, to its family and to the
  /// encoder.
  private func gapMembers(_ model: [JSONValue.Member]) -> JSONValue? {
    guard let best = bounds.best, let inference = bounds.inferenceGap else { return nil }
    let parts = decomposition
    let numbers: [(String, [Double]?)] = [
      ("inference", inference), ("approximation", parts?.approximation),
      ("amortisation", parts?.amortisation),
    ]
    return .object(
      [.init("against", .string(best.name))]
        + numbers.compactMap { name, values in
          values.map { .init(name, .object(Estimate($0).members)) }
        } + [.init("protocol", .object(comparisonMembers + model))])
  }

  /// A table for people, a section for each set of images; what contradicts comes first.
  func printTable() {
    for shift in noSamples { Terminal.line(warning(shift)) }
    let contradictions = bounds.contradictions
    if !contradictions.isEmpty {
      Terminal.line(contradictions.count == 1 ? "A contradiction:" : "Contradictions:")
      for found in contradictions { Terminal.line("  " + found.sentence(self)) }
      Terminal.line("")
    }
    for section in sections {
      Terminal.line(section.title)
      for row in Self.rows(section.numbers) { Terminal.line("  " + row) }
      Terminal.line("")
    }
    for line in conclusions { Terminal.line(line) }
    Terminal.line(
      "Protocol: \(meaning); seed \(plan.seed); nats per \(data.exampleNoun) ± one standard error over "
        + "\(data.exampleNoun)s. Compare numbers of one section only.")
  }

  /// A row for each number, in columns as wide as the widest entry.
  private static func rows(_ numbers: [EvidenceNumber]) -> [String] {
    let cells = numbers.map { number in
      (
        name: number.name, value: number.mean.fixed(number.standardError == nil ? 0 : 3),
        error: number.standardError.map { "± \($0.fixed(3))" } ?? "", words: number.words
      )
    }
    func width(_ least: Int, _ counts: [Int]) -> Int { max(least, counts.max() ?? 0) }
    let name = width(22, cells.map(\.name.count)) + 2
    let value = width(8, cells.map(\.value.count))
    let error = width(8, cells.map(\.error.count)) + 2
    return cells.map {
      $0.name.padded(to: name) + $0.value.leading(value) + " " + $0.error.padded(to: error)
        + $0.words
    }
  }

  /// Numbers that are no numbers: the model's parameters are too large to compute with.
  var isDefined: Bool { sections.flatMap(\.numbers).allSatisfy { $0.mean.isFinite } }
}

extension Estimate {
  /// Mean, error and count.
  fileprivate var members: [JSONValue.Member] {
    [
      .init("estimate", .number(mean)), .init("standard_error", .number(standardError)),
      .init("examples", JSONValue(examples)),
    ]
  }
}
