// SPDX-License-Identifier: Apache-2.0

package import Formats

extension Posterior {
  /// All that the text tells, for programs: one object. Numbers that are undefined are null.
  ///
  /// `mean`, `sd` and quantiles are those of the draws that the verdict recommends, `q_mean` and
  /// `q_sd` those of q alone. Names are Stan's: `theta[1]`, `L[1,2]`.
  ///
  /// - Parameters:
  ///   - model: What the model is called.
  ///   - calibration: What simulations said of fits like this one; nil for none.
  /// - Returns: An object; `elbo posterior --json` prints it.
  package func json(model: String, calibration: Calibration? = nil) -> JSONValue {
    let isUpToAConstant = density.unknownConstant != nil
    func estimate(_ estimate: Fit.Estimate, isReliable: Bool? = nil) -> JSONValue {
      let members: [JSONValue.Member] = [
        .init("estimate", .number(estimate.mean)),
        .init("standard_error", .number(estimate.standardError)),
        .init("up_to_a_constant", .bool(isUpToAConstant)),
      ]
      return .object(members + (isReliable.map { [.init("is_reliable", .bool($0))] } ?? []))
    }
    func texts(_ texts: [String]) -> JSONValue { .array(texts.map(JSONValue.string)) }
    let object: JSONValue = [
      "model": .string(model), "dimension": JSONValue(density.dimension),
      "family": .string(fit.options.family.description),
      // As text: a reader may keep 53 bits of a number.
      "seed": .string("\(fit.options.seed)"), "draws": JSONValue(fit.options.draws),
      "version": .string(ElboVersion.current),
      "verdict": .string(fit.verdict.rawValue), "reasons": texts(fit.reasons),
      "advice": texts(fit.advice), "notes": texts(fit.notes + undefinedNotes),
      "elbo": estimate(fit.elbo),
      "log_evidence": estimate(fit.logEvidence, isReliable: fit.isEvidenceReliable),
      "khat": fit.check.shape.map(JSONValue.number) ?? .null,
      "relative_ess": .number(fit.check.relativeEffectiveSampleSize),
      "log_weight_sd": .number(fit.check.logWeightDeviation),
      "gradient_evaluations": JSONValue(fit.gradientEvaluations),
      "density_evaluations": JSONValue(fit.densityEvaluations), "seconds": .number(seconds),
      "parameters": .array(rows.map(\.json)),
    ]
    guard let calibration, let members = object.members else { return object }
    return .object(members + [.init("calibration", calibration.json)])
  }
}

extension Posterior.Row {
  fileprivate var json: JSONValue {
    [
      "name": .string(name), "mean": .number(mean), "sd": .number(standardDeviation),
      "mcse_mean": meanError.map(JSONValue.number) ?? .null, "q5": .number(quantiles.low),
      "q50": .number(quantiles.median), "q95": .number(quantiles.high),
      "q_mean": .number(surrogate.mean), "q_sd": .number(surrogate.standardDeviation),
    ]
  }
}
