// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing
import VariationalInference

/// Log-densities and their gradients in `Tests/Fixtures/likelihoods.json`, which
/// `scripts/reference-likelihoods` makes with 60 digits and holds against SciPy and PyTorch in
/// float64.
@Suite("Likelihoods beside their reference")
struct LikelihoodReferenceTests {
  /// One law at many values and parameters; of vectors, one row.
  struct Case: Sendable, CustomTestStringConvertible {
    let law: String
    let values: Tensor<Double>
    let parameters: [Tensor<Double>]
    let logProbabilities: [Double]
    let gradients: [[Double]]

    var testDescription: String { "\(law), \(logProbabilities.count) numbers" }

    init?(_ json: JSONValue) {
      func numbers(_ value: JSONValue?) -> [Double]? {
        value?.arrayValue?.compactMap(\.doubleValue)
      }
      func columns(_ key: String) -> [[Double]]? {
        guard case .object(let members) = json[key] else { return nil }
        return members.compactMap { numbers($0.value) }
      }
      guard let law = json["law"]?.stringValue, let x = numbers(json["values"]),
        let parameters = columns("parameters"),
        let densities = numbers(json["logProbabilities"]),
        let gradients = columns("gradients"),
        gradients.count == parameters.count, !densities.isEmpty
      else { return nil }
      self.law = law
      values = Tensor(x, shape: [1, x.count])
      self.parameters = parameters.map { Tensor($0, shape: [1, $0.count]) }
      (logProbabilities, self.gradients) = (densities, gradients)
    }

    /// The law with these parameters, in the order of the file.
    func distribution<Scalar>(_ p: [Tensor<Scalar>]) -> (any MaskableDistribution<Scalar>)? {
      switch law {
      case "bernoulli": IndependentBernoulli(logits: p[0])
      case "continuousBernoulli": IndependentContinuousBernoulli(logits: p[0])
      case "gaussian": IndependentGaussian(mean: p[0], logVariance: p[1])
      case "laplace": IndependentLaplace(location: p[0], logScale: p[1])
      case "studentT": IndependentStudentT(location: p[0], logScale: p[1], logDegrees: p[2])
      case "discretisedLogistic": DiscretisedLogistic(location: p[0], logScale: p[1])
      case "poisson": IndependentPoisson(logRate: p[0])
      case "negativeBinomial": IndependentNegativeBinomial(logMean: p[0], logDispersion: p[1])
      case "zeroInflatedNegativeBinomial":
        ZeroInflatedNegativeBinomial(logMean: p[0], logDispersion: p[1], zeroLogits: p[2])
      case "binomial": IndependentBinomial(logits: p[0], trials: Tensor([9]))
      case "multinomial": MultinomialCounts(logits: p[0])
      default: nil
      }
    }

    func logProbabilities<Scalar>(
      of x: Tensor<Scalar>, _ p: [Tensor<Scalar>]
    ) -> Tensor<Scalar> {
      let law = distribution(p)
      return (law as? any FactorizedDistribution<Scalar>)?.logProbabilities(of: x)
        ?? law?.logProbability(of: x) ?? Tensor([])
    }
  }

  static let cases: [Case] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Fixtures/likelihoods.json")
    guard let text = try? String(contentsOf: file, encoding: .utf8),
      let json = try? JSONValue.parse(text), let all = json["cases"]?.arrayValue
    else { return [] }
    return all.compactMap(Case.init)
  }()

  @Test("the file has all laws")
  func laws() {
    #expect(Set(Self.cases.map(\.law)).count == 11 && Self.cases.count == 14)
    for known in Self.cases { #expect(known.distribution(known.parameters) != nil) }
  }

  private func worst(_ found: [Double], _ expected: [Double]) -> Double {
    pairs(found, expected).reduce(0) { worst, pair in
      let error = (pair.0 - pair.1).magnitude / max(1, pair.1.magnitude)
      return error <= worst ? worst : error
    }
  }

  @Test("log-densities in Double", arguments: cases)
  func values(_ known: Case) {
    let found = known.logProbabilities(of: known.values, known.parameters)
    let error = worst(found.scalars, known.logProbabilities)
    #expect(error < 1e-9, "\(error)")
  }

  @Test("gradients by all parameters in Double", arguments: cases)
  func gradients(_ known: Case) {
    let found = valueWithGradients(at: known.parameters) {
      known.logProbabilities(of: known.values, $0).sum()
    }.gradients
    for (gradient, expected) in pairs(found, known.gradients) {
      let error = worst(gradient.scalars, expected)
      #expect(error < 1e-9, "\(error)")
    }
  }

  /// Against the law in Double at the numbers that were rounded to Float.
  @Test(
    "what is computed without cancellation, in Float",
    arguments: cases.filter {
      ["continuousBernoulli", "negativeBinomial", "zeroInflatedNegativeBinomial"].contains($0.law)
    })
  func float(_ known: Case) {
    let (x, p) = (
      known.values.converted(to: Float.self), known.parameters.map { $0.converted(to: Float.self) }
    )
    let exact = known.logProbabilities(
      of: x.converted(to: Double.self), p.map { $0.converted(to: Double.self) })
    let error = worst(known.logProbabilities(of: x, p).doubles, exact.scalars)
    #expect(error < 1e-6, "\(error)")
  }

  @Test("in Float nothing is infinite or not a number", arguments: cases)
  func finite(_ known: Case) {
    let (x, p) = (
      known.values.converted(to: Float.self), known.parameters.map { $0.converted(to: Float.self) }
    )
    let result = valueWithGradients(at: p) { known.logProbabilities(of: x, $0).sum() }
    #expect(result.value.firstNonFinite == nil)
    for gradient in result.gradients { #expect(gradient.firstNonFinite == nil) }
  }
}
