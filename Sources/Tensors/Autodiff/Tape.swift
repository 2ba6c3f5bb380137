// SPDX-License-Identifier: Apache-2.0

/// Where a traced tensor stands: the node of a tape that computed it.
struct Trace<Scalar: TensorScalar>: Sendable {
  let tape: Tape<Scalar>
  let node: Int
}

/// A record of operations, in the order in which they ran, for reverse-mode differentiation.
///
///     let tape = Tape<Double>()
///     let z = tape.variable(Tensor([1, 2, 3]))
///     let y = (z * z).sum()
///     let gradient = tape.gradients(of: y, at: [z])[0]    // [2, 4, 6]
///
/// `@unchecked Sendable`: tensors carry their tape and are values that may cross threads, but a tape
/// belongs to the thread that records on it; parallel training gives each thread a tape of its own.
public final class Tape<Scalar: TensorScalar>: @unchecked Sendable {
  /// Maps the gradient of a node's value to the gradients of its inputs; nil where none is needed.
  typealias Pullback = (Tensor<Scalar>) -> [Tensor<Scalar>?]

  private struct Node {
    /// The nodes of the inputs, earlier ones; nil for an input that is not traced.
    let inputs: [Int?]
    /// Nil for a leaf.
    let pullback: Pullback?
    /// The shape of the value, which is that of its gradient too.
    let shape: [Int]
    /// The mark of the value, which is that of its gradient too.
    let rows: Int?
  }

  private var nodes: [Node] = []
  /// The leaves of this tape that a parallel step treats as parameters: nodes 0 ..< count.
  private(set) var parameterCount = 0
  /// The part of a parallel step that is recorded here; nil for any other tape.
  let shard: Shard<Scalar>?
  var profile: Profile? { shard?.profile }
  /// Looks at each value and gradient of a step that is repeated for that; nil for any other tape.
  let inspector: TapeInspector<Scalar>?
  /// Gradients left to the second phase of a parallel step, in the order in which they were met.
  private(set) var deferred: [any DeferredGradient<Scalar>] = []

  /// An empty tape.
  public convenience init() { self.init(shard: nil) }

  init(shard: Shard<Scalar>?, inspector: TapeInspector<Scalar>? = nil) {
    self.shard = shard
    self.inspector = inspector
    nodes.reserveCapacity(64)
  }

