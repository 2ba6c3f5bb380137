// SPDX-License-Identifier: Apache-2.0

import PosteriorModels
import TestSupport
import Testing
import VariationalInference

/// Programs of real posteriors, held against densities and moments that others computed.
@Suite(
  "Posteriors of posteriordb",
  .enabled(if: SharedData.holds("posteriordb"), "../shared is absent: the data are not here"))
struct ReferencePosteriorTests {
  private static let folder = SharedData.path("posteriordb")
  /// Their reference lists other values than the log joint is a density of; see below.
  private static let onNoise = ReferencePosterior.all.filter(\.isOnNoise)

  @Test("the log joint at the reference's means", arguments: ReferencePosterior.all)
  func logJoint(_ reference: ReferencePosterior) throws {
    let model = try reference.model(in: Self.folder)
    let moments = try reference.moments(in: Self.folder)
    let density = try model.density()
    let found: Double
    switch reference.name {
    case "gp_pois_regr-gp_pois_regr":
      // At rho 6, alpha 3 and noise 1/2; the Jacobian of two exponentials is taken off.
      let u = [logarithm(6), logarithm(3)] + [Double](repeating: 0.5, count: 11)
      found = density.logDensities(at: Tensor(u, shape: [1, 13])).scalar - u[0] - u[1]
    case "eight_schools-eight_schools_noncentered":
      let (mu, tau) = (moments.means[8], moments.means[9])
      let u = [mu, logarithm(tau)] + moments.means[..<8].map { ($0 - mu) / tau }
      found = density.logDensities(at: Tensor(u, shape: [1, 10])).scalar - u[1]
    default:
      found = try density.logJoint(of: values(density, moments))
    }
    let halves = Double(reference.halves) * logarithm(2)
    // The references have six digits after the point; an equation solved in steps of 0.2 is good to 2e-4.
    let tolerance = reference.name.hasPrefix("hudson_lynx_hare") ? 3e-4 : 3e-6
    #expect(abs(found - halves + reference.constant - reference.check) < tolerance, "\(found)")
  }

  /// The reference's means by the names of the latent variables.
  private func values(
    _ density: ProgramDensity, _ moments: ReferencePosterior.Moments
  ) throws -> [String: Value] {
    var values: [String: Value] = [:]
    for name in Set(density.quantityNames.map { String($0.prefix { $0 != "[" }) }) {
      let elements = zip(moments.names, moments.means).filter { $0.0.hasPrefix(name + "[") }
      if elements.isEmpty {
        let place = try #require(moments.names.firstIndex(of: name))
        values[name] = Value(moments.means[place])
      } else {
        values[name] = Value(elements.map(\.1))
      }
    }
    return values
  }

  @Test(
    "fitted with no arguments: moments within 0.1 sd and 0.9 to 1.1 of the reference",
    arguments: [
      "kidiq-kidscore_momiq", "earnings-earn_height", "sblrc-blr", "mesquite-mesquite",
      "nes_logit_data-nes_logit_model", "wells_data-wells_dist100_model",
      "eight_schools-eight_schools_noncentered", "low_dim_gauss_mix-low_dim_gauss_mix",
    ])
  func moments(_ name: String) throws {
    let reference = try #require(ReferencePosterior.all.first { $0.name == name })
    let posterior = try reference.model(in: Self.folder).fit(FitOptions(seed: 1))
    let moments = try reference.moments(in: Self.folder)
    #expect(posterior.fit.verdict != .doNotUse)
    for (index, name) in moments.names.enumerated() {
      let value = posterior[name]
      #expect(abs(value.mean - moments.means[index]) < 0.1 * moments.deviations[index])
      let ratio = value.standardDeviation / moments.deviations[index]
      #expect(ratio > 0.9 && ratio < 1.12)
    }
  }

  @Test("evidence of two logistic regressions, known by quadrature")
  func evidence() throws {
    for (name, known) in [
      ("nes_logit_data-nes_logit_model", -782.29581), ("wells_data-wells_dist100_model", -2041.904),
    ] {
      let reference = try #require(ReferencePosterior.all.first { $0.name == name })
      let fit = try reference.model(in: Self.folder).fit().fit
      let estimate = fit.logEvidence
      // Three standard errors, and the digits that are known.
      #expect(abs(estimate.mean - known) < 3 * estimate.standardError + 1e-3)
      #expect(fit.elbo.mean < known + 3 * fit.elbo.standardError + 1e-3)
    }
  }
}

extension ReferencePosterior: CustomTestStringConvertible {
  /// The posterior's name.
  public var testDescription: String { name }
}

private func logarithm(_ x: Double) -> Double { Tensor([x]).log().scalar }
