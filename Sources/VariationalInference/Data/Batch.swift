// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Some examples as a model sees them: a tensor `[count, width]` for each field, by name.
///
/// Categories are rows of zeros with a 1 at the class.
public struct Batch<Scalar: TensorScalar>: Sendable {
  /// Which examples of the data set: a name for each row, by which a guide finds what belongs to an
  /// example alone, and by which its random numbers are drawn.
  public let examples: [Int]
  private let values: [String: Tensor<Scalar>]

  /// Examples with these fields.
  ///
  /// - Parameters:
  ///   - values: For each field one row for each example, `[count, width]`.
  ///   - examples: The examples' numbers in their data set; from 0 on where nil.
  /// - Precondition: All fields have the same number of rows.
  public init(_ values: [String: Tensor<Scalar>], examples: [Int]? = nil) {
    let count = examples?.count ?? values.values.first?.shape.first ?? 0
    for (name, value) in values {
      precondition(
        value.rank == 2 && value.shape[0] == count,
        "field '\(name)' of shape \(value.shape) in a batch of \(count) examples")
    }
    self.values = values
    self.examples = examples ?? Array(0..<count)
  }

  /// Examples of which nothing is read but "x", `[count, width]`.
  public init(_ x: Tensor<Scalar>) { self.init(["x": x]) }

  /// The number of examples.
  public var count: Int { examples.count }

  /// The rows of a field, `[count, width]`.
  ///
  /// - Precondition: The batch has a field of this name.
  public subscript(_ name: String) -> Tensor<Scalar> {
    guard let value = values[name] else {
      preconditionFailure(
        "no field '\(name)' in a batch of \(values.keys.sorted().joined(separator: ", "))")
    }
    return value
  }

  /// The rows of all fields that are used in a role, joined, `[count, sum of widths]`; nil where no
  /// field is.
  public func rows(_ role: FieldUse.Role, of uses: [FieldUse]) -> Tensor<Scalar>? {
    let parts = uses.names(role).map { self[$0] }
    return parts.count < 2 ? parts.first : .concatenated(parts, along: 1)
  }

  /// Some of the examples, by their places in the batch.
  public func slice(_ rows: Range<Int>) -> Batch {
    Batch(values.mapValues { $0.slice(rows) }, examples: Array(examples[rows]))
  }

  /// Some of the examples in another order, by their places in the batch.
  func selecting(_ rows: [Int]) -> Batch {
    Batch(values.mapValues { $0.selectingRows(rows) }, examples: rows.map { examples[$0] })
  }

  /// The examples of several batches of the same fields, in order.
  static func concatenated(_ parts: [Batch]) -> Batch {
    var joined: [String: Tensor<Scalar>] = [:]
    for name in parts[0].values.keys { joined[name] = .concatenated(parts.map { $0[name] }) }
    return Batch(joined, examples: parts.flatMap(\.examples))
  }
}
