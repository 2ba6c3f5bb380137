// SPDX-License-Identifier: Apache-2.0

/// One way to write a digit: the paths of the pen, to be varied by a hand.
struct DigitStyle: Sendable {
  let name: String

  /// How often this style is written, relative to the digit's other styles.
  let weight: Int

  let strokes: [Stroke]

  init(_ name: String, weight: Int, _ strokes: Stroke...) {
    self.name = name
    self.weight = weight
    self.strokes = strokes
  }

  /// The styles of each digit, by label.
  static let all: [[DigitStyle]] = [
    zero, one, two, three, four, five, six, seven, eight, nine,
  ]

  /// The path of the pen from touching the paper to leaving it.
  struct Stroke: Sendable {
    /// Knots in fractions of the digit's height, x to the right, y downwards.
    let knots: [SIMD2<Double>]

    /// Indices of the knots at which the smooth pieces end; the pen turns sharply there.
    let pieceEnds: [Int]

    /// A stroke of smooth pieces, each running on from the last knot of the one before.
    ///
    /// - Parameter pieces: Coordinates x, y, x, y, … in percent of the digit's height.
    init(_ pieces: [Int]...) {
      var knots: [SIMD2<Double>] = []
      var ends: [Int] = []
      for piece in pieces {
        for i in stride(from: 0, to: piece.count, by: 2) {
          knots.append(SIMD2(Double(piece[i]), Double(piece[i + 1])) / 100)
        }
        ends.append(knots.count - 1)
      }
      self.knots = knots
      pieceEnds = ends
    }
  }
}
