// SPDX-License-Identifier: Apache-2.0

// Log-densities of data that take many passes when they are put together from others: one pass over
// memory there and one back. Data take no gradient.

extension Tensor {
  /// log P of levels x = k / (levels - 1), k = 0 ... levels - 1: of a logistic variable rounded to
  /// the nearest level. Shapes broadcast.
  ///
  /// With h = 1 / (2 (levels - 1)), a = (x - h - location) / s and b = (x + h - location) / s it is
  ///
  ///     log(sigmoid(b) - sigmoid(a)),
  ///     log sigmoid(b) for k = 0,   log sigmoid(-a) for k = levels - 1
  ///
  /// without a difference that cancels: finite as long as (x - location) / s is.
  ///
  /// - Parameters:
  ///   - x: The levels.
  ///   - location: In the units of x, any number.
  ///   - logScale: log s, any number.
  ///   - levels: 2 or more.
  /// - Returns: In nats, of the shape to which the operands broadcast.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func discretisedLogisticLogDensity(
    _ x: Tensor, location: Tensor, logScale: Tensor, levels: Int
  ) -> Tensor {
    precondition(levels >= 2, "\(levels) levels, where a discretised logistic law has 2 or more")
    let (kernels, half) = (Scalar.kernels, Scalar(0.5) / Scalar(levels - 1))
    return density(of: x, location, logScale) {
      kernels.discretisedLogistic($0, $1, half, $2, $3, $4, $5, $6)
    } gradient: {
      kernels.discretisedLogisticGradient($0, $1, half, $2, $3, $4, $5, $6, $7, $8)
    }
  }

  /// log p of counts x of mean mu and variance mu + mu^2 / r. Shapes broadcast.
  ///
  ///     log(Gamma(x + r) / (Gamma(r) x!)) - x log(1 + r / mu) - r log(1 + mu / r)
  ///
  /// Computed in `Double` and rounded. For large r it is that of Poisson's law without losing
  /// digits; r above exp(300) counts as exp(300). What zeros cost is little.
  ///
  /// - Parameters:
  ///   - x: Counts.
  ///   - logMean: log mu.
  ///   - logDispersion: log r.
  /// - Returns: In nats, of the shape to which the operands broadcast.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func negativeBinomialLogDensity(
    _ x: Tensor, logMean: Tensor, logDispersion: Tensor
  ) -> Tensor {
    let kernels = Scalar.kernels
    return density(
      of: x, logMean, logDispersion, kernels.negativeBinomial,
      gradient: kernels.negativeBinomialGradient)
  }

  /// log p of counts x that are 0 for a reason of their own with probability w, else of another
  /// law. Shapes broadcast.
  ///
  ///     log(w + (1 - w) q(0)) for x = 0,   log(1 - w) + log q(x) for x > 0
  ///
  /// - Parameters:
  ///   - x: Counts.
  ///   - counted: log q(x).
  ///   - zeroLogits: log(w / (1 - w)).
  /// - Returns: In nats, of the shape to which the operands broadcast.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func zeroInflatedLogDensity(
    _ x: Tensor, counted: Tensor, zeroLogits: Tensor
  ) -> Tensor {
    let kernels = Scalar.kernels
    return density(
      of: x, counted, zeroLogits, kernels.moreZeros, gradient: kernels.moreZerosGradient)
  }

  /// An operation of kernels: the value from x and two parameters, and the gradients of these.
  private static func density(
    of x: Tensor, _ first: Tensor, _ second: Tensor, _ value: Kernels<Scalar>.DensityKernel,
    name: String = #function, gradient: @escaping Kernels<Scalar>.DensityGradientKernel
  ) -> Tensor {
    let (y, a, b) = (x.detached, first.detached, second.detached)
    let layout = OperandRows([y.shape, a.shape, b.shape])
    let result = Tensor(uninitialized: layout.shape)
    withExtendedLifetime((y, a, b)) {
      layout.forEachRows { rows, out, at in
        value(
          rows.rows, rows.count, rows.steps, y.pointer + at[0], a.pointer + at[1],
          b.pointer + at[2], result.mutablePointer + out)
      }
    }
    let marked = result.marked(rowsOfBatch([x, first, second], layout.shape))
    return broadcastOperation(value: marked, inputs: [first, second], name: name) { g, isTraced in
      let (da, db) = (Tensor(uninitialized: layout.shape), Tensor(uninitialized: layout.shape))
      withExtendedLifetime((g, y, a, b)) {
        layout.forEachRows { rows, out, at in
          gradient(
            rows.rows, rows.count, rows.steps, g.pointer + out, y.pointer + at[0],
            a.pointer + at[1], b.pointer + at[2], da.mutablePointer + out, db.mutablePointer + out)
        }
      }
      return [isTraced[0] ? da : nil, isTraced[1] ? db : nil]
    }
  }
}
