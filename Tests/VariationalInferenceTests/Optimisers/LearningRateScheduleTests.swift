// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Schedules of learning rates")
struct LearningRateScheduleTests {
  /// The rates of the first steps, four in each epoch, at a peak of 8.
  private func rates(_ schedule: LearningRateSchedule, _ count: Int) -> [Double] {
    (0..<count).map { schedule.learningRate(peak: 8, step: $0, stepsPerEpoch: 4) }
  }

  @Test("stages are a function of the epoch alone")
  func stages() {
    let stages = LearningRateSchedule.stages([
      .init(epochs: 1, learningRate: 3), .init(epochs: 2, learningRate: 2),
      .init(epochs: 1, learningRate: 1),
    ])
    let epochs = rates(stages, 24)
    #expect(epochs == [3, 2, 2, 1, 1, 1].flatMap { [Double](repeating: $0, count: 4) })
    #expect((0..<3).map(stages.end(ofStage:)) == [1, 3, 4])
    #expect(stages.stages.count == 3 && LearningRateSchedule.constant.stages.isEmpty)
  }

  @Test("a constant rate, and one that rises in 1.5 epochs of four steps to be full at step 6")
  func warmUp() {
    #expect(rates(.constant, 3) == [8, 8, 8])
    let rising = rates(LearningRateSchedule(.constant, warmUpEpochs: 1.5), 8)
    let expected = (1...5).map { 8 * (Double($0) / 6) } + [8, 8, 8]
    #expect(rising == expected)
    // Less than a step is no warm-up.
    #expect(rates(LearningRateSchedule(.constant, warmUpEpochs: 0.1), 2) == [8, 8])
    let staged = LearningRateSchedule(
      .stages([.init(epochs: 1, learningRate: 3), .init(epochs: 1, learningRate: 1)]),
      warmUpEpochs: 0.5)
    #expect(rates(staged, 6) == [1.5, 3, 3, 3, 1, 1])
  }

  @Test("in a line to the final rate, which stays")
  func linear() {
    let schedule = LearningRateSchedule(.linear(final: 0, epochs: 2))
    #expect(rates(schedule, 11) == [8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0])
    // After one epoch of warm-up, four steps are left for the way from 8 to 4.
    let warmed = LearningRateSchedule(.linear(final: 4, epochs: 2), warmUpEpochs: 1)
    #expect(rates(warmed, 10) == [2, 4, 6, 8, 8, 7, 6, 5, 4, 4])
    #expect(warmed.end?.epochs == 2 && warmed.end?.rate == 4)
  }

  /// (1 + cos(pi p)) / 2 at p = 0, 1/4, 1/2, 3/4 and 1: 1, (2 + sqrt 2) / 4, 1/2, (2 - sqrt 2) / 4,
  /// 0.
  @Test("half a wave of the cosine to the final rate, which stays")
  func cosine() {
    let root = 2.0.squareRoot()
    let shares = [1, (2 + root) / 4, 0.5, (2 - root) / 4, 0, 0, 0]
    let found = rates(LearningRateSchedule(.cosine(final: 2, epochs: 1)), 7)
    #expect(relativeError(found, shares.map { 2 + 6 * $0 }) < 1e-15)
    #expect(found[4] == 2 && found[6] == 2)
    let warmed = rates(
      LearningRateSchedule(.cosine(final: 0, epochs: 2), warmUpEpochs: 1), 9)
    #expect(relativeError(warmed, [2, 4, 6, 8] + shares[0..<5].map { 8 * $0 }) < 1e-15)
  }

  @Test("the optimiser of a step has the schedule's rate, and a run moves by it")
  func trainer() throws {
    let images = ImageDataset.bars(count: 100)
    func run(_ schedule: LearningRateSchedule, epochs: Int) throws -> [[Double]] {
      let trainer = try Trainer(
        smallModel(Double.self), data: images,
        options: TrainingOptions(
          epochs: epochs, batchSize: 50, optimiser: PlainAscent(learningRate: 0.01),
          learningRateSchedule: schedule))
      try finish(trainer)
      return trainer.model.parameters.map(\.scalars)
    }
    let one = try run(.constant, epochs: 1)
    #expect(try run(.constant, epochs: 2) != one)
    // One epoch at the full rate, then one at 0.
    let stopped = LearningRateSchedule.stages([
      .init(epochs: 1, learningRate: 0.01), .init(epochs: 1, learningRate: 0),
    ])
    #expect(try run(stopped, epochs: 2) == one)
    let falling = LearningRateSchedule(.linear(final: 0, epochs: 1))
    #expect(try run(falling, epochs: 1) != one)
    #expect(try run(falling, epochs: 3) == run(falling, epochs: 1), "the rate stays 0")
  }
}

/// Ascent without a memory: parameter + rate gradient.
struct PlainAscent: Optimiser {
  var learningRate: Double

  static let name = "plain ascent"
  static let memories: [String] = []
  var settings: [String: Double] { ["learning_rate": learningRate] }

  func update<Scalar: TensorScalar>(step: Int) -> OptimiserUpdate<Scalar> {
    let rate = Scalar(learningRate)
    return OptimiserUpdate { gradient, parameters, _ in
      gradient.withElements { slopes in
        parameters.withElements(gradient.range) { elements in
          for i in slopes.indices { elements[i] += rate * slopes[i] }
          return elements.allSatisfy(\.isFinite)
        }
      }
    }
  }
}
