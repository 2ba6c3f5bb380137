// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Local guides")
struct LocalGuideTests {
  @Test("a batch gets the parameters of its examples, also twice and in any order")
  func examples() {
    let start = DiagonalGaussian<Double>(
      mean: .pseudoRandom([5, 2], seed: 1), logVariance: .pseudoRandom([5, 2], seed: 2))
    let guide = LocalGuide(DiagonalFamily(), at: start)
    let batch = Batch(["x": Tensor<Double>.zeros([3, 1])], examples: [4, 0, 4])
    func rows(_ tensor: Tensor<Double>) -> [Double] {
      [4, 0, 4].flatMap { tensor.slice($0..<$0 + 1).scalars }
    }
    let first = guide.posterior(given: batch)
    #expect(first.mean.scalars == rows(start.mean))
    #expect(first.logVariance.scalars == rows(start.logVariance))
    let moved = guide.mappingParameters { name, value in
      .pseudoRandom(value.shape, seed: name == "q1" ? 3 : 4)
    }
    let (shift, scale) = (moved.parameters[0], moved.parameters[1])
    let q = moved.posterior(given: batch)
    let means = start.mean + (start.logVariance * 0.5).exp() * shift
    #expect(relativeError(q.mean.scalars, rows(means)) < 1e-15)
    #expect(relativeError(q.logVariance.scalars, rows(start.logVariance + scale)) < 1e-15)
    #expect(guide.namedParameters.map(\.name) == ["q1", "q2"])
    #expect(guide.alsoReads == [] && guide.sharedPosterior == nil)
  }

  @Test("rows are taken in the order asked for, and their gradients added up")
  func selectedRows() {
    let x = Tensor<Double>([1, 2, 3, 4, 5, 6], shape: [3, 2])
    #expect(x.selectingRows([2, 0, 2, 2]).scalars == [5, 6, 1, 2, 5, 6, 5, 6])
    #expect(x.selectingRows([]).shape == [0, 2])
    for shape in [[4], [4, 3], [4, 2, 3]] {
      let x = Tensor<Double>.pseudoRandom(shape, seed: 1)
      #expect(x.selectingRows([1, 1]).shape == [2] + shape.dropFirst())
      // Squared, so that a row's gradient depends on the row that it came from.
      checkGradients(of: { $0[0].selectingRows([2, 0, 2]).squared() }, at: [x])
    }
    let gradient = valueWithGradients(at: [x]) { $0[0].selectingRows([2, 0, 2]) * 3 }.gradients[0]
    #expect(gradient.scalars == [3, 3, 0, 0, 6, 6])
  }

  @Test("a row that is not there is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([3, 2]).selectingRows([3])
    }
    await #expect(processExitsWith: .failure) {
      let guide = LocalGuide(DiagonalFamily<Float>(), dimension: 1, examples: 2)
      _ = guide.posterior(given: Batch(["x": .zeros([1, 1])], examples: [2]))
    }
  }

  @Test("at first every posterior is N(0, I), in each family")
  func start() {
    let noise = Tensor<Double>.pseudoRandom([3, 4, 3], seed: 8)
    func check(_ family: some GuideFamily<Double>) {
      let guide = LocalGuide(family, dimension: 3, examples: 3)
      let draw = guide.posterior(given: Batch(.zeros([3, 1]))).draw(noise: noise)
      #expect(relativeError(draw.value.scalars, noise.scalars) < 1e-15)
      let expected = StandardNormal<Double>(dimension: 3).logProbability(of: noise).scalars
      #expect(relativeError(draw.logProbability.scalars, expected) < 1e-15)
    }
    check(DiagonalFamily())
    check(FullCovarianceFamily())
    check(CouplingFlowFamily(steps: 3, hidden: 4, seed: 1))
  }
}

@Suite("Amortised guides")
struct AmortizedGuideTests {
  private let reads = [FieldUse("x", .data, width: 3), FieldUse("c", .condition, width: 1)]
  private let batch = Batch([
    "x": Tensor<Double>.pseudoRandom([4, 3], seed: 1), "c": .pseudoRandom([4, 1], seed: 2),
  ])

