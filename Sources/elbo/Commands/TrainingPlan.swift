// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// All that a run needs but its folder: data, model and record.
struct TrainingPlan {
  /// The parts of the data, with all fields that the model reads.
  let data: DatasetSplits
  /// With its first parameters.
  let model: any DescribedAutoencoder<Float>
  var record: RunRecord
  let workers: WorkerPool
  /// What goes on with the run where it stopped; nil for the run's own command.
  var resumption: (() -> String)?

  /// A run that begins with drawn parameters, or those of another model; `record` is made of the model.
  init(
    data: DatasetSplits, _ likelihood: AutoencoderLikelihood,
    _ architecture: AutoencoderArchitecture, from initial: InitialModel?, seed: UInt64,
    workers: WorkerPool,
    record: (any DescribedAutoencoder<Float>) -> RunRecord
  ) throws {
    (self.data, self.workers) = (data, workers)
    var model = likelihood.model(architecture, seed: seed, startingAt: data.train)
    if let initial {
      try initial.check(architecture, likelihood)
      model = Self.replacing(model, initial.model.parameters)
    }
    self.model = model
    self.record = record(model)
    if let initial {
      self.record.from = initial.path
      self.record.initialisation = "the parameters of '\(initial.path)'"
    }
  }

  private static func replacing(
    _ model: some DescribedAutoencoder<Float>, _ parameters: [Tensor<Float>]
  ) -> any DescribedAutoencoder<Float> {
    model.replacingParameters(with: parameters)
  }

  /// The run at its beginning, in a folder that may hold another one only where that is overwritten;
  /// `parent` is the place of the several runs that it is one of.
  func begin(
    in folder: RunFolder, overwriting: Bool, within parent: RunPlace? = nil
  ) throws -> any TrainingRun {
    try checkPatience()
    func begin(_ model: some DescribedAutoencoder<Float>) throws -> any TrainingRun {
      let place = try folder.begin(overwriting: overwriting, within: parent)
      do {
        try record.write(to: place.folder.record)
        return try TrainingSession(
          place, record: record, data: data, model: model, workers: workers,
          resumption: resumption)
      } catch {
        place.withdraw()
        throw error
      }
    }
    return try begin(model)
  }

  /// Refuses to wait for a part of the data that is not there.
  func checkPatience() throws {
    if record.patience != nil, data.validation == nil {
      throw PatienceInVain(data: record.data.name)
    }
  }
}

/// Training was to wait for a validation part that the data do not have.
struct PatienceInVain: Error, CustomStringConvertible {
  let data: String

  var description: String {
    "--patience waits for the validation part, and '\(data)' has none; add --validation 0.1 to take one "
      + "from the training part"
  }
}
