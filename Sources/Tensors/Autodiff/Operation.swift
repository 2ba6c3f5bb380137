// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// A result whose gradient rule is given: how every operation, also a user's own, is made.
  ///
  /// - Parameters:
  ///   - value: The result, computed from the inputs off the tape.
  ///   - inputs: What it was computed from.
  ///   - name: What a step that is looked at calls the operation: as a rule the calling function.
  ///   - pullback: Maps the gradient of the result (of its shape) to one gradient per input (of the
  ///     input's shape), nil for an input that is not traced. It must capture detached tensors.
  /// - Returns: `value`, traced where an input is. It is rows of a parallel step's batch where `value` is:
  ///   where operations on rows computed it.
  /// - Precondition: All traced inputs are on one tape.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func operation(
    value: Tensor, inputs: [Tensor], name: String = #function,
    pullback: @escaping (Tensor) -> [Tensor?]
  ) -> Tensor {
    guard let tape = commonTape(of: inputs) else { return value }
    tape.inspector?.note(operationName(name), value, inputs: inputs)
    return tape.record(value, inputs: inputs.map { $0.trace?.node }, pullback: pullback)
  }

  /// A result written into memory that a parallel step keeps from step to step, and measured by its
  /// profile: how an operation with loops of its own is made.
  ///
  ///     /// The cube of each element.
  ///     func cubed() -> Tensor {
  ///       let x = detached
  ///       return .operation(
  ///         named: "cube", shape: shape, rowsOf: self, inputs: [self], bytes: 8 * count
  ///       ) { y in
  ///         x.withScalars { for i in y.indices { y[i] = $0[i] * $0[i] * $0[i] } }
  ///       } pullback: { gradient in
  ///         [gradient * x * x * 3]
  ///       }
  ///     }
  ///
  /// Where the result is rows of the batch, linear layers that take it leave their weight gradient to the
  /// step's second phase, as they do after the library's own operations.
  ///
  /// - Parameters:
  ///   - name: What `elbo train --profile` calls it; the time of `pullback` is under "NAME gradient".
  ///   - shape: The shape of the result.
  ///   - rows: The input whose rows the result has: each index of the result's first axis depends on one
  ///     row of that input alone, or equally many in succession do. Nil where there is no such input.
  ///   - inputs: What the result is computed from.
  ///   - operations: Additions and multiplications, as an estimate for the profile.
  ///   - bytes: Read and written at least once, as an estimate where there is little arithmetic.
  ///   - body: Must write every element, in row-major order, from the inputs off the tape.
  ///   - pullback: As in ``operation(value:inputs:name:pullback:)``.
  /// - Returns: The result, traced where an input is.
  /// - Precondition: All traced inputs are on one tape; the result has as many rows as `rows`, or a
  ///   multiple.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func operation(
    named name: String, shape: [Int], rowsOf rows: Tensor? = nil, inputs: [Tensor],
    operations: Int = 0, bytes: Int = 0,
    initializedBy body: (UnsafeMutableBufferPointer<Scalar>) -> Void,
    pullback: @escaping (Tensor) -> [Tensor?]
  ) -> Tensor {
    let marked = rows?.rows
    precondition(
      marked.map { shape.first?.isMultiple(of: $0) == true } ?? true,
      "the operation \(name) makes a tensor of shape \(shape) of \(marked ?? 0) rows of a batch")
    let tape = commonTape(of: inputs)
    let profile = tape?.profile
    let value =
      tape?.allocate(shape, rows: marked) ?? Tensor(uninitialized: shape, rows: marked)
    profile.measure(name, operations: operations, bytes: bytes) {
      body(UnsafeMutableBufferPointer(start: value.mutablePointer, count: value.count))
    }
    guard profile != nil else {
      return operation(value: value, inputs: inputs, name: name, pullback: pullback)
    }
    return operation(value: value, inputs: inputs, name: name) { gradient in
      profile.measure("\(name) gradient") { pullback(gradient) }
    }
  }

  /// A function of several tensors, element by element, whose shapes broadcast to that of the result, with
  /// its derivatives.
  ///
  /// - Parameters:
  ///   - value: The result, computed from the inputs off the tape.
  ///   - inputs: What it was computed from.
  ///   - name: As in ``operation(value:inputs:name:pullback:)``.
  ///   - pullback: Maps the gradient of the result to one for each input, of a shape that broadcasts to the
  ///     result's: they are summed over what was repeated. Asked which inputs are traced, it may leave
  ///     the others out as nil. It must capture detached tensors.
  /// - Returns: `value`, traced where an input is.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func broadcastOperation(
    value: Tensor, inputs: [Tensor], name: String = #function,
    pullback: @escaping (_ gradient: Tensor, _ isTraced: [Bool]) -> [Tensor?]
  ) -> Tensor {
    if !inputs.contains(where: { $0.isTraced }) { return value }
    let (shapes, isTraced) = (inputs.map { $0.shape }, inputs.map { $0.isTraced })
    let whole = value.shape
    return operation(value: value, inputs: inputs, name: name) { gradient in
      zip(pullback(gradient, isTraced), shapes).map { part, shape in
        // What is the same along an axis of the result counts once for each of its elements there.
        part.map { ($0.shape == whole ? $0 : $0.repeated(to: whole)).summed(to: shape) }
      }
    }
  }

  /// The tape of the traced tensors among `inputs`, if any.
  package static func commonTape(of inputs: [Tensor]) -> Tape<Scalar>? {
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