  /// A traced tensor with the numbers of `value`: a leaf, with respect to which one differentiates.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func variable(_ value: Tensor<Scalar>) -> Tensor<Scalar> {
    inspector?.note("variable", value, inputs: [])
    return record(value, inputs: [], pullback: nil)
  }

  /// A leaf whose gradient a parallel step may compute later, from its factors.
  func parameter(_ value: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(nodes.count == parameterCount, "parameters must come first on a tape")
    parameterCount += 1
    return variable(value)
  }

  /// The elements of the largest value recorded, of all values, and how many there are.
  package var work: (largest: Int, elements: Int, operations: Int) {
    nodes.reduce((0, 0, nodes.count)) { work, node in
      let count = node.shape.elementCount
      return (max(work.0, count), work.1 + count, work.2)
    }
  }

  /// `value` as a node of this tape. The pullback must hold neither this tape nor a traced tensor, as the
  /// tape holds the pullback.
  func record(
    _ value: Tensor<Scalar>, inputs: [Int?], pullback: Pullback?
  ) -> Tensor<Scalar> {
    nodes.append(Node(inputs: inputs, pullback: pullback, shape: value.shape, rows: value.rows))
    return Tensor(
      shape: value.shape, storage: value.storage, offset: value.offset, rows: value.rows,
      trace: Trace(tape: self, node: nodes.count - 1))
  }

  /// The gradients of the sum of `output`'s elements, or of `seed` times `output`, summed.
  ///
  /// - Parameters:
  ///   - output: A tensor recorded on this tape.
  ///   - inputs: Tensors recorded on this tape.
  ///   - seed: The weight of each element of `output`, of the same shape; all ones when nil.
  /// - Returns: A tensor per input, of its shape; zeros where `output` does not depend on it.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func gradients(
    of output: Tensor<Scalar>, at inputs: [Tensor<Scalar>], seed: Tensor<Scalar>? = nil
  ) -> [Tensor<Scalar>] {
    let targets = inputs.map { node(of: $0, "input") }
    let adjoints = backward(from: [(output, seed)], keeping: Set(targets))
    return zip(inputs, targets).map { input, node in adjoints[node] ?? .zeros(input.shape) }
  }

  /// Reverse accumulation: with s the sum over the outputs of seed times output, the adjoint of a node
  /// is ds/d(its value), the sum over its uses of what their pullbacks make of their own adjoints.
  ///
  /// - Parameters:
  ///   - outputs: Tensors recorded on this tape, with the weight of each element; all ones when nil.
  ///   - kept: The nodes whose adjoints are asked for.
  /// - Returns: By node, the adjoints of those in `kept` on which an output depends; else nil.
  func backward(
    from outputs: [(output: Tensor<Scalar>, seed: Tensor<Scalar>?)], keeping kept: Set<Int>
  ) -> [Tensor<Scalar>?] {
    var adjoints = [Tensor<Scalar>?](repeating: nil, count: nodes.count)
    var last = -1
    for (output, seed) in outputs {
      let seed = seed ?? Tensor(repeating: 1, shape: output.shape)
      precondition(
        seed.shape == output.shape, "a seed of shape \(seed.shape) for an output \(output.shape)")
      let node = node(of: output, "output")
      Self.add(seed.detached, to: &adjoints[node])
      last = max(last, node)
    }
    // A node's uses come after it, so that its adjoint is whole when it is reached.
    for index in stride(from: last, through: 0, by: -1) {
      guard let pullback = nodes[index].pullback else { continue }
      // What nobody asks for is let go, so that its memory serves the next.
      let held = kept.contains(index) ? adjoints[index] : adjoints[index].take()
      guard var adjoint = held else { continue }
      adjoint.rows = nodes[index].rows
      inspector?.note(gradient: adjoint, at: index)
      let (inputs, gradients) = (nodes[index].inputs, pullback(adjoint))
      inspector?.note(handedBack: gradients, at: index)
      // A gradient of another shape would be read beyond its memory by what comes before.
      precondition(
        gradients.count == inputs.count
          && inputs.indices.allSatisfy { place in
            guard let input = inputs[place], let gradient = gradients[place] else { return true }
            return gradient.shape == nodes[input].shape
          },
        """
        a pullback gave gradients of shapes \(gradients.map { $0?.shape }) for inputs of \
        \(inputs.map { $0.map { nodes[$0].shape } })
        """)
      for (input, gradient) in zip(inputs, gradients) {
        if let input, let gradient { Self.add(gradient, to: &adjoints[input]) }
      }
    }
    return adjoints
  }

  /// Adds one use's part of an adjoint; the order of the parts is that of the uses, the last first.
  private static func add(_ gradient: Tensor<Scalar>, to adjoint: inout Tensor<Scalar>?) {
    if adjoint == nil {
      adjoint = gradient
    } else {
      adjoint?.accumulate(gradient)
    }
  }

  private func node(of tensor: Tensor<Scalar>, _ role: String) -> Int {
    guard let trace = tensor.trace, trace.tape === self else {
      preconditionFailure("the \(role) of shape \(tensor.shape) is not recorded on this tape")
    }
    return trace.node
  }

  /// Leaves a gradient to the second phase of the step: what a pullback does in place of returning it.
  package func deferGradient(_ gradient: some DeferredGradient<Scalar>) {
    deferred.append(gradient)
  }

  // MARK: Memory of a parallel step

  /// Allocations of rows of the batch so far.
  private var allocations = 0
  /// The blocks they got.
  private var slots: [Storage<Scalar>] = []

  /// Memory for a result that holds so many rows of the batch. In a parallel step all tapes run the
  /// same program, so the i-th allocation of each is a block of rows of one matrix for the whole batch.
  func allocate(_ shape: [Int], rows: Int?) -> Tensor<Scalar> {
    guard let shard, let place = shard.place(of: shape, rows: rows) else {
      return Tensor(uninitialized: shape, rows: rows)
    }
    defer { allocations += 1 }
    guard let storage = shard.workspace.slot(allocations, capacity: place.capacity) else {
      return Tensor(uninitialized: shape, rows: rows)
    }
    slots.append(storage)
    return Tensor(shape: shape, storage: storage, offset: place.offset, rows: rows)
  }

  /// Roundings of rows of the batch so far: they have a workspace of their own.
  private var roundings = 0

  /// `tensor` rounded to bfloat16, in memory of the whole batch where its rows are those of the batch;
  /// nil where the step's products are not of such numbers. Which numbers are rounded must not depend
  /// on how the batch was cut.
  func rounded(_ tensor: Tensor<Scalar>) -> RoundedMatrix? {
    guard let shard, let operands = shard.rounded else { return nil }
    guard let place = shard.place(of: tensor.shape, rows: tensor.rows) else {
      return operands.round(tensor)
    }
    defer { roundings += 1 }
    return operands.round(tensor, place: place, slot: roundings)
  }

  /// Rows of the batch, moved into memory of the whole batch unless they are there already: what a
  /// gradient that is left to the second phase is computed from.
  package func batchWide(_ tensor: Tensor<Scalar>) -> Tensor<Scalar> {
    if let place = shard?.place(of: tensor.shape, rows: tensor.rows), tensor.offset == place.offset,
      slots.contains(where: { $0 === tensor.storage })
    {
      return tensor
    }
    let copy = allocate(tensor.shape, rows: tensor.rows)
    withExtendedLifetime(tensor) {
      copy.mutablePointer.update(from: tensor.pointer, count: tensor.count)
    }
    return copy
  }
}

/// The value of a function of tensors and its gradients.
///
/// - Parameters:
///   - point: Where to evaluate.
///   - function: Computes a tensor from traced copies of `point`; its elements are summed.
/// - Returns: What `function` returned, off the tape, and a gradient per element of `point`.
public func valueWithGradients<Scalar>(
  at point: [Tensor<Scalar>], of function: ([Tensor<Scalar>]) throws -> Tensor<Scalar>
) rethrows -> (value: Tensor<Scalar>, gradients: [Tensor<Scalar>]) {
  let tape = Tape<Scalar>()
  let variables = point.map { tape.variable($0.detached) }
  let output = try function(variables)
  guard output.isTraced else { return (output, point.map { .zeros($0.shape) }) }
  return (output.detached, tape.gradients(of: output, at: variables))
}
