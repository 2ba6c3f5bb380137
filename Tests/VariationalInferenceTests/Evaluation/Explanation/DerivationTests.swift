// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Derivation")
struct DerivationTests {
  private static let cases: [(String, Derivation)] = [
    ("conjugate", .conjugateNormal()),
    ("conjugate, narrow and far", .conjugateNormal(mean: -4, deviation: 0.01)),
    ("conjugate, wide", .conjugateNormal(mean: 1, deviation: 30)),
    ("linear-Gaussian", .linearGaussian()),
    ("linear-Gaussian, unequal", .linearGaussian(mean: [-1, 2], deviation: [0.05, 0.4])),
    ("mixture", .mixture()),
    ("mixture, nearly certain", .mixture(q: [1e-9, 1 - 2e-9, 1e-9])),
  ]

  /// Sums of up to 10^5 terms, each with a rounding error of 1e-16 of the largest, which is 1e5 for
  /// the q that is far off: below 1e-9 of the sides, or of 1.
  @Test("both sides of every step agree", arguments: cases.indices)
  func steps(_ index: Int) {
    let (name, derivation) = Self.cases[index]
    for step in derivation.steps {
      #expect(
        relativeError([step.leftValue], [step.rightValue], scale: 1) < 1e-10,
        "\(name), \(step.title): \(step.leftValue), \(step.rightValue)")
    }
  }

  @Test("the gap is the divergence, and 0 at the posterior", arguments: cases.indices)
  func moves(_ index: Int) throws {
    let (name, derivation) = Self.cases[index]
    for move in derivation.moves {
      let gap = derivation.logEvidence - move.bound
      #expect(relativeError([gap], [move.divergence], scale: 1) < 1e-10, "\(name), \(move.name)")
    }
    let gaps = derivation.moves.map(\.divergence)
    #expect(gaps == gaps.sorted(by: >) && gaps.last == 0)
    #expect(try #require(derivation.moves.first).divergence > 0)
  }

  /// What is not refused is a derivation of numbers that are none.
  @Test("a q that is no density is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = Derivation.conjugateNormal(deviation: -1) }
    await #expect(processExitsWith: .failure) {
      _ = Derivation.linearGaussian(deviation: [0.3, -0.3])
    }
    await #expect(processExitsWith: .failure) { _ = Derivation.mixture(q: [0, 0.5, 0.5]) }
    await #expect(processExitsWith: .failure) { _ = Derivation.mixture(q: [0.1, 0.5, 0.5]) }
  }

  /// The evidence of the linear-Gaussian and of the conjugate model by the formulas of TestSupport,
  /// which share no code with the library.
  @Test("the evidence is that of the joint Gaussian; it may be positive")
  func evidence() {
    let linear = LinearGaussianModel(
      weight: SmallMatrix([1, 0.8, 0.3, 0.6, 0.2, 0.4], rows: 3, columns: 2), offset: [0, 0, 0],
      noiseVariance: 0.01)
    let known = linear.logEvidence(of: [0.7, 0.3, 0.15])
    // A difference of terms of the order 100.
    #expect(relativeError([Derivation.linearGaussian().logEvidence], [known], scale: 1) < 1e-12)
    #expect(known > 0)
    let conjugate = ConjugateNormalModel(
      priorMean: 0, priorVariance: 1, noiseVariance: 0.64, observations: 3)
    #expect(
      relativeError(
        [Derivation.conjugateNormal().logEvidence], [conjugate.logEvidence(of: [1.3, 0.4, 1.9])])
        < 1e-12)
  }
}
