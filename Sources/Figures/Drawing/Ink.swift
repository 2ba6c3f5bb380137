// SPDX-License-Identifier: Apache-2.0

/// An opaque colour, 8 bits per channel, sRGB.
package struct Color: Hashable, Sendable {
  package var red: UInt8
  package var green: UInt8
  package var blue: UInt8

  /// A colour from its usual hexadecimal form, e.g. `Color(0x1F2328)`.
  package init(_ hex: UInt32) {
    red = UInt8(truncatingIfNeeded: hex >> 16)
    green = UInt8(truncatingIfNeeded: hex >> 8)
    blue = UInt8(truncatingIfNeeded: hex)
  }

  /// `#rrggbb`, as CSS writes it.
  package var css: String {
    let digits = Array("0123456789abcdef")
    return [red, green, blue].reduce(into: "#") { text, byte in
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
  }
}

/// The background a picture is made for. An SVG carries both and lets the reader's screen choose.
package enum Theme: Sendable, CaseIterable {
  case light
  case dark
}

/// A colour by its role, so that one layout serves light and dark backgrounds.
package enum Ink: Hashable, Sendable {
  /// Titles and names.
  case text
  /// Axis numbers, captions, notes.
  case muted
  /// Axis lines and error bars.
  case axis
  /// The thin lines behind the data.
  case grid
  /// The background itself: halos around labels, rings around dots.
  case paper
  /// The data colour of series or class `n`; the palette repeats after ten.
  case series(Int)
  /// The same hue with enough contrast for words (at least 4.5 : 1 on the paper).
  case seriesText(Int)

  /// The colour on a light or a dark background.
  package func color(in theme: Theme) -> Color {
    switch (self, theme) {
    case (.text, .light): Color(0x1F2328)
    case (.text, .dark): Color(0xE6EDF3)
    case (.muted, .light): Color(0x59636E)
    case (.muted, .dark): Color(0x9BA3AD)
    case (.axis, .light): Color(0x7D8690)
    case (.axis, .dark): Color(0x7D8690)
    case (.grid, .light): Color(0xE4E7EB)
    case (.grid, .dark): Color(0x2D333B)
    case (.paper, .light): Color(0xFFFFFF)
    case (.paper, .dark): Color(0x0D1117)
    case (.series(let n), .light): Hue[n].light
    case (.series(let n), .dark), (.seriesText(let n), .dark): Hue[n].dark
    case (.seriesText(let n), .light): Hue[n].lightText
    }
  }

  /// The suffix of this ink's CSS classes, e.g. `series-3`.
  package var cssName: String {
    switch self {
    case .text: "text"
    case .muted: "muted"
    case .axis: "axis"
    case .grid: "grid"
    case .paper: "paper"
    case .series(let n): "series-\(Hue.index(n))"
    case .seriesText(let n): "words-\(Hue.index(n))"
    }
  }
}

/// One entry of the palette of categories.
///
/// Ten hues in the order of the colour-blind-safe set of Okabe and Ito (2008), retuned for two
/// backgrounds until any two stay apart for readers of every kind of colour vision: distances in
/// OKLab (Ottosson 2020) under the simulations of Machado, Oliveira and Fernandes (2009) are as
/// large as a search made them. Ten remain too many to be matched to a legend, so charts label
/// directly.
package struct Hue: Sendable {
  let light: Color
  let lightText: Color
  let dark: Color

  private init(_ light: UInt32, text: UInt32, dark: UInt32) {
    self.light = Color(light)
    self.lightText = Color(text)
    self.dark = Color(dark)
  }

  private static let all = [
    Hue(0x2272B4, text: 0x1F69A6, dark: 0x5AA9F0),  // blue
    Hue(0xD9541E, text: 0xBA4312, dark: 0xFF8A55),  // vermilion
    Hue(0x1B9E77, text: 0x117A5B, dark: 0x3CCBA0),  // green
    Hue(0xB544E0, text: 0xA438D4, dark: 0xC759B8),  // purple
    Hue(0xFD9010, text: 0x735000, dark: 0xF4DF21),  // amber
    Hue(0x37B9EF, text: 0x003F57, dark: 0xC0DAFF),  // sky
    Hue(0x8B4305, text: 0x6A2A00, dark: 0xC2653E),  // brown
    Hue(0x212CBB, text: 0x2414B0, dark: 0x7A70FD),  // indigo
    Hue(0xA5B57D, text: 0x3E5213, dark: 0x8FF58A),  // lime
    Hue(0x5C6168, text: 0x666B72, dark: 0x8E9298),  // grey
  ]

  /// The place of series `n` in the palette, for any integer.
  static func index(_ n: Int) -> Int { ((n % all.count) + all.count) % all.count }

  static subscript(_ n: Int) -> Hue { all[index(n)] }
}
