// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// A reparameterised draw from N(mean, exp(logVariance)): z = mean + exp(logVariance / 2) noise.
  ///
  /// dz/dmean = 1 and dz/dlogVariance = (z - mean) / 2 (Kingma and Welling 2014, section 2.4).
  ///
  /// A mean `[batch, 1, n]` meets noise `[batch, draws, n]` without copies; its gradient is the sum over
  /// the draws. The bits are those of the copies.
  ///
  /// - Parameters:
  ///   - mean: A shape that broadcasts to that of `noise`.
  ///   - logVariance: The shape of `mean`.
  ///   - noise: Standard normal numbers.
  /// - Returns: The draws, of the shape of `noise`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func gaussianSample(mean: Tensor, logVariance: Tensor, noise: Tensor) -> Tensor {
    let layout = Broadcast(mean.shape, noise.shape)
    precondition(
      mean.shape == logVariance.shape && layout.shape == noise.shape,
      "a Gaussian of mean \(mean.shape), log variance \(logVariance.shape), noise \(noise.shape)")
    let (m, v, e) = (mean.detached, logVariance.detached, noise.detached)
    let tape = commonTape(of: [mean, logVariance, noise])
    let rows = mean.rows ?? logVariance.rows ?? noise.rows
    let z =
      tape?.allocate(noise.shape, rows: rows) ?? Tensor(uninitialized: noise.shape, rows: rows)
    withExtendedLifetime((m, v, e)) {
      layout.forEachRun { out, ownMean, count in
        Scalar.kernels.gaussianSample(
          count, m.pointer + ownMean, v.pointer + ownMean, e.pointer + out, z.mutablePointer + out)
      }
    }
    let tracedNoise = noise.isTraced
    return operation(value: z, inputs: [mean, logVariance, noise]) { g in
      let dv = Tensor(uninitialized: z.shape)
      withExtendedLifetime((g, z, m)) {
        layout.forEachRun { out, ownMean, count in
          Scalar.kernels.gaussianSampleGradient(
            count, g.pointer + out, z.pointer + out, m.pointer + ownMean, dv.mutablePointer + out)
        }
      }
      return [
        g.summed(to: m.shape), dv.summed(to: m.shape), tracedNoise ? g * (v * 0.5).exp() : nil,
      ]
    }
  }

  /// KL(N(mean, exp(logVariance)) || N(0, I)), summed over the last axis.
  ///
  ///     1/2 sum over j of exp(v[j]) + m[j]^2 - 1 - v[j]
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
