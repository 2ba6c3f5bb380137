// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Transitions of Hamiltonian Monte Carlo, one chain per row, that leave pi_beta invariant.
///
/// A fresh momentum p ~ N(0, I), then leapfrog steps through z and p, then the end of the trajectory
/// with probability min(1, exp(H - H')), H = p^2 / 2 - log pi(z), else the old place. The step is a
/// length for each coordinate: a diagonal mass matrix. A transition is reversible: pi(z) K(z'|z) =
/// pi(z') K(z|z').
///
/// - Source: Neal, "MCMC using Hamiltonian dynamics", 2011, arXiv:1206.1901, section 3.
package struct HamiltonianMonteCarlo<Scalar: TensorScalar> {
  private let density: AnnealedDensity<Scalar>
  private let leapfrogSteps: Int

  package init(density: AnnealedDensity<Scalar>, leapfrogSteps: Int) {
    self.density = density
    self.leapfrogSteps = leapfrogSteps
  }

  /// The random numbers of one transition.
  package struct Noise {
    /// Standard normal, of the shape of the chains.
    let momentum: Tensor<Scalar>
    /// Uniform on [0, 1), one for each chain.
    let acceptance: [Double]

    package init(momentum: Tensor<Scalar>, acceptance: [Double]) {
      self.momentum = momentum
      self.acceptance = acceptance
    }
  }

  /// Moves each chain.
  ///
  /// - Parameters:
  ///   - point: The chains; their gradient need not be current.
  ///   - beta: The inverse temperature of the density to leave invariant.
  ///   - step: The length of a leapfrog step along each coordinate; it may broadcast over chains.
  ///   - noise: The random numbers.
  /// - Returns: min(1, exp(H - H')) of each row; 0 where the trajectory left all bounds.
  package func transition(
    _ point: inout AnnealedPoint<Scalar>, beta: Double, step: Tensor<Scalar>, noise: Noise
  ) -> [Double] {
    let start = density(at: point.z, beta: beta)
    let (end, momentum) = leapfrog(from: start, momentum: noise.momentum, step: step, beta: beta)
    let (before, after) = (kineticEnergy(noise.momentum), kineticEnergy(momentum))
    let probabilities = before.indices.map { row -> Double in
      let gain =
        end.logDensity(row, beta: beta) - after[row]
        - (start.logDensity(row, beta: beta) - before[row])
      // log of exp(H - H'); infinity less infinity where the trajectory left all bounds.
      return gain.isNaN ? 0 : exp(min(gain, 0))
    }
    point = start
    // Uniform numbers are below 1: a probability of 1 always moves, one of 0 never.
    point.replaceRows(zip(noise.acceptance, probabilities).map { $0 < $1 }, by: end)
    return probabilities
  }

  /// Half a step in p, then steps in z and p by turns, and half a step in p: reversible, and it
  /// preserves volume. With step lengths h and the gradient g of log pi_beta:
  ///
  ///     p <- p + h/2 g(z),   then L times   z <- z + h p,  p <- p + h g(z),   h/2 the last time
  ///
  /// The energy is off by terms of order h^2, which the acceptance makes up for.
  package func leapfrog(
    from start: AnnealedPoint<Scalar>, momentum: Tensor<Scalar>, step: Tensor<Scalar>, beta: Double
  ) -> (end: AnnealedPoint<Scalar>, momentum: Tensor<Scalar>) {
    let half = step * 0.5
    var (point, p) = (start, momentum + half * start.gradient)
    for index in 1...leapfrogSteps {
      point = density(at: point.z + step * p, beta: beta)
      p = p + (index < leapfrogSteps ? step : half) * point.gradient
    }
    return (point, p)
  }

  /// |p|^2 / 2 of each row.
  private func kineticEnergy(_ momentum: Tensor<Scalar>) -> [Double] {
    (momentum.squared().sum(along: -1) * 0.5).doubles
  }
}
