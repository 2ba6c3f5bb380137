// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("The prediction of the means")
struct MeanPredictionTests {
  private let workers = WorkerPool(count: 2)
  private static let rows = 400

  /// Rows of three columns; what kind follows from the law.
  private func data(_ law: DataLikelihood.Law) -> ArrayDataset {
    var generator = SplitMix64(seed: 5)
    func uniform() -> Double { Double.random(in: 0..<1, using: &generator) }
    let numbers = (0..<Self.rows).flatMap { _ -> [Float] in
      switch law {
      case .bernoulli: return [0.2, 0.5, 0.9].map { uniform() < $0 ? 1 : 0 }
      case .categorical:
        let u = uniform()
        return [u < 0.2, u >= 0.2 && u < 0.5, u >= 0.5].map { $0 ? 1 : 0 }
      case .continuousBernoulli: return [1.0, 2, 3].map { Float(pow(uniform(), $0)) }
      case .discretisedLogistic:
        return [40, 100, 200].map { Float(($0 + (uniform() * 30).rounded()) / 255) }
      case .gaussian, .laplace, .studentT:
        return [1.0, 2, 3].map { Float($0 + $0 * (uniform() + uniform() - 1)) }
      default: return [3.0, 8, 20].map { Float((uniform() * uniform() * $0).rounded()) }
      }
    }
    let kind: DataField.Kind =
      switch law {
      case .bernoulli, .categorical: .binary
      case .continuousBernoulli, .gaussian, .laplace, .studentT: .real
      case .discretisedLogistic: .grey
      default: .count
      }
    let rows = ArrayDataset(
      name: "rows", columns: [DataColumn(DataField("x", shape: [3], kind: kind), numbers)])
    let takesTotal = [.negativeBinomial, .zeroInflatedNegativeBinomial, .multinomial].contains(law)
    return takesTotal ? rows.addingTotals() : rows
  }

  private func model(
    _ law: DataLikelihood.Law, _ noise: DataLikelihood.Noise = .column
  ) -> GeneralAutoencoder<Float> {
    let sizes: [Int] =
      switch law {
      case .categorical: [3]
      case .binomial: [3, 8, 20]
      default: []
      }
    let likelihood = DataLikelihood(law, columns: 3, noise: noise, sizes: sizes)
    var generator = SplitMix64(seed: 2)
    return GeneralAutoencoder(
      likelihood,
      .init(
        data: 3, hidden: [4], latent: 2,
        fields: AutoencoderFields(total: likelihood.isGivenTotal ? "total" : nil)),
      using: &generator)
  }

  private func value(_ model: GeneralAutoencoder<Float>, _ data: ArrayDataset) throws -> Double {
    let result = try model.evaluate(on: data, workers: workers).mean
    #expect(result.kl.magnitude < 1e-6, "q is the prior")
    return result.elbo
  }

  /// Laws whose constants are moments are at their best there: no output moved by 0.2 does better. Others
  /// are next to it: moving one output gains less than 3 %.
  @Test(
    "no constant output does better, up to what moments can tell",
    arguments: DataLikelihood.Law.allCases)
  func best(_ law: DataLikelihood.Law) throws {
    let data = data(law)
    let prediction = model(law).predictingMeans(of: data)
    let best = try value(prediction, data)
    let isExact: Bool =
      switch law {
      case .bernoulli, .continuousBernoulli, .gaussian, .poisson, .binomial, .multinomial,
        .categorical:
        true
      default: false
      }
    let constants = try #require(prediction.decoder.output.bias).scalars
    let outputs = constants.count
    for output in 0..<outputs {
      for step in [-0.2, 0.2] {
        var moved = prediction
        var bias = constants
        bias[output] += Float(step)
        moved.decoder.output.bias = Tensor(bias, shape: [outputs])
        let other = try value(moved, data)
        let most = isExact ? best + 1e-4 : best + 0.03 * best.magnitude + 0.02
        #expect(other < most, "\(law) output \(output) by \(step): \(other) above \(best)")
      }
    }
    // And it is far better than a model that was never trained, or as good.
    let drawn = try model(law).evaluate(on: data, workers: workers).mean.elbo
    #expect(best > drawn, "\(law): \(best), drawn weights \(drawn)")
  }

  @Test(
    "of normal noise it is -n/2 (log(2 pi v) + 1), whichever way the noise is held",
    arguments: DataLikelihood.Noise.allCases)
  func gaussian(_ noise: DataLikelihood.Noise) throws {
    let data = data(.gaussian)
    let rows = data.matrix
    let variances = (0..<3).map { column in
      let values = rows.map { $0[column] }
      let mean = values.reduce(0, +) / Double(values.count)
      return values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    }
    let all = variances.reduce(0, +) / 3
    let used = noise == .one ? [all, all, all] : variances
    let expected = used.reduce(0) { $0 - 0.5 * (log(2 * .pi * $1) + 1) }
    let found = try value(model(.gaussian, noise).predictingMeans(of: data), data)
    #expect(abs(found - expected) < 1e-4)
  }

  @Test("missing numbers and weights count as they do in training")
  func masked() throws {
    let values: [Float] = [1, 100, 3, 5, 7, 200]
    let data = ArrayDataset(
      name: "rows",
      columns: [
        DataColumn(DataField("x", shape: [1], kind: .real), values),
        DataColumn(DataField("mask", shape: [1], kind: .binary), [1, 0, 1, 1, 1, 0] as [UInt8]),
        DataColumn(DataField("weight", shape: [1], kind: .real), [1, 1, 1, 3, 1, 1] as [Float]),
      ])
    var generator = SplitMix64(seed: 2)
    let model = GeneralAutoencoder<Float>(
      DataLikelihood(.gaussian, columns: 1),
      .init(
        data: 1, hidden: [], latent: 1, fields: AutoencoderFields(weight: "weight", mask: "mask")),
      using: &generator
    ).predictingMeans(of: data)
    // (1 + 3 + 3 x 5 + 7) / 6
    let bias = try #require(model.decoder.output.bias)
    #expect(abs(Double(bias.scalars[0]) - 26.0 / 6) < 1e-6)
  }
}

extension ArrayDataset {
  /// x, row by row.
  fileprivate var matrix: [[Double]] {
    guard let field = field("x") else { return [] }
    var numbers = [Double](repeating: 0, count: count * field.width)
    numbers.withUnsafeMutableBufferPointer {
      write(field, of: Array(0..<count), round: .evaluation(seed: 0), to: $0)
    }
    return (0..<count).map { Array(numbers[$0 * field.width..<($0 + 1) * field.width]) }
  }
}
