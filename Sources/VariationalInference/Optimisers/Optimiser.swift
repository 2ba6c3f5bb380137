// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A rule that moves parameters up the gradient of an objective, step by step.
///
/// A rule works element by element, so that the parts of a gradient may be used one after the other, on
/// several threads, as soon as they are known:
///
///     var state = adam.initialState(shapes: parameters.map(\.shape))
///     let step = adam.step(&state)                     // the numbers of this step
///     step.apply(gradient, to: parameters, state)      // for each part of the gradient
///
/// Objectives are maximised: a rule climbs.
public protocol Optimiser: Sendable, Equatable {
  /// The size of a step.
  var learningRate: Double { get set }

  /// Its name, as records call it.
  static var name: String { get }

  /// All numbers that decide its steps, the learning rate included, by the names of records.
  var settings: [String: Double] { get }

  /// Names of what it remembers of each parameter, as state files call it.
  static var memories: [String] { get }

  /// The rule at the `step`-th step, counted from 1.
  func update<Scalar: TensorScalar>(step: Int) -> OptimiserUpdate<Scalar>
}

/// What an optimiser remembers between steps.
public struct OptimiserState<Scalar: TensorScalar>: Sendable {
  /// The number of steps taken.
  public internal(set) var step = 0
  /// For each of ``Optimiser/memories`` one number for each element of each parameter; 0 at first.
  public let memories: [FlatBuffer<Scalar>]

  fileprivate init(shapes: [[Int]], count: Int) {
    memories = (0..<count).map { _ in FlatBuffer(shapes: shapes) }
  }

  /// Takes up what a state of the same parameters remembered.
  mutating func restore(step: Int, _ tensors: [[Tensor<Scalar>]]) {
    precondition(tensors.count == memories.count, "\(tensors.count) memories of \(memories.count)")
    self.step = step
    for (memory, tensors) in zip(memories, tensors) { memory.assign(tensors) }
  }
}

/// One step of an optimiser.
public struct OptimiserUpdate<Scalar: TensorScalar>: Sendable {
  /// Moves the elements of one part of a gradient; true if all that was written is finite.
  public typealias Rule =
    @Sendable (
      _ gradient: GradientSlab<Scalar>, _ parameters: FlatBuffer<Scalar>,
      _ memories: [FlatBuffer<Scalar>]
    ) -> Bool

  private let rule: Rule

  /// A step that does this.
  public init(_ rule: @escaping Rule) { self.rule = rule }

  /// Moves the elements of one part of a gradient. Parts of different elements may be applied at the same
  /// time.
  ///
  /// - Returns: Whether all new parameters and memories are finite.
  @discardableResult
  public func apply(
    _ gradient: GradientSlab<Scalar>, to parameters: FlatBuffer<Scalar>,
    _ state: OptimiserState<Scalar>
  ) -> Bool {
    rule(gradient, parameters, state.memories)
  }
}

extension Optimiser {
  /// Before the first step, for parameters of these shapes.
  public func initialState<Scalar: TensorScalar>(shapes: [[Int]]) -> OptimiserState<Scalar> {
    OptimiserState(shapes: shapes, count: Self.memories.count)
  }

  /// Counts a step, and gives its rule.
  public func step<Scalar: TensorScalar>(
    _ state: inout OptimiserState<Scalar>
  ) -> OptimiserUpdate<Scalar> {
    state.step += 1
    return update(step: state.step)
  }

  /// Moves all parameters along their gradients, one tensor each.
  public func step<Scalar: TensorScalar>(
    _ parameters: FlatBuffer<Scalar>, along gradients: [Tensor<Scalar>],
    _ state: inout OptimiserState<Scalar>
  ) {
    let all = FlatBuffer(gradients)
    precondition(all.shapes == parameters.shapes, "gradients of other shapes than the parameters")
    let update: OptimiserUpdate<Scalar> = step(&state)
    update.apply(all.slab(0..<all.elementCount), to: parameters, state)
  }

  func isEqual(to other: any Optimiser) -> Bool { (other as? Self) == self }
}
