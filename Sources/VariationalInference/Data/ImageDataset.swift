// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Grey or colour images of one size, in memory as bytes, with a label each if there are labels.
///
/// Fields: "x" `[height, width, channels]`, levels from 0 to 1 (or 0 and 1, see ``binarized(_:)``);
/// "label" where there are labels; and any further columns.
///
/// The pixels stay bytes (47 MB for MNIST, not 188): a batch is converted when it is needed.
public struct ImageDataset: Dataset, Equatable {
  /// The name of the data, "mnist".
  public let name: String
  /// Which part of the data this is: "train", "validation" or "test".
  public let split: String
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// Numbers of a pixel: 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// The pixels `[count, height, width, channels]`, from 0 (background) to 255, row by row from the
  /// top.
  public let pixels: [UInt8]
  /// The class of each image `[count]`, where it is known.
  public let labels: [UInt8]?
  /// What else is known of each image: its true factors, its weight, a condition.
  public let columns: [DataColumn]
  /// How bytes become the numbers of "x".
  public let binarization: Binarization
  /// How many classes there are, where the labels may not show the last.
  private let classes: Int?
  /// The column of the labels, where there are any, then the further columns.
  private let besidePixels: [DataColumn]
  /// "x", then "label" where there are labels, then the further columns.
  public let fields: [DataField]
  /// Whether all pixels are black or white: bytes 0 and 255.
  public let isBinary: Bool

  /// A data set of the given pixels.
  ///
  /// - Parameters:
  ///   - name: The name of the data.
  ///   - split: "train", "validation" or "test".
  ///   - height: Rows of an image.
  ///   - width: Columns of an image.
  ///   - channels: Numbers of a pixel, 1 or 3.
  ///   - pixels: `[count, height, width, channels]`.
  ///   - labels: `[count]`, or nil.
  ///   - columns: Further fields, `count` rows each.
  ///   - classes: How many classes there are; nil for the highest label and 1.
  /// - Precondition: There is at least one image, the pixels fill whole images, and there are as
  ///   many labels and rows as images.
  public init(
    name: String, split: String, height: Int, width: Int, channels: Int = 1, pixels: [UInt8],
    labels: [UInt8]? = nil, columns: [DataColumn] = [], classes: Int? = nil
  ) {
    self.init(
      name: name, split: split, size: (height, width, channels), pixels: pixels, labels: labels,
      columns: columns, classes: classes, binarization: .none,
      isBinary: pixels.withUnsafeBufferPointer { $0.allSatisfy { $0 == 0 || $0 == 255 } })
  }

  private init(
    name: String, split: String, size: (height: Int, width: Int, channels: Int), pixels: [UInt8],
    labels: [UInt8]?, columns: [DataColumn], classes: Int?, binarization: Binarization,
    isBinary: Bool
  ) {
    let (height, width, channels) = size
    precondition(channels == 1 || channels == 3, "pixels of \(channels) numbers")
    precondition(
      height > 0 && width > 0 && !pixels.isEmpty && pixels.count % (height * width * channels) == 0,
      "\(pixels.count) bytes do not fill one or more images of \(height) x \(width)")
    let count = pixels.count / (height * width * channels)
    precondition(
      labels == nil || labels?.count == count, "\(labels?.count ?? 0) labels for \(count) images")
    self.name = name
    self.split = split
    self.height = height
    self.width = width
    self.channels = channels
    self.pixels = pixels
    self.labels = labels
    self.columns = columns
    self.classes = classes
    self.binarization = binarization
    self.isBinary = isBinary
    let kind: DataField.Kind = binarization == .none && !isBinary ? .grey : .binary
    let x = DataField("x", shape: [height, width, channels], kind: kind)
    let label = labels.map {
      let classes = classes ?? Int($0.max() ?? 0) + 1
      return DataColumn(DataField("label", kind: .category(classes: classes)), $0)
    }
    besidePixels = [label].compactMap { $0 } + columns
    fields = [x] + besidePixels.map(\.field)
    besidePixels.check(fields, count: count)
  }

  /// The number of images, at least one.
  public var count: Int { pixels.count / pixelsPerImage }

  /// The bytes of an image: height x width x channels.
  public var pixelsPerImage: Int { height * width * channels }

  /// What a log-probability of these pixels means.
  public var meaning: String { binarization.meaning(isBinary: isBinary) }

