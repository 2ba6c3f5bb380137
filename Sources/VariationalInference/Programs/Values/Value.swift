// SPDX-License-Identifier: Apache-2.0

/// A number, vector, matrix or larger array of a program.
///
/// A program is written for one draw and run for many: a value knows its own ``shape``, and the axis of
/// draws behind it is hidden. Operators work element by element and broadcast from the last axis on, as
/// those of ``Tensor`` do: a number meets a vector, a vector each row of a matrix. Numbers may stand
/// for values, as in `2 * x`; lists are made values by name, `Value([0, 1])`.
///
/// A mistake in a formula, as adding vectors of 3 and 4 elements, does not end the process. The result
/// carries the sentence that says so, every result computed from it does, and the statement of the
/// program that meets it is named in the error that ``Model/density()`` throws.
public struct Value: Sendable {
  /// The elements, of the shape `shape + [draws]`; `shape + [1]` where all draws have the same, as data
  /// do. With the draws last, elements meet draws, and rows of data meet draws, without copies, and loops
  /// run over draws that lie side by side.
  package let tensor: Tensor<Double>
  /// What is wrong with it, if anything.
  package let fault: String?

  package init(_ tensor: Tensor<Double>) {
    self.tensor = tensor
    fault = nil
  }

  /// A value that stands for a mistake.
  init(fault: String) {
    tensor = Tensor([.nan])
    self.fault = fault
  }

  /// The shape of one draw: `[]` for a number, `[n]` for a vector, `[rows, columns]` for a matrix.
  public var shape: [Int] { Array(tensor.shape.dropLast()) }

  /// The number of elements of one draw.
  public var count: Int { tensor.count / max(draws, 1) }

  /// The elements of data, in row-major order.
  ///
  /// - Precondition: The value is the same for all draws: latent variables are not numbers.
  public var numbers: [Double] {
    precondition(
      draws == 1,
      "a latent variable, or what is computed from one, is no list of numbers: it differs in each of "
        + "\(draws) draws, and a model's statements must not depend on it")
    return tensor.scalars
  }

  /// The number of draws; 1 for what is the same in all.
  package var draws: Int { tensor.shape[tensor.rank - 1] }
}

// MARK: - Data

extension Value {
  /// A number.
  public init(_ number: Double) { self.init(Tensor([number])) }

  /// A whole number.
  public init(_ number: Int) { self.init(Double(number)) }

  /// A vector.
  public init(_ numbers: [Double]) { self.init(Tensor(numbers, shape: [numbers.count, 1])) }

  /// A vector of whole numbers.
  public init(_ numbers: [Int]) { self.init(numbers.map(Double.init)) }

  /// A matrix, row by row.
  public init(_ rows: [[Double]]) {
    let columns = rows.first?.count ?? 0
    if let odd = rows.firstIndex(where: { $0.count != columns }) {
      self.init(
        fault: "row \(odd) of a matrix has \(rows[odd].count) columns, the first has \(columns)")
    } else {
      self.init(Tensor(rows.flatMap { $0 }, shape: [rows.count, columns, 1]))
    }
  }

  /// An array of any shape, in row-major order.
  public init(_ numbers: [Double], shape: [Int]) {
    if numbers.count != Self.elements(of: shape) {
      self.init(fault: "\(numbers.count) numbers do not fill the shape \(shape)")
    } else {
      self.init(Tensor(numbers, shape: shape + [1]))
    }
  }

  /// The identity matrix of n rows.
  public static func identity(_ n: Int) -> Value {
    if n < 1 { return Value(fault: "an identity matrix of \(n) rows") }
    return Value((0..<n * n).map { $0 % (n + 1) == 0 ? 1 : 0 }, shape: [n, n])
  }

  /// An array of zeros.
  public static func zeros(_ shape: Int...) -> Value { filled(0, shape) }

  /// An array of ones.
  public static func ones(_ shape: Int...) -> Value { filled(1, shape) }

  private static func filled(_ number: Double, _ shape: [Int]) -> Value {
    elements(of: shape) == nil
      ? Value(fault: "an array cannot have shape \(shape)")
      : Value(Tensor(repeating: number, shape: shape + [1]))
  }

  /// The number of elements of a shape; nil where a size is negative or there are too many to count.
  static func elements(of shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, isTooLarge) = count.multipliedReportingOverflow(by: size)
      if size < 0 || isTooLarge { return nil }
      count = product
    }
    return count
  }
}

// Not by array literals: sums of lists of other things would take the type checker minutes.
extension Value: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// A number.
  public init(floatLiteral value: Double) { self.init(value) }
  /// A number.
  public init(integerLiteral value: Int) { self.init(value) }
}

// MARK: - How values are computed

extension Value {
  /// f of this value, element by element or otherwise of the same draws.
  func map(_ f: (Tensor<Double>) -> Tensor<Double>) -> Value {
    fault == nil ? Value(f(tensor)) : self
  }

  /// f of several values whose shapes broadcast.
  static func combine(
    _ name: String, _ values: [Value], _ f: ([Tensor<Double>]) -> Tensor<Double>
  ) -> Value {
    if let faulty = values.first(where: { $0.fault != nil }) { return faulty }
    for first in 0..<values.count {
      for second in first + 1..<values.count {
        let (a, b) = (values[first], values[second])
        if !a.tensor.shape.broadcasts(with: b.tensor.shape) {
          return Value(fault: "\(name) of shapes \(a.shape) and \(b.shape), which do not match")
        }
      }
    }
    return Value(f(values.map { $0.tensor }))
  }

  /// f of two values whose shapes broadcast; `name` is what the operation is called in a sentence.
  static func combine(
    _ name: StaticString, _ a: Value, _ b: Value,
    _ f: (Tensor<Double>, Tensor<Double>) -> Tensor<Double>
  ) -> Value {
    if a.fault != nil { return a }
    if b.fault != nil { return b }
    if !a.tensor.shape.broadcasts(with: b.tensor.shape) {
      return Value(fault: "\(name) of shapes \(a.shape) and \(b.shape), which do not match")
    }
    return Value(f(a.tensor, b.tensor))
  }

  /// The shape that shapes broadcast to; the first where they do not.
  static func broadcastShape(_ shapes: [[Int]]) -> [Int] {
    shapes.reduce([]) { a, b in
      let rank = max(a.count, b.count)
      return (0..<rank).map { axis in
        let (i, j) = (axis - rank + a.count, axis - rank + b.count)
        let (x, y) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
        return x == 1 ? y : x
      }
    }
  }
}

extension Value: CustomStringConvertible {
  /// The shape, and the first elements of the first draw.
  public var description: String {
    if let fault { return "a mistake: \(fault)" }
    let (numbers, draws) = (tensor.scalars, draws)
    let shown = stride(from: 0, to: numbers.count, by: draws).prefix(6).map { "\(numbers[$0])" }
    let rest = count > 6 ? ", ..." : ""
    let many = draws > 1 ? ", the first of \(draws) draws" : ""
    return shape.isEmpty
      ? "\(shown.first ?? "")\(many)"
      : "\(shape) [\(shown.joined(separator: ", "))\(rest)]\(many)"
  }
}
