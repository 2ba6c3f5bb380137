// SPDX-License-Identifier: Apache-2.0

/// The gradient of some parameters of a parallel step, left to the step's second phase as what it is to be
/// computed from: for a linear layer, the layer's input and the gradient of its output.
///
/// An operation whose pullback leaves such a gradient returns none for the parameter itself. The step
/// then, in this order,
///
/// 1. joins what its shards left, so that one computation serves the rows of the whole batch;
/// 2. runs the preparations, on all threads;
/// 3. asks for rows of the gradient, slab by slab on all threads, and updates the parameter with each
///    slab while it is in the thread's cache.
///
/// Each element must get the same bits whatever slab it is in: slabs begin at multiples of
/// ``MatrixProduct/transposedRowGranularity`` rows.
package protocol DeferredGradient<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar

  /// The parameters that it is a gradient of: see ``Tensor/parameterNumber``.
  var parameters: [Int] { get }

  /// What the shards of a batch left at one place of their program, in the order of the rows, as one
  /// gradient over the rows of all.
  ///
  /// - Returns: Nil where that would take a copy, because their parts do not lie side by side in one
  ///   memory; never for one alone. Each is then asked for slabs by itself, in order.
  static func joined(_ shards: [Self]) -> Self?

  /// The pieces of work to be done before the first slab is asked for, in any order.
  var preparations: Int { get }

  /// Does one of them.
  func prepare(_ index: Int, _ profile: Profile?)

  /// Writes rows of a parameter's gradient over the batch, or adds them to what is there.
  ///
  /// - Parameters:
  ///   - rows: Indices of the parameter's first axis.
  ///   - parameter: One of `parameters`.
  ///   - adding: Whether to add; else what is at `target` is of no meaning.
  ///   - target: Where the first of the rows belongs.
  ///   - profile: Where to note the time it takes.
  func write(
    _ rows: Range<Int>, of parameter: Int, adding: Bool,
    into target: UnsafeMutablePointer<Scalar>, _ profile: Profile?)
}

extension DeferredGradient {
  /// Nothing is to be done before the first slab.
  package var preparations: Int { 0 }

  /// Does nothing.
  package func prepare(_ index: Int, _ profile: Profile?) {}

  /// This gradient, of the first shard, and those that the others left at the same place, joined; nil
  /// where they are of another kind or of other parameters.
  func joined(with others: [any DeferredGradient<Scalar>]) -> Self? {
    let same = others.compactMap { $0 as? Self }
    guard same.count == others.count, same.allSatisfy({ $0.parameters == parameters }) else {
      return nil
    }
    return Self.joined([self] + same)
  }
}
