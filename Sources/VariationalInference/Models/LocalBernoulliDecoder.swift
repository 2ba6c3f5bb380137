// SPDX-License-Identifier: Apache-2.0

/// A decoder with rectified units in its last hidden layer, made ready for many z near some point.
///
/// With a the layer's values before rectification and W its outgoing weights, the logits are
/// W relu(a) + b, and relu(a) = a + relu(-a). Units that are on at the point are written the second
/// way: together they are one affine map of the layer's inputs, and a unit needs work of its own only
/// at those z where it has changed sides. The logits are those of the decoder up to rounding,
/// whatever z; how many units change sides decides the speed.
///
/// (784-400-20 on MNIST: 6 % of the units for a draw of q, if the point is the mean of q.)
struct LocalBernoulliDecoder<Scalar: TensorScalar>: Sendable {
  /// The layers before the last hidden one.
  private let earlier: ArraySlice<Linear<Scalar>>
  private let rectified: Linear<Scalar>
  private let logits: Linear<Scalar>
  /// `[hidden, outputs]`.
  private let outgoing: Tensor<Scalar>

  /// Nil where it would bring nothing: other units, or so many inputs of their layer that the affine
  /// map costs as much as it saves.
  init?(_ decoder: BernoulliDecoder<Scalar>) {
    guard let last = decoder.hidden.layers.last, last.activation == .relu,
      2 * last.weight.shape[1] <= last.weight.shape[0]
    else { return nil }
    earlier = decoder.hidden.layers.dropLast()
    rectified = last
    logits = decoder.logits
    outgoing = logits.weight.transposed()
  }

  /// p(x | z) for rows of z, of which most are near `point`, `[1, latent]`.
  func likelihood(near point: Tensor<Scalar>)
    -> @Sendable (_ z: Tensor<Scalar>) -> IndependentBernoulli<Scalar>
  {
    let values = rectified(inputs(point)).scalars
    let on = Tensor<Scalar>(values.map { $0 > 0 ? 1 : 0 }, shape: [values.count, 1])
    let affine = affineMap(on)
    let changed = rectified.withUnits(scaledBy: 1 - 2 * on)
    return { z in
      let inputs = self.inputs(z)
      var logits = affine(inputs)
      logits.addProduct(sparse: changed(inputs), self.outgoing)
      return IndependentBernoulli(logits: logits)
    }
  }

  private func inputs(_ z: Tensor<Scalar>) -> Tensor<Scalar> { earlier.reduce(z) { $1($0) } }

  /// What the units that are `on`, `[hidden, 1]`, give as long as they are.
  private func affineMap(_ on: Tensor<Scalar>) -> Linear<Scalar> {
    let those = rectified.withUnits(scaledBy: on)
    var map = logits
    map.weight = those.weight.transposed().matrixProduct(outgoing).transposed()
    if let given = those.bias?.matrixProduct(outgoing) {
      map.bias = map.bias.map { $0 + given } ?? given
    }
    return map
  }
}

extension Linear {
  /// Each unit's weights and bias multiplied by its factor, `[outputs, 1]`.
  fileprivate func withUnits(scaledBy factors: Tensor<Scalar>) -> Linear {
    var layer = self
    layer.weight = weight * factors
    layer.bias = bias.map { $0 * factors.reshaped(to: $0.shape) }
    return layer
  }
}
