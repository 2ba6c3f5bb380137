// SPDX-License-Identifier: Apache-2.0

import VariationalInference

private let inputs = Value((0..<25).map { Double($0) * 0.25 })
/// sin(x) at 25 places of 0 ... 6 with errors of sd 0.3, by the generator's seed 3.
private let values: Value =
  inputs.sin() + 0.3 * Value(Tensor<Double>.standardNormal([25], key: NoiseKey(seed: 3)).scalars)

extension PosteriorExample {
  /// Shows a function that is integrated out, and how to predict: its values elsewhere are latent
  /// variables whose law is the conditional one, of which the data know nothing more.
  static let gaussianProcess = PosteriorExample(
    name: "gaussian_process",
    description: "regression on an unknown smooth function, simulated: sin(x) + N(0, 0.3^2)",
    model: Model { z in
      let scale = z.latent("scale", HalfNormal(2))
      let length = z.latent("length", InverseGamma(5, 5))
      let error = z.latent("error", HalfNormal(1))
      let process = GaussianProcess(
        .squaredExponential(scale: scale, lengthScale: length), at: inputs,
        noiseVariance: error.squared())
      z.observe("y", process, values)
      let elsewhere = process.prediction(at: Value([1.6, 3.1, 4.7, 7]), given: values)
      z.latent("f", elsewhere, .nonCentred)
    })
}
