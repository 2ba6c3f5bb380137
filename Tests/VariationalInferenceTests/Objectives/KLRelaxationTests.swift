// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// y ~ N(z, 1), z ~ N(0, 1), as one density.
private struct Joint: JointDensity {
  var reads: [FieldUse] { [FieldUse("x", .data)] }
  var latents: [Latent] { [Latent("z", shape: [2])] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    LogJoint(perExample: (batch["x"] - z["z"]).squared().sum(along: -1) * -0.5)
  }
}

@Suite("KL warm-up and free nats")
struct KLRelaxationTests {
  private let model = smallModel(Double.self)
  private let images = ImageDataset.bars(count: 100)

  @Test("the weight rises in proportion to the steps taken, and stays 1")
  func weight() {
    let relaxation = KLRelaxation(warmUpEpochs: 2)
    let weights = (0..<10).map { relaxation.weight(step: $0, stepsPerEpoch: 4) }
    #expect(weights == [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 1])
    #expect(KLRelaxation(freeNats: 1).weight(step: 0, stepsPerEpoch: 4) == 1)
    #expect(KLRelaxation(warmUpEpochs: 0.5).weight(step: 1, stepsPerEpoch: 4) == 0.5)
  }

  /// KL of N(m, 1) is m^2 / 2: of (1, 0.4, 2) it is 0.5, 0.08 and 2.
  @Test("each dimension of each example costs at least the free nats, times the weight")
  func value() {
    let q = DiagonalGaussian<Double>(
      mean: Tensor([1, 0.4, 2, 0, 0, 0.1], shape: [2, 3]), logVariance: .zeros([2, 3]))
    let kl = Tensor<Double>([2.58, 0.005])
    func cost(_ term: KLTerm) -> [Double] { model.relaxed(kl, of: q, term).scalars }
    #expect(relativeError(cost(KLTerm(freeNats: 0.2)), [0.5 + 0.2 + 2, 0.6]) < 1e-15)
    #expect(
      relativeError(cost(KLTerm(weight: 0.5, freeNats: 0.75)), [(0.75 + 0.75 + 2) / 2, 1.125])
        < 1e-15)
    #expect(relativeError(cost(KLTerm(weight: 0.25)), [0.645, 0.00125]) < 1e-15)
    #expect(cost(KLTerm(weight: 0)) == [0, 0])
    // One q for all examples.
    let shared = DiagonalGaussian<Double>(
      mean: Tensor([1, 0.4, 2], shape: [1, 3]), logVariance: .zeros([1, 3]))
    #expect(model.relaxed(kl, of: shared, KLTerm(freeNats: 0.2)).scalars == [2.7, 2.7])
  }

  private func priors() -> [DiagonalGaussian<Double>] {
    [
      DiagonalGaussian(mean: .zeros([3]), logVariance: .zeros([3])),
      DiagonalGaussian(
        mean: .pseudoRandom([3], seed: 5), logVariance: .pseudoRandom([3], seed: 6)),
    ]
  }

  @Test("divergences of single coordinates add up to the divergence")
  func sum() throws {
    let q = DiagonalGaussian<Double>(
      mean: .pseudoRandom([4, 3], seed: 1), logVariance: .pseudoRandom([4, 3], seed: 2))
    for prior in priors() {
      let each = try #require(kullbackLeiblerDivergences(q, prior))
      let all = try #require(kullbackLeiblerDivergence(q, prior))
      #expect(each.shape == [4, 3])
      #expect(relativeError(each.sum(along: 1).scalars, all.scalars) < 1e-14)
    }
    let standard = StandardNormal<Double>(dimension: 3)
    let each = try #require(kullbackLeiblerDivergences(q, standard))
    #expect(
      relativeError(
        each.sum(along: 1).scalars, kullbackLeiblerDivergence(q, standard)?.scalars ?? [])
        < 1e-14)
    let unknown = kullbackLeiblerDivergences(EstimatedKLGaussian(q), standard)
    #expect(unknown == nil)
  }

  @Test(
    "gradients against central differences", arguments: [(1, 0.3), (0.4, 0.3), (0.4, 0), (1, 5)])
  func gradients(_ weight: Double, _ free: Double) {
    let point = [
      Tensor<Double>.pseudoRandom([6, 3], seed: 1), Tensor<Double>.pseudoRandom([6, 3], seed: 2),
    ]
    checkGradients(
      of: { point in
        let q = DiagonalGaussian(mean: point[0], logVariance: point[1])
        let kl = Tensor.gaussianKLToStandardNormal(mean: point[0], logVariance: point[1])
        return model.relaxed(kl, of: q, KLTerm(weight: weight, freeNats: free))
      }, at: point)
  }

  // MARK: Training

  /// The gradient of a step over all images after so many epochs, whose parameters are the first
  /// ones.
  private func step(_ relaxation: KLRelaxation, after epochs: Int) throws -> [Double] {
    let trainer = try Trainer(
      model, data: images,
      options: TrainingOptions(
        epochs: 10, batchSize: 100, optimiser: PlainAscent(learningRate: 1),
        klRelaxation: relaxation), workers: WorkerPool(count: 2))
    trainer.restore(
      TrainingState(
        names: model.namedParameters.map(\.name), parameters: model.parameters, memories: [],
        memoryNames: [],
        progress: TrainingProgress(epoch: epochs, batch: 0, steps: epochs, seen: RunningTerms())))
    let step = try #require(try trainer.step())
    #expect(step.terms.elbo == -step.terms.reconstruction - step.terms.kl)
    return pairs(trainer.model.parameters, model.parameters).flatMap { ($0 - $1).scalars }
  }

  /// The gradient, by the parameters, of the sum over all images of what is taken for the KL.
  private func gradient(
    of cost: (DiagonalGaussian<Double>) -> Tensor<Double>
  ) -> [Double] {
    let x = Tensor<Double>(images.pixels.map { Double($0) / 255 }, shape: [100, 64])
    return valueWithGradients(at: model.parameters) {
      cost(model.replacingParameters(with: $0).posterior(given: x)).sum()
    }.gradients.flatMap(\.scalars)
  }

  private func kl(_ q: DiagonalGaussian<Double>) -> Tensor<Double> {
    .gaussianKLToStandardNormal(mean: q.mean, logVariance: q.logVariance)
  }

  /// Gradients of some 100 are differences of parameters of magnitude 1: sums of 100 rows in any
  /// order.
  @Test("a step maximises the bound with a KL of the step's weight", arguments: [0, 1, 3, 4, 7])
  func warmUp(_ epochs: Int) throws {
    let plain = try step(.none, after: epochs)
    let found = try step(KLRelaxation(warmUpEpochs: 4), after: epochs)
    let missing = 1 - min(1, Double(epochs) / 4)
    let expected = pairs(plain, gradient(of: kl)).map { $0 + missing * $1 }
    #expect(relativeError(found, expected, scale: 1) < 1e-12)
    #expect((found == plain) == (epochs >= 4), "after the warm-up it is the ELBO to the bit")
  }

  @Test("a step maximises the bound with free nats", arguments: [1e-3, 0.02])
  func freeNats(_ free: Double) throws {
    let plain = try step(.none, after: 0)
    let found = try step(KLRelaxation(freeNats: free), after: 0)
    let x = Tensor<Double>(images.pixels.map { Double($0) / 255 }, shape: [100, 64])
    let q = model.posterior(given: x)
    let each = try #require(kullbackLeiblerDivergences(q, StandardNormal<Double>(dimension: 3)))
    let isFree = each.scalars.map { $0 < free ? 1.0 : 0 }
    #expect(isFree.contains(1) && isFree.contains(0), "\(each.scalars.prefix(9))")
    // The KL of what is free has no gradient.
    let mask = Tensor(isFree, shape: each.shape)
    let missing = gradient { q in
      let shape = q.mean.shape + [1]
      let each = Tensor.gaussianKLToStandardNormal(
        mean: q.mean.reshaped(to: shape), logVariance: q.logVariance.reshaped(to: shape))
      return each * mask
    }
    let expected = pairs(plain, missing).map { $0 + $1 }
    #expect(relativeError(found, expected, scale: 1) < 1e-12)
    #expect(found != plain)
  }

  @Test("numbers of training and evaluation are of the ELBO")
  func reports() throws {
    func first(_ relaxation: KLRelaxation) throws -> MeanTerms? {
      try Trainer(
        model, data: images, options: TrainingOptions(batchSize: 50, klRelaxation: relaxation)
      ).step()?.terms
    }
    let plain = try first(.none)
    #expect(try first(KLRelaxation(warmUpEpochs: 1, freeNats: 3)) == plain && plain != nil)
  }

  @Test("the objective is said in words")
  func words() {
    func meaning(_ relaxation: KLRelaxation) -> String {
      TrainingOptions(klRelaxation: relaxation).meaning(onData: "log p")
    }
    #expect(meaning(.none) == "log p")
    #expect(
      meaning(KLRelaxation(warmUpEpochs: 10))
        == "trained with a KL weight that rises from 0 to 1 over 10 epochs, while all numbers shown"
        + " are of the ELBO; log p")
    #expect(
      meaning(KLRelaxation(warmUpEpochs: 1, freeNats: 0.25)).contains(
        "over 1 epoch and with the KL of each latent dimension counted as at least 0.25 nats"))
  }

  @Test(
    "refused with a sentence: importance weights, a density in one piece, a KL without closed form")
  func refusals() async {
    func words(_ result: ExitTest.Result?) -> String {
      String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
    let weighted = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = try Trainer(
        RecordingModel(pixels: 2), data: numberedImages(4),
        options: TrainingOptions(
          objective: .importanceWeighted(samples: 2, gradient: .reparameterised),
          klRelaxation: KLRelaxation(freeNats: 1)))
    }
    #expect(words(weighted).contains("importance-weighted bound, which has no KL term"))
    let joint = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let guide = LocalGuide(DiagonalFamily<Double>(), dimension: 2, examples: 4)
      _ = try Trainer(
        Joint().guided(by: guide), data: numberedImages(4),
        options: TrainingOptions(klRelaxation: KLRelaxation(warmUpEpochs: 1)))
    }
    #expect(words(joint).contains("keeps p(x | z) and p(z)"), "\(words(joint))")
    let full = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let q = FullCovarianceGaussian<Double>(
        mean: .zeros([2, 3]), factor: Tensor(repeating: 1, shape: [2, 3, 3]))
      _ = smallModel(Double.self).relaxed(.zeros([2]), of: q, KLTerm(freeNats: 1))
    }
    #expect(words(full).contains("in closed form"), "\(words(full))")
  }
}
