// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension Parameterized {
  /// A copy with weights `[outputs, inputs]` drawn from U(-b, b), b = sqrt(6 / (inputs + outputs)), and
  /// all other parameters zero: for networks of tanh layers.
  ///
  /// - Parameter seed: The same seed gives the same weights.
  /// - Returns: The copy; what the parameters were does not matter.
  /// - Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
  ///   networks", AISTATS 2010, equation 16.
  public func glorotInitialized(seed: UInt64) -> Self {
    var generator = CounterGenerator(seed: seed, stream: GeneratorPurpose.glorotWeights.stream())
    return mappingParameters { _, old in
      guard old.rank == 2 else { return .zeros(old.shape) }
      let bound = Scalar((6 / Double(old.shape[0] + old.shape[1])).squareRoot())
      return .uniform(old.shape, in: -bound..<bound, key: NoiseKey(seed: generator.next()))
    }
  }
}
