// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Importance-weighted bound")
struct ImportanceWeightedBoundTests {
  private let known = KnownAmortization.independent
  private let images = KnownAmortization.images(400)

  private func bound(
    _ model: KnownAmortization, _ samples: Int, seed: UInt64 = 0
  ) throws -> ImportanceWeightedBound {
    try model.importanceWeightedBound(
      on: images, samples: samples, seed: seed, workers: WorkerPool(count: 1))
  }

  /// Every weight is p(x) then, up to a few roundings of 1e-16.
  @Test("at the posterior: log p(x) from any number of samples, all of which count")
  func exact() throws {
    for samples in [1, 3, 300] {
      let result = try bound(known, samples)
      #expect(relativeError(result.bound, known.logEvidence(images), scale: 1) < 1e-12)
      let full = [Double](repeating: Double(samples), count: images.count)
      #expect(relativeError(result.effectiveSampleSize, full) < 1e-12)
    }
  }

  /// q does not tell its divergence here, so the ELBO is log w at one draw, which is the first draw.
  @Test("K = 1: the bound of one sample that `evaluate` gives")
  func oneSample() throws {
    let model = known.moved(shift: 0.4, varianceScale: 0.5)
    let elbo = try model.evaluate(on: images, seed: 9, workers: WorkerPool(count: 1)).elbo
    #expect(relativeError(try bound(model, 1, seed: 9).bound, elbo) < 1e-12)
  }

  /// k = 4 standard errors over n = 400 images. q = N(m + d, c S) against N(m, S) in two dimensions:
  /// KL = c - 1 - log c + d^2 sum of 1 / (2 S[j]).
  @Test("in expectation log p(x) - KL for K = 1, growing with K, never above log p(x)")
  func ladder() throws {
    let (shift, scale) = (0.3, 0.6)
    let model = known.moved(shift: shift, varianceScale: scale)
    let truth = known.logEvidence(images)
    let variances = known.linear.exactPosterior(given: [0, 0, 0, 0]).covariance.diagonal
    let distance = variances.reduce(0.0) { $0 + shift * shift / (2 * $1) }
    let kl: Double = scale - 1 - log(scale) + distance
    let bounds = try [1, 4, 16, 64, 256].map { try bound(model, $0, seed: UInt64($0)).bound }
    let gaps = bounds.map { pairs($0, truth).map { $0 - $1 } }
    let check = meanCheck("ELBO - log p(x)", of: gaps[0], expected: -kl)
    #expect(check.isWithin(4), "\(check)")
    for (lower, higher) in zip(gaps, gaps.dropFirst()) {
      let rise = Estimate(pairs(lower, higher).map { $1 - $0 })
      #expect(
        rise.mean > -4 * rise.standardError
          && Estimate(higher).mean < 4 * Estimate(higher).standardError)
    }
    // Var(w) / (2 K p(x)^2) at K = 256, with a relative variance below 2.
    #expect(Estimate(gaps[4]).mean.magnitude < 1.0 / 256 + 4 * Estimate(gaps[4]).standardError)
  }

  @Test("the size of the chunks changes nothing but rounding", arguments: [64, 128, 512])
  func chunks(_ size: Int) throws {
    let (model, data) = (
      smallModel(Float.self), try ImageDataset.bars(count: 12).binarized(.dynamic)
    )
    func run(_ chunk: Int) throws -> ImportanceWeightedBound {
      try model.importanceWeightedBound(
        on: data, examples: 0..<12, samples: 700, seed: 3, workers: WorkerPool(count: 1),
        progress: nil, chunk: chunk)
    }
    let (a, b) = (try run(256), try run(size))
    // A log weight is some 40 nats of 88 terms, each rounded to 2^-24.
    #expect(relativeError(a.bound, b.bound, scale: 1) < 88 * 0x1p-24)
    #expect(relativeError(a.effectiveSampleSize, b.effectiveSampleSize) < 1e-4)
    #expect(relativeError(a.paretoShape.map { $0 ?? 0 }, b.paretoShape.map { $0 ?? 0 }) < 1e-2)
  }

  @Test("depends neither on the threads nor on which images are asked for")
  func threads() throws {
    let (model, data) = (smallModel(Float.self), ImageDataset.bars(count: 40))
    func run(_ examples: Range<Int>?, threads: Int) throws -> ImportanceWeightedBound {
      try model.importanceWeightedBound(
        on: data, examples: examples, samples: 300, seed: 3, workers: WorkerPool(count: threads))
    }
    let one = try run(nil, threads: 1)
    for threads in 2...3 {
      let other = try run(nil, threads: threads)
      #expect(other.bound == one.bound && other.paretoShape == one.paretoShape)
    }
    #expect(try run(7..<20, threads: 2).bound == Array(one.bound[7..<20]))
  }

  @Test("tells how far it is, and stops when asked to")
  func stops() throws {
    #expect(throws: CancellationError.self) {
      _ = try known.importanceWeightedBound(
        on: images, samples: 2, workers: WorkerPool(count: 2)
      ) { share in
        let done = share * 400
        #expect((done - done.rounded()).magnitude < 1e-9, "not image by image: \(share)")
        return done < 10
      }
    }
  }

  private static let trained = "reference/vae-mnist-784-400-20.safetensors"
  private static let canEvaluate = SharedData.holds(trained) && SharedData.holds("mnist")

  /// IWAE-5000 was found to be -96.12 on the first 1,000 images, and the ELBO about -101: L_20 lies
  /// between on the same images, to be sure by 4 standard errors of a rise seen to be below 0.1.
  @Test(
    "the article's model on the first MNIST test images",
    .enabled(if: canEvaluate, "no ../shared/\(trained) or ../shared/mnist"))
  func mnist() throws {
    let model = try VariationalAutoencoder<Float>(checkpoint: SharedData.path(Self.trained))
    let test = try IDXFolder(SharedData.path("mnist")).load(.test)
    let workers = WorkerPool(count: 2)
    let result = try model.importanceWeightedBound(
      on: test, examples: 0..<1000, samples: 20, workers: workers)
    let elbo = try model.evaluate(on: test.prefix(1000), workers: workers).elbo
    let mean = Estimate(result.bound).mean
    #expect(mean < -96.12 + 0.1 && mean > Estimate(elbo).mean + 2, "\(mean)")
  }
}
