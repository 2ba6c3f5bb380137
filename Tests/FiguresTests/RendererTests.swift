// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

/// Enough of an XML parser to catch what goes wrong in a writer: unbalanced tags, unquoted or
/// repeated attributes, bare `&` and `<`, forbidden characters.
struct XMLChecker {
  struct Fault: Error {
    let what: String
  }

  static func check(_ text: String) throws {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      try checkText(rest[..<start])
      guard let end = rest[start...].firstIndex(of: ">") else { throw Fault(what: "open tag") }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.hasPrefix("/") {
        guard open.popLast() == tag.dropFirst() else { throw Fault(what: "unbalanced <\(tag)>") }
        continue
      }
      let name = tag.prefix { $0 != " " && $0 != "/" }
      try checkAttributes(tag.dropFirst(name.count))
      if !tag.hasSuffix("/") { open.append(name) }
    }
    try checkText(rest)
    if !open.isEmpty { throw Fault(what: "unclosed \(open)") }
  }

  private static func checkAttributes(_ text: Substring) throws {
    var names: Set<Substring> = []
    var rest = text
    while true {
      rest = rest.drop { $0 == " " }
      if rest.isEmpty || rest == "/" { return }
      let name = rest.prefix { $0 != "=" }
      guard names.insert(name).inserted else { throw Fault(what: "\(name) twice") }
      rest = rest.dropFirst(name.count)
      guard rest.hasPrefix("=\"") else { throw Fault(what: "unquoted \(name)") }
      let value = rest.dropFirst(2).prefix { $0 != "\"" }
      if value.contains("<") { throw Fault(what: "< in \(name)") }
      try checkText(value)
      rest = rest.dropFirst(value.count + 3)
    }
  }

  private static func checkText(_ text: Substring) throws {
    for scalar in text.unicodeScalars where scalar.value < 32 && scalar != "\n" {
      throw Fault(what: "control character \(scalar.value)")
    }
    for piece in text.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
      let entity = piece.prefix { $0 != ";" }
      guard ["amp", "lt", "gt", "quot", "#39"].contains(entity), piece.count > entity.count else {
        throw Fault(what: "bare & before '\(piece.prefix(10))'")
      }
    }
  }
}

struct SVGTests {
  @Test(
    "the checker itself can fail",
    arguments: ["<a>", "<a></b>", "<a b=c></a>", "<a>&x</a>", "<a b=\"1\" b=\"2\"/>"])
  func theCheckerItselfCanFail(_ text: String) {
    #expect(throws: XMLChecker.Fault.self) { try XMLChecker.check(text) }
  }

  @Test("words are escaped") func wordsAreEscaped() throws {
    let chart = LineChart(
      title: "a<b & \"c\" 'd' \u{7}", panels: [.init(xLabel: "<x>", yLabel: "&y", series: [])])
    let svg = try chart.svg()
    try XMLChecker.check(svg)
    #expect(svg.contains("<title>a&lt;b &amp; &quot;c&quot; &#39;d&#39; \u{FFFD}</title>"))
    #expect(svg.contains("&amp;y"))
  }

  @Test("both colour schemes are in the file", arguments: Sample.all)
  func bothColourSchemes(_ sample: Sample) throws {
    let svg = try sample.figure.svg()
    #expect(svg.contains("@media (prefers-color-scheme:dark)"))
    #expect(svg.contains("color-scheme:light dark"))
    #expect(svg.contains("<desc>") && svg.contains("role=\"img\""))
    for theme in Theme.allCases {
      #expect(svg.contains(".fill-paper{fill:\(Ink.paper.color(in: theme).css)}"))
    }
  }

  @Test(
    "all is drawn on paper: neither dark letters nor light ones meet a page of their own kind",
    arguments: Sample.all)
  func theGroundIsPaper(_ sample: Sample) throws {
    let svg = try sample.figure.svg()
    let size = sample.figure.size
    let ground =
      "<rect x=\"0\" y=\"0\" width=\"\(SVGNumber.text(size.width))\" "
      + "height=\"\(SVGNumber.text(size.height))\" fill=\"#ffffff\" class=\"fill-paper\"/>"
    let body = svg.split(separator: "\n").drop { $0 != "</style>" }.dropFirst()
    #expect(body.first.map { String($0) } == ground)
  }

  @Test("images travel inside the file") func imagesTravelInsideTheFile() throws {
    // 0x89 P N G as the first three bytes of base64.
    #expect(try Sample.pairs.svg().contains("data:image/png;base64,iVBORw0KGgo"))
  }

