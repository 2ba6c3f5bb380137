// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Inference gaps")
struct InferenceGapTests {
  /// A posterior with correlations, for which all gaps have a closed form.
  private let model = LinearGaussianModel(
    weight: SmallMatrix([1, 0.7, 0.8, 0.9, -0.3, 0.2, 0.6, 0.4], rows: 4, columns: 2),
    offset: [0.1, -0.3, 0.2, 0.4], noiseVariance: 0.4)
  private let count = 12

  private var x: Tensor<Double> {
    let z = Tensor<Double>.standardNormal([count, 2], key: NoiseKey(seed: 1))
    return model.likelihood(given: z).sample(
      noise: .standardNormal([count, 4], key: NoiseKey(seed: 2)))
  }

  /// An encoder that is off by some tenths of a nat or more.
  private var q: DiagonalGaussian<Double> {
    DiagonalGaussian(
      mean: .pseudoRandom([count, 2], .uniform(-0.5...0.5), seed: 3),
      logVariance: .pseudoRandom([count, 2], .uniform(-2...0), seed: 4))
  }

  private func exact(_ image: Int) -> (posterior: ExactGaussian, evidence: Double) {
    let row = x.slice(image..<image + 1).scalars
    return (model.exactPosterior(given: row), model.logEvidence(of: row))
  }

  private func gaps(
    through family: PosteriorFamily, threads: Int = 1, options: GapOptions = GapOptions(),
    progress: EvaluationProgress? = nil
  ) throws -> InferenceGaps {
    try model.inferenceGaps(
      Batch(x), posterior: q, through: family, options: options, seed: 5,
      workers: WorkerPool(count: threads), progress: progress)
  }

  private var reference: EvidenceReference {
    EvidenceReference(
      logEvidence: (0..<count).map { exact($0).evidence }, method: "closed form",
      isLowerBound: false)
  }

  /// With the path derivative the search comes to rest. It stops at the first window of the last rate
  /// that brings less than the tolerance, 1e-5 nats; what further windows would have brought is of
  /// that order, and 1e-3 nats allow for a hundred of them. Reported bounds have no noise there, as
  /// every draw gives log p(x).
  @Test("with any covariance the approximation gap of a Gaussian posterior is 0")
  func fullCovariance() throws {
    var options = GapOptions()
    options.tolerance = 1e-5
    let found = try gaps(through: .fullCovariance, options: options)
    let parts = try #require(found.decomposition(.fullCovariance, reference: reference))
    #expect(parts.approximation.count == count)
    #expect(parts.approximation.allSatisfy { $0.magnitude < 1e-3 }, "\(parts.approximation)")
    #expect(found.optimised[1].hasConverged == [Bool](repeating: true, count: count))
  }

  /// The best diagonal Gaussian has the posterior's mean and the inverse of the diagonal of its
  /// precision P as variances (Bishop 2006, section 10.1.2): KL = (sum log P[j][j] - log det P) / 2.
  /// 1,000 draws of a quantity whose standard deviation is below 1: 4 / sqrt(1000) = 0.13 nats for
  /// each image, and its part for their mean.
  @Test("the diagonal approximation gap is that of mean field")
  func diagonal() throws {
    let found = try gaps(through: .diagonal)
    let parts = try #require(found.decomposition(.diagonal, reference: reference))
    let expected = (0..<count).map { image -> Double in
      let precision = exact(image).posterior.covariance.inverse
      let diagonal = precision.diagonal.reduce(0) { $0 + log($1) }
      return (diagonal - precision.logDeterminant) / 2
    }
    #expect(expected.allSatisfy { $0 > 0.1 })
    let differences = pairs(parts.approximation, expected).map { $0 - $1 }
    #expect(differences.allSatisfy { $0.magnitude < 0.13 }, "\(differences)")
    #expect(Estimate(differences).mean.magnitude < 0.13 / Double(count).squareRoot())
    #expect(found.optimised[0].hasConverged == [Bool](repeating: true, count: count))
  }

