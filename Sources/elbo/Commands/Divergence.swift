// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// What a run that diverged leaves and says: a folder from which the step can be repeated, whether
/// the saved state is one to go on from, and the command that begins again or goes on.
struct Divergence<Model: DescribedAutoencoder> where Model.Scalar == Float {
  let folder: RunFolder
  /// The run that this one was to replace.
  let earlier: RunFolder?
  let record: RunRecord
  let data: DatasetSplits
  /// Where the run stands: before the step that diverged.
  let trainer: Trainer<Model>
  let workers: WorkerPool
  /// The words of the command that began or resumed the run.
  var arguments = Array(CommandLine.arguments.dropFirst())

  /// After a step that diverged.
  func saved(_ divergence: TrainingDivergence) -> SavedDivergence {
    concluded(
      divergence.finding,
      // Where the step could not be reached again, the trainer stands elsewhere.
      step: divergence.inspection == nil ? nil : trainer.nextStep, seen: divergence.inspection,
      advice: divergence.advice, changesRate: divergence.dependsOnLearningRate)
  }

  /// After an evaluation of a model whose parameters are finite but whose ELBO is not.
  func saved(_ finding: String) -> SavedDivergence {
    let advice = "try a smaller learning rate"
    // The sign of what is not a number says nothing.
    let finding = finding.replacing(" -nan", with: " nan")
    guard let examples = firstExamplesWithoutBound else {
      return concluded(finding, step: nil, seen: nil, advice: advice, changesRate: true)
    }
    let step = trainer.evaluation(of: examples, in: data.test)
    let seen = step.inspect(workers: workers)
    return concluded(
      finding + (seen.sentence.map { "; \($0)" } ?? ""), step: step, seen: seen, advice: advice,
      changesRate: true)
  }

  /// Test examples side by side, the first of which has no finite ELBO.
  private var firstExamplesWithoutBound: [Int]? {
    let bounds = try? trainer.model.evaluate(
      on: data.test, objective: record.options.objective, seed: record.options.seed,
      workers: workers)
    guard let first = bounds?.elbo.firstIndex(where: { !$0.isFinite }) else { return nil }
    return Array(first..<min(first + 64, data.test.count))
  }

  private func concluded(
    _ finding: String, step: StepReplay<Model>?, seen: StepInspection?, advice: String,
    changesRate: Bool
  ) -> SavedDivergence {
    Terminal.clearLine()
    if let step {
      let replay = ReplayFolder("\(folder.path)/\(ReplayFolder.name)")
      do {
        try replay.write(step, seen, finding: finding, dataShape: record.data.shape)
        Terminal.line("Look at the numbers of what diverged with:")
        Terminal.line("  elbo replay \(ShellWord.path(folder.path))")
      } catch {
        // A full disk, say: what diverged is to be told all the same.
        Terminal.line("What diverged could not be kept for elbo replay: \(error)")
      }
    }
    let state = StateJudgement(self)
    if let earlier { Terminal.line("The run in '\(earlier.path)' is as it was.") }
    // The rates of a reproduction are those that were published.
    if changesRate, arguments.first == "train" {
      Terminal.line(
        "\(state.isGood ? "Go on" : "Begin again") with a smaller learning rate by:")
      Terminal.line("  " + (state.isGood ? resumption : beginning))
    }
    return SavedDivergence(finding: finding, state: state.sentence, advice: advice)
  }

  /// A rate with which runs of this kind do well, or a tenth of one that is as small.
  private var smallerRate: String {
    let rate = record.options.optimiser.learningRate
    return rate > 1e-3 ? "0.001" : "\(Double("\(Float(rate / 10))") ?? rate / 10)"
  }

  private var resumption: String {
    "\(folder.resumption) --learning-rate \(smallerRate)"
  }

  /// The command that began the run, with another rate, in place of what it left.
  private var beginning: String {
    CommandWords(arguments).beginning(in: earlier ?? folder, learningRate: smallerRate)
      ?? "elbo train, with the options of the run in '\(folder.record)', --learning-rate "
      + "\(smallerRate) --overwrite --output \(ShellWord.path((earlier ?? folder).path))"
  }
}