  @Test(
    "base64 test vectors of RFC 4648",
    arguments: [
      ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
      ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
  func base64TestVectorsOfRFC4648(_ plain: String, _ encoded: String) {
    #expect(Base64.encode(Array(plain.utf8)) == encoded)
  }

  @Test(
    "coordinates are short",
    arguments: [
      (0.0, "0"), (12.5, "12.5"), (-3.049, "-3.05"), (0.004, "0"), (99.999, "100"), (-0.001, "0"),
      (7.06, "7.06"),
    ])
  func coordinatesAreShort(_ value: Double, _ text: String) {
    #expect(SVGNumber.text(value) == text)
  }
}

struct InkTests {
  @Test(
    "every word has a contrast of 4.5 to its paper, on light and on dark", arguments: Theme.allCases
  )
  func wordsCanBeRead(_ theme: Theme) {
    let paper = Ink.paper.color(in: theme)
    for ink in [.text, .muted] + (0..<10).map(Ink.seriesText) {
      let contrast = ColourVision.contrast(ink.color(in: theme), paper)
      #expect(contrast >= 4.5, "\(ink) on \(theme): \(contrast)")
    }
  }

  @Test("the inks of all words in figures are those of words", arguments: Sample.all)
  func wordsAreInWordInks(_ sample: Sample) {
    for mark in sample.figure.canvas.marks {
      guard case .text(let text, _) = mark else { continue }
      for run in text.runs {
        switch run.ink {
        case .text, .muted, .seriesText: break
        default: Issue.record("'\(run.string)' is written in \(run.ink)")
        }
      }
    }
  }

  @Test(
    "any two of ten classes differ for every kind of colour vision", arguments: Theme.allCases)
  func classesDiffer(_ theme: Theme) {
    let colours = (0..<10).map { Ink.series($0).color(in: theme) }
    for vision in ColourVision.allCases {
      let seen = colours.map { vision.seen($0) }
      for i in seen.indices {
        for j in seen.indices.dropFirst(i + 1) {
          // Just noticeable side by side is about 2; the palette before this test had pairs at 2.0.
          let distance = ColourVision.distance(seen[i], seen[j])
          #expect(distance >= 4.5, "\(i) and \(j) on \(theme), \(vision): \(distance)")
        }
      }
    }
  }

  @Test("the palette repeats for any integer") func thePaletteRepeatsForAnyInteger() {
    #expect(Ink.series(13).color(in: .light) == Ink.series(3).color(in: .light))
    #expect(Ink.series(-1).color(in: .light) == Ink.series(9).color(in: .light))
    #expect(Set((0..<10).map { Ink.series($0).color(in: .light) }).count == 10)
  }
}

struct RasterTests {
  /// A scene of every kind of mark, reduced to one number (FNV-1a, 64 bits). The renderer uses only
  /// additions, products, quotients and square roots, which IEEE 754 rounds alike on all machines.
  @Test("the same bytes on every machine") func theSameBytesOnEveryMachine() {
    var canvas = Canvas(size: Size(width: 120, height: 80))
    canvas.add(.rectangle(Rect(x: 5.3, y: 4.1, width: 50, height: 20.5), Fill(.series(0))))
    canvas.add(
      .polygon([Point(60, 5), Point(110, 20), Point(70, 40)], Fill(.series(1), opacity: 0.5)))
    canvas.dot(Point(30, 50), radius: 6.5, .series(2))
    canvas.line(
      from: Point(4, 70), to: Point(116, 44.4), Stroke(.text, width: 1.5, dash: Dash(on: 5, off: 4))
    )
    canvas.text(
      Text("KL ≥ 0, 10⁻³", size: 13, ink: .seriesText(3), weight: .bold, halo: true),
      at: Point(10, 40))
    canvas.add(
      .image(
        Pixels(width: 2, height: 1, channels: 1, bytes: [40, 200]),
        in: Rect(x: 90, y: 50, width: 20, height: 10)))
    let picture = RasterRenderer.render(canvas, theme: .light, scale: 2)
    let hash = picture.bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    #expect(hash == 8_194_571_126_331_545_679)
  }

  @Test("opaque and half opaque colours land exactly") func opaqueAndHalfOpaqueColoursLandExactly()
  {
    var canvas = Canvas(size: Size(width: 4, height: 1))
    canvas.add(.rectangle(Rect(x: 0, y: 0, width: 2, height: 1), Fill(.text)))
    canvas.add(.rectangle(Rect(x: 1, y: 0, width: 1, height: 1), Fill(.paper, opacity: 0.5)))
    let picture = RasterRenderer.render(canvas, theme: .light, scale: 1)
    #expect(picture[0, 0] == Color(0x1F2328))
    // (0x1F + 0xFF) / 2 = 143, (0x23 + 0xFF) / 2 = 145, (0x28 + 0xFF) / 2 = 147.5, rounded up.
    #expect(picture[1, 0] == Color(0x8F9194))
    #expect(picture[3, 0] == Color(0xFFFFFF))
  }
}
