// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Tensor {
  /// The sum of all elements, a scalar, whose gradient each of them takes.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum() -> Tensor {
    let shape = shape
    let value = Tensor.generate([], self) { Scalar.kernels.sum(1, count, 1, $1, $0) }
    return Tensor.operation(value: value, inputs: [self]) { [$0.repeated(to: shape)] }
  }

  /// The sum along one axis, y[o, j] = sum over i of x[o, i, j]: dx[o, i, j] = dy[o, j].
  ///
  /// - Parameters:
  ///   - axis: Counted from the end when negative: -1 is the last.
  ///   - keepingAxis: Whether the result keeps the axis, with size 1.
  /// - Returns: A tensor without the axis, or with size 1 there.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func sum(along axis: Int, keepingAxis: Bool = false) -> Tensor {
    let layout = AxisLayout(shape, axis)
    let value = Tensor.generate(layout.shape(with: keepingAxis ? 1 : nil), self) {
      Scalar.kernels.sum(layout.outer, layout.size, layout.inner, $1, $0)
    }
    let shape = shape
    return Tensor.operation(value: value.marked(layout.kept(rows)), inputs: [self]) { g in
      [g.reshaped(to: layout.shape(with: 1)).repeated(to: shape)]
    }
  }

  /// The mean along one axis, which must not be empty: the sum divided by its size n, dx = dy / n.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mean(along axis: Int, keepingAxis: Bool = false) -> Tensor {
    let size = AxisLayout(shape, axis).size
    precondition(size > 0, "the mean along an empty axis of \(shape)")
    return sum(along: axis, keepingAxis: keepingAxis) / Scalar(size)
  }

  /// The mean of all elements, a scalar; each takes its gradient divided by their number.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func mean() -> Tensor {
    precondition(count > 0, "the mean of a tensor without elements, of shape \(shape)")
    return sum() / Scalar(count)
  }

  /// log of the sum of exp(x) along one axis: m + log sum exp(x - m) with m the largest element.
  ///
  /// The gradient is the softmax, exp(x - m) / sum exp(x - m). Where all elements are -infinity the
  /// result is -infinity and the gradient 0; elements that are +infinity share the gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logSumExp(along axis: Int, keepingAxis: Bool = false) -> Tensor {
    let layout = AxisLayout(shape, axis)
    precondition(layout.size > 0, "logSumExp along an empty axis of \(shape)")
    let x = detached
    // m is off the tape: m + log sum exp(x - m) does not depend on it, so that its gradient is 0.
    let largest = Tensor.generate(layout.shape(with: 1), x) {
      Scalar.kernels.max(layout.outer, layout.size, layout.inner, $1, $0)
    }
    let exponentials = Tensor.binary(ElboExpBelowLargest, x, largest)
    let total = exponentials.sum(along: axis, keepingAxis: true)
    let kept = total.log() + largest
    let value = kept.reshaped(to: layout.shape(with: keepingAxis ? 1 : nil))
    return Tensor.operation(value: value, inputs: [self]) { g in
      // The total is at least 1, or 0 where all elements are -infinity and so is every softmax.
      [exponentials / .maximum(total, Tensor(1)) * g.reshaped(to: layout.shape(with: 1))]
    }
  }

  /// log of the mean of exp(x) along one axis of size n: logSumExp - log n.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func logMeanExp(along axis: Int, keepingAxis: Bool = false) -> Tensor {
    let size = Scalar(AxisLayout(shape, axis).size)
    return logSumExp(along: axis, keepingAxis: keepingAxis) - Tensor(size).log()
  }

  /// The largest element along one axis, without a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func largest(along axis: Int) -> Tensor {
    let layout = AxisLayout(shape, axis)
    precondition(layout.size > 0, "the largest element along an empty axis of \(shape)")
    return Tensor.generate(layout.shape(with: nil), self) {
      Scalar.kernels.max(layout.outer, layout.size, layout.inner, $1, $0)
    }
    .marked(layout.kept(rows))
  }
}

/// A shape seen around one of its axes: `[outer, size, inner]`.
///
/// Element [o, i, j] lies at (o size + i) inner + j.
struct AxisLayout {
  let shape: [Int]
  let axis: Int

  init(_ shape: [Int], _ axis: Int) {
    let index = axis < 0 ? axis + shape.count : axis
    precondition(shape.indices.contains(index), "shape \(shape) has no axis \(axis)")
    self.shape = shape
    self.axis = index
  }

  /// The size of the axis.
  var size: Int { shape[axis] }
  /// The product of the sizes before it.
  var outer: Int { shape[..<axis].reduce(1, *) }
  /// The product of the sizes after it: elements between neighbours along it.
  var inner: Int { shape[(axis + 1)...].reduce(1, *) }

  /// What is left of a mark of rows of a batch when this axis is summed away, cut or joined.
  func kept(_ rows: Int?) -> Int? { axis == 0 ? nil : rows }

  /// The shape with another size on the axis, or without the axis when nil.
  func shape(with size: Int?) -> [Int] {
    Array(shape[..<axis]) + (size.map { [$0] } ?? []) + Array(shape[(axis + 1)...])
  }
}
