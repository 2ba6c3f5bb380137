// SPDX-License-Identifier: Apache-2.0

/// Round numbers along an axis: multiples of 1, 2 or 5 times a power of ten.
///
/// Ticks are kept as integers times a power of ten, so that a label never reads `0.30000000000004`.
package struct Ticks: Equatable, Sendable {
  /// Every tick is one of these integers times `10^exponent`.
  package let integers: [Int64]
  package let exponent: Int

  /// The ticks that lie in `range`, about `count` of them, in ascending order.
  ///
  /// The step is the round number nearest to `span / count` on a logarithmic scale, as in D3.
  /// `wholeNumbers` asks for steps of at least 1, for epochs and counts.
  package init(in range: ClosedRange<Double>, about count: Int, wholeNumbers: Bool = false) {
    let raw = (range.upperBound - range.lowerBound) / Double(max(1, count))
    guard raw > 0, raw.isFinite else {
      integers = []
      exponent = 0
      return
    }
    var decade = Decades.floorLog10(raw)
    var step = Ticks.roundStep(Decades.scale(raw, by: -decade))
    if step == 10 { (step, decade) = (1, decade + 1) }
    if wholeNumbers, decade < 0 { (step, decade) = (1, 0) }
    // An end that is a tick but for rounding errors is a tick.
    let slack = 1e-9
    let first = (Decades.scale(range.lowerBound, by: -decade) / Double(step) - slack).rounded(.up)
    let last = (Decades.scale(range.upperBound, by: -decade) / Double(step) + slack).rounded(.down)
    exponent = decade
    guard first <= last, first.magnitude < 1e15, last.magnitude < 1e15 else {
      integers = []
      return
    }
    integers = (Int64(first)...Int64(last)).map { $0 * step }
  }

  private init(integers: [Int64], exponent: Int) {
    (self.integers, self.exponent) = (integers, exponent)
  }

  /// The first and the last.
  package var ends: Ticks {
    Ticks(
      integers: integers.isEmpty ? [] : [integers[0], integers[integers.count - 1]],
      exponent: exponent)
  }

  /// 1, 2, 5 or 10, whichever is nearest to a number in [1, 10) by ratio.
  private static func roundStep(_ mantissa: Double) -> Int64 {
    switch mantissa {
    case ..<1.414_213_562: 1
    case ..<3.162_277_660: 2
    case ..<7.071_067_812: 5
    default: 10
    }
  }

  /// The ticks as numbers of the axis.
  package var values: [Double] { integers.map { Decades.scale(Double($0), by: exponent) } }

  /// The ticks as text, all with the same decimals.
  package var labels: [String] {
    let largest = values.reduce(0) { max($0, $1.magnitude) }
    guard largest > 0 else { return integers.map { _ in "0" } }
    let power = Decades.floorLog10(largest)
    if power < 7, exponent > -7 {
      return integers.map { NumberText.decimal($0, exponent: exponent) }
    }
    return integers.map { integer in
      integer == 0
        ? "0"
        : NumberText.decimal(integer, exponent: exponent - power)
          + NumberText.timesTen(to: power)
    }
  }

  /// How many decimals a value needs to be told apart by a tenth of a step: for labels of data.
  package var decimalsOfData: Int { max(0, 1 - exponent) }
}
