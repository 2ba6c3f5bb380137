// SPDX-License-Identifier: Apache-2.0

// Sums, parts, joins and products of arrays. Axes are those of a value's own shape; negative ones
// count from its last.

// MARK: - Reductions

extension Value {
  /// The sum of all elements, a number.
  public func sum() -> Value {
    tensor.rank == 1 ? self : map { $0.reshaped(to: [count, draws]).sum(along: 0) }
  }

  /// The mean of all elements, a number.
  public func mean() -> Value { sum() / Double(count) }

  /// The sum along one axis, which the result lacks.
  public func sum(along axis: Int) -> Value {
    onAxis(axis, "sum") { $0.sum(along: $1) }
  }

  /// The mean along one axis, which the result lacks.
  public func mean(along axis: Int) -> Value {
    onAxis(axis, "mean") { $0.mean(along: $1) }
  }

  /// log of the sum of exp over all elements, a number.
  public func logSumExp() -> Value {
    if fault == nil, count == 0 { return Value(fault: "the log-sum-exp of no elements") }
    return map { $0.reshaped(to: [count, draws]).logSumExp(along: 0) }
  }

  /// log of the sum of exp along one axis, which the result lacks.
  public func logSumExp(along axis: Int) -> Value {
    onAxis(axis, "log-sum-exp") { $0.logSumExp(along: $1) }
  }

  /// Sums of the elements up to each along one axis: y[i] = x[0] + ... + x[i].
  public func cumulativeSum(along axis: Int = 0) -> Value {
    onAxis(axis, "cumulative sum") { $0.cumulativeSum(along: $1) }
  }

  /// x - logSumExp(x) along one axis: logarithms of probabilities that sum to 1.
  public func logSoftmax(along axis: Int = -1) -> Value {
    onAxis(axis, "log-softmax") { $0 - $0.logSumExp(along: $1, keepingAxis: true) }
  }

  private func onAxis(
    _ axis: Int, _ name: String, _ f: (Tensor<Double>, Int) -> Tensor<Double>
  ) -> Value {
    let (rank, place) = (shape.count, axis < 0 ? axis + shape.count : axis)
    guard place >= 0, place < rank else {
      return fault == nil
        ? Value(fault: "the \(name) along axis \(axis) of a value of shape \(shape)") : self
    }
    // The sum of none is 0; what has a logarithm or a quotient in it is nothing.
    if fault == nil, shape[place] == 0, name != "sum", name != "cumulative sum" {
      return Value(fault: "the \(name) along axis \(axis), of no elements, of shape \(shape)")
    }
    return map { f($0, place) }
  }
}

// MARK: - Parts and joins

extension Value {
  /// An element of a vector, a row of a matrix: index 0 is the first.
  public subscript(_ index: Int) -> Value {
    guard let size = shape.first, (0..<size).contains(index) else {
      return fault == nil ? Value(fault: "no element \(index) in a value of shape \(shape)") : self
    }
    return map { $0.row(index) }
  }

  /// An element of a matrix.
  public subscript(_ row: Int, _ column: Int) -> Value { self[row][column] }

  /// Elements of a vector, rows of a matrix.
  public subscript(_ range: Range<Int>) -> Value {
    guard let size = shape.first, range.lowerBound >= 0, range.upperBound <= size else {
      return fault == nil ? Value(fault: "no elements \(range) in a value of shape \(shape)") : self
    }
    return map { $0.slice(range) }
  }

  /// Columns of a matrix.
  public func columns(_ range: Range<Int>) -> Value {
    guard shape.count == 2, range.lowerBound >= 0, range.upperBound <= shape[1] else {
      return fault == nil ? Value(fault: "no columns \(range) in a value of shape \(shape)") : self
    }
    return sliced(range, along: 1)
  }

