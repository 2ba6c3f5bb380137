// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// The non-linearity after a linear map, computed in the same pass over memory.
public enum Activation: String, Sendable, CaseIterable {
  /// The value itself.
  case identity
  /// max(x, 0).
  case relu
  /// The hyperbolic tangent.
  case tanh
}

extension Activation {
  var kernel: ElboActivation {
    switch self {
    case .identity: ElboIdentityActivation
    case .relu: ElboReluActivation
    case .tanh: ElboTanhActivation
    }
  }

  /// The gradient before the activation, from that after it and the activation's output y:
  /// g (1 - y^2) for tanh, g where y > 0 for relu.
  func pullback<Scalar>(_ g: Tensor<Scalar>, output y: Tensor<Scalar>, into result: Tensor<Scalar>)
  {
    let kernel = self == .tanh ? ElboTanhGradientFromY : ElboReluGradientFromY
    withExtendedLifetime((g, y)) {
      Scalar.kernels.binary(kernel, g.count, g.pointer, 1, y.pointer, 1, result.mutablePointer)
    }
  }
}

extension Tensor {
  /// A fused linear layer: activation(x W^T + b), or activation(x W^T) without a bias.
  ///
  /// With D the gradient before the activation: dx = D W, dW = D^T x, db = D^T 1. In a parallel step,
  /// where x is rows of the batch, those of the step's parameters are left to its second phase as the
  /// factors D and x. What is not finite in W need not show in dx where it meets zeros of D.
  ///
  /// - Parameters:
  ///   - weight: `[outputs, inputs]`, as `torch.nn.Linear` stores it.
  ///   - bias: `[outputs]`, or nil.
  ///   - activation: Applied to each output.
  /// - Returns: `[..., outputs]` for this tensor of shape `[..., inputs]`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func linear(
    weight: Tensor, bias: Tensor? = nil, activation: Activation = .identity
  ) -> Tensor {
    precondition(
      rank >= 1 && weight.rank == 2 && shape[rank - 1] == weight.shape[1]
        && (bias?.shape ?? [weight.shape[0]]) == [weight.shape[0]],
      "a linear layer of weight \(weight.shape)\(bias.map { " and bias \($0.shape)" } ?? "") "
        + "for an input \(shape)")
    let tape = Tensor.commonTape(of: [self, weight] + (bias.map { [$0] } ?? []))
    let resultShape = Array(shape.dropLast()) + [weight.shape[0]]
    // The only axis of a vector is not rows.
    let rows = rank > 1 ? rows : nil
    let output =
      tape?.allocate(resultShape, rows: rows) ?? Tensor(uninitialized: resultShape, rows: rows)
    let (x, w) = (detached, weight.detached)
    // x and W as the products take them.
    let (a, b) = tape?.operands(self, weight) ?? (.exact(x), .exact(w))
    output.writeLinear(a, b, bias, activation, tape?.profile)
    guard let tape else { return output }

    let needsInput = isTraced
    let (tracedWeight, tracedBias) = (weight.isTraced, bias?.isTraced == true)
    // Rows of the batch leave dW to the second phase, and db with it. A weight or a bias that is computed
    // from parameters does not wait: the tape needs its gradient to go on.
    let waitingWeight = rows == nil ? nil : weight.parameterNumber
    let waitingBias = waitingWeight == nil ? nil : bias?.parameterNumber
    // Counted now, while x is in the cache.
    let nonzero = waitingWeight.flatMap { _ in a.nonzeroCount(forOutputs: w.shape[0]) }
    let inputs = [trace?.node, weight.trace?.node, bias?.trace?.node]
    tape.inspector?.note(
      activation == .identity ? "linear" : "linear, \(activation)", output,
      inputs: [self, weight] + (bias.map { [$0] } ?? []))
    return tape.record(output, inputs: inputs) { [unowned tape] g in
      let profile = tape.profile
      // D, [..., outputs].
      let gradient = profile.measure("activation gradients", bytes: 3 * g.byteCount) {
        g.before(activation, output: output, on: waitingWeight == nil ? nil : tape)
      }
      let d = tape.operand(gradient, beside: a)
      let dx: Tensor? =
        needsInput
        ? profile.measure("D W       \(b.layerName)", operations: 2 * gradient.count * b.columns) {
          .product(d, b, resultShape: x.shape)
        } : nil
      if let waitingWeight {
        tape.deferGradient(
          LinearGradient(
            weight: waitingWeight, bias: waitingBias, x: tape.batchWide(a), d: d, nonzero: nonzero,
            gradient: gradient))
      }
      return [
        dx,
        tracedWeight && waitingWeight == nil
          ? .product(d, a, transposeA: true, resultShape: w.shape) : nil,
        tracedBias && waitingBias == nil ? gradient.summed(to: [w.shape[0]]) : nil,
      ]
    }
  }

  /// Writes activation(x W^T + b) into this tensor, `[..., outputs]`: the product, then one pass for the
  /// rest while rows are in the cache.
  private func writeLinear(
    _ x: Operand<Scalar>, _ weight: Operand<Scalar>, _ bias: Tensor?, _ activation: Activation,
    _ profile: Profile?
  ) {
    profile.measure("x W^T     \(weight.layerName)", operations: 2 * count * weight.columns) {
      writeProduct(x, weight, transposeB: true)
    }
    if bias == nil, activation == .identity { return }
    let outputs = weight.rows
    let rows = outputs == 0 ? 0 : count / outputs
    withExtendedLifetime(bias) {
      profile.measure("bias and activation", bytes: 2 * byteCount) {
        Scalar.kernels.biasActivation(
          activation.kernel, rows, outputs, bias?.pointer, mutablePointer)
      }
    }
  }

  /// This gradient, taken back through the activation, in memory of the whole batch if `tape` asks.
  private func before(
    _ activation: Activation, output: Tensor, on tape: Tape<Scalar>?
  ) -> Tensor {
    if activation == .identity { return tape?.batchWide(self) ?? self }
    let result = tape?.allocate(shape, rows: rows) ?? Tensor(uninitialized: shape, rows: rows)
    activation.pullback(self, output: output, into: result)
    return result
  }
}

extension Operand {
  /// A layer's widths, by its weight.
  fileprivate var layerName: String { "\(columns) -> \(rows)" }
}

extension Tape {
  /// What a layer multiplies: rounded where the step's products are of such numbers.
  fileprivate func operands(
    _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>
  ) -> (Operand<Scalar>, Operand<Scalar>) {
    guard let operands = shard?.rounded, let number = weight.parameterNumber,
      let input = rounded(x)
    else { return (.exact(x.detached), .exact(weight.detached)) }
    return (.rounded(input), .rounded(operands.weight(number)))
  }

  /// A gradient of the same kind as the layer's input.
  fileprivate func operand(
    _ gradient: Tensor<Scalar>, beside input: Operand<Scalar>
  ) -> Operand<Scalar> {
    guard case .rounded = input, let rounded = rounded(gradient) else { return .exact(gradient) }
    return .rounded(rounded)
  }

  /// A layer's input in memory of the whole batch; what is rounded is there already.
  fileprivate func batchWide(_ input: Operand<Scalar>) -> Operand<Scalar> {
    guard case .exact(let tensor) = input else { return input }
    return .exact(batchWide(tensor))
  }
}