/// Whether the state in a run's folder is one to go on from.
///
/// It is where all its parameters and moments are finite, some step was taken, and its ELBO, on up
/// to 1,000 test examples, is finite and above that of the model with which the run began: a model
/// that is worse than no training is not worth going on with.
private struct StateJudgement {
  let isGood: Bool
  let sentence: String

  init<Model: DescribedAutoencoder>(_ run: Divergence<Model>) where Model.Scalar == Float {
    let path = run.folder.state
    func bad(_ reason: String) -> (Bool, String) {
      (false, "there is no good state to go on from: \(reason)")
    }
    guard Files.exists(path) else {
      (isGood, sentence) = bad("none had been saved")
      return
    }
    guard
      let state = try? TrainingState(
        checkpoint: path, model: run.trainer.model, options: nil as TrainingOptions?)
    else {
      (isGood, sentence) = bad("'\(path)' cannot be read, or holds numbers that are not finite")
      return
    }
    let model = run.trainer.model.replacingParameters(with: state.parameters)
    guard state.progress.steps > 0 else {
      (isGood, sentence) = bad("'\(path)' is of before the first step")
      return
    }
    func elbo(_ model: some DescribedAutoencoder<Float>) -> Double {
      let count = min(1000, run.data.test.count)
      let bounds = try? model.evaluate(
        on: run.data.test, 0..<count, seed: run.record.options.seed, workers: run.workers)
      return bounds?.mean.elbo ?? .nan
    }
    let (now, first) = (elbo(model), elbo(run.record.initialModel))
    let after = "'\(path)', after step \(state.progress.steps.grouped), has an ELBO of \(now.words)"
    guard now.isFinite, !(now < first) else {
      (isGood, sentence) = bad(
        after + (now.isFinite ? ", below the \(first.words) of the untrained model" : ""))
      return
    }
    (isGood, sentence) = (true, "the last good state is \(after) nats per test example")
  }
}

extension Double {
  fileprivate var words: String { magnitude < 1e6 ? fixed(2) : short }
}

/// The words of a command line.
struct CommandWords {
  private let words: [String]

  init(_ words: [String]) { self.words = words }

  /// The command that begins a run anew in `folder`, in place of what is there, with another
  /// learning rate; nil where these words do not begin one.
  func beginning(in folder: RunFolder, learningRate: String) -> String? {
    guard words.first == "train", value(of: "--resume") == nil else { return nil }
    // Of several runs each has a folder in that of all.
    let output = value(of: "--seeds") == nil ? folder.path : Files.parent(of: folder.path)
    var rest = words
    func drop(_ names: [String]) {
      while let place = rest.firstIndex(where: { word in
        names.contains { word == $0 || word.hasPrefix($0 + "=") }
      }) {
        let hasValue = names.contains(rest[place]) && place + 1 < rest.count
        rest.removeSubrange(place...(hasValue ? place + 1 : place))
      }
    }
    drop(["--learning-rate"])
    drop(["--output", "-o"])
    // A rate at the end that is above the new one would be refused; without it the end is 0.
    if let final = value(of: "--final-learning-rate").flatMap(Double.init),
      final > Double(learningRate) ?? 0
    {
      drop(["--final-learning-rate"])
    }
    rest.removeAll { $0 == "--overwrite" }
    let words = (["elbo"] + rest + ["--learning-rate", learningRate]).map(ShellWord.quoted)
    return (words + ["--output", ShellWord.path(output), "--overwrite"]).joined(separator: " ")
  }

  /// What an option is given; empty where it is the last word.
  private func value(of option: String) -> String? {
    guard let place = words.firstIndex(where: { $0 == option || $0.hasPrefix(option + "=") })
    else { return nil }
    if words[place] != option { return String(words[place].dropFirst(option.count + 1)) }
    return place + 1 < words.count ? words[place + 1] : ""
  }
}