  /// Elements of a vector, or rows of a matrix, in any order and repeatedly: `intercept[county]`,
  /// with a number of 0 ..< n for each observation.
  public subscript(_ indices: [Int]) -> Value {
    guard let size = shape.first else {
      return fault == nil ? Value(fault: "a number has no elements to choose from") : self
    }
    if let index = indices.first(where: { !(0..<size).contains($0) }) {
      return fault == nil
        ? Value(fault: "no element \(index) in a value of shape \(shape); indices begin with 0")
        : self
    }
    return map { $0.selectingRows(indices) }
  }

  /// Values of one shape as one with an axis more, the first: numbers as a vector, vectors as rows.
  public static func stack(_ values: [Value]) -> Value {
    if let faulty = values.first(where: { $0.fault != nil }) { return faulty }
    guard let first = values.first, values.allSatisfy({ $0.shape == first.shape }) else {
      return Value(fault: "a stack of values of shapes \(values.map(\.shape)), not of one shape")
    }
    // Along the first axis, that of draws for numbers: two operations, however many values there
    // are.
    let draws = values.map(\.draws).max() ?? 1
    let joined = Tensor.concatenated(values.map { $0.spread(draws).tensor })
    return Value(joined.reshaped(to: [values.count] + first.shape + [draws]))
  }

  /// Vectors as the columns of a matrix, as a design matrix is written.
  public static func columns(_ values: [Value]) -> Value { stack(values).transposed() }

  /// Values joined along their first axis, on which alone their shapes may differ; numbers are vectors of
  /// one element.
  public static func concatenated(_ parts: [Value]) -> Value {
    let values = parts.map { $0.shape.isEmpty ? $0.reshaped(to: [1]) : $0 }
    if let faulty = values.first(where: { $0.fault != nil }) { return faulty }
    guard let first = values.first, !first.shape.isEmpty,
      values.allSatisfy({ $0.shape.dropFirst() == first.shape.dropFirst() && !$0.shape.isEmpty })
    else { return Value(fault: "values of shapes \(values.map(\.shape)) cannot be joined") }
    let draws = values.map(\.draws).max() ?? 1
    return Value(Tensor.concatenated(values.map { $0.spread(draws).tensor }))
  }

  /// The same elements in row-major order under another shape.
  public func reshaped(to shape: [Int]) -> Value {
    if fault == nil, Self.elements(of: shape) != count {
      return Value(fault: "a value of shape \(self.shape) cannot become \(shape)")
    }
    return map { $0.reshaped(to: shape + [draws]) }
  }

  /// A matrix with rows and columns exchanged.
  public func transposed() -> Value {
    guard shape.count == 2 else {
      return fault == nil ? Value(fault: "a transpose of a value of shape \(shape)") : self
    }
    return transposedLast()
  }

  /// The diagonal of a square matrix.
  public func diagonal() -> Value {
    guard shape.count == 2, shape[0] == shape[1] else {
      return fault == nil ? Value(fault: "the diagonal of a value of shape \(shape)") : self
    }
    let n = shape[0]
    return reshaped(to: [n * n])[(0..<n).map { $0 * (n + 1) }]
  }

  /// A diagonal matrix of a vector.
  public func asDiagonal() -> Value {
    guard let n = shape.first, shape.count == 1 else {
      return fault == nil ? Value(fault: "a diagonal matrix of a value of shape \(shape)") : self
    }
    return self * .identity(n)
  }

  /// With an axis of draws of its own for each of `draws`.
  func spread(_ draws: Int) -> Value {
    self.draws == draws ? self : map { $0.repeated(to: shape + [draws]) }
  }
}

// MARK: - Recurrences

extension Value {
  /// x[0] = u[0], x[t] = u[t] + c x[t - 1] for a vector u: one operation, however long.
  ///
  /// - Parameter coefficient: c, a number.
  /// - Returns: A vector as long as u.
  public func linearRecurrence(_ coefficient: Value) -> Value {
    if fault != nil { return self }
    if coefficient.fault != nil { return coefficient }
    guard shape.count == 1, count > 0, coefficient.shape.isEmpty else {
      return Value(
        fault:
          "a recurrence of a value of shape \(shape) with a coefficient of \(coefficient.shape)")
    }
    return Value(tensor.linearRecurrence(coefficient: coefficient.tensor))
  }
}
