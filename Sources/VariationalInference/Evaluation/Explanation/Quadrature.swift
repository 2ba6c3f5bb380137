// SPDX-License-Identifier: Apache-2.0

/// Points with weights, so that an integral over z, or a sum, is the weighted sum of its integrand.
struct Quadrature: Sendable {
  /// `[count, dimension]`.
  let points: Tensor<Double>
  /// `[count]`.
  let weights: Tensor<Double>

  /// A sum over whole numbers 0 ..< count: each is a point of weight 1.
  init(count: Int) {
    points = Tensor((0..<count).map(Double.init), shape: [count, 1])
    weights = Tensor(repeating: 1, shape: [count])
  }

  /// The trapezoid rule on a grid around `centre`, to 12 standard deviations on each side.
  ///
  /// For a Gaussian times a polynomial the error of steps of h standard deviations is of the order
  /// exp(-2 pi^2 / h^2), and 1e-137 for h = 1/4 (Trefethen and Weideman, "The exponentially convergent
  /// trapezoidal rule", SIAM Review 56, 2014, section 5); what is cut off is of the order exp(-72).
  ///
  /// - Parameters:
  ///   - centre: One or two coordinates.
  ///   - deviations: The marginal standard deviations, which decide how far the grid reaches.
  ///   - narrowest: The smallest standard deviation in any direction, which decides its step.
  init(around centre: [Double], deviations: [Double], narrowest: Double) {
    let axes = zip(centre, deviations).map { centre, deviation -> [Double] in
      let half = Int((12 * deviation / (narrowest / 4)).rounded(.up))
      return (-half...half).map { centre + Double($0) * narrowest / 4 }
    }
    let grid = axes.dropFirst().reduce(axes[0].map { [$0] }) { rows, axis in
      rows.flatMap { row in axis.map { row + [$0] } }
    }
    let volume = centre.reduce(1) { volume, _ in volume * narrowest / 4 }
    points = Tensor(grid.flatMap { $0 }, shape: [grid.count, centre.count])
    weights = Tensor(repeating: volume, shape: [grid.count])
  }

  /// log of the integral of exp(integrand).
  func logIntegral(ofExp integrand: Tensor<Double>) -> Double {
    (integrand + weights.log()).logSumExp(along: 0).scalar
  }

  /// The integral of exp(logDensity) f.
  func expectation(of f: Tensor<Double>, under logDensity: Tensor<Double>) -> Double {
    (logDensity.exp() * f * weights).sum().scalar
  }
}
