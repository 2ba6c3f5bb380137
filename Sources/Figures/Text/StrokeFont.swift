// SPDX-License-Identifier: Apache-2.0

/// The embedded font: letters as pen strokes, in units of the font size.
///
/// It exists so that a PNG needs no font and no graphics library and looks the same on every
/// machine, and so that SVG and PNG share one idea of how wide a text is.
package enum StrokeFont {
  /// From the baseline to the top of the tallest letter, per font size.
  package static let ascent = 0.77
  /// From the baseline down to the lowest point of a letter, per font size.
  package static let descent = 0.23
  /// The height of a capital letter per font size; half of it centres a line on a point.
  package static let capHeight = 0.725

  /// The width of the pen per font size.
  static func pen(_ weight: Weight) -> Double { weight == .bold ? 0.128 : 0.088 }

  /// One letter: where the pen goes and how far the next letter starts.
  struct Glyph: Sendable {
    /// Polylines of the pen's centre, y downwards from the baseline, per font size.
    var strokes: [[Point]]
    /// The distance to the origin of the next letter, per font size.
    var advance: Double
    /// The width of the pen relative to that of ordinary letters.
    var pen = 1.0
  }

  /// Whether the font has a drawing of its own for the character.
  package static func contains(_ scalar: Unicode.Scalar) -> Bool { glyphs[scalar] != nil }

  /// The width of a line of text in figure points.
  package static func width(of string: String, size: Double, weight: Weight = .regular) -> Double {
    string.unicodeScalars.reduce(0) { $0 + advance(of: $1, weight) } * size
  }

  static func advance(of scalar: Unicode.Scalar, _ weight: Weight) -> Double {
    glyph(scalar).advance + (weight == .bold ? 0.03 : 0)
  }

  /// The drawing of a character; an empty box for those the font lacks.
  static func glyph(_ scalar: Unicode.Scalar) -> Glyph {
    glyphs[scalar] ?? missing
  }

  private static let missing = Glyph(
    strokes: PenPath.flatten("M9 0L9 64L47 64L47 0L9 0"), advance: 0.56)

  private static let glyphs: [Unicode.Scalar: Glyph] = {
    var table: [Unicode.Scalar: Glyph] = [:]
    for (scalar, advance, drawing) in GlyphTable.all {
      table[scalar] = Glyph(strokes: PenPath.flatten(drawing), advance: advance / 100)
    }
    for (index, plain) in "0123456789−".unicodeScalars.enumerated() {
      let glyph = table[plain]
      table[Array("⁰¹²³⁴⁵⁶⁷⁸⁹⁻".unicodeScalars)[index]] = glyph.map { small($0, raised: 0.31) }
      table[Array("₀₁₂₃₄₅₆₇₈₉₋".unicodeScalars)[index]] = glyph.map { small($0, raised: -0.13) }
    }
    return table
  }()

  /// A letter at 0.62 of its size for an exponent or an index, its pen a little heavier than that.
  private static func small(_ glyph: Glyph, raised: Double) -> Glyph {
    Glyph(
      strokes: glyph.strokes.map { $0.map { Point($0.x * 0.62, $0.y * 0.62 - raised) } },
      advance: glyph.advance * 0.62, pen: 0.75)
  }
}
