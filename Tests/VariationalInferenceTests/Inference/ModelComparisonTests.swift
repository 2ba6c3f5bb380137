// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("Comparison of models") struct ModelComparisonTests {
  private static let data = [0.3, 1.1, -0.4, 0.9, 0.2]

  /// y_i ~ N(mu, 1), mu ~ N(0, width).
  private func entry(_ name: String, width: Double) throws -> ModelComparison.Entry {
    let model = Model { z in
      let mu = z.latent("mu", Normal(0, Value(width)))
      z.observe("y", Normal(mu, 1), Value(Self.data))
    }
    return ModelComparison.Entry(name, try model.fit().evidence())
  }

  /// log p(y): normal with covariance I + width^2 1 1^T.
  private func exact(width: Double) -> Double {
    let n = Double(Self.data.count)
    let (sum, squares) = (
      Self.data.reduce(0, +), Self.data.reduce(0) { $0 + $1 * $1 }
    )
    let scale = 1 + n * width * width
    return -0.5
      * (n * logarithm(2 * .pi) + logarithm(scale) + squares - width * width * sum * sum / scale)
  }

  @Test("the difference of two evidences is the exact one, and a wide prior costs")
  func difference() throws {
    let comparison = ModelComparison([
      try entry("wide", width: 100), try entry("narrow", width: 1),
    ])
    #expect(comparison.best == 1)
    let difference = try #require(comparison.difference(of: 0))
    let expected = exact(width: 100) - exact(width: 1)
    #expect(
      abs(difference.mean - expected) < 4 * difference.standardError + 1e-6, "\(difference)")
    #expect(comparison.difference(of: 1)?.mean == 0)
    // 4.44 nats.
    #expect(
      comparison.conclusions.first?.hasPrefix("The data favour narrow over wide by 4.4") == true,
      "\(comparison)")
    #expect(comparison.conclusions.first?.contains("strong evidence") == true)
  }

  @Test("equal evidences are not told apart")
  func equal() throws {
    let comparison = ModelComparison([try entry("a", width: 1), try entry("b", width: 1)])
    #expect(comparison.conclusions.first?.contains("do not tell which of them") == true)
  }

  @Test("a flat prior takes a model out of the comparison")
  func flat() throws {
    let flat = Model { z in
      let mu = z.latent("mu", Flat(.real))
      z.observe("y", Normal(mu, 1), Value(Self.data))
    }
    let comparison = ModelComparison([
      try entry("proper", width: 1), ModelComparison.Entry("flat", try flat.fit().evidence()),
    ])
    #expect(comparison.best == nil && comparison.difference(of: 0) == nil)
    #expect(
      comparison.conclusions == [
        "The evidence of flat is not compared: it is known up to a constant only, as a prior is flat or not "
          + "normalised.", "Fewer than two models are left: there is nothing to compare.",
      ])
    #expect(comparison.description.contains(" + c "))
  }
}

private func logarithm(_ x: Double) -> Double { Tensor([x]).log().scalar }
