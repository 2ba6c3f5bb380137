// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// A result whose gradient rule is given: how every operation, also a user's own, is made.
  ///
  /// - Parameters:
  ///   - value: The result, computed from the inputs off the tape.
  ///   - inputs: What it was computed from.
  ///   - pullback: Maps the gradient of the result (of its shape) to one gradient per input (of the
  ///     input's shape), nil for an input that is not traced. It must capture detached tensors.
  /// - Returns: `value`, traced where an input is.
  /// - Precondition: All traced inputs are on one tape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func operation(
    value: Tensor, inputs: [Tensor], pullback: @escaping (Tensor) -> [Tensor?]
  ) -> Tensor {
    guard let tape = commonTape(of: inputs) else { return value }
    return tape.record(value, inputs: inputs.map { $0.trace?.node }, pullback: pullback)
  }

  /// The tape of the traced tensors among `inputs`, if any.
  static func commonTape(of inputs: [Tensor]) -> Tape<Scalar>? {
    var tape: Tape<Scalar>?
    for case let trace? in inputs.lazy.map(\.trace) {
      precondition(tape == nil || tape === trace.tape, "an operation mixes tensors of two tapes")
      tape = trace.tape
    }
    return tape
  }

  /// Computes a new tensor from the memory of others, which is kept alive meanwhile.
  static func generate(
    _ shape: [Int], _ a: Tensor,
    _ body: (UnsafeMutablePointer<Scalar>, UnsafePointer<Scalar>) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    withExtendedLifetime(a) { body(result.mutablePointer, a.pointer) }
    return result
  }

  static func generate(
    _ shape: [Int], _ a: Tensor, _ b: Tensor,
    _ body: (UnsafeMutablePointer<Scalar>, UnsafePointer<Scalar>, UnsafePointer<Scalar>) -> Void
  ) -> Tensor {
    let result = Tensor(uninitialized: shape)
    withExtendedLifetime((a, b)) { body(result.mutablePointer, a.pointer, b.pointer) }
    return result
  }
}
