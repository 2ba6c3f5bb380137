// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// z = m + F f(e), f the coupling steps one after the other, with what densities gain by it.
struct FlowMap: Sendable {
  let base: FactoredGaussian
  let steps: [CouplingStep<Double>]

  /// f and log |df/de| of each row.
  func bent(
    _ noise: Tensor<Double>, by steps: [CouplingStep<Double>]? = nil
  ) -> (value: Tensor<Double>, logDeterminant: Tensor<Double>) {
    var (value, logDeterminant) = (noise, Tensor<Double>.zeros([noise.shape[0]]))
    for step in steps ?? self.steps {
      let moved = step.forward(value)
      (value, logDeterminant) = (moved.value, logDeterminant + moved.logDeterminant)
    }
    return (value, logDeterminant)
  }

  /// z of each row.
  func points(_ noise: Tensor<Double>) -> Tensor<Double> { base.points(bent(noise).value) }

  /// -grad log q by f, of each row of f(e), at the steps as they are; what log N(0, I) lacks left
  /// out.
  func scores(ofBent bent: Tensor<Double>) -> Tensor<Double> {
    let tape = Tape<Double>()
    let leaf = tape.variable(bent)
    var (value, logDeterminant) = (leaf, Tensor<Double>.zeros([bent.shape[0]]))
    for step in steps.reversed() {
      let inverse = step.inverse(value)
      (value, logDeterminant) = (inverse.value, logDeterminant + inverse.logDeterminant)
    }
    let negative = value.squared().sum(along: -1) * 0.5 + logDeterminant
    return tape.gradients(of: negative, at: [leaf])[0]
  }

  /// The distribution as users know it.
  var distribution: CouplingFlow<Double> {
    let n = base.dimension
    return CouplingFlow(
      base: FullCovarianceGaussian(
        mean: Tensor(base.mean, shape: [1, n]), factor: base.factor.reshaped(to: [1, n, n])),
      steps: steps)
  }
}

/// log p(z(e)) + log |dz/de|: a density pulled back through a flow, which is N(0, I) where the flow
/// is an exact fit. Check, chains and draws in its coordinates are those of the flow.
struct TransformedDensity: LogDensity {
  let density: any LogDensity
  let map: FlowMap

  var dimension: Int { density.dimension }
  /// Those of z that e moves most directly; e itself has no names.
  var coordinateNames: [String] { density.coordinateNames }

  func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    let (value, logDeterminant) = map.bent(points)
    return density.logDensities(at: map.base.points(value)) + logDeterminant
      + map.base.logDeterminant
  }

  func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    let tape = Tape<Double>()
    let leaf = tape.variable(points)
    let (value, logDeterminant) = map.bent(leaf)
    let (values, gradients) = density.logDensitiesWithGradients(
      at: map.base.points(value.detached))
    let slopes = gradients.matrixProduct(map.base.factor)
    let total = (value * slopes).sum(along: -1) + logDeterminant
    return (
      values + logDeterminant.detached + map.base.logDeterminant,
      tape.gradients(of: total, at: [leaf])[0]
    )
  }
}
