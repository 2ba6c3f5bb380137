// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Bounds of one measurement beside each other")
struct EvidenceBoundsTests {
  /// Examples that differ by some nats, plus `shift` and a little noise of this bound alone.
  private func bound(
    _ method: EvidenceBound.Method, _ name: String, _ shift: Double, count: Int = 20,
    noise: Double = 0.1, level: Double = -50
  ) -> EvidenceBound {
    let examples = Tensor<Double>.pseudoRandom([200], .uniform(-9...9), seed: 1).scalars
    let own = Tensor<Double>.pseudoRandom(
      [200], .uniform(-1...1), seed: UInt64(name.utf8.count) + 7
    ).scalars
    return EvidenceBound(
      method: method, name: name,
      values: (0..<count).map { level + examples[$0] + shift + noise * own[$0] })
  }

  private func kinds(_ bounds: EvidenceBounds) -> [EvidenceContradiction.Kind] {
    bounds.contradictions.map(\.kind)
  }

  private var elbo: EvidenceBound { bound(.elbo, "ELBO", 0, count: 200) }
  private var own: EvidenceBound { bound(.elbo, "own", 0.01, count: 10) }
  private var diagonal: EvidenceBound { bound(.optimised(.diagonal), "diagonal", 2, count: 10) }
  private var flow: EvidenceBound { bound(.optimised(.flow), "flow", 4, count: 10) }
  private var iwae: EvidenceBound { bound(.importanceSampling, "IWAE", 3) }
  private func ais(_ shift: Double) -> EvidenceBound { bound(.annealing, "AIS", shift) }

  @Test("the largest, on the examples that all have in common, whatever its name")
  func best() throws {
    let bounds = EvidenceBounds(lower: [elbo, own, diagonal, flow, iwae, ais(2.5)])
    #expect(bounds.comparedExamples == 10)
    #expect(bounds.compared.allSatisfy { $0.values.count == 10 })
    let best = try #require(bounds.best)
    #expect(best.name == "flow" && best.values == flow.values)
    let gap = try #require(bounds.inferenceGap)
    #expect(gap == pairs(flow.values, own.values).map { $0 - $1 })
    #expect(bounds.measured(on: 20).map(\.name) == ["ELBO", "IWAE", "AIS"])
    #expect(bounds.measured(on: 20).allSatisfy { $0.values.count == 20 })
    // The ELBO alone has no gap: nothing else was measured.
    #expect(EvidenceBounds(lower: [elbo]).inferenceGap == nil)
    #expect(EvidenceBounds(lower: [elbo]).best == elbo)
    #expect(EvidenceBounds(lower: []).best == nil)
  }

  /// 0.1 nats are told apart although examples differ by 5: the error is that of differences.
  @Test("differences are taken example by example")
  func paired() {
    let (low, high) = (bound(.elbo, "a", 0, noise: 0.05), bound(.annealing, "bb", 0.1, noise: 0.05))
    let difference = high.difference(from: low)
    #expect(difference.standardError < 0.02 && difference.examples == 20)
    #expect(low.estimate.standardError > 0.5)
    #expect(high.exceeds(low) && !low.exceeds(high))
    // Within three standard errors, and within rounding.
    let near = bound(.annealing, "bb", 0, noise: 0.05)
    #expect(!near.exceeds(low) && !low.exceeds(near))
    let rounded = EvidenceBound(
      method: .annealing, name: "c", values: low.values.map { $0 + 4e-4 })
    #expect(rounded.difference(from: low).standardError < 1e-12 && !rounded.exceeds(low))
    #expect(EvidenceBounds(lower: [low, near]).asGoodAsBest.count == 1)
    #expect(EvidenceBounds(lower: [low, high]).asGoodAsBest.isEmpty)
  }

  @Test("bounds in their order contradict nothing")
  func consistent() {
    let bounds = EvidenceBounds(
      lower: [elbo, own, diagonal, flow, iwae, ais(5)], simulatedLower: [elbo, ais(5)],
      simulatedUpper: [bound(.reverseAnnealing, "reverse", 5.1)], isProbability: true)
    #expect(bounds.contradictions.isEmpty)
  }

