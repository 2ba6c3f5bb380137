// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension EvidenceResults {
  /// Numbers of one set of images, comparable with each other.
  struct Section {
    let title: String
    let numbers: [EvidenceNumber]
  }

  var sections: [Section] {
    [onImages, onSimulated, gapSection, onAll].filter { !$0.numbers.isEmpty }
  }

  private var dataMembers: [JSONValue.Member] {
    [
      .init("data", .string(data.name)), .init("split", .string(data.split)),
      .init("binarize", .string(data.binarizationName)),
      .init("objective", .string(meaning)),
      .init("seed", .string("\(plan.seed)")),
      .init("unit", "nats per image"),
    ]
  }

  private var fromModel: [JSONValue.Member] {
    [
      .init("data", "simulated from the model"), .init("binarize", "drawn from p(x|z)"),
      .init("seed", .string("\(plan.seed)")), .init("unit", "nats per image"),
    ]
  }

  private var annealing: [JSONValue.Member] {
    let settings = plan.annealing
    return [
      .init("method", "annealed importance sampling, Hamiltonian transitions"),
      .init("steps", JSONValue(settings.steps)), .init("chains", JSONValue(settings.chains)),
      .init("start", .string(settings.start.rawValue)),
      .init("schedule", .string(settings.schedule.rawValue)),
      .init("leapfrog_steps", JSONValue(settings.leapfrogSteps)),
      .init("warm_up_steps", JSONValue(settings.warmUpSteps)),
    ]
  }

  private func number(
    _ key: String, _ name: String, _ values: [Double]?, _ words: String,
    _ details: [JSONValue.Member]
  ) -> [EvidenceNumber] {
    guard let estimate = values.map({ Estimate($0) }) else { return [] }
    return [
      EvidenceNumber(
        key: key, name: name, mean: estimate.mean, standardError: estimate.standardError,
        examples: estimate.examples, words: words, details: details)
    ]
  }

  private func first(_ count: Int) -> JSONValue.Member {
    .init("images", .string(subsetWords(count)))
  }

  /// "all", "the first 100", "100 drawn by seed 0, of each label its share".
  private func subsetWords(_ count: Int) -> String {
    if count == data.count { return "all" }
    switch plan.subset.rule {
    case .first: return "the first \(count)"
    case .random:
      return "\(count) drawn by seed \(plan.subset.seed)"
        + (plan.subset.isStratified ? ", of each label its share" : "")
    }
  }

  /// Which examples bounds other than the ELBO are of; its indices are those of `evidence.csv`.
  func subsetJSON(_ model: [JSONValue.Member]) -> JSONValue {
    let (subset, isAll) = (plan.subset, plan.limit == data.count)
    var json: JSONValue = [
      "rule": .string(isAll ? "all" : subset.rule.rawValue), "examples": JSONValue(plan.limit),
      "of": JSONValue(data.count),
    ]
    if !isAll, subset.rule == .random {
      json["seed"] = .string("\(subset.seed)")
      json["stratified_by"] = subset.isStratified ? .string("label") : .null
    }
    if let shift = subsetShift(plan.limit) {
      json["elbo_off_by_standard_errors"] = .number(shift.standardErrors)
    }
    json["protocol"] = .object(dataMembers + model)
    json["warnings"] = .array(noSamples.map { .string(warning($0)) })
    return json
  }

  /// A subset whose ELBO is not that of all.
  func warning(_ shift: SubsetShift) -> String {
    "The ELBO of \(words(ofFirst: shift.count)), \(shift.subset.fixed(2)), is "
      + "\(shift.standardErrors.magnitude.fixed(1)) of its standard errors "
      + "\(shift.standardErrors < 0 ? "below" : "above") that of all \(data.count.grouped), "
      + "\(shift.all.fixed(2)): no number of theirs stands for all; take "
      + (plan.subset.rule == .first
        ? "--limit \(shift.count), which draws them."
        : "more (--limit \(4 * shift.count)).")
  }

  /// "the first 100 images", "100 of 10,000 images, drawn by seed 0, of each label its share".
  private func titleWords(_ count: Int) -> String {
    if count == data.count { return "all \(count.grouped) \(noun)s" }
    switch plan.subset.rule {
    case .first: return "the first \(count.grouped) \(noun)s"
    case .random:
      return "\(count.grouped) of \(data.count.grouped) \(noun)s, drawn by seed "
        + "\(plan.subset.seed)" + (plan.subset.isStratified ? ", of each label its share" : "")
    }
  }

  private var onImages: Section {
    let members = dataMembers + [first(plan.limit)]
    let samples = plan.importanceSamples
    let oneDraw = members + [.init("samples", 1)]
    let shared = members + [.init("samples", JSONValue(samples))]
    let dear = iwae != nil || ais != nil
    var numbers = number(
      "elbo_on_subset", "ELBO, L[q]", dear ? elboOfLimit : nil, "1 draw of q", oneDraw)
    numbers += number(
      "iwae", "IWAE", iwae?.bound, "K = \(samples.grouped) \(samples.noun("draw")) of q", shared)
    numbers += number(
      "effective_sample_size", "  effective sample size", iwae?.effectiveSampleSize,
      "of \(samples.grouped)", shared)
    numbers += number(
      "khat", "  Pareto k-hat", shapes.isEmpty ? nil : shapes,
      "\(Int(100 * shareAboveThreshold)) % of \(noun)s above 0.7",
      shared + [.init("share_above_0.7", .number(shareAboveThreshold))])
    numbers += number("ais_lower", "AIS", ais?.bound, annealingWords, members + annealing)
    return Section(
      title: "Lower bounds of log p(x): \(data.name) \(data.split), " + titleWords(plan.limit),
      numbers: numbers)
  }

  private var onSimulated: Section {
    let (data, both) = (fromModel, simulated?.bounds)
    return Section(
      title:
        "log p(x) from both sides: \(plan.simulated.grouped) \(noun)s simulated from the model",
      numbers: number(
        "elbo_on_simulated", "ELBO, L[q]", simulated?.elbo, "1 draw of q",
        data + [.init("samples", 1)])
        + number(
          "bdmc_lower_on_simulated", "AIS", both?.lower.bound, "lower bound, \(annealingWords)",
          data + annealing)
        + number(
          "bdmc_upper_on_simulated", "reverse AIS", both?.upper.bound,
          "upper bound, \(annealingWords)", data + annealing)
        + number(
          "bdmc_gap_on_simulated", "reverse AIS - AIS", both?.gap,
          "in expectation at most so much is AIS too low here", data + annealing)
        + otherSandwich)
  }

  /// The narrowest sandwich, where it is not that of the two AIS.
  private var otherSandwich: [EvidenceNumber] {
    guard let (lower, upper) = bounds.sandwich,
      (lower.method, upper.method) != (.annealing, .reverseAnnealing)
    else { return [] }
    return number(
      "sandwich_width_on_simulated", "upper - lower", upper.values.less(lower.values),
      "\(upper.name) - \(lower.name), the narrowest of these", simulatedMembers)
  }

  /// The protocol of bounds of simulated images.
  var simulatedMembers: [JSONValue.Member] { fromModel + annealing }

  /// The protocol of what is compared, on the images that all bounds have in common.
  var comparisonMembers: [JSONValue.Member] {
    dataMembers + [
      first(bounds.comparedExamples),
      .init("compared", .array(bounds.lower.map { .string($0.name) })),
    ]
  }

  private var gapSection: Section {
    let members = dataMembers + [first(plan.gapImages)]
    func optimum(_ family: PosteriorFamily) -> [EvidenceNumber] {
      guard let found = gaps?.optimised.first(where: { $0.family == family }) else { return [] }
      let settled = found.hasConverged.count { $0 }
      return number(
        "best_\(family.key)", "L[q*] \(family.rawValue)", found.bound,
        "\(settled) of \(found.bound.count) searches came to rest",
        members + [
          .init("family", .string(family.rawValue)), .init("came_to_rest", JSONValue(settled)),
        ])
    }
    let (parts, best) = (decomposition, bounds.best?.name ?? "")
    let family: [JSONValue.Member] = [.init("family", "diagonal")]
    let against: [JSONValue.Member] = [
      .init("log_evidence", .string(best)), .init("log_evidence_is_lower_bound", true),
    ]
    return Section(
      title: "Where the ELBO loses: \(data.name) \(data.split), " + titleWords(plan.gapImages),
      numbers: number(
        "elbo_of_gaps", "ELBO, L[q]", gaps?.bound, "the draws of L[q*]", members)
        + PosteriorFamily.allCases.flatMap(optimum)
        + number(
          "inference_gap", "inference gap", parts?.inference, "\(best) - L[q]", members + against)
        + number(
          "approximation_gap", "  approximation gap", parts?.approximation,
          "\(best) - L[q* diagonal]", members + family + against)
        + number(
          "amortisation_gap", "  amortisation gap", parts?.amortisation,
          "L[q* diagonal] - L[q]", members + family))
  }

  private var onAll: Section {
    let all = dataMembers + [.init("images", "all")]
    var numbers = number("elbo", "ELBO, L[q]", elbo, "1 draw of q", all + [.init("samples", 1)])
    if let health {
      numbers.append(
        EvidenceNumber(
          key: "active_units", name: "active units",
          mean: Double(health.activeUnits), standardError: nil, examples: data.count,
          words: "of \(health.activity.count.counted("dimension")) have activity above 0.01",
          details: all + [
            .init("threshold", .number(LatentHealth.activityThreshold)),
            .init("latent", JSONValue(health.activity.count)),
          ]))
      let parts = health.parts
      numbers += number("kl", "KL(q || p)", health.divergence, "closed form", all)
      numbers += number(
        "mutual_information", "  mutual information", parts.mutualInformation,
        "of z and which \(noun) it was; at most log N", all)
      numbers += number(
        "total_correlation", "  total correlation", parts.totalCorrelation,
        "dependence of the dimensions", all)
      numbers += number(
        "dimensionwise_kl", "  dimension-wise KL", parts.dimensionwiseDivergence,
        "distance of the dimensions from the prior", all)
    }
    return Section(
      title: "\(data.name) \(data.split), all \(data.count.grouped) \(noun)s",
      numbers: numbers)
  }
}

extension [Double] {
  /// The differences, element by element.
  func less(_ other: [Double]) -> [Double] { zip(self, other).map { $0 - $1 } }
}

extension PosteriorFamily {
  var key: String { self == .fullCovariance ? "full_covariance" : rawValue }
}

/// A number with what makes it comparable.
struct EvidenceNumber {
  /// Its key in JSON.
  let key: String
  /// Its row in the table.
  let name: String
  let mean: Double
  /// Over examples; nil for a count.
  let standardError: Double?
  let examples: Int
  /// In short, for the table.
  let words: String
  /// In full.
  let details: [JSONValue.Member]
}
