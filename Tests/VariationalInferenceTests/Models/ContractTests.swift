// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// y[i] ~ N(m, 1) with a parameter m ~ N(0, s^2) and an idle latent variable z[i] ~ N(0, 1), which the
/// posterior of each example leaves where it is.
private struct PriorOnMean: JointDensity, Parameterized {
  var m = Tensor<Double>(0)
  let scale: Double

  var reads: [FieldUse] { [FieldUse("y", .data, width: 1)] }
  var latents: [Latent] { [Latent("z", shape: [1])] }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows { try visit("m", &m) }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    let own = z["z"]
    let y = batch["y"].aligned(toRank: own.rank)
    let terms = (y - m).squared() + own.squared()
    return LogJoint(perExample: terms.sum(along: -1) * -0.5, once: (m / scale).squared() * -0.5)
  }
}

/// A density that forgets to sum over the width of its field.
private struct Unsummed: JointDensity {
  var reads: [FieldUse] { [FieldUse("y", .data, width: 1)] }
  var latents: [Latent] { [Latent("z")] }

  func logJoint(_ batch: Batch<Double>, _ z: LatentValues<Double>) -> LogJoint<Double> {
    LogJoint(perExample: (batch["y"] - z["z"]).squared() * -0.5)
  }
}

/// The gradient of an operation on `[2, 3]` whose pullback gives these.
private func attemptedGradients(_ gradients: [Tensor<Double>?]) {
  let tape = Tape<Double>()
  let x = tape.variable(.zeros([2, 3]))
  let y = Tensor.operation(value: x.detached, inputs: [x]) { _ in gradients }
  _ = tape.gradients(of: y, at: [x])
}

@Suite("What models, data and operations promise is held, or named")
struct ContractTests {
  private func numbers(_ y: [Double], weights: [Double]? = nil) -> ArrayDataset {
    ArrayDataset(
      name: "numbers",
      columns: [DataColumn(DataField("y"), y)]
        + (weights.map { [DataColumn(DataField("w"), $0)] } ?? []))
  }

  /// Of n = 4 numbers of mean 1 the mode of m is 4 / (4 + 1 / s^2) = 4 / 8 for s = 1/2. Adam's last
  /// steps of 0.001 still follow single batches.
  @Test("a prior of a parameter counts once in the data, whatever the batch", arguments: [1, 2, 4])
  func priorOfParameter(batch: Int) throws {
    let data = numbers([0.5, 1.5, 1.25, 0.75])
    for objective in [
      TrainingObjective.evidenceLowerBound,
      .importanceWeighted(samples: 2, gradient: .reparameterised),
    ] {
      let trainer = try Trainer(
        PriorOnMean(scale: 0.5).guidedByPriorOfZ, data: data,
        options: TrainingOptions(
          epochs: 400, batchSize: batch,
          learningRateSchedule: .stages([
            .init(epochs: 300, learningRate: 0.01), .init(epochs: 100, learningRate: 0.001),
          ]), objective: objective), workers: WorkerPool(count: 1))
      while try trainer.step() != nil {}
      let m = trainer.model.model.m.scalars[0]
      #expect((m - 0.5).magnitude < 0.05, "\(m) for 1/2; 1 without the prior")
    }
  }