  private func guide<Family: GuideFamily<Double>>(_ family: Family) -> AmortizedGuide<Family> {
    var generator = SplitMix64(seed: 5)
    return AmortizedGuide(
      family, dimension: 2, reads: reads, hidden: [3], activation: .tanh, using: &generator)
  }

  /// A guide whose output weights are ten times those it begins with.
  private func check(_ family: some GuideFamily<Double>) {
    var guide = guide(family)
    #expect(
      guide.namedParameters.map(\.name) == [
        "fc1.weight", "fc1.bias", "fc_q.weight", "fc_q.bias",
      ])
    let noise = Tensor<Double>.pseudoRandom([4, 5, 2], seed: 3)
    // Without weights: where the family begins.
    var still = guide
    still.output.weight = .zeros(still.output.weight.shape)
    let first = still.posterior(given: batch).draw(noise: noise)
    #expect(relativeError(first.value.scalars, noise.scalars) < 1e-15)
    guide.output.weight = guide.output.weight * 10
    // Rows do not mix: each example alone has the same posterior.
    let all = guide.posterior(given: batch).draw(noise: noise)
    for row in 0..<4 {
      let alone = guide.posterior(given: batch.slice(row..<row + 1))
        .draw(noise: noise.slice(row..<row + 1))
      #expect(relativeError(alone.value.scalars, all.value.slice(row..<row + 1).scalars) < 1e-13)
      #expect(
        relativeError(
          alone.logProbability.scalars, all.logProbability.slice(row..<row + 1).scalars) < 1e-13)
    }
    #expect(relativeError(all.value.scalars, noise.scalars) > 0.1)
    checkGradients(
      of: { guide.replacingParameters(with: $0).posterior(given: batch).sample(noise: noise) },
      at: guide.parameters)
    checkGradients(
      of: {
        guide.replacingParameters(with: $0).posterior(given: batch).draw(noise: noise)
          .logProbability
      }, at: guide.parameters)
  }

  @Test("of diagonal Gaussians") func ofDiagonal() { check(DiagonalFamily<Double>()) }
  @Test("of Gaussians of any covariance") func ofFull() { check(FullCovarianceFamily<Double>()) }
  @Test("of flows") func ofFlow() {
    check(CouplingFlowFamily<Double>(steps: 2, hidden: 3, seed: 1))
  }

  @Test("it sees data and conditions, and the pair asks the data for what either reads")
  func fields() throws {
    let guide = guide(DiagonalFamily<Double>())
    var other = batch["c"].scalars
    other[2] += 1
    let changed = Batch(["x": batch["x"], "c": Tensor(other, shape: [4, 1])])
    let (a, b) = (
      guide.posterior(given: batch).mean, guide.posterior(given: changed).mean
    )
    for row in 0..<4 {
      let isSame = a.slice(row..<row + 1).scalars == b.slice(row..<row + 1).scalars
      #expect(isSame == (row != 2))
    }
    let pair = KnownModel.independent.guided(by: guide)
    #expect(pair.allReads == [FieldUse("x", .data), FieldUse("c", .condition, width: 1)])
    let data = ArrayDataset(
      name: "bare", columns: [DataColumn(DataField("x", shape: [4]), [1.0, 2, 3, 4])])
    let error = try #require(throws: DatasetError.self) {
      _ = try pair.evaluate(on: data, workers: WorkerPool(count: 1))
    }
    #expect(error.description.contains("no field 'c'"))
  }

  @Test("a field of unknown width is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      var generator = SplitMix64(seed: 5)
      _ = AmortizedGuide(
        DiagonalFamily<Double>(), dimension: 2, reads: [FieldUse("x", .data)], hidden: [],
        using: &generator)
    }
  }
}

