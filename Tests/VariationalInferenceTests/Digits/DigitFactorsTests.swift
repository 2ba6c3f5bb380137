// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

/// All styles of all digits, with neutral factors.
private let allStyles = (0...9).flatMap { label in
  DigitSynthesiser.styleNames(of: label).indices.map { DigitFactors(label: label, style: $0) }
}

@Suite("Factors change the picture as they say")
struct DigitFactorsTests {
  private func picture(_ factors: DigitFactors, _ change: (inout DigitFactors) -> Void)
    -> DigitPicture
  {
    var changed = factors
    change(&changed)
    return DigitPicture(DigitSynthesiser.image(changed))
  }

  @Test("style names of a digit are distinct")
  func styleNames() {
    for label in 0...9 {
      let names = DigitSynthesiser.styleNames(of: label)
      #expect(Set(names).count == names.count && names.count >= 4)
    }
  }

  @Test("scale 1 fills the box of 20 pixels exactly, 0.8 fills 16", arguments: allStyles)
  func scale(factors: DigitFactors) {
    #expect(picture(factors) { _ in }.longerSide == 20)
    #expect(picture(factors) { $0.scale = 0.8 }.longerSide == 16)
  }

  @Test("a straight 1 leans by its slant", arguments: [-30.0, -10, 10, 30])
  func slantOfRod(degrees: Double) {
    let leaning = picture(DigitFactors(label: 1)) { $0.slant = degrees }
    let tangent = sineAndCosine(degrees: degrees).sine / sineAndCosine(degrees: degrees).cosine
    // A rod of length 20 and width 2.4: the width's variance is 0.5 of 33 square pixels.
    #expect(abs(leaning.shear - tangent) < 0.03, "\(leaning.shear)")
  }

  @Test("a positive slant leans right", arguments: allStyles)
  func slant(factors: DigitFactors) {
    let shears = [-15.0, 0, 15].map { slant in picture(factors) { $0.slant = slant }.shear }
    // A sheared area would gain tan(15°) = 0.268 a step. A sheared line gains less, because its ink
    // stays even along its new length (a ring about 0.21); half the gain is the bound.
    #expect(shears[1] - shears[0] > 0.134 && shears[2] - shears[1] > 0.134, "\(shears)")
  }

  @Test(
    "a straight 1 turned anticlockwise leans left by the angle", arguments: [-30.0, -10, 10, 30])
  func rotation(degrees: Double) {
    let turned = picture(DigitFactors(label: 1)) { $0.rotation = degrees }
    let tangent = sineAndCosine(degrees: degrees).sine / sineAndCosine(degrees: degrees).cosine
    // A rod of length 20 and width 2.4: the width's variance is 0.5 of 33 square pixels.
    #expect(abs(turned.shear + tangent) < 0.03, "\(turned.shear)")
  }

  @Test("a wider pen gives more ink", arguments: allStyles)
  func strokeWidth(factors: DigitFactors) {
    let inks = [1.5, 2.0, 2.5, 3.0, 4.0].map { width in
      picture(factors) { $0.strokeWidth = width }.ink
    }
    #expect(zip(inks, inks.dropFirst()).allSatisfy { $0 < $1 }, "\(inks)")
  }

  @Test("the ink of a straight 1 is the width times the length")
  func inkOfRod() {
    for width in [1.0, 2.0, 3.0] {
      let ink = picture(DigitFactors(label: 1)) { $0.strokeWidth = width }.ink
      // Outer length 20.2: the edge's half-width reaches 0.1 beyond the box; round ends take
      // (1 - π/4) w². Sampling at pixel centres errs by up to a tenth of a pixel of width.
      let expected = width * 20.2 - (1 - Double.pi / 4) * width * width
      #expect(abs(ink - expected) < 2.02, "\(ink), expected \(expected)")
    }
  }

  @Test("a larger aspect is wider", arguments: allStyles.filter { $0.label != 1 })
  func aspect(factors: DigitFactors) {
    let ratio = { (p: DigitPicture) in p.columnVariance / p.rowVariance }
    #expect(
      ratio(picture(factors) { $0.aspect = 1.3 }) > ratio(picture(factors) { $0.aspect = 0.8 }))
  }

  @Test("the hand matters only where it wobbles or presses", arguments: allStyles)
  func hand(factors: DigitFactors) {
    var other = factors
    other.hand = 1
    #expect(DigitSynthesiser.image(factors) == DigitSynthesiser.image(other))
    for change in [\DigitFactors.wobble, \DigitFactors.pressure] {
      var (mine, yours) = (factors, other)
      mine[keyPath: change] = 0.1
      yours[keyPath: change] = 0.1
      #expect(DigitSynthesiser.image(mine) != DigitSynthesiser.image(yours))
    }
  }
}
