// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import VariationalInference

@Suite("Verdicts on targets that the rules were not set on")
struct HoldOutTests {
  typealias Part = KnownTarget.Part

  private static func alike(_ value: Double, _ count: Int) -> [Double] {
    KnownTarget.alike(value, count)
  }

  /// Corners of a cube: coordinate j is `high` where bit j is set.
  private static func corners(
    _ n: Int, _ weights: [Double], low: Double, high: Double, _ deviation: Double
  ) -> [Part] {
    weights.enumerated().map { corner, weight in
      Part(weight, (0..<n).map { (corner >> $0) & 1 == 1 ? high : low }, deviation)
    }
  }

  private static func manyModes() throws -> [KnownTarget] {
    let orders: [[Double]] = [
      [0, 3, 7], [0, 7, 3], [3, 0, 7], [3, 7, 0], [7, 0, 3], [7, 3, 0],
    ]
    return [
      try .parts(
        "three modes on a diagonal",
        [Part(0.5, alike(0, 3), 1), Part(0.3, alike(8, 3), 0.5), Part(0.2, alike(-15, 3), 2)]),
      try .parts("16 corners", corners(4, alike(1 / 16, 16), low: -2, high: 4, 0.5)),
      try .parts(
        "8 corners of unequal weights",
        corners(3, [0.4, 0.02, 0.03, 0.2, 0.05, 0.15, 0.05, 0.1], low: 0, high: 5, 0.8)),
      try .parts("labels of three groups", orders.map { Part(1 / 6, $0, 0.5) }),
      try .parts(
        "a needle on an axis",
        [Part(0.7, alike(0, 5), 1), Part(0.3, [12, 0, 0, 0, 0], 0.1)]),
      try .parts(
        "a spike at 0", [Part(0.4, alike(0, 6), 0.05), Part(0.6, alike(2, 6), 1)]),
      try .parts("a needle within", [Part(0.7, [0, 0], 1), Part(0.3, [2, 1], 0.1)]),
      try .parts(
        "far on both sides", [Part(0.4, alike(-30, 6), 2), Part(0.6, alike(50, 6), 1)]),
    ]
  }

  /// Largest error of a mean in true deviations, and ratios of deviations to the true ones.
  private func errors(_ fit: Fit, _ target: KnownTarget) -> (mean: Double, ratios: [Double]) {
    let (means, deviations) = fit.moments
    let errors = target.means.indices.map {
      (means[$0] - target.means[$0]).magnitude / target.deviations[$0]
    }
    return (errors.max() ?? 0, zip(deviations, target.deviations).map { $0 / $1 })
  }

  /// 0.3 sd and 0.7 to 1.4: the promise of a verdict.
  private func isHonest(_ fit: Fit, _ target: KnownTarget) -> Bool {
    if fit.verdict == .doNotUse { return true }
    let (mean, ratios) = errors(fit, target)
    return mean <= 0.3 && ratios.allSatisfy((0.7...1.4).contains)
  }

  @Test("modes that a few starts do not meet are found", arguments: try manyModes())
  func modes(_ target: KnownTarget) throws {
    let fit = try target.density.fit(FitOptions(seed: 100))
    #expect(fit.verdict == .use, "\(fit.reasons)")
    #expect(isHonest(fit, target), "\(fit.reasons) \(fit.notes)")
  }

  @Test(
    "no verdict is dishonest",
    arguments: [
      try .heavyCoordinate(6), try .heavyDiagonal(),
      try .ring(5, width: 0.5, deviation: 3.58817502), try .nestedFunnel(), try .horseshoe(),
      try .hyperbola(), try .skewNormal(), try KnownTarget.logistic(),
    ], [UInt64(100), 101])
  func honest(_ target: KnownTarget, _ seed: UInt64) throws {
    let fit = try target.density.fit(FitOptions(seed: seed))
    #expect(isHonest(fit, target), "\(fit.verdict) \(fit.reasons)")
  }

  /// A limit: with the second seed the chains agree (R-hat 1.09) on too small a deviation.
  @Test("one heavy coordinate of 40: seen by stretched draws, not always by chains")
  func heavyOfMany() throws {
    let target = try KnownTarget.heavyCoordinate(40)
    #expect(isHonest(try target.density.fit(FitOptions(seed: 100)), target))
    let second = try target.density.fit(FitOptions(seed: 101))
    withKnownIssue { #expect(isHonest(second, target)) }
  }

  /// An honest verdict is worth little where it never says to use anything.
  @Test("what is near normal is used, what only bends is walked")
  func easy() throws {
    #expect(try KnownTarget.logistic().density.fit().verdict == .use)
    let ring = try KnownTarget.ring(5, width: 0.5, deviation: 3.58817502).density.fit()
    #expect(ring.verdict == .useWalked, "\(ring.reasons)")
    let skewed = try KnownTarget.skewNormal().density.fit()
    #expect(skewed.verdict == .useWalked, "\(skewed.reasons)")
  }

  @Test("more modes than q takes are not passed over in silence")
  func tooManyModes() throws {
    let parts = (0..<36).map { (index: Int) -> Part in
      Part(Double(index + 5) / 810, [Double(index / 6) * 7, Double(index % 6) * 5 - 20], 0.6)
    }
    let fit = try KnownTarget.parts("36 modes", parts).density.fit()
    #expect(fit.verdict == .doNotUse && fit.convergence.leavesModes)
    #expect(fit.reasons.contains { $0.contains("there are more than q has") }, "\(fit.reasons)")
  }

  /// A limit: a mode narrower than the others draws searches from a small share of directions only,
  /// here half as wide with a share of about 0.001, and nothing in q's surroundings tells of it.
  @Test("a mode half as wide, far off in eight dimensions, is not seen")
  func narrowFarMode() throws {
    let target = try KnownTarget.parts(
      "half as wide, far off",
      [Part(0.7, Self.alike(2, 8), 1), Part(0.3, [14, -9, 4, -11, 2, 8, 16, -5], 0.5)])
    let fit = try target.density.fit(FitOptions(seed: 900))
    withKnownIssue { #expect(isHonest(fit, target)) }
  }

  /// A limit: with a tenth of the width, within q, no draw of q comes near it.
  @Test("a needle within, in five dimensions, is not seen")
  func narrowInnerMode() throws {
    let target = try KnownTarget.parts(
      "a needle within", [Part(0.7, Self.alike(0, 5), 1), Part(0.3, [2, 1, 0, -1, 0], 0.1)])
    let fits = try [UInt64(910), 911, 912, 913, 914, 915].map {
      try target.density.fit(FitOptions(seed: $0))
    }
    withKnownIssue { #expect(fits.allSatisfy { isHonest($0, target) }) }
  }
}
