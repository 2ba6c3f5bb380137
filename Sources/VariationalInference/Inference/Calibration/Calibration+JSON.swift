// SPDX-License-Identifier: Apache-2.0

package import Formats

extension Calibration {
  /// All results as one object; numbers that are undefined are null.
  package var json: JSONValue {
    let verdicts: [Verdict] = [.use, .useWeighted, .useWalked, .doNotUse]
    return .object([
      .init("simulations", JSONValue(simulations.count)),
      .init("usable", JSONValue(usableCount)),
      .init(
        "verdicts", .object(verdicts.map { .init($0.rawValue, JSONValue(count(of: $0))) })),
      .init("without_fit", JSONValue(count(of: nil))),
      .init("is_calibrated", usableCount > 0 ? JSONValue(miscalibrated.isEmpty) : .null),
      .init("conclusions", .array(conclusions.map { .string($0) })),
      .init("visible_with_probability", JSONValue(UniformityTest.power)),
      .init("visible", resolution?.json ?? .null),
      .init("quantities", .array(quantities.map(\.json))),
      .init("runs", .array(simulations.map(\.json))),
    ])
  }
}

extension Calibration.Resolution {
  fileprivate var json: JSONValue {
    .object([
      .init("sd_ratio_below", JSONValue(narrow ?? .nan)),
      .init("sd_ratio_above", JSONValue(wide ?? .nan)), .init("shift", JSONValue(shift ?? .nan)),
    ])
  }
}

extension Calibration.Quantity {
  fileprivate var json: JSONValue {
    .object([
      .init("name", .string(name)), .init("ranks", JSONValue(ranks)),
      .init("z_mean", scoreMean.json), .init("z_sd", scoreDeviation.json),
      .init("coverage_50", coverage50.json), .init("coverage_90", coverage90.json),
      .init("shift", shift.json), .init("sd_ratio", deviationRatio.json),
      .init("p", JSONValue(pValue)), .init("p_adjusted", JSONValue(adjustedPValue)),
      .init("deviation", shortDeviation.map { .string($0) } ?? .null),
    ])
  }
}

extension Calibration.Simulation {
  fileprivate var json: JSONValue {
    .object([
      // As a text: readers of JSON keep 53 bits of a number.
      .init("seed", .string("\(seed)")),
      .init("verdict", verdict.map { .string($0.rawValue) } ?? .null),
      .init("failure", failure.map { .string($0) } ?? .null),
      .init("ranks", JSONValue(ranks)), .init("z", JSONValue(scores)),
    ])
  }
}

extension Fit.Estimate {
  fileprivate var json: JSONValue {
    .object([
      .init("estimate", JSONValue(mean)), .init("standard_error", JSONValue(standardError)),
    ])
  }
}