  /// The bytes of one image `[height, width, channels]`, row by row.
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
      name: name, split: split, size: (height, width, channels),
      pixels: Array(pixels.prefix(maximum * pixelsPerImage)),
      labels: labels.map { Array($0.prefix(maximum)) },
      columns: columns.map { $0.prefix(maximum) }, classes: classes, binarization: binarization,
      isBinary: isBinary)
  }

  /// Some of the images, in the order given, as another part of the data.
  ///
  /// Classes, and whether pixels count as binary, stay those of all images.
  ///
  /// - Parameters:
  ///   - examples: Numbers from 0 to `count` - 1, at least one, also repeatedly.
  ///   - split: "train", "validation" or "test".
  /// - Returns: As many images as there are numbers.
  public func selecting(_ examples: [Int], split: String) -> ImageDataset {
    precondition(!examples.isEmpty, "a data set has at least one image; none was selected")
    var selected: [UInt8] = []
    selected.reserveCapacity(examples.count * pixelsPerImage)
    for example in examples { selected += image(at: example) }
    return ImageDataset(
      name: name, split: split, size: (height, width, channels), pixels: selected,
      labels: labels.map { labels in examples.map { labels[$0] } },
      columns: columns.map { $0.selecting(examples) }, classes: labelClasses,
      binarization: binarization, isBinary: isBinary)
  }

  /// The number of classes, where there are labels.
  private var labelClasses: Int? { classes ?? labels.map { Int($0.max() ?? 0) + 1 } }

  /// The same images, whose bytes become numbers in another way.
  ///
  /// - Throws: ``DatasetError/notBinary(data:split:image:byte:)`` where `static` is asked for and
  ///   some pixel is grey.
  public func binarized(_ binarization: Binarization) throws -> ImageDataset {
    if binarization == .static, !isBinary,
      let pixel = pixels.firstIndex(where: { $0 != 0 && $0 != 255 })
    {
      throw DatasetError.notBinary(
        data: name, split: split, image: pixel / pixelsPerImage, byte: pixels[pixel])
    }
    return ImageDataset(
      name: name, split: split, size: (height, width, channels), pixels: pixels, labels: labels,
      columns: columns, classes: classes, binarization: binarization, isBinary: isBinary)
  }

  /// The same images with further fields, one row for each image.
  public func adding(_ columns: [DataColumn]) -> ImageDataset {
    ImageDataset(
      name: name, split: split, size: (height, width, channels), pixels: pixels, labels: labels,
      columns: self.columns + columns, classes: classes, binarization: binarization,
      isBinary: isBinary)
  }

  /// Pixels, labels or rows of a column.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func write<Scalar: TensorScalar>(
    _ field: DataField, of examples: [Int], round: DataRound,
    to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    if field.name == "x" {
      writePixels(examples, round, to: rows)
    } else {
      besidePixels.column(field).write(examples, to: rows)
    }
  }

  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  private func writePixels<Scalar: TensorScalar>(
    _ examples: [Int], _ round: DataRound, to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    let width = pixelsPerImage
    pixels.withUnsafeBufferPointer { pixels in
      func bytes(of example: Int) -> UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(rebasing: pixels[example * width..<(example + 1) * width])
      }
      for (row, example) in examples.enumerated() {
        // The order is random: each image would be waited for.
        let ahead = row + Self.imagesAhead
        if ahead < examples.count { PixelConversion.prefetch(bytes(of: examples[ahead])) }
        let target = UnsafeMutableBufferPointer(rebasing: rows[row * width..<(row + 1) * width])
        if let base = target.baseAddress {
          conversion(of: example, round).write(bytes(of: example), to: base)
        }
      }
    }
  }

  private static let imagesAhead = 4

  private func conversion(of example: Int, _ round: DataRound) -> PixelConversion {
    switch binarization {
    case .none, .static: .greyLevels
    case .threshold: .threshold
    case .dynamic: .draw(round.key(example: example))
    }
  }

  /// What recognises the same images again: 16 hexadecimal digits. Name, split, labels and columns do
  /// not count.
  public func fingerprint() -> String {
    // Grey images have the fingerprints that they had before there were others.
    var fingerprint = Fingerprint(count, height, channels == 1 ? width : width | channels << 32)
    pixels.withUnsafeBytes { fingerprint.add($0) }
    return fingerprint.digits
  }

  /// The mean grey level of each pixel over the images, from 0 to 1.
  var meanPixels: [Double] {
    var sums = [Int](repeating: 0, count: pixelsPerImage)
    pixels.withUnsafeBufferPointer { pixels in
      for start in stride(from: 0, to: pixels.count, by: pixelsPerImage) {
        for pixel in sums.indices { sums[pixel] += Int(pixels[start + pixel]) }
      }
    }
    return sums.map { Double($0) / (255 * Double(count)) }
  }
}