  @Test("annealing below L[q*], and the furthest above it is named")
  func annealingBelow() throws {
    let bounds = EvidenceBounds(lower: [elbo, own, diagonal, flow, iwae, ais(2.5)])
    #expect(kinds(bounds) == [.annealingBelow])
    let found = try #require(bounds.contradictions.first)
    #expect(found.larger == flow && found.smaller.name == "AIS" && found.difference.examples == 10)
    #expect((found.difference.mean - 1.5).magnitude < 0.1 && !found.isSimulated)
    // Beside IWAE alone all 20 examples count.
    let others = EvidenceBounds(lower: [elbo, iwae, ais(2.5)]).contradictions
    #expect(others.map(\.larger.name) == ["IWAE"])
    #expect(others.first?.difference.examples == 20)
  }

  @Test("importance sampling below the ELBO")
  func importanceSampling() {
    let low = bound(.importanceSampling, "IWAE", -1)
    #expect(kinds(EvidenceBounds(lower: [elbo, own, low])) == [.importanceSamplingBelowELBO])
  }

  @Test("a search that ended below where it began")
  func search() {
    let worse = bound(.optimised(.fullCovariance), "full", 1, count: 10)
    let found = EvidenceBounds(lower: [elbo, own, diagonal, worse]).contradictions
    #expect(found.map(\.kind) == [.searchBelowStart])
    #expect(found.first?.larger == diagonal && found.first?.smaller == worse)
  }

  @Test("a lower bound above an upper one, on simulated examples")
  func aboveUpper() {
    let bounds = EvidenceBounds(
      lower: [elbo, ais(5)], simulatedLower: [elbo, ais(5)],
      simulatedUpper: [bound(.reverseAnnealing, "reverse", 4)])
    #expect(kinds(bounds) == [.lowerAboveUpper])
    let found = bounds.contradictions.first
    #expect(found?.isSimulated == true && found?.deniesLowerBound == true)
    guard case .contradicted = bounds.annealingStanding else {
      return #expect(Bool(false), "\(bounds.annealingStanding)")
    }
  }

  @Test("log p(x) above 0 where p(x) is a probability, in the mean or of one example")
  func aboveZero() {
    let high = bound(.annealing, "AIS", 60)
    #expect(kinds(EvidenceBounds(lower: [elbo, high], isProbability: true)) == [.aboveZero])
    #expect(EvidenceBounds(lower: [elbo, high]).contradictions.isEmpty, "a density may be above 1")
    // log(1000 x 20) = 9.9 is the most that chance explains.
    for (value, count) in [(11.0, 1), (9.0, 0)] {
      let one = EvidenceBound(
        method: .annealing, name: "AIS", values: ais(5).values.dropLast() + [value])
      let found = EvidenceBounds(lower: [elbo, one], isProbability: true).contradictions
      #expect(found.count == count)
      for one in found { #expect(one.difference.examples == 1 && one.difference.mean == value) }
    }
  }

  @Test("the sandwich goes from the largest lower to the smallest upper bound")
  func sandwich() throws {
    let upper = bound(.reverseAnnealing, "reverse", 900)
    func bounds(_ isProbability: Bool) -> EvidenceBounds {
      EvidenceBounds(
        lower: [elbo, ais(-1)], simulatedLower: [bound(.elbo, "ELBO", 0), ais(-1)],
        simulatedUpper: [upper], isProbability: isProbability)
    }
    let found = try #require(bounds(false).sandwich)
    #expect(found.lower.name == "ELBO" && found.upper == upper)
    // A probability's logarithm is at most 0, which says more than this reverse bound.
    let other = try #require(bounds(true).sandwich)
    #expect(other.upper == .zero(20))
    #expect(EvidenceBounds(lower: [elbo]).sandwich == nil)
  }

  @Test("annealing stands for log p(x) where it is run, the largest, and narrow")
  func standing() {
    func standing(_ lower: [EvidenceBound], upper: Double?) -> AnnealingStanding {
      EvidenceBounds(
        lower: lower, simulatedLower: upper == nil ? [] : [elbo, ais(5)],
        simulatedUpper: upper.map { [bound(.reverseAnnealing, "reverse", $0)] } ?? []
      ).annealingStanding
    }
    guard case .notRun = standing([elbo, iwae], upper: nil),
      case .below(let other, _) = standing([elbo, iwae, ais(1)], upper: 5.1),
      case .wide(let wide) = standing([elbo, iwae, ais(5)], upper: 848),
      case .narrow(let narrow) = standing([elbo, iwae, ais(5)], upper: 5.5),
      // Not told apart from the largest.
      case .narrow = standing([elbo, iwae, ais(3)], upper: 5.5)
    else {
      return #expect(Bool(false), "another standing")
    }
    #expect(other.name == "IWAE" && (wide.mean - 843).magnitude < 1)
    #expect((narrow.mean - 0.5).magnitude < 0.2)
  }
}
