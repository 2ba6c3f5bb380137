// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// A reparameterised draw from N(mean, exp(logVariance)): z = mean + exp(logVariance / 2) noise.
  ///
  /// dz/dmean = 1 and dz/dlogVariance = (z - mean) / 2 (Kingma and Welling 2014, section 2.4).
  ///
  /// - Parameters:
  ///   - mean: Any shape.
  ///   - logVariance: The shape of `mean`.
  ///   - noise: Standard normal numbers, of the shape of `mean`; or axes before the last are of size 1 in
  ///     one of the two, which is then repeated: `[batch, 1, n]` and noise `[batch, draws, n]`.
  /// - Returns: The draws, of the shape of `noise` where that is the larger.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func gaussianSample(mean: Tensor, logVariance: Tensor, noise: Tensor) -> Tensor {
    guard mean.shape == logVariance.shape, let layout = Broadcast(rowsOf: mean.shape, noise.shape)
    else {
      preconditionFailure(
        "a Gaussian of mean \(mean.shape), log variance \(logVariance.shape), noise \(noise.shape)")
    }
    let (m, v, e) = (mean.detached, logVariance.detached, noise.detached)
    let columns = m.shape.last ?? 1
    let tape = commonTape(of: [mean, logVariance, noise])
    let shape: [Int] = layout.shape + m.shape.suffix(1)
    let rows = mean.rows ?? logVariance.rows ?? noise.rows
    let z = tape?.allocate(shape, rows: rows) ?? Tensor(uninitialized: shape, rows: rows)
    withExtendedLifetime((m, v, e)) {
      layout.forEachRow { first, a, b, count, stride, noiseStride in
        write(
          z.mutablePointer + first * columns, m.pointer + a * columns, v.pointer + a * columns,
          e.pointer + b * columns, rows: count, columns, stride, noiseStride)
      }
    }
    let tracedNoise = noise.isTraced
    return operation(value: z, inputs: [mean, logVariance, noise]) { g in
      let dv = Tensor(uninitialized: z.shape)
      withExtendedLifetime((g, z, m)) {
        layout.forEachBlock { first, a, _, count in
          let start = first * columns
          Scalar.kernels.gaussianSampleGradient(
            count * columns, g.pointer + start, z.pointer + start, m.pointer + a * columns,
            dv.mutablePointer + start)
        }
      }
      return [
        g.summed(to: m.shape), dv.summed(to: m.shape),
        tracedNoise ? (g * (v * 0.5).exp()).summed(to: e.shape) : nil,
      ]
    }
  }

  /// Some rows of draws: of one Gaussian with many noises, of many with one noise, or row by row.
  private static func write(
    _ z: UnsafeMutablePointer<Scalar>, _ mean: UnsafePointer<Scalar>,
    _ logVariance: UnsafePointer<Scalar>, _ noise: UnsafePointer<Scalar>, rows: Int, _ columns: Int,
    _ stride: Int, _ noiseStride: Int
  ) {
    if stride == 0 {
      return Scalar.kernels.gaussianDraws(rows, columns, mean, logVariance, noise, z)
    }
    // With one noise each row is a block of its own.
    let (blocks, length) = noiseStride == 1 ? (1, rows * columns) : (rows, columns)
    for block in 0..<blocks {
      let start = block * length
      Scalar.kernels.gaussianSample(length, mean + start, logVariance + start, noise, z + start)
    }
  }

  /// KL(N(mean, exp(logVariance)) || N(0, I)), summed over the last axis.
  ///
  ///     1/2 sum over j of exp(v[j]) + m[j]^2 - 1 - v[j],  with d/dm = m and d/dv = (exp(v) - 1) / 2
  ///
  /// - Parameters:
  ///   - mean: `[..., n]`.
  ///   - logVariance: The shape of `mean`.
  /// - Returns: `[...]`, in nats; never negative (Kingma and Welling 2014, appendix B).
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func gaussianKLToStandardNormal(mean: Tensor, logVariance: Tensor) -> Tensor {
    precondition(
      mean.shape == logVariance.shape && mean.rank >= 1,
      "a Gaussian of mean \(mean.shape) and log variance \(logVariance.shape)")
    let (m, v) = (mean.detached, logVariance.detached)
    let columns = m.shape[m.rank - 1]
    let rows = m.shape.dropLast().reduce(1, *)
    let value = generate(m.shape.dropLast(), m, v) {
      Scalar.kernels.gaussianKL(rows, columns, $1, $2, $0)
    }
    let marked = value.marked(mean.rows ?? logVariance.rows)
    return operation(value: marked, inputs: [mean, logVariance]) { g in
      let (dm, dv) = (Tensor(uninitialized: m.shape), Tensor(uninitialized: m.shape))
      withExtendedLifetime((g, m, v)) {
        Scalar.kernels.gaussianKLGradient(
          rows, columns, g.pointer, m.pointer, v.pointer, dm.mutablePointer, dv.mutablePointer)
      }
      return [dm, dv]
    }
  }
}
