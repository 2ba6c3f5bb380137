// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("Subsets and budgets of the evidence")
struct EvidenceSubsetTests {
  /// 300 images sorted by digit, of which there are as many as `counts` says.
  private func sorted(_ counts: [Int] = [200, 70, 30], labels: Bool = true) -> ImageDataset {
    let digits = counts.enumerated().flatMap { [UInt8](repeating: UInt8($0), count: $1) }
    return ImageDataset(
      name: "sorted", split: "test", height: 1, width: 1, pixels: digits.map { 80 * $0 },
      labels: labels ? digits : nil)
  }

  @Test("each part of the order has of every label its share, to within one")
  func stratified() {
    let data = sorted()
    let labels = data.labels ?? []
    for seed in 0..<20 as Range<UInt64> {
      let subset = EvidenceSubset(of: data, seed: seed)
      #expect(subset.rule == .random && subset.isStratified && subset.seed == seed)
      let order = subset.examples(300)
      #expect(order.sorted() == Array(0..<300))
      for count in [3, 10, 100, 299] {
        #expect(subset.examples(count) == Array(order.prefix(count)))
        for (label, all) in [(UInt8(0), 200), (1, 70), (2, 30)] {
          let found = subset.examples(count).count { labels[$0] == label }
          let share = Double(all * count) / 300
          // One for the label itself, and one for where the cut falls among the others.
          #expect((Double(found) - share).magnitude < 2, "seed \(seed): \(found) of \(share)")
        }
      }
    }
  }

  /// Of 400 seeds each example is among the 30 of 300 about 40 times, with a deviation of 6.
  @Test("each example is drawn as often as any other, and by the seed alone")
  func fair() {
    let data = sorted()
    var drawn = [Int](repeating: 0, count: 300)
    for seed in 0..<400 as Range<UInt64> {
      for example in EvidenceSubset(of: data, seed: seed).examples(30) { drawn[example] += 1 }
    }
    #expect(drawn.allSatisfy { (40 - 5 * 6...40 + 5 * 6).contains($0) }, "\(drawn)")
    #expect(EvidenceSubset(of: data, seed: 7) == EvidenceSubset(of: data, seed: 7))
    #expect(EvidenceSubset(of: data, seed: 7) != EvidenceSubset(of: data, seed: 8))
  }

  @Test("without labels at random; the first ones where they are asked for")
  func others() {
    let subset = EvidenceSubset(of: sorted(labels: false), seed: 0)
    #expect(!subset.isStratified && subset.examples(300) != Array(0..<300))
    #expect(EvidenceSubset.first.examples(4) == [0, 1, 2, 3])
  }

  private let pilot = {
    var pilot = EvidencePilot(
      secondsPerDraw: 1e-5, secondsPerPass: 1e-5, gapTimesSteps: 1, spread: 10)
    (pilot.elboSeconds, pilot.healthSeconds, pilot.windowSeconds) = (0.1, 0.2, 0.02)
    return pilot
  }()

  private func fitted(
    _ pilot: EvidencePilot, _ seconds: Double, _ wishes: EvidenceWishes = EvidenceWishes()
  ) -> (plan: EvidencePlan, leftOut: [EvidencePilot.LeftOut]) {
    let plan = EvidencePlan(
      Set(EvidencePart.allCases), examples: 10_000, wishes: wishes, seed: 0)
    return pilot.fitting(plan, seconds: seconds, images: 10_000, keeping: wishes)
  }

  @Test("what fits is planned in full, and within the time")
  func fits() {
    let (plan, leftOut) = fitted(pilot, 60)
    #expect(leftOut.isEmpty && plan.parts == Set(EvidencePart.allCases))
    let seconds = plan.work(.iwae) * 1e-5 + plan.work(.ais) * 1e-5
    #expect(seconds < 60 * 0.85 && seconds > 60 * 0.5, "\(seconds)")
  }

  @Test("a part that cannot fit is left out by name: searches, latent space, wishes")
  func misfits() {
    var slow = pilot
    slow.windowSeconds = 5
    #expect(fitted(slow, 6).leftOut.map(\.part) == [.gaps])
    #expect(!fitted(slow, 6).plan.parts.contains(.gaps))
    slow = pilot
    slow.healthSeconds = 100
    #expect(fitted(slow, 6).leftOut == [.init(part: .health, seconds: 100)])
    let wish = fitted(pilot, 6, EvidenceWishes(aisSteps: 1_000_000))
    #expect(wish.leftOut.map(\.part) == [.ais] && wish.plan.parts.contains(.iwae))
    slow = pilot
    slow.elboSeconds = 100
    let none = fitted(slow, 6)
    #expect(none.leftOut.first == .init(part: .elbo, seconds: 100))
    #expect(none.plan.parts.isDisjoint(with: [.iwae, .ais, .gaps, .health]))
  }

  @Test("images that all have one bound make a plan")
  func equalBounds() {
    let flat = EvidencePilot(
      secondsPerDraw: 1e-5, secondsPerPass: 1e-5, gapTimesSteps: 0.2, spread: 0)
    let (plan, _) = fitted(flat, 6)
    #expect((20...10_000).contains(plan.steps) && plan.limit >= 2)
  }

  private let model = {
    var generator = CounterGenerator(seed: 3, stream: 0)
    return VariationalAutoencoder<Float>(
      .init(data: 12, hidden: [8], latent: 2), using: &generator)
  }()

  private let images = ImageDataset(
    name: "images", split: "test", height: 3, width: 4,
    pixels: (0..<480).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 37) })

  @Test("an example's draws do not depend on which others are taken, nor on their order")
  func order() throws {
    let workers = WorkerPool(count: 2)
    func bound(_ examples: [Int]) throws -> [Double] {
      try model.importanceWeightedBound(
        on: images, of: examples, samples: 64, seed: 1, workers: workers, progress: nil
      ).bound
    }
    let all = try bound(Array(0..<40))
    #expect(try bound([31, 7, 2]) == [all[31], all[7], all[2]])
  }

  /// The time is up before anything begins: no less than two examples are measured.
  @Test("when time is up the first examples are whole, and the same as among all")
  func timeIsUp() throws {
    let workers = WorkerPool(count: 2)
    let past = TimeLimit(ContinuousClock.now - .seconds(1))
    func sampling(_ limit: TimeLimit?) throws -> [Double] {
      try model.importanceWeightedBound(
        on: images, of: Array(0..<40), samples: 64, seed: 1, workers: workers, progress: nil,
        until: limit
      ).bound
    }
    #expect(try sampling(past) == Array(try sampling(nil).prefix(2)))
    // 4 chains: 32 images make a block.
    let settings = AnnealedImportanceSampling(steps: 3, chains: 4)
    let batch = try model.batch(of: images, 0..<40)
    func annealing(_ limit: TimeLimit?) throws -> [Double] {
      try settings.lowerBound(of: model, batch, workers: workers, progress: nil, until: limit)
        .bound
    }
    #expect(try annealing(past) == Array(try annealing(nil).prefix(32)))
    let gaps = try model.inferenceGaps(
      batch, posterior: model.posterior(given: batch), seed: 0, workers: workers, progress: nil,
      until: past)
    #expect(gaps.bound.count == 4 && gaps.optimised.count == 3)
    for found in gaps.optimised {
      #expect(found.bound.count == 4 && found.steps.allSatisfy { $0 == 100 })
      #expect(!found.hasConverged.contains(true))
    }
  }
}
