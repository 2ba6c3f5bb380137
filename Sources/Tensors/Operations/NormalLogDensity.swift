// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The normal log-density, element by element; shapes broadcast. One pass over memory there and
  /// one back, as it stands in nearly every model.
  ///
  ///     -e^2 / 2 - log sd - log(2 pi) / 2 + constant,  e = (x - mean) / sd
  ///
  /// Its derivatives are -e / sd by x, e / sd by the mean and (e^2 - 1) / sd by sd.
  ///
  /// - Parameters:
  ///   - x: Where the density is asked for.
  ///   - mean: Any numbers.
  ///   - standardDeviation: Above 0.
  ///   - constant: log 2 for the density of magnitudes.
  /// - Returns: In nats, of the shape to which the operands broadcast.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func normalLogDensity(
    _ x: Tensor, mean: Tensor, standardDeviation: Tensor, constant: Scalar = 0
  ) -> Tensor {
    let (y, m, s) = (x.detached, mean.detached, standardDeviation.detached)
    let layout = OperandRows([y.shape, m.shape, s.shape])
    // The logarithm on the standard deviation's own shape, of which there may be one for all.
    let logs = s.log()
    let offset = constant - Scalar(0.918938533204672741780329736406)
    let value = Tensor(uninitialized: layout.shape)
    withExtendedLifetime((y, m, s, logs)) {
      layout.forEachRows { rows, out, at in
        Scalar.kernels.normalDensity(
          rows.rows, rows.count, offset, rows.steps, y.pointer + at[0], m.pointer + at[1],
          s.pointer + at[2], logs.pointer + at[2], value.mutablePointer + out)
      }
    }
    let inputs = [x, mean, standardDeviation]
    let marked = value.marked(rowsOfBatch(inputs, layout.shape))
    return broadcastOperation(value: marked, inputs: inputs) { g, isTraced in
      let (dm, ds) = (Tensor(uninitialized: layout.shape), Tensor(uninitialized: layout.shape))
      withExtendedLifetime((g, y, m, s)) {
        layout.forEachRows { rows, out, at in
          Scalar.kernels.normalDensityGradient(
            rows.rows, rows.count, rows.steps, g.pointer + out, y.pointer + at[0],
            m.pointer + at[1], s.pointer + at[2], dm.mutablePointer + out, ds.mutablePointer + out)
        }
      }
      return [
        isTraced[0] ? negating(dm) : nil, isTraced[1] ? dm : nil, isTraced[2] ? ds : nil,
      ]
    }
  }
}
