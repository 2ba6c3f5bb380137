// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport

/// An element-wise function of tensors beside a scalar reference from the C library.
enum ElementaryFunction: String, CaseIterable, Sendable {
  case exp, log, logOnePlus, expMinusOne, squareRoot, squared, reciprocal, magnitude, tanh, sigmoid
  case softplus, relu, sin, cos, negated, cubed, power

  func callAsFunction<Scalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
    switch self {
    case .exp: x.exp()
    case .log: x.log()
    case .logOnePlus: x.logOnePlus()
    case .expMinusOne: x.expMinusOne()
    case .squareRoot: x.squareRoot()
    case .squared: x.squared()
    case .reciprocal: x.reciprocal()
    case .magnitude: x.magnitude()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .softplus: x.softplus()
    case .relu: x.relu()
    case .sin: x.sin()
    case .cos: x.cos()
    case .negated: -x
    case .cubed: x.raised(to: 3)
    case .power: x.raised(to: -1.5)
    }
  }

  func reference(_ x: Double) -> Double {
    switch self {
    case .exp: Foundation.exp(x)
    case .log: Foundation.log(x)
    case .logOnePlus: log1p(x)
    case .expMinusOne: expm1(x)
    case .squareRoot: x.squareRoot()
    case .squared: x * x
    case .reciprocal: 1 / x
    case .magnitude: x.magnitude
    case .tanh: Foundation.tanh(x)
    case .sigmoid: 1 / (1 + Foundation.exp(-x))
    case .softplus: max(x, 0) + log1p(Foundation.exp(-x.magnitude))
    case .relu: max(x, 0)
    case .sin: Foundation.sin(x)
    case .cos: Foundation.cos(x)
    case .negated: -x
    case .cubed: pow(x, 3)
    case .power: pow(x, -1.5)
    }
  }

  /// Where gradients are checked: inside the domain, away from kinks.
  var spread: Spread {
    switch self {
    case .log, .squareRoot, .power: .uniform(0.2...3)
    case .logOnePlus: .uniform(-0.8...3)
    case .reciprocal, .magnitude, .relu, .cubed: .eitherSign(0.2...2)
    default: .uniform(-2...2)
    }
  }
}

/// Scalars, single elements, no elements, and lengths with and without a rest after whole vectors.
let sampleShapes: [[Int]] = [
  [], [1], [0], [5], [3, 4], [2, 0, 3], [1, 3, 1], [2, 3, 4], [19],
]
