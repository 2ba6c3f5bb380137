// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Best epoch and verdict")
struct RunVerdictTests {
  private let data = DatasetSplits(
    train: ImageDataset.bars(count: 20, side: 4, seed: 1),
    test: ImageDataset.bars(count: 10, side: 4, seed: 2))

  private func record() -> RunRecord {
    var generator = SplitMix64(seed: 2)
    let model = VariationalAutoencoder<Float>(
      .init(data: 16, hidden: [4], latent: 2), using: &generator)
    return RunRecord(
      dataSource: "bars", data: data, model: model,
      options: TrainingOptions(epochs: 4, optimiser: Adam(learningRate: 1e-2)), started: "now")
  }

  private func epochs(_ test: [Double], validation: [Double?] = [], train: [Double]? = nil)
    -> [EpochMetrics]
  {
    test.indices.map { index in
      let validation = validation.isEmpty ? nil : validation[index]
      return EpochMetrics(
        epoch: index + 1, seconds: 1,
        train: MeanTerms(reconstruction: -(train ?? test)[index], kl: 0),
        test: MeanTerms(reconstruction: -test[index], kl: 0),
        validation: validation.map { MeanTerms(reconstruction: -$0, kl: 0) })
    }
  }

  /// Ten values around `mean` whose standard error is 0.1.
  private func estimate(_ mean: Double) -> Estimate {
    let step = 0.3
    return Estimate((0..<10).map { mean + ($0 % 2 == 0 ? step : -step) })
  }

  private func faults(
    _ course: [Double], gain: Double = 50, train: Double? = nil, activity: [Double] = [1, 1],
    shared: Int? = 0, trainCourse: [Double]? = nil
  ) -> [RunVerdict.Fault] {
    verdict(
      course, gain: gain, train: train, activity: activity, shared: shared,
      trainCourse: trainCourse
    ).findings.map(\.fault)
  }

  private func verdict(
    _ course: [Double], gain: Double = 50, train: Double? = nil, activity: [Double] = [1, 1],
    shared: Int? = 0, trainCourse: [Double]? = nil
  ) -> RunVerdict {
    let epochs = epochs(course, train: trainCourse)
    let last = course.last ?? 0
    return RunVerdict(
      RunMeasurement(
        test: estimate(last), gain: estimate(gain), means: estimate(last - gain),
        train: estimate(train ?? last), activity: activity, shared: shared),
      epochs: epochs, best: BestEpoch(of: epochs, by: .test), record: record(),
      folder: RunFolder("run"))
  }

  private static let flat = [-100.0, -60, -50, -50, -50, -50, -50, -50]

  @Test("the best epoch is the first of the highest, by the part asked for, of finite numbers")
  func best() {
    let epochs = epochs(
      [-5, -3, -3, -4, .nan], validation: [nil, -9, -7, -7, .infinity])
    let test = BestEpoch(of: epochs, by: .test)
    #expect(test?.epoch == 2 && test?.value == -3 && test?.warning?.contains("optimistic") == true)
    let validation = BestEpoch(of: epochs, by: .validation)
    #expect(validation?.epoch == 3 && validation?.value == -7 && validation?.warning == nil)
    #expect(BestEpoch(of: self.epochs([-5, -3]), by: .validation) == nil)
    #expect(test?.isExhausted(after: epochs, patience: 3) == true)
    #expect(test?.isExhausted(after: epochs, patience: 4) == false)
    #expect(test?.isExhausted(after: epochs, patience: nil) == false)
  }

  @Test("nothing is found where nothing is wrong, and that is not called convergence")
  func plain() {
    let verdict = verdict(Self.flat)
    #expect(verdict.findings.isEmpty)
    #expect(verdict.lines.count == 1 && verdict.lines[0].hasPrefix("verdict: no fault found: test"))
    #expect(verdict.lines[0].contains("the last 5 epochs changed the test ELBO by 0.00"))
  }

