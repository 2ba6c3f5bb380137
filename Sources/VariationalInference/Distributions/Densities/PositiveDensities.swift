// SPDX-License-Identifier: Apache-2.0

// Laws of positive numbers and of numbers between bounds.

extension LogDensities {
  /// The normal density of log x, over x, for x > 0.
  ///
  /// With e = (log x - mean) / sd the derivatives are -(e / sd + 1) / x by x, e / sd by the mean
  /// and (e^2 - 1) / sd by sd.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func logNormal<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, mean: Tensor<Scalar>, standardDeviation: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    within(x, Scalar.leastNonzeroMagnitude...Scalar.greatestFiniteMagnitude, standIn: 1) { x in
      let (y, s) = (x.detached, standardDeviation.detached)
      let logs = y.log()
      let e = (logs - mean.detached) / s
      let value = e.squared() * Scalar(-0.5) - logs - (s.log() + Scalar(halfLogTwoPi))
      let inputs = [x, mean, standardDeviation]
      return .broadcastOperation(value: value, inputs: inputs) { g, isTraced in
        let pull = g * e
        return [
          isTraced[0] ? -((pull / s + g) / y) : nil, isTraced[1] ? pull / s : nil,
          isTraced[2] ? (pull * e - g) / s : nil,
        ]
      }
    }
  }

  /// log 2 + the normal density around 0, for x >= 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func halfNormal<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, standardDeviation: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    within(x, 0...Scalar.greatestFiniteMagnitude, standIn: 1) { x in
      let zero = Tensor(Scalar(0))
      return normal(x, mean: zero, standardDeviation: standardDeviation, isHalf: true)
    }
  }

  /// log 2 + the Cauchy density around 0, for x >= 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func halfCauchy<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    within(x, 0...Scalar.greatestFiniteMagnitude, standIn: 1) { x in
      cauchy(x, location: Tensor(Scalar(0)), scale: scale, isHalf: true)
    }
  }

  /// log 2 + Student's density around 0, for x >= 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func halfStudentT<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, degreesOfFreedom: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    within(x, 0...Scalar.greatestFiniteMagnitude, standIn: 1) { x in
      let zero = Tensor(Scalar(0))
      return studentT(
        x, degreesOfFreedom: degreesOfFreedom, mean: zero, scale: scale, isHalf: true)
    }
  }

  /// log rate - rate x for x >= 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func exponential<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, rate: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    within(x, 0...Scalar.greatestFiniteMagnitude, standIn: 1) { x in
      let (y, r) = (x.detached, rate.detached)
      return .broadcastOperation(value: r.log() - y * r, inputs: [x, rate]) { g, isTraced in
        [isTraced[0] ? -(g * r) : nil, isTraced[1] ? g * (r.reciprocal() - y) : nil]
      }
    }
  }

  /// shape log rate - log gamma(shape) + (shape - 1) log x - rate x for x > 0, and its limit at 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func gamma<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, shape: Tensor<Scalar>, rate: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let range = Scalar.leastNonzeroMagnitude...Scalar.greatestFiniteMagnitude
    let edge: (place: Scalar, density: () -> Tensor<Scalar>) = (
      0, { rate.log() + timesLogOfZero(shape - 1) }
    )
    return within(x, range, standIn: 1, edges: [edge]) { x in
      let (y, a, b) = (x.detached, shape.detached, rate.detached)
      let (logs, less) = (y.log(), a - 1)
      let constant = a * b.log() - a.logGamma()
      let value = logs * less - y * b + constant
      return .broadcastOperation(value: value, inputs: [x, shape, rate]) { g, isTraced in
        [
          isTraced[0] ? g * (less / y - b) : nil,
          isTraced[1] ? g * (logs + (b.log() - a.digamma())) : nil,
          isTraced[2] ? g * (a / b - y) : nil,
        ]
      }
    }
  }

  /// shape log scale - log gamma(shape) - (shape + 1) log x - scale / x for x > 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func inverseGamma<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, shape: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    within(x, Scalar.leastNonzeroMagnitude...Scalar.greatestFiniteMagnitude, standIn: 1) { x in
      let (y, a, b) = (x.detached, shape.detached, scale.detached)
      let (logs, more) = (y.log(), a + 1)
      let constant = a * b.log() - a.logGamma()
      let value = constant - logs * more - b / y
      return .broadcastOperation(value: value, inputs: [x, shape, scale]) { g, isTraced in
        [
          isTraced[0] ? g * (b / y - more) / y : nil,
          isTraced[1] ? g * ((b.log() - a.digamma()) - logs) : nil,
          isTraced[2] ? g * (a / b - y.reciprocal()) : nil,
        ]
      }
    }
  }

  /// log shape - log x + shape l - exp(shape l) with l = log(x / scale) for x > 0, and its limit at
  /// 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func weibull<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, shape: Tensor<Scalar>, scale: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let range = Scalar.leastNonzeroMagnitude...Scalar.greatestFiniteMagnitude
    let edge: (place: Scalar, density: () -> Tensor<Scalar>) = (
      0, { timesLogOfZero(shape - 1) - scale.log() }
    )
    return within(x, range, standIn: 1, edges: [edge]) { x in
      let logs = x.log()
      let powers = (logs - scale.log()) * shape
      return powers - powers.exp() - logs + shape.log()
    }
  }

  /// log shape + shape log minimum - (shape + 1) log x for x >= minimum.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func pareto<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, minimum: Tensor<Scalar>, shape: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let constant = shape.log() + shape * minimum.log()
    guard let isInside = isBetween(x, minimum, nil) else { return constant - x.log() * (shape + 1) }
    let inside = Tensor.choose(isInside, x, minimum.detached)
    return .choose(
      isInside, constant - inside.log() * (shape + 1), Tensor(-Scalar.infinity))
  }

  /// -log(upper - lower) for lower <= x <= upper; of the parameters' shape where all x are.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func uniform<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, lower: Tensor<Scalar>, upper: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    let density = -(upper - lower).log()
    return isBetween(x, lower, upper).map { .choose($0, density, Tensor(-Scalar.infinity)) }
      ?? density
  }

  /// (a - 1) log x + (b - 1) log(1 - x) + log gamma(a + b) - log gamma(a) - log gamma(b) for
  /// 0 < x < 1, and its limits at 0 and 1.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func beta<Scalar: TensorScalar>(
    _ x: Tensor<Scalar>, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
  ) -> Tensor<Scalar> {
    typealias Edge = (place: Scalar, density: () -> Tensor<Scalar>)
    // With a = 1 the density at 0 is b, with b = 1 that at 1 is a.
    let zero: Edge = (0, { b.log() + timesLogOfZero(a - 1) })
    let one: Edge = (1, { a.log() + timesLogOfZero(b - 1) })
    let range = Scalar.leastNonzeroMagnitude...Scalar(1).nextDown
    return within(x, range, standIn: Scalar(0.5), edges: [zero, one]) { x in
      let (y, p, q) = (x.detached, a.detached, b.detached)
      let (logs, logsOfRest) = (y.log(), (-y).logOnePlus())
      let constant = (p + q).logGamma() - p.logGamma() - q.logGamma()
      let value = logs * (p - 1) + logsOfRest * (q - 1) + constant
      return .broadcastOperation(value: value, inputs: [x, a, b]) { g, isTraced in
        let both = isTraced[1] || isTraced[2] ? (p + q).digamma() : nil
        return [
          isTraced[0] ? g * ((p - 1) / y - (q - 1) / (1 - y)) : nil,
          isTraced[1] ? both.map { g * (logs + ($0 - p.digamma())) } : nil,
          isTraced[2] ? both.map { g * (logsOfRest + ($0 - q.digamma())) } : nil,
        ]
      }
    }
  }
}
