// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension VariationalAutoencoder {
  /// log p(x) of each example by quadrature, for two latent dimensions: what every bound can be held
  /// against.
  ///
  ///     p(x) = sum over the grid of p(z) p(x | z) h^2
  ///
  /// The trapezoidal rule, whose error falls exponentially with 1 / h where the decoder is smooth
  /// (tanh). That it is small is seen by halving h. Outside the square the prior has no weight to
  /// speak of: 1e-14 for a half width of 8.
  ///
  /// - Parameters:
  ///   - x: `[examples, data]`.
  ///   - spacing: h; it should be below the smallest posterior standard deviation.
  ///   - halfWidth: The grid covers -halfWidth to halfWidth in both dimensions.
  ///   - workers: The threads to use; the result does not depend on them.
  /// - Returns: `[examples]`, in nats.
  /// - Complexity: One pass of the decoder for each of (2 halfWidth / h)^2 points, and one product
  ///   of its logits with all x.
  @specialized(where Scalar == Double)
  public func logEvidenceByQuadrature(
    of x: Tensor<Scalar>, spacing: Double, halfWidth: Double = 8, workers: WorkerPool
  ) -> [Double] {
    precondition(
      latentDimension == 2, "a grid over \(latentDimension) latent dimensions, not over two")
    let points = 2 * Int((halfWidth / spacing).rounded(.up)) + 1
    let axis = (0..<points).map { Scalar(Double($0 - points / 2) * spacing) }
    let pixels = x.transposed()
    let lines = workers.map(points) { line -> Tensor<Scalar> in
      let z = Tensor(axis.flatMap { [axis[line], $0] }, shape: [points, 2])
      let logits = self.likelihood(given: z).logits
      // x l - softplus(l), summed: one product for all x.
      let normalizer = logits.softplus().sum(along: 1) - self.prior.logProbability(of: z)
      let joint = logits.matrixProduct(pixels) - normalizer.reshaped(to: [points, 1])
      return joint.logSumExp(along: 0, keepingAxis: true)
    }
    return Tensor.concatenated(lines).logSumExp(along: 0).doubles.map { $0 + 2 * log(spacing) }
  }
}
