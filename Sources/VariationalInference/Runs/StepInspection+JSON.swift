// SPDX-License-Identifier: Apache-2.0

package import Formats
internal import Tensors

extension StepInspection {
  /// What tells whether a repeated step saw the same, to the last bit: the SHA-256 of all rows.
  package var digest: String {
    SHA256.hexadecimal(of: Array(rows.map(\.text).joined().utf8)[...])
  }

  /// For programs: all values in order, and the place of the first that is not finite.
  package var json: JSONValue {
    [
      "first": first.map { JSONValue($0) } ?? .null,
      "sentence": sentence.map(JSONValue.string) ?? .null,
      "values": .array(rows.map(\.json)),
    ]
  }
}

extension StepInspection.Row {
  fileprivate var json: JSONValue {
    func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
    var json: JSONValue = [
      "phase": .string(phase.rawValue), "operation": .string(operation), "place": .string(place),
      "quantity": .string(quantity), "shape": .array(range.shape.map { JSONValue($0) }),
      "minimum": number(range.minimum), "maximum": number(range.maximum),
      "mean_magnitude": number(range.meanMagnitude), "nan": JSONValue(range.undefined),
      "inf": JSONValue(range.infinite), "negative_inf": JSONValue(range.negativeInfinite),
    ]
    if let index = range.firstNonFinite { json["first_not_finite"] = JSONValue(index) }
    if let example { json["example"] = JSONValue(example) }
    if let operands { json["largest_operand"] = .number(operands) }
    return json
  }

  /// All that is known of it, numbers to the last bit.
  fileprivate var text: String {
    func bits(_ value: Double?) -> String { value.map { "\($0.bitPattern)" } ?? "-" }
    let numbers = [range.minimum, range.maximum, range.meanMagnitude, operands].map(bits)
    let counts = [range.finite, range.undefined, range.infinite, range.negativeInfinite]
    return "\(phase.rawValue) \(name) \(range.shape) \(numbers) \(counts) "
      + "\(range.firstNonFinite ?? -1) \(example ?? -1)\n"
  }
}
