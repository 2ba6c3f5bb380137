// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

private let pixelCount = DigitSynthesiser.pixelCount

/// FNV-1a, 64 bits.
private func hash(_ bytes: [UInt8]) -> UInt64 {
  bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}

@Suite("The data set of synthetic digits")
struct DigitSynthesiserTests {
  private let training = DigitSynthesiser(seed: 0, split: .training)

  @Test(
    "the first 200 images are the same bytes on every machine",
    arguments: [
      (DigitSynthesiser.Split.training, UInt64(5_532_356_329_605_532_367)),
      (.test, 4_329_191_962_931_223_932),
    ])
  func knownAnswer(split: DigitSynthesiser.Split, expected: UInt64) {
    let digits = DigitSynthesiser(seed: 0, split: split)
    #expect(hash(digits.labels(0..<200) + digits.images(0..<200)) == expected)
  }

  @Test("an image depends on its index alone, not on range or order")
  func independentOfRange() {
    let together = training.images(95..<105)
    for index in (95..<105).reversed() {
      let start = (index - 95) * pixelCount
      #expect(training.images(index..<index + 1) == Array(together[start..<start + pixelCount]))
      #expect(
        DigitSynthesiser.image(training.factors(of: index)) == training.images(index..<index + 1))
    }
    #expect(training.images(7..<7).isEmpty)
  }

  @Test("splits and seeds give different images and factors")
  func streamsDiffer() {
    let test = DigitSynthesiser(seed: 0, split: .test)
    let otherSeed = DigitSynthesiser(seed: 1, split: .training)
    for i in 0..<100 {
      #expect(training.factors(of: i) != test.factors(of: i))
      #expect(training.factors(of: i) != otherSeed.factors(of: i))
      #expect(training.images(i..<i + 1) != test.images(i..<i + 1))
    }
  }

  @Test("labels are balanced", arguments: DigitSynthesiser.Split.allCases)
  func labelsBalanced(split: DigitSynthesiser.Split) {
    let labels = DigitSynthesiser(seed: 0, split: split).labels(0..<split.count)
    var counts = [Int](repeating: 0, count: 10)
    for label in labels { counts[Int(label)] += 1 }
    // A count is binomial with p = 1/10: variance n · 0.09. Five standard errors: an unlucky seed
    // has probability 10 · 6e-7.
    let n = Double(split.count)
    for count in counts {
      #expect(abs(Double(count) - n / 10) < 5 * (n * 0.09).squareRoot(), "\(counts)")
    }
  }

  @Test("every style of every digit is written")
  func allStylesAppear() {
    var seen = Set<[Int]>()
    for i in 0..<3000 {
      let factors = training.factors(of: i)
      seen.insert([factors.label, factors.style])
    }
    // The rarest style has probability 1/140: missing in 3,000 with probability e^-21.
    #expect(seen.count == (0...9).reduce(0) { $0 + DigitSynthesiser.styleNames(of: $1).count })
  }

  @Test("ink lies in a box of 20 × 20 with the centre of mass in the middle, as in MNIST")
  func sizedAndCentred() {
    var offCentre = 0
    for i in 0..<3000 {
      let picture = DigitPicture(training.images(i..<i + 1))
      #expect(picture.ink > 5)
      #expect(picture.longerSide <= 20)
      #expect(picture.longerSide >= 15)
      // Whole-pixel shifts leave at most half a pixel, except where the box would leave the image.
      if max(abs(picture.row - 14), abs(picture.column - 14)) > 0.5 + 1e-9 { offCentre += 1 }
      #expect(max(abs(picture.row - 14), abs(picture.column - 14)) < 1.5)
    }
    // 7 of 10,000 at the time of writing; 15 of 3,000 would be a change of distribution.
    #expect(offCentre < 15)
  }

  @Test("grey levels are distributed as MNIST's")
  func greyLevels() {
    let pixels = training.images(0..<3000)
    let mean = Double(pixels.reduce(0) { $0 + Int($1) }) / Double(pixels.count)
    let inked = Double(pixels.count { $0 > 0 }) / Double(pixels.count)
    // MNIST's training set: mean 33.32, 19.12 % non-zero. The standard deviation between images
    // is 9.5 and 4.5 %, so the standard error here is 0.17 and 0.08 %: the tolerances, a tenth
    // of the value, are a demand on the likeness, not on luck.
    #expect(abs(mean - 33.32) < 3.3, "mean \(mean)")
    #expect(abs(inked - 0.1912) < 0.019, "inked \(inked)")
  }

  @Test("classes are separable, but not trivially")
  func nearestMean() {
    let means = classMeans(count: 2000)
    let test = DigitSynthesiser(seed: 0, split: .test)
    let labels = test.labels(0..<1000)
    let pixels = test.images(0..<1000).map { Float($0) }
    let hits = labels.indices.count { i in
      let image = pixels[i * pixelCount..<(i + 1) * pixelCount]
      let distances = means.map { mean in
        zip(image, mean).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      }
      return distances.firstIndex(of: distances.min() ?? 0) == Int(labels[i])
    }
    // This classifier reaches 0.81 on MNIST, 0.82 here, 0.1 by chance; standard error 0.012.
    #expect((600...960).contains(hits), "\(hits) of 1000")
  }

  private func classMeans(count: Int) -> [[Float]] {
    var sums = [[Float]](repeating: [Float](repeating: 0, count: pixelCount), count: 10)
    var counts = [Float](repeating: 0, count: 10)
    let pixels = training.images(0..<count)
    for (i, label) in training.labels(0..<count).enumerated() {
      counts[Int(label)] += 1
      for p in 0..<pixelCount { sums[Int(label)][p] += Float(pixels[i * pixelCount + p]) }
    }
    return zip(sums, counts).map { sum, count in sum.map { $0 / count } }
  }
}
