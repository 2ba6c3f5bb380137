// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

/// A density of one shared theta ~ N(0, 1) whose term of each example overflows in its own way.
private struct Overflowing: JointDensity {
  enum Way: String, CaseIterable { case value, gradient, moment }

  let way: Way

  var reads: [FieldUse] { [FieldUse("y", .data, width: 1)] }
  var latents: [Latent] { [Latent("theta", .once)] }

  func logJoint(_ batch: Batch<Float>, _ z: LatentValues<Float>) -> LogJoint<Float> {
    let (y, theta) = (batch["y"], z["theta"])
    let scaled = y * theta * theta
    let perExample: Tensor<Float> =
      switch way {
      // log 0
      case .value: scaled.log()
      // The derivative of the root at 0 is infinite.
      case .gradient: scaled.squareRoot()
      // Finite, also its gradient, whose square is not.
      case .moment: y * theta
      }
    return LogJoint(
      perExample: perExample.sum(along: 1), once: theta.squared() * -0.5)
  }
}

@Suite("A step that diverged is looked at")
struct DivergenceTests {
  private typealias Fit = Guided<
    Overflowing, SharedGuide<NoOwnLatents<Float>, DiagonalFamily<Float>>
  >

  /// 400 examples of which one is extreme, and which one.
  private func trainer(
    _ way: Overflowing.Way, threads: Int = 2, average: Bool = false
  ) throws -> (Trainer<Fit>, extreme: Int) {
    let extreme = 211
    let y = (0..<400).map { $0 == extreme ? (way == .moment ? 1e25 : 0) : 1 + Double($0 % 7) }
    let data = ArrayDataset(
      name: "y", columns: [DataColumn(DataField("y", shape: [1]), y)])
    let model = Overflowing(way: way).guided(by: SharedGuide(DiagonalFamily(), dimension: 1))
    return (
      try Trainer(
        model, data: data,
        options: TrainingOptions(
          epochs: 2, batchSize: 1, optimiser: Adam(learningRate: 1e-3),
          average: average ? ParameterAverage(decay: 0.9) : nil, seed: 5),
        workers: WorkerPool(count: threads)), extreme
    )
  }

