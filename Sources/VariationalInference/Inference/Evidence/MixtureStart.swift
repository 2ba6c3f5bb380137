// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// q, a mixture of Gaussians, as the start of annealed chains. A chain is in the coordinates of one
/// of its components k: z = m_k + F_k e.
struct MixtureStart: Sendable {
  let parts: [WeightedGaussian]
  /// log (weight q) at the mean of each component.
  private let peaks: [Double]
  /// F^-1 of each component; none where there is one component.
  private let inverses: [Tensor<Double>]

  init(_ components: [Fit.Component]) {
    parts = components.map {
      WeightedGaussian(
        weight: $0.weight, gaussian: FactoredGaussian(mean: $0.mean, factor: $0.factor))
    }
    let n = parts[0].gaussian.dimension
    peaks = parts.map { log($0.weight) + $0.gaussian.logPeak }
    inverses =
      parts.count == 1
      ? []
      : parts.map {
        Tensor.identity(n)
          .lowerTriangularSolve(factor: $0.gaussian.factor.reshaped(to: [1, n, n])).transposed()
      }
  }

  /// z of each row e.
  func points(_ noise: Tensor<Double>, _ components: [Int]) -> Tensor<Double> {
    chosen(components) { $0.points(noise) }
  }

  /// e of each row z.
  func whitened(_ points: Tensor<Double>, _ components: [Int]) -> Tensor<Double> {
    chosen(components) { $0.whitened(points) }
  }

  /// log q of each row, and by its e the gradient of log p - log q.
  ///
  /// Of one component both come from e, not from z: no digits of a narrow q are lost.
  ///
  /// - Parameters:
  ///   - noise: e, `[C, D]`.
  ///   - components: The component of each row.
  ///   - gradients: Of log p by z, `[C, D]`.
  /// - Returns: C numbers, and `[C, D]`.
  func ratioParts(
    _ noise: Tensor<Double>, _ components: [Int], gradients: Tensor<Double>
  ) -> (logStart: [Double], slopes: Tensor<Double>) {
    if parts.count == 1 {
      return (
        noise.rowSquares.map { peaks[0] - $0 / 2 },
        gradients.matrixProduct(parts[0].gaussian.factor) + noise
      )
    }
    let points = points(noise, components)
    let whitened = parts.map { $0.gaussian.whitened(points) }
    let terms = logTerms(whitened)
    let logStart = terms.map { row in logSumExp(row.indices) { row[$0] } }
    var rest = gradients
    for (index, inverse) in inverses.enumerated() {
      let shares = terms.indices.map { exp(terms[$0][index] - logStart[$0]) }
      rest = rest + whitened[index].scalingRows(shares).matrixProduct(inverse)
    }
    return (logStart, chosen(components) { rest.matrixProduct($0.factor) })
  }

  /// A component for each row, drawn with the probability that the row has come from it.
  func components(of points: Tensor<Double>, uniforms: [Double]) -> [Int] {
    let terms = logTerms(parts.map { $0.gaussian.whitened(points) })
    return zip(terms, uniforms).map { row, uniform in
      let total = logSumExp(row.indices) { row[$0] }
      return Self.place(of: uniform, in: row.map { exp($0 - total) })
    }
  }

  /// A component for each uniform number, drawn with the components' weights.
  func components(uniforms: [Double]) -> [Int] {
    uniforms.map { Self.place(of: $0, in: parts.map(\.weight)) }
  }

  /// log (w_k q_k) of each row and component.
  private func logTerms(_ whitened: [Tensor<Double>]) -> [[Double]] {
    let squares = whitened.map(\.rowSquares)
    return squares[0].indices.map { row in
      parts.indices.map { peaks[$0] - squares[$0][row] / 2 }
    }
  }

  private static func place(of uniform: Double, in weights: [Double]) -> Int {
    var reached = 0.0
    for (index, weight) in weights.enumerated() {
      reached += weight
      if uniform < reached { return index }
    }
    return weights.count - 1
  }

  /// Of each row what `body` makes of it for the row's component.
  private func chosen(
    _ components: [Int], _ body: (FactoredGaussian) -> Tensor<Double>
  ) -> Tensor<Double> {
    if parts.count == 1 { return body(parts[0].gaussian) }
    let all = Tensor.concatenated(parts.map { body($0.gaussian) })
    let count = components.count
    return all.selectingRows(components.enumerated().map { $1 * count + $0 })
  }
}
