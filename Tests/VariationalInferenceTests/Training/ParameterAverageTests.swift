// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Averaged parameters")
struct ParameterAverageTests {
  private let images = ImageDataset.bars(count: 100)

  private func trainer(_ average: ParameterAverage?, threads: Int = 2) throws -> Trainer<
    VariationalAutoencoder<Double>
  > {
    try Trainer(
      smallModel(Double.self), data: images,
      options: TrainingOptions(
        epochs: 5, batchSize: 33, optimiser: Adam(learningRate: 1e-2), average: average, seed: 4),
      workers: WorkerPool(count: threads))
  }

  @Test("the decay rises to its own value: 1/10, 2/11, 3/12 and so on")
  func decay() {
    let average = ParameterAverage(decay: 0.5)
    let expected: [Double] = [0.1, 2.0 / 11, 0.25, 4.0 / 13]
    #expect((0..<4).map { average.decay(step: $0) } == expected)
    #expect(average.decay(step: 7) == 8.0 / 17)
    #expect(average.decay(step: 8) == 0.5)
    #expect(average.decay(step: 1_000_000) == 0.5)
  }

  /// The average of the parameters that a run without one goes through; 20 roundings.
  @Test("the model has the average, and the run goes as without it")
  func formula() throws {
    let (averaged, plain) = (try trainer(ParameterAverage(decay: 0.7)), try trainer(nil))
    var expected = plain.model.parameters.map(\.scalars)
    #expect(averaged.model.parameters.map(\.scalars) == expected)
    for step in 0..<20 {
      #expect(try averaged.step()?.terms == plain.step()?.terms)
      let decay = min(0.7, Double(1 + step) / Double(10 + step))
      let now = plain.model.parameters.map(\.scalars)
      expected = pairs(expected, now).map { old, new in
        pairs(old, new).map { decay * $0 + (1 - decay) * $1 }
      }
      let found = averaged.model.parameters.map(\.scalars)
      #expect(relativeError(found.flatMap { $0 }, expected.flatMap { $0 }) < 1e-14)
      #expect(found != now)
      #expect(averaged.state.parameters.map(\.scalars) == now)
      #expect(averaged.state.memories[2].map(\.scalars) == found)
    }
    #expect(averaged.state.memoryNames == ["first_moment", "second_moment", "average"])
    #expect(plain.state.memoryNames == ["first_moment", "second_moment"])
  }

  @Test("the same bits for any number of threads")
  func threads() throws {
    let one = try trainer(ParameterAverage(decay: 0.9), threads: 1)
    let three = try trainer(ParameterAverage(decay: 0.9), threads: 3)
    try finish(one)
    try finish(three)
    #expect(one.model.parameters.map(\.scalars) == three.model.parameters.map(\.scalars))
  }

  @Test("a state without an average is refused by a run with one")
  func refusal() async {
    await #expect(processExitsWith: .failure) {
      let model = smallModel(Double.self)
      let data = ImageDataset.bars(count: 20)
      let plain = try Trainer(model, data: data, options: TrainingOptions())
      let averaged = try Trainer(
        model, data: data, options: TrainingOptions(average: ParameterAverage(decay: 0.9)))
      averaged.restore(plain.state)
    }
  }
}
