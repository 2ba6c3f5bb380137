// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@Suite("Resizing of pictures")
struct PictureResizingTests {
  private func noise(_ height: Int, _ width: Int, _ channels: Int) -> Picture {
    var generator = Xorshift(state: 5)
    let bytes = (0..<height * width * channels).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    return Picture(height: height, width: width, channels: channels, bytes: bytes)
  }

  private func mean(_ picture: Picture) -> Double {
    Double(picture.bytes.reduce(0) { $0 + Int($1) }) / Double(picture.bytes.count)
  }

  @Test("whole factors give means of blocks")
  func blocks() {
    let picture = Picture(
      height: 2, width: 4, channels: 1, bytes: [1, 3, 10, 20, 5, 7, 30, 40])
    #expect(picture.resized(height: 1, width: 2, fit: .stretch).bytes == [4, 25])
    let colour = Picture(height: 1, width: 2, channels: 3, bytes: [1, 2, 3, 101, 202, 253])
    #expect(colour.resized(height: 1, width: 1, fit: .stretch).bytes == [51, 102, 128])
  }

  @Test("parts of pixels count by their share")
  func shares() {
    let picture = Picture(height: 1, width: 3, channels: 1, bytes: [0, 90, 240])
    // (0 + 90 / 2) / 1.5 and (90 / 2 + 240) / 1.5.
    #expect(picture.resized(height: 1, width: 2, fit: .stretch).bytes == [30, 190])
  }

  /// Rounding to bytes moves the mean by 0.29 / sqrt(pixels) at one standard deviation: 5 of them.
  @Test(
    "what shrinks keeps its mean",
    arguments: [(40, 40), (33, 57), (64, 1), (1, 96), (63, 95), (7, 96)])
  func mean(height: Int, width: Int) {
    for channels in [1, 3] {
      let picture = noise(64, 96, channels)
      let small = picture.resized(height: height, width: width, fit: .stretch)
      #expect(small.height == height && small.width == width && small.channels == channels)
      let error = 5 * 0.29 / Double(small.bytes.count).squareRoot()
      #expect(abs(mean(small) - mean(picture)) < error, "\(mean(small)) \(mean(picture))")
    }
  }

  @Test("what grows is linear between centres of pixels, and a constant stays one")
  func growth() {
    let picture = Picture(height: 1, width: 2, channels: 1, bytes: [0, 200])
    #expect(picture.resized(height: 1, width: 4, fit: .stretch).bytes == [0, 50, 150, 200])
    let plain = Picture(height: 3, width: 5, channels: 1, bytes: [UInt8](repeating: 255, count: 15))
    for (height, width) in [(2, 3), (7, 11), (1, 40), (30, 2)] {
      let resized = plain.resized(height: height, width: width, fit: .stretch)
      #expect(resized.bytes.allSatisfy { $0 == 255 })
    }
    #expect(plain.resized(height: 3, width: 5, fit: .crop) == plain)
  }

  @Test("a crop takes the middle, a pad shows all")
  func fits() {
    let wide = Picture(height: 2, width: 4, channels: 1, bytes: [9, 1, 2, 9, 9, 3, 4, 9])
    #expect(wide.resized(height: 2, width: 2, fit: .crop).bytes == [1, 2, 3, 4])
    let padded = wide.resized(height: 4, width: 4, fit: .pad)
    #expect(padded.bytes == [0, 0, 0, 0, 9, 1, 2, 9, 9, 3, 4, 9, 0, 0, 0, 0])
    let tall = Picture(height: 4, width: 2, channels: 1, bytes: [9, 9, 1, 2, 3, 4, 9, 9])
    #expect(tall.resized(height: 2, width: 2, fit: .crop).bytes == [1, 2, 3, 4])
    // Half a pixel on each side: (8 / 2 + 2 + 6 + 8 / 2) / 3 is 16 / 3.
    let odd = Picture(
      height: 3, width: 4, channels: 1, bytes: [8, 2, 6, 8, 8, 2, 6, 8, 8, 2, 6, 8])
    #expect(odd.resized(height: 1, width: 1, fit: .crop).bytes == [5])
    for fit in [Picture.Fitting.crop, .pad, .stretch] {
      let thin = noise(1, 500, 3).resized(height: 20, width: 10, fit: fit)
      #expect(thin.height == 20 && thin.width == 10 && thin.bytes.count == 600)
    }
  }

  @Test("a part is the pixels at its place")
  func parts() {
    let picture = Picture(height: 3, width: 3, channels: 1, bytes: Array(0..<9))
    #expect(picture.cropped(top: 1, left: 1, height: 2, width: 2).bytes == [4, 5, 7, 8])
    #expect(picture.cropped(top: 0, left: 0, height: 3, width: 3) == picture)
    let colour = picture.converted(toChannels: 3)
    #expect(colour.cropped(top: 2, left: 0, height: 1, width: 1).bytes == [6, 6, 6])
  }
}