  @Test("a density of other than one number for each example is refused, with both shapes")
  func unsummed() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let noise = Tensor<Double>.zeros([3, 1])
      let q = DiagonalGaussian(mean: noise, logVariance: noise)
      let batch = Batch(["y": Tensor<Double>.zeros([3, 1])])
      _ = Unsummed().evidenceLowerBound(batch, posterior: q, noise: noise)
    }
    let words = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(words.contains("log p of shape [3, 3]") && words.contains("row of [3]"), "\(words)")
  }

  @Test("gradients of another number or shape than the inputs are refused")
  func pullbacks() async {
    attemptedGradients([.zeros([2, 3])])
    await #expect(processExitsWith: .failure) { attemptedGradients([]) }
    await #expect(processExitsWith: .failure) { attemptedGradients([.zeros([3, 2])]) }
  }

  @Test("a number of the data that is not finite is named: field and example")
  func notFinite() throws {
    let pool = WorkerPool(count: 1)
    let data = numbers([0.5, 1.5, .nan, 0.75])
    let model = PriorOnMean(scale: 0.5).guidedByPriorOfZ
    func expectNamed(_ attempt: () throws -> Void) {
      let error = #expect(throws: DatasetError.self) { try attempt() }
      guard case .notFinite("numbers", "y", 2, let found) = error, found.isNaN else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    expectNamed { _ = try model.evaluate(on: data, workers: pool) }
    expectNamed { _ = try model.evaluate(on: data, 1..<3, workers: pool) }
    expectNamed { _ = try model.importanceWeightedBound(on: data, samples: 3, workers: pool) }
    expectNamed {
      let trainer = try Trainer(model, data: data, options: TrainingOptions(epochs: 1))
      _ = try trainer.step()
    }
    #expect(try model.evaluate(on: data, 0..<2, workers: pool).elbo.allSatisfy(\.isFinite))
  }

  @Test("numbers of a file that are not of the field's kind are named: file, field and example")
  func kinds() throws {
    let folder = try makeTemporaryFolder()
    defer { removeFolder(folder) }
    let path = "\(folder)/classes.npy"
    func found(_ values: [Float], _ kind: DataField.Kind) throws -> DatasetError? {
      try AtomicFile.write(NPY(shape: [values.count], .float32(values)).encoded(), to: path)
      do {
        _ = try DataColumn(DataField("group", kind: kind), mapping: path)
        return nil
      } catch let error as DatasetError { return error }
    }
    #expect(try found([0, 2, 1], .category(classes: 3)) == nil)
    #expect(
      try found([0, 2, 3], .category(classes: 3))
        == .notOfKind(
          path: path, field: "group", example: 2, found: 3, expected: "a class from 0 to 2"))
    #expect(
      try found([1, 0.5], .binary)
        == .notOfKind(path: path, field: "group", example: 1, found: 0.5, expected: "0 or 1"))
    #expect(try found([-1], .real) == nil)
  }

  @Test("a Gaussian model of grey levels simulates numbers beyond black and white")
  func simulatedGrey() {
    var generator = SplitMix64(seed: 4)
    let model = GaussianVariationalAutoencoder<Double>(
      .init(data: 4, hidden: [], latent: 2), using: &generator)
    let field = DataField("x", shape: [2, 2], kind: .grey)
    let simulated = model.simulate(count: 20, as: field).data
    #expect(simulated.fields == [DataField("x", shape: [2, 2])])
    let bernoulli = VariationalAutoencoder<Double>(
      .init(data: 4, hidden: [], latent: 2), using: &generator)
    #expect(bernoulli.simulate(count: 20, as: field).data.fields == [field])
  }

  @Test("a plan takes no more images than there are, whatever the time and the wish")
  func plans() {
    let pilot = EvidencePilot(
      secondsPerDraw: 1e-5, secondsPerPass: 1e-5, gapTimesSteps: 1, spread: 1)
    for seconds in [1e-3, 1, 1e6, 1e300, .infinity] {
      for parts in [Set<EvidencePart>([.ais, .iwae, .gaps]), [.iwae], [.gaps]] {
        let wishes = EvidenceWishes(limit: 41)
        let plan = EvidencePlan(parts, examples: 40, wishes: wishes, seed: 0)
        let fitted = pilot.fit(plan, seconds: seconds, images: 40, keeping: wishes)
        #expect(fitted.limit == 40 && fitted.gapImages <= 40 && fitted.steps <= 10_000)
      }
    }
  }
}

extension PriorOnMean {
  /// With q(z) = p(z) = N(0, 1) of each example.
  fileprivate var guidedByPriorOfZ: GuidedByNormal { GuidedByNormal(model: self) }
}

/// q(z | x) = N(0, 1) for whatever x.
private struct NormalGuide: Guide {
  typealias Scalar = Double

  func posterior(given batch: Batch<Double>) -> DiagonalGaussian<Double> {
    DiagonalGaussian(mean: .zeros([batch.count, 1]), logVariance: .zeros([batch.count, 1]))
  }
}

private struct GuidedByNormal: GuidedModel, Parameterized {
  var model: PriorOnMean
  var guide: NormalGuide { NormalGuide() }

  mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Double>) throws -> Void
  ) rethrows { try model.visitParameters(visit) }
}