  @Test("by name, layer and example", arguments: Overflowing.Way.allCases, [1, 3])
  fileprivate func place(_ way: Overflowing.Way, threads: Int) throws {
    let (trainer, extreme) = try trainer(way, threads: threads)
    let error = try #require(throws: TrainingDivergence.self) { try finish(trainer) }
    let seen = try #require(error.inspection)
    let first = seen.rows[try #require(seen.first)]
    switch way {
    case .value:
      #expect(first.phase == .forward && first.operation == "log" && first.example == extreme)
      #expect(first.range.negativeInfinite == 1 && first.quantity == "for reconstruction cost")
      #expect(error.parameter == nil && error.terms.elbo == -.infinity)
    case .gradient:
      #expect(first.phase == .backward && first.operation == "squareRoot, handed back")
      #expect(error.terms.isFinite && error.parameter != nil)
    case .moment:
      #expect(first.phase == .update && first.operation == "second moment")
      #expect(first.range.infinite == 1 && first.operands.map { $0 > 1e24 } == true)
      #expect(error.terms.isFinite && error.parameter == first.place)
    }
    #expect(error.description.contains(way == .moment ? first.place : first.name))
    #expect(error.description.contains("step \(error.step) "))
  }

  @Test(
    "and the trainer stands before it, with the bits of a run that stops there",
    arguments: Overflowing.Way.allCases)
  fileprivate func before(_ way: Overflowing.Way) throws {
    let (trainer, _) = try trainer(way, average: true)
    let error = try #require(throws: TrainingDivergence.self) { try finish(trainer) }
    // Far enough from the beginning and from the last copy.
    #expect(error.step > 150)
    let (other, _) = try self.trainer(way, average: true)
    while other.progress.steps < error.step - 1 { _ = try other.step() }
    let (found, expected) = (trainer.state, other.state)
    #expect(found.progress == expected.progress)
    #expect(found.parameters.map(\.scalars) == expected.parameters.map(\.scalars))
    #expect(found.memories.map { $0.map(\.scalars) } == expected.memories.map { $0.map(\.scalars) })
    // The same step again is the same divergence.
    let again = try #require(throws: TrainingDivergence.self) { _ = try trainer.step() }
    #expect(again.step == error.step && again.inspection == error.inspection)
  }

  @Test("on any number of threads, and from the recorded step alone, with the same numbers")
  func replay() throws {
    let images = ImageDataset.bars(count: 100)
    var seen: [StepInspection] = []
    for threads in [1, 2, 3] {
      let trainer = try Trainer(
        smallModel(Float.self), data: images,
        options: TrainingOptions(
          epochs: 5, batchSize: 70, optimiser: Adam(learningRate: 1e18), seed: 4),
        workers: WorkerPool(count: threads))
      let error = try #require(throws: TrainingDivergence.self) { try finish(trainer) }
      seen.append(try #require(error.inspection))
      seen.append(trainer.nextStep.inspect(workers: WorkerPool(count: 2)))
    }
    #expect(seen.allSatisfy { $0 == seen[0] && $0.first != nil })
    let first = seen[0].rows[seen[0].first ?? 0]
    #expect(first.phase == .forward && first.place.contains("encoder.fc"))
    // All of the tape is there, both ways, and each parameter's gradient and update.
    let phases = Set(seen[0].rows.map(\.phase))
    #expect(phases == Set(StepInspection.Phase.allCases))
    #expect(seen[0].rows.count { $0.phase == .gradient } == 10)
    #expect(seen[0].rows.contains { $0.quantity == "z" && $0.range.shape == [30, 3] })
  }

  @Test("in double precision, and with a limit on the gradient")
  func others() throws {
    let images = ImageDataset.bars(count: 100)
    let options = TrainingOptions(
      epochs: 5, batchSize: 33, optimiser: AdamW(learningRate: 1e200, weightDecay: 0),
      gradientNormLimit: 1, seed: 4)
    let trainer = try Trainer(smallModel(Double.self), data: images, options: options)
    let error = try #require(throws: TrainingDivergence.self) { try finish(trainer) }
    #expect(error.inspection?.first != nil)
  }

  @Test("of one that is well, nothing is said")
  func well() throws {
    let trainer = try Trainer(
      smallModel(Float.self), data: ImageDataset.bars(count: 100),
      options: TrainingOptions(epochs: 2, batchSize: 33))
    _ = try trainer.step()
    let seen = trainer.nextStep.inspect(workers: WorkerPool(count: 1))
    #expect(seen.first == nil && seen.sentence == nil)
    // What was looked at is what the next step sees.
    let elbo = try #require(seen.rows.last { $0.quantity == "objective" && $0.phase == .forward })
    let step = try #require(try trainer.step())
    let (least, most) = (elbo.range.minimum ?? .nan, elbo.range.maximum ?? .nan)
    #expect(least <= step.terms.elbo && step.terms.elbo <= most)
  }

  @Test("the first step is not blamed on the learning rate, and extreme data are named")
  func advice() throws {
    let data = ArrayDataset(
      name: "y",
      columns: [DataColumn(DataField("y", shape: [1]), [Double](repeating: 1e30, count: 8))])
    let model = Overflowing(way: .value).guided(by: SharedGuide(DiagonalFamily(), dimension: 1))
    let trainer = try Trainer(model, data: data, options: TrainingOptions(epochs: 1, batchSize: 8))
    let seen = trainer.nextStep.inspect(workers: WorkerPool(count: 1))
    #expect(seen.extremeField?.name == "y")
    let divergence = TrainingDivergence(
      step: 1, epoch: 1, batch: 1, terms: MeanTerms(reconstruction: .nan, kl: 0), parameter: nil,
      inspection: StepInspection(
        rows: seen.rows + [.init(.forward, "log", ValueRange(Tensor<Float>([.nan])))]))
    #expect(!divergence.dependsOnLearningRate)
    #expect(divergence.description.contains("field 'y' reaches 1e+30"))
    #expect(!divergence.description.contains("smaller learning rate"))
  }
}

@Suite("The range of a tensor's numbers")
struct ValueRangeTests {
  @Test("counts what is no number, and leaves it out of the rest")
  func range() {
    let range = ValueRange(Tensor<Float>([1, .nan, -3, .infinity, -.infinity, 2], shape: [2, 3]))
    #expect(range.minimum == -3 && range.maximum == 2 && range.meanMagnitude == 2)
    #expect((range.finite, range.undefined, range.infinite, range.negativeInfinite) == (3, 1, 1, 1))
    #expect(range.firstNonFinite == 1 && range.shape == [2, 3] && range.largestMagnitude == 3)
  }

  @Test("of two blocks of rows is that of both", arguments: [0, 1, 3, 4])
  func joined(rows: Int) {
    let all = Tensor<Double>([5, 1, .nan, 2, -7, 0.5, .infinity, 4], shape: [4, 2])
    let parts = [all.slice(0..<rows), all.slice(rows..<4)].map { ValueRange($0) }
    let joined = parts[0].joined(with: parts[1], followsRows: true)
    let whole = ValueRange(all)
    #expect(joined.shape == [4, 2] && joined.firstNonFinite == whole.firstNonFinite)
    #expect(joined.minimum == whole.minimum && joined.maximum == whole.maximum)
    #expect(joined.nonFinite == 2 && joined.finite == 6)
    #expect(abs((joined.meanMagnitude ?? 0) - (whole.meanMagnitude ?? 1)) < 1e-15)
  }

  @Test(
    "is shown with three digits",
    arguments: [
      (0.0, "0"), (1, "1"), (-2.5, "-2.5"), (12.34, "12.3"), (123.4, "123"), (999.9, "1e+03"),
      (40_000, "4e+04"), (1.526e8, "1.53e+08"), (0.031, "0.031"), (-0.00123, "-0.00123"),
      (1.5e-7, "1.5e-07"), (Double.infinity, "inf"), (1e300, "1e+300"),
    ])
  func short(_ value: Double, _ text: String) { #expect(value.short == text) }
}
