// SPDX-License-Identifier: Apache-2.0

/// Grey images of one size, in memory as bytes, with a label each if there are labels.
///
/// The pixels stay bytes (47 MB for MNIST, not 188): a batch is converted when it is needed.
public struct ImageDataset: Sendable, Equatable {
  /// The name of the data, "mnist".
  public let name: String
  /// Which part of the data this is: "train", "validation" or "test".
  public let split: String
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// The pixels `[count, height, width]`, from 0 (background) to 255, row by row from the top.
  public let pixels: [UInt8]
  /// The class of each image `[count]`, where it is known.
  public let labels: [UInt8]?

  /// A data set of the given pixels.
  ///
  /// - Parameters:
  ///   - name: The name of the data.
  ///   - split: "train", "validation" or "test".
  ///   - height: Rows of an image.
  ///   - width: Columns of an image.
  ///   - pixels: `[count, height, width]`.
  ///   - labels: `[count]`, or nil.
  /// - Precondition: There is at least one image, the pixels fill whole images, and there are as
  ///   many labels as images.
  public init(
    name: String, split: String, height: Int, width: Int, pixels: [UInt8], labels: [UInt8]? = nil
  ) {
    precondition(
      height > 0 && width > 0 && !pixels.isEmpty && pixels.count % (height * width) == 0,
      "\(pixels.count) pixels do not fill one or more images of \(height) x \(width)")
    let count = pixels.count / (height * width)
    precondition(
      labels == nil || labels?.count == count, "\(labels?.count ?? 0) labels for \(count) images")
    self.name = name
    self.split = split
    self.height = height
    self.width = width
    self.pixels = pixels
    self.labels = labels
  }

  /// The number of images, at least one.
  public var count: Int { pixels.count / pixelsPerImage }

  /// The number of pixels of an image: height x width.
  public var pixelsPerImage: Int { height * width }

  /// The mean of each pixel over the images, from 0 to 1.
  var meanPixels: [Double] {
    var sums = [Int](repeating: 0, count: pixelsPerImage)
    pixels.withUnsafeBufferPointer { pixels in
      for start in stride(from: 0, to: pixels.count, by: pixelsPerImage) {
        for pixel in sums.indices { sums[pixel] += Int(pixels[start + pixel]) }
      }
    }
    return sums.map { Double($0) / (255 * Double(count)) }
  }

  /// The pixels of one image `[height, width]`, row by row.
  ///
  /// - Precondition: `index` is from 0 to `count` - 1.
  public func image(at index: Int) -> ArraySlice<UInt8> {
    precondition((0..<count).contains(index), "image \(index) of \(count)")
    return pixels[index * pixelsPerImage..<(index + 1) * pixelsPerImage]
  }

  /// The first `maximum` images, or all where there are fewer.
  ///
  /// - Precondition: `maximum` is at least 1.
  public func prefix(_ maximum: Int) -> ImageDataset {
    precondition(maximum >= 1, "a data set has at least one image; \(maximum) were asked for")
    guard maximum < count else { return self }
    return ImageDataset(
      name: name, split: split, height: height, width: width,
      pixels: Array(pixels.prefix(maximum * pixelsPerImage)),
      labels: labels.map { Array($0.prefix(maximum)) })
  }

  /// What recognises the same images again: 16 hexadecimal digits.
  ///
  /// Name, split and labels do not count. A fast mixing function (about 0.2 ns a byte), which tells
  /// other data from the same data but does not withstand forgery.
  public func fingerprint() -> String {
    var lanes: (UInt64, UInt64, UInt64, UInt64) = (
      UInt64(count), UInt64(height), UInt64(width), 0x9e37_79b9_7f4a_7c15
    )
    pixels.withUnsafeBytes { bytes in
      func word(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      }
      let whole = bytes.count / 32 * 32
      for offset in stride(from: 0, to: whole, by: 32) {
        lanes.0 = Self.mix(lanes.0, word(offset))
        lanes.1 = Self.mix(lanes.1, word(offset + 8))
        lanes.2 = Self.mix(lanes.2, word(offset + 16))
        lanes.3 = Self.mix(lanes.3, word(offset + 24))
      }
      for byte in bytes[whole...] { lanes.0 = Self.mix(lanes.0, UInt64(byte)) }
    }
    let all = [lanes.1, lanes.2, lanes.3].reduce(lanes.0, Self.mix)
    let digits = String(all, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Every bit of the word changes about half the bits of the state within two rounds.
  private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word) &* 0x9fb2_1c65_1e98_df25
    return product ^ (product >> 29)
  }
}

/// The parts of a data set.
public enum DatasetSplit: String, Sendable, CaseIterable {
  /// What a model learns from.
  case train
  /// What its settings are chosen by; many data sets have none.
  case validation
  /// What it is judged by.
  case test
}

/// A data set with all its parts; their images have the same size.
public struct DatasetSplits: Sendable, Equatable {
  /// What a model learns from.
  public let train: ImageDataset
  /// What its settings are chosen by, where there is such a part.
  public let validation: ImageDataset?
  /// What it is judged by.
  public let test: ImageDataset
}
