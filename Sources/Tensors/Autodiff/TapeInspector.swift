// SPDX-License-Identifier: Apache-2.0

/// What an inspected tape computed at one node: the range of its value, and of the gradients at it.
package struct TapeEntry: Sendable, Equatable {
  /// The operation, as the function is called that recorded it: "gaussianSample".
  package let operation: String
  /// The nodes of its inputs; nil for one that is not on the tape.
  package let inputs: [Int?]
  /// What a model calls the value, as "z"; nil where it has no name.
  package internal(set) var label: String?
  /// Whether the value is rows of a step's batch: marked as such, or other in each shard.
  package internal(set) var isRows: Bool
  /// The value.
  package internal(set) var value: ValueRange
  /// The inputs that are not on the tape, and so in no other entry.
  package internal(set) var constants: [ValueRange]
  /// The gradient of what was differentiated by the value; nil where the way back did not come
  /// here.
  package internal(set) var gradient: ValueRange?
  /// What the operation handed back to each of its inputs; nil where it owed nothing, or left the
  /// gradient for later.
  package internal(set) var handedBack: [ValueRange?] = []

  /// The same node of the shards of one batch, whose rows follow each other.
  fileprivate func joined(with other: TapeEntry) -> TapeEntry {
    func join(_ a: ValueRange?, _ b: ValueRange?, rows: Bool) -> ValueRange? {
      guard let a, let b else { return a ?? b }
      return a.joined(with: b, followsRows: rows)
    }
    var joined = self
    // What is no row is the same in each shard; its gradient is a sum over them.
    let areRows = isRows || value != other.value
    joined.isRows = areRows
    if areRows { joined.value = value.joined(with: other.value, followsRows: true) }
    joined.constants = zip(constants, other.constants).map {
      $0 == $1 ? $0 : $0.joined(with: $1, followsRows: areRows)
    }
    joined.gradient = join(gradient, other.gradient, rows: areRows)
    joined.handedBack =
      handedBack.isEmpty
      ? other.handedBack
      : zip(handedBack, other.handedBack).map {
        join($0, $1, rows: areRows && $0?.shape.first == value.shape.first)
      }
    return joined
  }
}

extension [TapeEntry] {
  /// The tapes of the shards of one batch, in order, as one; the first alone where they are not of
  /// one program.
  package static func joined(_ shards: [[TapeEntry]]) -> [TapeEntry] {
    guard var joined = shards.first else { return [] }
    for other in shards.dropFirst() {
      guard other.map(\.operation) == joined.map(\.operation) else {
        // The first of those that hold what is looked for.
        return shards.first { $0.contains { $0.value.nonFinite > 0 } } ?? shards[0]
      }
      joined = zip(joined, other).map { $0.joined(with: $1) }
    }
    return joined
  }
}

/// Looks at every value that a tape records and at every gradient on the way back. A tape without
/// one, as all are but those of a step that is repeated to be looked at, asks once for each
/// operation whether it is there.
///
/// It belongs to the thread of its tape.
final class TapeInspector<Scalar: TensorScalar> {
  private(set) var entries: [TapeEntry] = []

  /// The next node of the tape.
  func note(_ operation: String, _ value: Tensor<Scalar>, inputs: [Tensor<Scalar>]) {
    entries.append(
      TapeEntry(
        operation: operation, inputs: inputs.map { $0.trace?.node }, isRows: value.rows != nil,
        value: ValueRange(value),
        constants: inputs.filter { !$0.isTraced }.map { ValueRange($0) }))
  }

  func name(_ node: Int, _ label: String) { entries[node].label = label }

  /// The whole gradient at a node.
  func note(gradient: Tensor<Scalar>, at node: Int) {
    entries[node].gradient = ValueRange(gradient)
  }

  /// What a node's operation made of it.
  func note(handedBack: [Tensor<Scalar>?], at node: Int) {
    entries[node].handedBack = handedBack.map { $0.map { ValueRange($0) } }
  }
}

extension Tensor {
  /// This tensor, by the name under which an inspected step shows it.
  package func called(_ name: @autoclosure () -> String) -> Tensor {
    if let trace, let inspector = trace.tape.inspector { inspector.name(trace.node, name()) }
    return self
  }

  /// The name of an operation, from that of the function that recorded it: "exp" of "exp()", and
  /// the signs of arithmetic.
  static func operationName(_ function: String) -> String {
    let name = String(function.prefix { $0 != "(" })
    return switch name {
    case "adding": "+"
    case "subtracting": "-"
    case "multiplying": "*"
    case "dividing": "/"
    case "negating": "negation"
    default: name
    }
  }
}
