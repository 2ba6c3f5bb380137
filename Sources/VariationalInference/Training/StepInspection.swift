// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// A training step looked at: the range of every value along its tape, of every gradient on the way
/// back, of the gradient of each parameter, and of what the optimiser made of it.
///
/// A step is looked at when it gave numbers that are not finite: ``TrainingDivergence/inspection``.
public struct StepInspection: Sendable, Equatable {
  /// Which part of a step a value belongs to, in the order in which they are computed.
  public enum Phase: String, Sendable, CaseIterable {
    /// What the step is given: fields of the batch, and parameters.
    case input
    /// Values, from the data to the objective.
    case forward
    /// Gradients of the objective by these values, from the last to the first.
    case backward
    /// Gradients of the objective by the parameters, summed over the batch.
    case gradient
    /// What the optimiser writes: its memories, and the new parameters.
    case update
  }

  /// One value.
  public struct Row: Sendable, Equatable {
    /// The part of the step.
    public let phase: Phase
    /// What computed the value, as "linear, relu" or "exp"; of parameters and memories what they
    /// are.
    public let operation: String
    /// The layer, as "encoder.fc1", or the layers that it comes after; a parameter's or a field's
    /// name.
    public let place: String
    /// What the model calls the value, as "z", or "for z" what it is computed for; empty where
    /// there is no name.
    public let quantity: String
    /// The numbers.
    public let range: ValueRange
    /// The largest magnitude of a finite number that it was computed from; nil where that is not
    /// known.
    public let operands: Double?
    /// The number in the data set of the first example with a number that is not finite; nil where
    /// all are finite, or the value is no rows of the batch.
    public let example: Int?

    package init(
      _ phase: Phase, _ operation: String, place: String = "", quantity: String = "",
      _ range: ValueRange, operands: Double? = nil, example: Int? = nil
    ) {
      (self.phase, self.operation, self.place) = (phase, operation, place)
      (self.quantity, self.range, self.operands) = (quantity, range, operands)
      self.example = example
    }
  }

  /// All values, in the order in which they are computed.
  public let rows: [Row]

  package init(rows: [Row]) { self.rows = rows }

  /// The place in ``rows`` of the first value that is not finite; nil where all are.
  public var first: Int? { rows.firstIndex { $0.range.nonFinite > 0 } }
}

extension StepInspection.Row {
  /// What computed it, and where: "exp after encoder.fc_logvar, for z".
  package var name: String {
    let operation =
      switch phase {
      case .input, .update, .gradient: "\(operation) \(place)"
      case .forward, .backward: place.isEmpty ? operation : "\(operation) \(place)"
      }
    return quantity.isEmpty ? operation : "\(operation) (\(quantity))"
  }

  /// How many of its numbers are not finite, by kind.
  package var kinds: [(kind: String, count: Int)] {
    [("nan", range.undefined), ("inf", range.infinite), ("-inf", range.negativeInfinite)]
      .filter { $0.1 > 0 }
  }

  /// What is wrong with it: "inf in 12 of 2560 numbers, first of example 17".
  package var defect: String {
    let words = kinds.map { kind, count in
      range.count == 1 ? kind : "\(kind) in \(count) of \(range.count) numbers"
    }
    return words.joined(separator: " and ")
      + (example.map { ", first of example \($0)" } ?? "")
  }

  private var origin: String {
    operands.map { ", from numbers of up to \($0.short) in magnitude" } ?? ""
  }

  /// One clause: that this is the first value of a step that is not finite.
  package var sentence: String {
    switch phase {
    case .input: "what the step is given is not finite: \(name) is \(defect)"
    case .forward: "the first value that is not finite is that of \(name): \(defect)\(origin)"
    case .backward:
      "all values are finite, and the first gradient that is not is that of \(name): "
        + "\(defect)\(origin)"
    case .gradient:
      "all values and their gradients are finite, but not the sum over the batch, the gradient of "
        + "\(place): \(defect)"
    case .update:
      "value and gradient are finite, but not what the optimiser makes of them, the \(operation) "
        + "of \(place): \(defect)\(origin)"
    }
  }
}

extension StepInspection {
  /// One clause: what was first not finite.
  package var sentence: String? { first.map { rows[$0].sentence } }

  /// The field of the batch whose numbers are so large that a network cannot but overflow.
  package var extremeField: (name: String, magnitude: Double)? {
    let fields = rows.filter { $0.phase == .input && $0.operation == Self.fieldName }
    return Self.largest(of: fields)
  }

  /// The same of a parameter, which may be that large at the start where data have such means.
  package var extremeParameter: (name: String, magnitude: Double)? {
    Self.largest(of: rows.filter { $0.phase == .input && $0.operation != Self.fieldName })
  }

  private static func largest(of rows: [Row]) -> (name: String, magnitude: Double)? {
    let largest = rows.max { $0.range.largestMagnitude ?? 0 < $1.range.largestMagnitude ?? 0 }
    guard let largest, let magnitude = largest.range.largestMagnitude, magnitude >= 1e6 else {
      return nil
    }
    return (largest.place, magnitude)
  }

  static let fieldName = "field"
}

extension Double {
  /// Three significant digits: "1.52e+08", "0.031", "12".
  package var short: String {
    // The sign of what is not a number says nothing.
    if isNaN { return "nan" }
    if self == 0 || !isFinite { return self == 0 ? "0" : "\(self)" }
    var exponent = 0
    var size = magnitude
    // Whole powers of ten, by which the quotient is near enough for three digits.
    while size >= 10 { (size, exponent) = (size / 10, exponent + 1) }
    while size < 1 { (size, exponent) = (size * 10, exponent - 1) }
    var digits = Int((size * 100).rounded())
    if digits == 1000 { (digits, exponent) = (100, exponent + 1) }
    let sign = self < 0 ? "-" : ""
    func trimmed(_ text: String) -> String {
      guard text.contains(".") else { return text }
      let end = text.lastIndex { $0 != "0" } ?? text.startIndex
      return String(text[...(text[end] == "." ? text.index(before: end) : end)])
    }
    let all = Array("\(digits)").map(String.init)
    switch exponent {
    case 3..., ..<(-3):
      let power = (exponent < 0 ? "-" : "+") + (abs(exponent) < 10 ? "0" : "") + "\(abs(exponent))"
      return sign + trimmed("\(all[0]).\(all[1])\(all[2])") + "e" + power
    case 0...2:
      let whole = all[...exponent].joined()
      return sign + trimmed(whole + "." + all[(exponent + 1)...].joined())
    default:
      return sign + trimmed("0." + String(repeating: "0", count: -exponent - 1) + all.joined())
    }
  }
}
