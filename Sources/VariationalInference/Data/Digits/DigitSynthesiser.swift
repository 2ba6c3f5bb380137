// SPDX-License-Identifier: Apache-2.0

/// The built-in data set `digits`: grey images of handwritten digits, drawn on the spot.
///
/// Image i is a pure function of (seed, split, i): any range can be drawn on any thread, in any
/// order, and gives the same bytes on every machine. Images look as MNIST's do (28 × 28, the digit
/// in a box of 20 × 20, placed by its centre of mass), but carry their true ``DigitFactors``.
///
///     let digits = DigitSynthesiser(seed: 0, split: .training)
///     let pixels = digits.images(0..<128)   // 128 · 784 bytes, row by row, 0 paper, 255 ink
///     let labels = digits.labels(0..<128)
///
/// Numbers measured on this data set are its own: they do not compare with MNIST's.
public struct DigitSynthesiser: Sendable {
  /// The two halves of the data set, drawn from different random streams.
  public enum Split: UInt64, Sendable, CaseIterable {
    /// For fitting: 60,000 images.
    case training
    /// For judging: 10,000 images.
    case test

    /// The customary number of images; larger indices give further images without end.
    public var count: Int { self == .training ? 60_000 : 10_000 }
  }

  /// Rows of an image.
  public static let height = DigitRasteriser.side

  /// Columns of an image.
  public static let width = DigitRasteriser.side

  /// Bytes of an image.
  public static let pixelCount = height * width

  /// The seed of all images.
  public let seed: UInt64

  /// The half of the data set that is drawn.
  public let split: Split

  /// A data set; nothing is drawn yet.
  ///
  /// - Parameters:
  ///   - seed: Another seed gives other images from the same distribution.
  ///   - split: Training or test images.
  public init(seed: UInt64, split: Split) {
    self.seed = seed
    self.split = split
  }

  /// The names of the writing styles of a digit; positions are values of ``DigitFactors/style``.
  ///
  /// - Parameter label: The digit, 0 to 9.
  /// - Returns: One name for each style.
  public static func styleNames(of label: Int) -> [String] {
    precondition((0...9).contains(label), "label \(label) is not a digit from 0 to 9")
    return DigitStyle.all[label].map(\.name)
  }

  /// The true factors of image `index`, from 0 on.
  public func factors(of index: Int) -> DigitFactors {
    precondition((0..<1 << 40).contains(index), "image \(index) is outside 0..<2^40")
    let number = split.rawValue << 40 | UInt64(index)
    var noise = DigitNoise(seed: seed, stream: GeneratorPurpose.digitFactors.stream(number))
    return DigitFactors(drawnUsing: &noise)
  }

  /// The classes of the images in `range`.
  public func labels(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(factors(of: $0).label) }
  }

  /// The images in `range`: ``pixelCount`` bytes each, row by row, 0 for paper, 255 for ink.
  public func images(_ range: Range<Int>) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: range.count * Self.pixelCount) { pixels, count in
      render(range, into: pixels)
      count = pixels.count
    }
  }

  /// Draws the images in `range` into `pixels`, which holds exactly ``pixelCount`` bytes for each.
  ///
  /// Ranges may be drawn at the same time on several threads, each into its own part of a buffer.
  public func render(_ range: Range<Int>, into pixels: UnsafeMutableBufferPointer<UInt8>) {
    precondition(
      pixels.count == range.count * Self.pixelCount,
      "\(range.count) images need \(range.count * Self.pixelCount) bytes, got \(pixels.count)")
    var pen = Pen()
    for (slot, index) in range.enumerated() {
      let start = slot * Self.pixelCount
      pen.draw(
        factors(of: index),
        into: UnsafeMutableBufferPointer(rebasing: pixels[start..<start + Self.pixelCount]))
    }
  }

  /// The image of explicit factors, for example a 3 that leans 10 degrees to the right.
  ///
  /// - Parameter factors: Within the limits stated at each factor.
  /// - Returns: ``pixelCount`` bytes, row by row, 0 for paper, 255 for ink.
  public static func image(_ factors: DigitFactors) -> [UInt8] {
    factors.check()
    return [UInt8](unsafeUninitializedCapacity: pixelCount) { pixels, count in
      var pen = Pen()
      pen.draw(factors, into: pixels)
      count = pixelCount
    }
  }

  /// The buffers for drawing one image after the other.
  private struct Pen {
    private var hand = DigitHand()
    private var rasteriser = DigitRasteriser()

    mutating func draw(_ factors: DigitFactors, into pixels: UnsafeMutableBufferPointer<UInt8>) {
      hand.write(factors)
      rasteriser.draw(
        hand.path, scale: factors.scale, strokeWidth: factors.strokeWidth, into: pixels)
    }
  }
}