@Suite("Guides and models in pairs")
struct GuidedPairTests {
  @Test("parameters of model and guide are listed apart, and replaced in both")
  func parameters() {
    var generator = SplitMix64(seed: 5)
    let model = VariationalAutoencoder<Double>(
      .init(data: 3, hidden: [], latent: 2), using: &generator)
    let own = LocalGuide(DiagonalFamily<Double>(), dimension: 2, examples: 4)
    let pair = model.guided(by: own)
    let names = pair.namedParameters.map(\.name)
    #expect(names.prefix(2) == ["model.encoder.fc_mu.weight", "model.encoder.fc_mu.bias"])
    #expect(names.suffix(2) == ["guide.q1", "guide.q2"])
    #expect(names.count == model.parameters.count + 2)
    let ones = pair.parameters.map { Tensor<Double>(repeating: 1, shape: $0.shape) }
    let replaced = pair.replacingParameters(with: ones)
    #expect(replaced.parameters.map(\.scalars) == ones.map(\.scalars))
    #expect(replaced.model.decoder.logits.bias?.scalars == [1, 1, 1])
    // A model without parameters lists none.
    #expect(
      KnownModel.independent.guided(by: own).namedParameters.map(\.name) == [
        "guide.q1", "guide.q2",
      ])
    let shared = SharedGuide(DiagonalFamily<Double>(), dimension: 3, beside: own)
    #expect(shared.namedParameters.map(\.name) == ["own.q1", "own.q2", "shared.q1", "shared.q2"])
    #expect(shared.namedParameters.map(\.value.shape) == [[4, 2], [4, 2], [1, 3], [1, 3]])
  }

  /// q = p(z), so that the divergence is 0 and the bound of a draw is log p(x | z) at a draw of the
  /// prior.
  @Test("the prior as a guide: no divergence, one row for each example")
  func prior() throws {
    let conjugate = ConjugateNormalModel(
      priorMean: 1.5, priorVariance: 0.3, noiseVariance: 2, observations: 4)
    func check(_ pair: some GuidedModel<Double>) throws {
      // More than one block of 256 examples, and a rest.
      let data = ArrayDataset(
        name: "x",
        columns: [
          DataColumn(
            DataField("x", shape: [4]), Tensor<Double>.pseudoRandom([300, 4], seed: 1).scalars)
        ])
      let result = try pair.evaluate(on: data, seed: 2, workers: WorkerPool(count: 2))
      #expect(result.kl == [Double](repeating: 0, count: 300))
      #expect(result.elbo.count == 300 && result.elbo == result.reconstruction.map { -$0 })
      #expect(Set(result.elbo).count == 300)
      let objective = TrainingObjective.importanceWeighted(
        samples: 5, gradient: .reparameterised)
      let weighted = try pair.evaluate(
        on: data, objective: objective, seed: 2, workers: WorkerPool(count: 2))
      #expect(weighted.importanceWeighted?.count == 300)
      for (bound, elbo) in pairs(weighted.importanceWeighted ?? [], weighted.elbo) {
        #expect(bound >= elbo)
      }
    }
    try check(KnownModel.independent.guidedByPrior)
    try check(conjugate.guidedByPrior)
    let three = ArrayDataset(
      name: "x",
      columns: [
        DataColumn(DataField("x", shape: [4]), [Double](repeating: 0.5, count: 12))
      ])
    let codes = try conjugate.guidedByPrior.encode(three, workers: WorkerPool(count: 1))
    #expect(codes.mean.scalars == [1.5, 1.5, 1.5] && codes.mean.shape == [3, 1])
  }

  /// E[p(x | z)] = p(x) over draws of the prior: k = 4 standard errors over 400 examples, one
  /// weight each.
  @Test("importance sampling from the prior is unbiased")
  func importanceSampling() throws {
    let model = ConjugateNormalModel(
      priorMean: 1.5, priorVariance: 0.3, noiseVariance: 2, observations: 4)
    let z = model.prior.sample(noise: .standardNormal([400, 1], key: NoiseKey(seed: 1)))
    let x = model.likelihood(given: z).sample(
      noise: .standardNormal([400, 4], key: NoiseKey(seed: 2)))
    let data = ArrayDataset(
      name: "x", columns: [DataColumn(DataField("x", shape: [4]), x.scalars)])
    let found = try model.guidedByPrior.importanceWeightedBound(
      on: data, samples: 1, seed: 3, workers: WorkerPool(count: 2))
    let ratios = found.bound.enumerated().map { row, bound in
      Tensor(bound - model.logEvidence(of: x.slice(row..<row + 1).scalars)).exp().scalar
    }
    let check = meanCheck("p(x | z) / p(x)", of: ratios, expected: 1)
    #expect(check.isWithin(4), "\(check)")
  }
}
