// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// The way from pictures by their headers to images in memory.
struct PictureLoading {
  private let scan: PictureScan
  private let options: PictureOptions
  private let split: DatasetSplit?
  private let size: (height: Int, width: Int)
  private let channels: Int
  private let labelNames: [String]?
  private var skipped: [String]

  /// The most bytes of images that are loaded: 64 GiB.
  private static let limit = 1 << 36

  /// - Throws: ``DatasetError`` where there is no picture, or no size that is common to all.
  init(_ scan: PictureScan, _ options: PictureOptions, split: DatasetSplit?) throws {
    self.scan = scan
    self.options = options
    self.split = split
    skipped = scan.damaged
    guard let first = scan.sources.first, scan.sources.contains(where: \.isWanted) else {
      throw Self.nothing(scan, skipped)
    }
    size = options.size ?? (first.header.height, first.header.width)
    if options.size == nil,
      let other = scan.sources.first(where: { !$0.header.has(first.header.size) })
    {
      throw DatasetError.pictureSizesDiffer(
        folder: scan.folder, first: first.name, size: first.header.size, other: other.name,
        otherSize: other.header.size)
    }
    let isColour = scan.sources.contains { $0.header.channels == 3 }
    channels = (isColour || options.colour) && !options.grey ? 3 : 1
    labelNames = try scan.labelNames()
  }

  /// Decodes picture after picture. Where some prove damaged, patches are dealt out anew among the
  /// others.
  mutating func loaded() throws -> LoadedPictures {
    var broken: Set<Int> = []
    while true {
      let crops = try crops(without: broken)
      let taken = try taken(crops, &broken)
      if options.patches != nil, taken.source.count < crops.reduce(0, +) { continue }
      guard !taken.source.isEmpty else { throw Self.nothing(scan, skipped) }
      return result(taken)
    }
  }

  /// Images in the order of their pictures.
  private struct Taken {
    var pixels: [UInt8] = []
    var source: [Int] = []
  }

  /// How many images each picture of the folder is to give.
  private mutating func crops(without broken: Set<Int>) throws -> [Int] {
    guard let patches = options.patches else { return scan.sources.map { $0.isWanted ? 1 : 0 } }
    let possible = scan.sources.indices.map { index in
      let header = scan.sources[index].header
      return broken.contains(index)
        ? 0 : max(0, header.height - size.height + 1) * max(0, header.width - size.width + 1)
    }
    let total = possible.reduce(0, +)
    guard total >= patches else {
      throw DatasetError.tooFewPatches(
        folder: scan.folder, size: [size.height, size.width], found: total, expected: patches)
    }
    let shares = evenShares(of: patches, among: possible)
    return shares.indices.map { scan.sources[$0].isWanted ? shares[$0] : 0 }
  }

  private mutating func taken(_ crops: [Int], _ broken: inout Set<Int>) throws -> Taken {
    let each = size.height * size.width * channels
    let count = crops.reduce(0, +)
    guard count <= Self.limit / each else {
      throw DatasetError.picturesTooLarge(
        folder: scan.folder, count: count, size: [size.height, size.width, channels],
        limit: Self.limit)
    }
    var taken = Taken()
    taken.pixels.reserveCapacity(count * each)
    for (index, source) in scan.sources.enumerated() where crops[index] > 0 {
      do {
        let picture = try Picture.read("\(scan.folder)/\(source.name)")
          .converted(toChannels: channels)
        for image in images(of: picture, index, count: crops[index]) {
          taken.pixels += image.bytes
          taken.source.append(index)
        }
      } catch let error as FormatError {
        broken.insert(index)
        skipped.append("\(FormatError(path: source.name, error.fault))")
      } catch {
        broken.insert(index)
        skipped.append("\(error)")
      }
    }
    return taken
  }

  /// The whole picture in the size wanted, or its crops.
  private func images(of picture: Picture, _ index: Int, count: Int) -> [Picture] {
    guard options.patches != nil else {
      return [picture.resized(height: size.height, width: size.width, fit: options.fit.inFile)]
    }
    let columns = picture.width - size.width + 1
    let places = (picture.height - size.height + 1) * columns
    var generator = CounterGenerator(
      seed: options.seed, stream: GeneratorPurpose.pictureCrops.stream(UInt64(index)))
    return distinctNumbers(count, below: places, using: &generator).map {
      picture.cropped(
        top: $0 / columns, left: $0 % columns, height: size.height, width: size.width)
    }
  }

  private func result(_ taken: Taken) -> LoadedPictures {
    let sources = scan.sources
    let labels = labelNames.map { names in
      let numbers = Dictionary(
        uniqueKeysWithValues: names.enumerated().map { ($1, UInt8($0)) })
      return taken.source.map { sources[$0].label.flatMap { numbers[$0] } ?? 0 }
    }
    let data = ImageDataset(
      name: Files.name(of: scan.folder), split: (split ?? .train).rawValue, height: size.height,
      width: size.width, channels: channels, pixels: taken.pixels, labels: labels,
      classes: labelNames?.count)
    return LoadedPictures(
      data: data, names: taken.source.map { sources[$0].name }, source: taken.source,
      labelNames: labelNames, skipped: skipped + tooSmall + scan.foreign.map(\.sentence))
  }

  /// Sentences on pictures from which no patch can be cut.
  private var tooSmall: [String] {
    guard options.patches != nil else { return [] }
    return scan.sources.filter {
      $0.isWanted && ($0.header.height < size.height || $0.header.width < size.width)
    }.map {
      "'\($0.name)' is a picture of \($0.header.height) x \($0.header.width) pixels, too small"
        + " for a patch of \(size.height) x \(size.width)"
    }
  }

  private static func nothing(_ scan: PictureScan, _ damaged: [String]) -> DatasetError {
    .noPictures(folder: scan.folder, damaged: damaged, others: scan.foreign.map(\.name))
  }
}

extension PictureHeader {
  /// Rows and columns.
  fileprivate var size: [Int] { [height, width] }

  fileprivate func has(_ size: [Int]) -> Bool { self.size == size }
}

/// Parts of `total` that are as equal as they can be with none above its bound; what does not
/// divide goes to the largest bounds.
///
/// - Precondition: The bounds' sum is at least `total`.
func evenShares(of total: Int, among bounds: [Int]) -> [Int] {
  var shares = [Int](repeating: 0, count: bounds.count)
  var left = total
  let order = bounds.indices.sorted { (bounds[$0], $0) < (bounds[$1], $1) }
  for (place, index) in order.enumerated() {
    shares[index] = min(bounds[index], left / (order.count - place))
    left -= shares[index]
  }
  return shares
}

/// Different numbers from 0 to `bound` - 1, each set of them as likely as any other.
///
/// - Source: R. W. Floyd, in Bentley, "Programming pearls: a sample of brilliance", Communications
///   of the ACM 30 (1987), doi:10.1145/30401.315746.
func distinctNumbers(
  _ count: Int, below bound: Int, using generator: inout CounterGenerator
) -> [Int] {
  precondition(count <= bound, "\(count) different numbers below \(bound)")
  var chosen: Set<Int> = []
  return (bound - count..<bound).map { last in
    let number = Int(generator.next().multipliedFullWidth(by: UInt64(last + 1)).high)
    let kept = chosen.contains(number) ? last : number
    chosen.insert(kept)
    return kept
  }
}