  @Test("each fault at its border")
  func faults() {
    // The standard error of the gain is 0.1.
    #expect(faults(Self.flat, gain: 0.21).isEmpty)
    #expect(faults(Self.flat, gain: 0.19) == [.noBetterThanMeans])
    #expect(verdict(Self.flat, gain: 0.1).lines[0].contains("no better than predicting"))
    #expect(verdict(Self.flat, gain: -30).lines[0].contains("worse than predicting"))
    #expect(faults(Self.flat, activity: [0.009, 0.0]) == [.noActiveUnit])
    #expect(faults(Self.flat, activity: [0.011, 0.0]).isEmpty)
    // 1 % of the test part of ten is any example.
    #expect(faults(Self.flat, shared: 1) == [.testInTraining])
    #expect(faults(Self.flat, shared: nil).isEmpty)
    // Five standard errors of the difference are 0.71.
    #expect(faults(Self.flat, train: -50.69).isEmpty)
    #expect(faults(Self.flat, train: -50.73) == [.testBetterThanTraining])
    #expect(faults(Self.flat, train: -40).isEmpty, "overfitting is another matter")
    // 0.5 % of 50 nats in five epochs.
    #expect(faults([-100, -60, -50.2, -50.2, -50.2, -50.2, -50.1, -50.0]).isEmpty)
    #expect(faults([-100, -60, -50.3, -50.2, -50.2, -50.2, -50.1, -50.0]) == [.stillRising])
  }

  @Test("a fall from the best epoch names it, and tells overfitting from training that went wrong")
  func fall() {
    let course = [-100, -60, -50, -50.2, -50.4, -51.0]
    #expect(faults(course, gain: 49) == [.pastBestEpoch])
    #expect(faults([-100, -60, -50, -50.2, -50.4, -50.45], gain: 49).isEmpty, "1 % of 50 nats")
    let over = verdict(course, gain: 49, trainCourse: [-100, -60, -50, -45, -40, -35]).lines[0]
    #expect(over.contains("-50.00 after epoch 3, -51.00 after epoch 6"))
    #expect(over.contains("overfitting") && over.contains("run/best.safetensors"))
    let wrong = verdict(course, gain: 49).lines[0]
    #expect(!wrong.contains("overfitting") && wrong.contains("smaller --learning-rate"))
  }

  @Test("what a run records of patience and another model's parameters is read again")
  func recorded() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/run.json"
      var record = record()
      try record.write(to: path)
      let plain = try readFile(path)
      #expect(try RunRecord(path: path) == record)
      let text = String(decoding: plain, as: UTF8.self)
      #expect(!text.contains("patience") && !text.contains("\"from\""))
      (record.patience, record.from) = (7, "/models/a.safetensors")
      record.reading.validation = 0.25
      try record.write(to: path)
      #expect(try RunRecord(path: path) == record)
    }
  }

  @Test("a validation part is a seeded share of the training part, which loses it")
  func validationPart() throws {
    let read = DataRead(data)
    let taken = try read.takingValidation(0.25, seed: 3)
    let validation = try #require(taken.parts.validation)
    #expect((taken.parts.train.count, validation.count) == (15, 5))
    #expect(validation.split == "validation" && taken.notes.count == 1)
    let again = try read.takingValidation(0.25, seed: 3).parts
    #expect(again.validation?.fingerprint() == validation.fingerprint())
    let other = try read.takingValidation(0.25, seed: 4).parts
    #expect(other.validation?.fingerprint() != validation.fingerprint())
    #expect(taken.parts.test.fingerprint() == data.test.fingerprint())
    #expect(throws: ValidationPartError.self) { try taken.takingValidation(0.25, seed: 3) }
    // Patches of one picture stay together.
    let groups = (0..<20).map { $0 / 5 }
    var patches = DataRead(data)
    patches.groups = groups
    let grouped = try patches.takingValidation(0.3, seed: 1)
    #expect(grouped.parts.validation?.count == 5)
    #expect(Set(grouped.groups ?? []).count == 3)
  }
}
