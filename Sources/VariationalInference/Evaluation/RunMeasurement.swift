// SPDX-License-Identifier: Apache-2.0

/// What a trained model is judged by at the end of a run: cheap next to training, one pass over the test
/// part for each line.
package struct RunMeasurement: Sendable {
  /// The objective on the test part, in nats per example.
  package let test: Estimate
  /// Its gain over the prediction of the means, example by example.
  package let gain: Estimate
  /// The prediction of the means: ``DescribedAutoencoder/predictingMeans(of:)``.
  package let means: Estimate
  /// The objective of the same model on training examples that are spread over all; nil where it is not
  /// comparable, as examples have weights.
  package let train: Estimate?
  /// The activity of each dimension of z: ``LatentHealth/activity``.
  package let activity: [Double]
  /// How many test examples also stand in the training part; nil of data that lie in a
  /// file larger than memory, of which not every example is looked at.
  package let shared: Int?

  package init(
    test: Estimate, gain: Estimate, means: Estimate, train: Estimate?, activity: [Double],
    shared: Int?
  ) {
    (self.test, self.gain, self.means, self.train) = (test, gain, means, train)
    (self.activity, self.shared) = (activity, shared)
  }

  /// The dimensions whose activity is above ``LatentHealth/activityThreshold``.
  package var activeUnits: Int { activity.count { $0 > LatentHealth.activityThreshold } }
}

extension DescribedAutoencoder<Float> {
  /// Measures a trained model.
  ///
  /// - Parameters:
  ///   - data: What it was trained on, and the test part.
  ///   - objective: What it was trained for.
  ///   - seed: Decides all draws.
  ///   - workers: The threads to use; the result does not depend on them.
  /// - Returns: Means with standard errors over the examples.
  /// - Throws: ``DatasetError`` naming an example whose numbers are not finite.
  package func measured(
    on data: DatasetSplits, objective: TrainingObjective, seed: UInt64, workers: WorkerPool
  ) throws -> RunMeasurement {
    func values(_ evaluation: Evaluation) -> [Double] {
      evaluation.importanceWeighted ?? evaluation.elbo
    }
    let test = values(
      try evaluate(on: data.test, objective: objective, seed: seed, workers: workers))
    let means = try predictingMeans(of: data.train).evaluate(
      on: data.test, seed: seed, workers: workers
    ).elbo
    let isWeighted = architecture.fields.weight != nil
    let train =
      try isWeighted
      ? nil
      : Self.spread(over: data.train.count, most: max(1000, min(data.test.count, 10_000))).flatMap {
        values(
          try evaluate(on: data.train, $0, objective: objective, seed: seed, workers: workers))
      }
    let isLarge = (data.train as? ArrayDataset)?.isSampled == true
    return RunMeasurement(
      test: Estimate(test), gain: Estimate(zip(test, means).map { $0 - $1 }),
      means: Estimate(means), train: train.map { Estimate($0) },
      activity: try activity(on: data.test.prefix(10_000), seed: seed, workers: workers),
      shared: isLarge ? nil : sharedExamples(data.test, with: data.train))
  }

  /// Blocks of neighbouring examples, as files are read, together about `most`.
  private static func spread(over count: Int, most: Int) -> [Range<Int>] {
    if count <= most { return [0..<count] }
    let (blocks, size) = (20, most / 20)
    return (0..<blocks).map { block in
      let start = block * (count - size) / (blocks - 1)
      return start..<start + size
    }
  }

  /// Var over x of E_q[z[j]], in coordinates in which the prior is N(0, I).
  private func activity(
    on data: any Dataset, seed: UInt64, workers: WorkerPool
  ) throws -> [Double] {
    let means = prior.standardized(try encode(data, seed: seed, workers: workers)).mean
    let (rows, width) = (means.shape[0], means.shape[1])
    let numbers = means.doubles
    return (0..<width).map { column in
      let values = (0..<rows).map { numbers[$0 * width + column] }
      let mean = Estimate(values).mean
      return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(rows - 1, 1))
    }
  }
}
