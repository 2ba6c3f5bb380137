// SPDX-License-Identifier: Apache-2.0

import Figures
import Testing

struct LabelStackTests {
  @Test("labels with room stay where they are") func labelsWithRoomStayWhereTheyAre() {
    #expect(LabelStack.spread([70, 10, 40], height: 15, within: 0...100) == [70, 10, 40])
  }

  @Test("two that collide share the shift") func twoThatCollideShareTheShift() {
    #expect(LabelStack.spread([50, 52], height: 10, within: 0...100) == [46, 56])
  }

  @Test("equal wishes keep their order") func equalWishesKeepTheirOrder() {
    #expect(LabelStack.spread([20, 20, 20], height: 10, within: 0...100) == [10, 20, 30])
  }

  @Test("the stack stays inside its bounds") func theStackStaysInsideItsBounds() {
    #expect(LabelStack.spread([99, 100], height: 10, within: 0...100) == [85, 95])
    #expect(LabelStack.spread([0, 0], height: 10, within: 0...100) == [5, 15])
    #expect(LabelStack.spread([], height: 10, within: 0...100).isEmpty)
  }

  @Test("never closer than their height, even where there is no room")
  func neverCloserThanTheirHeightEvenWhereThereIsNoRoom() {
    var generator = TestGenerator(seed: 3)
    for count in 1...30 {
      let wishes = (0..<count).map { _ in generator.uniform() * 200 }
      let places = LabelStack.spread(wishes, height: 15, within: 0...200).sorted()
      #expect(places.count == count)
      #expect(zip(places, places.dropFirst()).allSatisfy { $1 - $0 > 15 - 1e-9 })
    }
  }

  @Test("boxes are pushed apart") func boxesArePushedApart() {
    var generator = TestGenerator(seed: 4)
    let frame = Rect(x: 0, y: 0, width: 400, height: 400)
    let boxes = (0..<10).map { _ in
      Rect(
        x: 180 + 30 * generator.uniform(), y: 180 + 30 * generator.uniform(), width: 60, height: 18)
    }
    let moved = LabelStack.separate(boxes, within: frame)
    #expect(moved.count == boxes.count)
    for i in moved.indices {
      #expect(moved.indices.dropFirst(i + 1).allSatisfy { !moved[i].overlaps(moved[$0]) })
    }
  }
}

struct StrokeFontTests {
  @Test("every printable ASCII character and our symbols are drawn")
  func everyPrintableASCIICharacterAndOurSymbolsAreDrawn() {
    let ascii = (0x20...0x7E).compactMap { Unicode.Scalar($0) }
    let symbols = "−×·≤≥±→μσβ⁰⁹⁻₀₉…–—°∞≈".unicodeScalars
    for scalar in ascii + symbols {
      #expect(StrokeFont.contains(scalar), "\(scalar)")
      #expect(StrokeFont.width(of: String(scalar), size: 10) > 0)
    }
  }

  @Test("width grows with size, length and weight") func widthGrowsWithSizeLengthAndWeight() {
    let text = "nats per image"
    let narrow = StrokeFont.width(of: text, size: 11)
    #expect(StrokeFont.width(of: text, size: 22) == 2 * narrow)
    #expect(StrokeFont.width(of: text + "s", size: 11) > narrow)
    #expect(StrokeFont.width(of: text, size: 11, weight: .bold) > narrow)
    #expect(StrokeFont.width(of: "", size: 11) == 0)
  }

  @Test("figures are of one width") func figuresAreOfOneWidth() {
    #expect(Set("0123456789".map { StrokeFont.width(of: String($0), size: 12) }).count == 1)
  }

  @Test("an unknown character is a box, not a crash") func anUnknownCharacterIsABoxNotACrash() {
    #expect(StrokeFont.width(of: "漢", size: 10) > 0)
  }

  /// Letters drawn alone must lie within their box, or lines of text would touch.
  @Test("ink stays between ascent and descent") func inkStaysBetweenAscentAndDescent() {
    for code in 0x21...0x7E {
      guard let scalar = Unicode.Scalar(code) else { continue }
      var canvas = Canvas(size: Size(width: 40, height: 40))
      canvas.text(Text(String(scalar), size: 20), at: Point(10, 25))
      let picture = RasterRenderer.render(canvas, theme: .light, scale: 1)
      let rows = (0..<40).filter { y in (0..<40).contains { picture[$0, y] != Color(0xFFFFFF) } }
      #expect(!rows.isEmpty, "\(scalar) is blank")
      // The box is 25 - 0.77 × 20 = 9.6 to 25 + 0.23 × 20 = 29.6, and half a pixel of smoothing.
      #expect(rows.allSatisfy { (9...30).contains($0) }, "\(scalar)")
    }
  }

  @Test("paragraphs keep to their width and lose no word")
  func paragraphsKeepToTheirWidthAndLoseNoWord() {
    let text = "One sample per image; test set of 10,000 images, evaluated after every epoch."
    let lines = Paragraph.lines(text, size: 12, width: 150)
    #expect(lines.count > 2)
    #expect(lines.joined(separator: " ") == text)
    #expect(lines.allSatisfy { StrokeFont.width(of: $0, size: 12) <= 150 })
    #expect(Paragraph.lines("", size: 12, width: 150).isEmpty)
  }
}
