// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

struct TicksTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let range: ClosedRange<Double>
    let count: Int
    var whole = false
    let labels: [String]
  }

  static let cases = [
    Case(
      testDescription: "unit interval", range: 0...1, count: 5,
      labels: ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
    Case(
      testDescription: "epochs 1 to 50", range: 1...50, count: 5, whole: true,
      labels: ["10", "20", "30", "40", "50"]),
    Case(
      testDescription: "three epochs never at halves", range: 1...3, count: 9, whole: true,
      labels: ["1", "2", "3"]),
    Case(
      testDescription: "nats, negative", range: -103.2 ... -94.1, count: 5,
      labels: ["−102", "−100", "−98", "−96"]),
    Case(
      testDescription: "thousands", range: 0...10_000, count: 5,
      labels: ["0", "2,000", "4,000", "6,000", "8,000", "10,000"]),
    Case(
      testDescription: "through zero", range: -0.1...0.1, count: 4,
      labels: ["−0.10", "−0.05", "0.00", "0.05", "0.10"]),
    Case(
      testDescription: "tiny", range: 0...3e-9, count: 3,
      labels: ["0", "1×10⁻⁹", "2×10⁻⁹", "3×10⁻⁹"]),
    Case(
      testDescription: "huge", range: -2e12...2e12, count: 4,
      labels: ["−2×10¹²", "−1×10¹²", "0", "1×10¹²", "2×10¹²"]),
    Case(
      testDescription: "largest doubles", range: -1e300...1e300, count: 2,
      labels: ["−1×10³⁰⁰", "0", "1×10³⁰⁰"]),
  ]

  @Test("known answers", arguments: cases)
  func knownAnswers(_ item: Case) {
    let ticks = Ticks(in: item.range, about: item.count, wholeNumbers: item.whole)
    #expect(ticks.labels == item.labels)
  }

  /// Steps 1, 2, 5, 10 switch at the geometric means, so the step is at most √2.5 times off the
  /// one asked for, in either direction; one tick more or less falls off at the ends.
  @Test("count is near what was asked, for every range and size")
  func countIsNearWhatWasAskedForEveryRangeAndSize() {
    var generator = TestGenerator(seed: 5)
    for _ in 0..<2000 {
      let size = Decades.power(Int(generator.uniform() * 24) - 12)
      let lower = (generator.uniform() - 0.5) * size
      let upper = lower + (0.01 + generator.uniform()) * size
      let asked = 1 + Int(generator.uniform() * 12)
      let values = Ticks(in: lower...upper, about: asked).values
      #expect(Double(values.count) >= Double(asked) / 1.5812 - 1)
      #expect(Double(values.count) <= Double(asked) * 1.5812 + 1)
      // A tick may stand outside by the rounding of the ends: a 10⁻⁹ part of a step.
      let slack = 2e-9 * (upper - lower)
      #expect(values.allSatisfy { $0 >= lower - slack && $0 <= upper + slack })
      #expect(zip(values, values.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  @Test("labels of one axis differ and share their decimals")
  func labelsOfOneAxisDifferAndShareTheirDecimals() {
    let ticks = Ticks(in: 0.3...1.7, about: 6)
    #expect(Set(ticks.labels).count == ticks.integers.count)
    #expect(Set(ticks.labels.map { $0.split(separator: ".").last?.count }).count == 1)
  }

  @Test("an empty range has no ticks rather than a crash")
  func anEmptyRangeHasNoTicksRatherThanACrash() {
    #expect(Ticks(in: 2...2, about: 5).integers.isEmpty)
    #expect(Ticks(in: 1e18...(1e18 + 1024), about: 5).values.allSatisfy { $0.isFinite })
  }
}

struct DomainTests {
  @Test("missing values are left out") func missingValuesAreLeftOut() {
    #expect(Domain.covering([.nan, 1, .infinity, 3, -.infinity]) == 1...3)
    #expect(Domain.covering([.nan, .infinity]) == nil)
    #expect(Domain.covering([Double]()) == nil)
  }

  @Test("a single value gets room") func aSingleValueGetsRoom() {
    #expect(Domain.covering([0, 0]) == -1...1)
    #expect(Domain.covering([-100]) == -110 ... -90)
    #expect(Domain.covering([1e300]).map { $0.lowerBound < 1e300 && 1e300 < $0.upperBound } == true)
  }

  @Test("padding widens both sides") func paddingWidensBothSides() {
    #expect(Domain.covering([0, 10], padding: 0.1) == -1...11)
  }

  @Test("positions are finite even far outside") func positionsAreFiniteEvenFarOutside() {
    let scale = Scale(0...Double.leastNormalMagnitude, from: 0, to: 100)
    #expect(scale(1e300).isFinite)
    #expect(Scale(10...20, from: 100, to: 0)(15) == 50)
  }
}

struct NumberTextTests {
  @Test(arguments: [
    (-96.12287, 2, "−96.12"), (0, 1, "0.0"), (-0.001, 2, "0.00"), (1234567.891, 1, "1,234,567.9"),
    (0.05, 1, "0.1"), (999.996, 2, "1,000.00"), (.nan, 2, "NaN"), (-.infinity, 2, "−∞"),
    (1e20, 2, "1.00×10²⁰"), (2e-300, 303, "2.00×10⁻³⁰⁰"), (0, 303, "0"),
  ])
  func fixed(_ value: Double, _ decimals: Int, _ text: String) {
    #expect(NumberText.fixed(value, decimals: decimals) == text)
  }

  @Test(arguments: [
    (0.00123456, 3, "0.00123"), (123.456, 2, "123"), (1.5e-9, 2, "1.5×10⁻⁹"), (0, 3, "0"),
    (9.999e9, 3, "1.00×10¹⁰"),
  ])
  func significant(_ value: Double, _ digits: Int, _ text: String) {
    #expect(NumberText.significant(value, digits: digits) == text)
  }

  @Test("decades are exact at their edges") func decadesAreExactAtTheirEdges() {
    for n in -300...300 { #expect(Decades.floorLog10(Decades.power(n)) == n) }
    #expect(Decades.floorLog10(9.999_999_999) == 0)
    #expect(Decades.floorLog10(.greatestFiniteMagnitude) == 308)
  }
}