  @Test("approximation and amortisation gap sum to the inference gap, and each to its definition")
  func identity() throws {
    let found = try gaps(through: .fullCovariance)
    for optimised in found.optimised {
      let parts = try #require(found.decomposition(optimised.family, reference: reference))
      let sums = pairs(parts.approximation, parts.amortisation).map { $0 + $1 }
      #expect(parts.inference == sums)
      let direct = pairs(reference.logEvidence, found.bound).map { $0 - $1 }
      #expect(relativeError(parts.inference, direct) < 1e-13)
      // What q loses in truth: KL(q || posterior), 1,000 draws each; q's log ratio varies more.
      let exactGaps = (0..<count).map { image in
        ExactGaussian(
          mean: q.mean.slice(image..<image + 1).scalars,
          covariance: SmallMatrix(diagonal: q.logVariance.slice(image..<image + 1).exp().scalars)
        ).kullbackLeiblerDivergence(to: exact(image).posterior)
      }
      let check = meanCheck(
        "gap", of: pairs(direct, exactGaps).map { $0 - $1 }, expected: 0)
      #expect(check.isWithin(4), "\(check)")
      #expect(parts.amortisation.count == count && parts.amortisation.allSatisfy { $0 > 0 })
      let worst = parts.worst(3)
      #expect(worst.map(\.gap) == Array(parts.inference.sorted(by: >).prefix(3)))
      #expect(parts.inference[worst[0].image] == worst[0].gap)
    }
    #expect(found.decomposition(.flow, reference: reference) == nil)
  }

  @Test("does not depend on the threads; tells how far it is; can be ended")
  func threads() throws {
    var options = GapOptions()
    options.stepsPerWindow = 10
    let one = try gaps(through: .flow, options: options)
    let heard = HeardShares()
    let two = try gaps(
      through: .flow, threads: 3, options: options, progress: heard.listener)
    let shares = heard.shares
    #expect(one.bound == two.bound)
    for (a, b) in pairs(one.optimised, two.optimised) {
      #expect(a.bound == b.bound && a.steps == b.steps && a.hasConverged == b.hasConverged)
    }
    #expect(shares == shares.sorted() && shares.last == 1)
    #expect(throws: CancellationError.self) {
      _ = try gaps(through: .diagonal) { _ in false }
    }
  }

  @Test("a search that runs out of steps says so, and never loses what it had")
  func unfinished() throws {
    var options = GapOptions()
    options.stepsPerWindow = 5
    options.maximumSteps = 5
    let found = try gaps(through: .diagonal, options: options)
    #expect(!found.optimised[0].hasConverged.allSatisfy { $0 })
    #expect(found.optimised[0].steps == [Int](repeating: 5, count: count))
    let gained = try #require(found.amortisationGap(.diagonal))
    #expect(gained.count == count && gained.allSatisfy { $0 > -0.05 })
  }

  /// No steps, or no draws, gave bounds that are no numbers; one draw to judge by has no error, and
  /// the search never came to rest.
  @Test("options by which no search can go are refused")
  func options() async {
    await #expect(processExitsWith: .failure) {
      try shortSearch { $0.stepsPerWindow = 0 }
    }
    await #expect(processExitsWith: .failure) { try shortSearch { $0.boundDraws = 0 } }
    await #expect(processExitsWith: .failure) { try shortSearch { $0.selectionDraws = 1 } }
    await #expect(processExitsWith: .success) { try shortSearch { $0.selectionDraws = 2 } }
  }

  /// A NaN is neither above nor below any number: by `>` alone it would keep the others from their
  /// places, and itself from being seen.
  @Test("the worst images: undefined gaps first, then the widest")
  func worst() throws {
    var options = GapOptions()
    options.stepsPerWindow = 1
    options.maximumSteps = 1
    let found = try gaps(through: .diagonal, options: options)
    let wished: [Double] = [1, 3, .nan, 2, 5, .nan, 4, 6, 7, 8, 9, 10]
    let reference = EvidenceReference(
      logEvidence: pairs(found.bound, wished).map { $0 + $1 }, method: "given", isLowerBound: false)
    let parts = try #require(found.decomposition(.diagonal, reference: reference))
    #expect(parts.worst(12).map { $0.image } == [2, 5, 11, 10, 9, 8, 7, 4, 6, 1, 3, 0])
    #expect(parts.worst(3).map { $0.image } == [2, 5, 11])
  }

  @Test("the difference of two means over different images")
  func difference() {
    let (a, b) = (Estimate([1, 2, 3, 4]), Estimate([0, 1, 0.5]))
    let difference = a.difference(from: b)
    #expect(difference.mean == 2 && difference.examples == 7)
    let expected = (5.0 / 3 / 4 + 0.25 / 3).squareRoot()
    #expect(relativeError([difference.standardError], [expected]) < 1e-15)
  }
}

/// A short search with changed options, for a process of its own.
private func shortSearch(_ change: (inout GapOptions) -> Void) throws {
  var options = GapOptions()
  options.maximumSteps = 100
  change(&options)
  let model = KnownAmortization.independent
  let x = Tensor<Double>.zeros([1, 4])
  _ = try model.inferenceGaps(
    Batch(x), posterior: DiagonalGaussian(mean: .zeros([1, 2]), logVariance: .zeros([1, 2])),
    through: .diagonal, options: options, workers: WorkerPool(count: 1))
}
