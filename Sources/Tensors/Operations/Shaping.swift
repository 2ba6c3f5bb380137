// SPDX-License-Identifier: Apache-2.0

extension Tensor {
  /// The same elements in the same order under another shape of the same count.
  ///
  /// The memory is shared, nothing is copied; the gradient takes the shape back.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func reshaped(to newShape: [Int]) -> Tensor {
    if newShape == shape { return self }
    let value = Tensor(shape: newShape, storage: storage, offset: offset)
    precondition(value.count == count, "shape \(shape) cannot become \(newShape)")
    let (shape, rows) = (shape, rows)
    // Row-major: the elements of a row of the batch stay beside each other.
    let isRows = rows.map { newShape.first?.isMultiple(of: $0) ?? false } ?? false
    return Tensor.operation(value: value.marked(isRows ? rows : nil), inputs: [self]) {
      [$0.reshaped(to: shape)]
    }
  }

  /// This tensor repeated along new leading axes and along axes of size 1.
  ///
  /// Its gradient is summed over the repetitions.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func repeated(to newShape: [Int]) -> Tensor {
    let value = self.detached + Tensor.zeros(newShape)
    precondition(value.shape == newShape, "shape \(shape) cannot be repeated to \(newShape)")
    let shape = shape
    return Tensor.operation(value: value, inputs: [self]) { [$0.summed(to: shape)] }
  }

  /// This tensor with axes of size 1 before its last, until there are `newRank`: `[batch, n]`
  /// becomes `[batch, 1, n]`, which broadcasts with `[batch, draws, n]`. Nothing is copied.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func aligned(toRank newRank: Int) -> Tensor {
    precondition(
      rank >= 1 && rank <= newRank, "a tensor of shape \(shape) has no \(newRank) axes to align")
    if rank == newRank { return self }
    let ones = [Int](repeating: 1, count: newRank - rank)
    return reshaped(to: shape.dropLast() + ones + shape.suffix(1))
  }

  /// The transposed matrix, y[j, i] = x[i, j], a copy; its gradient is transposed too.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func transposed() -> Tensor {
    precondition(rank == 2, "only a matrix can be transposed, not a tensor of shape \(shape)")
    let (rows, columns) = (shape[0], shape[1])
    let value = Tensor.generate([columns, rows], self) {
      Scalar.kernels.transpose(rows, columns, $1, $0)
    }
    return Tensor.operation(value: value, inputs: [self]) { [$0.transposed()] }
  }

  /// The part of this tensor with indices in `range` along one axis, a copy. Its gradient is 0 at
  /// the other indices.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func slice(_ range: Range<Int>, along axis: Int = 0) -> Tensor {
    let layout = AxisLayout(shape, axis)
    precondition(
      range.lowerBound >= 0 && range.upperBound <= layout.size,
      "no indices \(range) along axis \(axis) of shape \(shape)")
    let source = self.detached
    let value = source.copied(range, of: layout)
    return Tensor.operation(value: value.marked(layout.kept(rows)), inputs: [self]) { g in
      let gradient = Tensor.zeros(source.shape)
      g.write(into: gradient, range, of: layout)
      return [gradient]
    }
  }

  /// Tensors joined along one axis, on which alone their sizes may differ: a copy.
  ///
  /// Each takes its own slice of the gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public static func concatenated(_ tensors: [Tensor], along axis: Int = 0) -> Tensor {
    precondition(!tensors.isEmpty, "nothing to concatenate")
    let layouts = tensors.map { AxisLayout($0.shape, axis) }
    let rest = layouts[0].shape(with: nil)
    for layout in layouts {
      precondition(
        layout.shape(with: nil) == rest,
        "shapes \(tensors.map(\.shape)) cannot be joined along axis \(axis)")
    }
    let joined = layouts[0].shape(with: layouts.reduce(0) { $0 + $1.size })
    let whole = AxisLayout(joined, layouts[0].axis)
    let value = Tensor(uninitialized: joined)
    var ranges: [Range<Int>] = []
    for (tensor, layout) in zip(tensors, layouts) {
      let start = ranges.last?.upperBound ?? 0
      ranges.append(start..<start + layout.size)
      tensor.write(into: value, ranges[ranges.count - 1], of: whole)
    }
    let rows = whole.kept(tensors.lazy.compactMap(\.rows).first)
    return operation(value: value.marked(rows), inputs: tensors) { g in
      ranges.map { g.copied($0, of: whole) }
    }
  }

  /// Copies the indices `range` of an axis out of this tensor: at each place along the axes before
  /// it, one run of `range.count * inner` elements, `size * inner` after the run before.
  private func copied(_ range: Range<Int>, of layout: AxisLayout) -> Tensor {
    let (length, step) = (range.count * layout.inner, layout.size * layout.inner)
    return Tensor.generate(layout.shape(with: range.count), self) { out, source in
      for outer in 0..<layout.outer {
        (out + outer * length).update(
          from: source + outer * step + range.lowerBound * layout.inner, count: length)
      }
    }
  }

  /// Copies this tensor into the indices `range` of an axis of a tensor not yet shown to anyone:
  /// the runs of the function above, which lie side by side in this tensor.
  private func write(into target: Tensor, _ range: Range<Int>, of layout: AxisLayout) {
    let (length, step) = (range.count * layout.inner, layout.size * layout.inner)
    withExtendedLifetime((self, target)) {
      for outer in 0..<layout.outer {
        (target.mutablePointer + outer * step + range.lowerBound * layout.inner).update(
          from: pointer + outer * length, count: length)
      }
    }
  }
}
