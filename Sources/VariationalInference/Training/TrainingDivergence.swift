// SPDX-License-Identifier: Apache-2.0

/// The bound of a batch, or a parameter after its step, is infinite or not a number.
///
/// The step was then repeated with every value looked at, and the trainer stands before it: its
/// ``Trainer/state`` is that from which the step was taken.
public struct TrainingDivergence: Error, Sendable, CustomStringConvertible {
  /// The step, counted from 1.
  public let step: Int
  /// The epoch, counted from 1.
  public let epoch: Int
  /// The batch in the epoch, counted from 1.
  public let batch: Int
  /// The means of the batch.
  public let terms: MeanTerms
  /// The first parameter that the step left infinite or undefined, or what the optimiser remembers
  /// of it, by name; nil where the objective was at fault before.
  public let parameter: String?
  /// The step's values, the first that is not finite among them; nil where the step could not be
  /// repeated, as where the data are not the same twice.
  public let inspection: StepInspection?

  package init(
    step: Int, epoch: Int, batch: Int, terms: MeanTerms, parameter: String?,
    inspection: StepInspection?
  ) {
    (self.step, self.epoch, self.batch, self.terms) = (step, epoch, batch, terms)
    (self.parameter, self.inspection) = (parameter, inspection)
  }

  /// One sentence: when, which part, the first operation with a value that is not finite, and what
  /// to try.
  public var description: String { "\(finding); \(advice)" }

  /// The sentence without what to try.
  package var finding: String {
    "training diverged at step \(step) (epoch \(epoch), batch \(batch)): \(part)"
      + (inspection?.sentence.map { "; \($0)" } ?? "")
  }

  /// Whether another learning rate can help: steps moved the parameters, or this one would.
  package var dependsOnLearningRate: Bool {
    if step > 1 { return true }
    return inspection.flatMap { seen in seen.first.map { seen.rows[$0].phase == .update } } ?? true
  }

  /// What to try.
  package var advice: String {
    let field = inspection?.extremeField.map {
      "field '\($0.name)' reaches \($0.magnitude.short): scale it, or leave out what is no "
        + "measurement"
    }
    if dependsOnLearningRate {
      return (field.map { "\($0), or " } ?? "") + "try a smaller learning rate"
    }
    let parameter = inspection?.extremeParameter.map {
      "parameter \($0.name) begins with \($0.magnitude.short), as data with such means make it: "
        + "scale them, or leave out what is no measurement"
    }
    return (field ?? parameter ?? "look at the data and at the parameters that training began with")
      + " (no step was taken yet, so that the learning rate has no part in it)"
  }

  private var part: String {
    if !terms.reconstruction.isFinite {
      return "the reconstruction cost is \(terms.reconstruction.short)"
    }
    if !terms.kl.isFinite { return "the KL divergence is \(terms.kl.short)" }
    guard terms.objective.isFinite, let parameter else {
      return "the objective is \(terms.objective.short)"
    }
    return "parameter \(parameter), or what the optimiser remembers of it, is infinite or undefined"
  }
}
