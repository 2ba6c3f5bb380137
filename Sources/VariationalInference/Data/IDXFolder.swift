// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A folder of images in the layout in which MNIST and its relatives are published.
///
///     train-images-idx3-ubyte   train-labels-idx1-ubyte
///     t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte
///
/// Each file may be packed by gzip, with or without `.gz` in its name, or lie in a folder of its own
/// name (Kaggle). Also understood are `train-images.idx3-ubyte`, `test-` for `t10k-`, and `valid-` or
/// `validation-` for a third part; the root that torchvision downloads to (`MNIST/raw` and others
/// below the folder); and names with something before them, `emnist-letters-train-images-idx3-ubyte`:
/// where several such sets lie side by side, `FOLDER/emnist-letters` names one. Labels may be absent.
///
/// Images are `[count, height, width]`, or have a fourth axis of 1 or 3 for colour. Their elements are
/// bytes, or whole numbers from 0 to 255 of another type.
public struct IDXFolder: Sendable, Equatable {
  /// The path of the folder.
  public let path: String

  /// What the files have to be; nil where they may be anything.
  private let source: DatasetSource?

  /// The folder at `path`; nothing is read yet.
  public init(_ path: String) {
    self.init(path, publishedAs: nil)
  }

  /// The folder at `path`, which is to hold a published data set and is refused where it does not.
  init(_ path: String, publishedAs source: DatasetSource?) {
    self.path = path
    self.source = source
  }

  /// Whether the folder holds the images of `split`; of a published data set, one that it has.
  public func holds(_ split: DatasetSplit) -> Bool {
    if let source, IDXPlace.published(split, .images, source) == nil { return false }
    guard let place = try? IDXPlace(path) else { return false }
    return place.find(split, .images) != nil
  }

  /// Whether there is a file of images of some part, or of several sets.
  public var holdsAnything: Bool {
    do {
      let place = try IDXPlace(path)
      return DatasetSplit.allCases.contains { place.find($0, .images) != nil }
    } catch DatasetError.severalSets { return true } catch { return false }
  }

  /// Loads one part.
  ///
  /// - Parameters:
  ///   - split: The part.
  ///   - name: The name of the data; by default that of the folder.
  /// - Returns: At least one image, with labels where their file is there: ``ImageDataset/labels``, or
  ///   where one is above 255 a column "label".
  /// - Throws: `DatasetError`, or an error that names the file and what is wrong with it.
  public func load(_ split: DatasetSplit, name: String? = nil) throws -> ImageDataset {
    let place = try IDXPlace(path)
    guard let imagesPath = place.find(split, .images) else {
      throw DatasetError.missingImages(
        folder: place.folder, split: split,
        names: place.fileNames(split, .images).map { "\($0)[.gz]" },
        found: (try? Files.list(place.folder)) ?? [])
    }
    var isPublished = true
    let images = try IDX.readNumbers(imagesPath) {
      isPublished = try isAsPublished($0, split, .images, imagesPath) && isPublished
    }
    let shape = images.shape
    guard shape.count == 3 || shape.count == 4 && (shape[3] == 1 || shape[3] == 3) else {
      throw DatasetError.notImages(path: imagesPath, dimensions: shape)
    }
    guard !shape.contains(0) else {
      throw DatasetError.noImages(path: imagesPath, dimensions: shape)
    }
    let labels = try labels(place.find(split, .labels), for: shape[0], in: imagesPath) {
      isPublished = try isAsPublished($0, split, .labels, $1) && isPublished
    }
    // Beyond bytes there are more classes than the labels of images hold.
    let bytes = labels.flatMap { $0.allSatisfy { $0 <= 255 } ? $0.map(UInt8.init) : nil }
    let column = labels.map {
      DataColumn(DataField("label", kind: .category(classes: ($0.max() ?? 0) + 1)), $0)
    }
    return ImageDataset(
      name: name ?? (isPublished ? "" : "folder ") + Files.name(of: path), split: split.rawValue,
      height: shape[1],
      width: shape[2], channels: shape.count == 4 ? shape[3] : 1,
      pixels: try pixels(images, path: imagesPath), labels: bytes,
      columns: bytes == nil ? column.map { [$0] } ?? [] : [])
  }

  /// Loads the train and test parts, and the validation part where there is one.
  ///
  /// - Parameter name: The name of the data; by default that of the folder.
  /// - Returns: The parts, whose images have the same size.
  /// - Throws: `DatasetError`, or an error that names the file and what is wrong with it.
  public func loadAll(name: String? = nil) throws -> DatasetSplits {
    let parts = try loadImages(name: name)
    return DatasetSplits(train: parts.train, validation: parts.validation, test: parts.test)
  }

  /// The parts as images, all of one size.
  package func loadImages(
    name: String? = nil
  ) throws -> (train: ImageDataset, validation: ImageDataset?, test: ImageDataset) {
    let train = try load(.train, name: name)
    let test = try load(.test, name: name)
    let validation = holds(.validation) ? try load(.validation, name: name) : nil
    func size(_ data: ImageDataset) -> [Int] {
      [data.height, data.width] + (data.channels == 1 ? [] : [data.channels])
    }
    for (split, other) in [(DatasetSplit.test, test), (.validation, validation ?? train)]
    where size(other) != size(train) {
      throw DatasetError.sizesDiffer(
        folder: path, train: size(train), other: split, otherSize: size(other))
    }
    return (train, validation, test)
  }

  /// Whether the contents of a file may bear the name of the folder: a folder that is called as a known
  /// data set may hold another.
  ///
  /// - Throws: ``DatasetError/notAsPublished(path:expected:found:)`` where they have to be published ones.
  private func isAsPublished(
    _ contents: [UInt8], _ split: DatasetSplit, _ content: IDXPlace.Content, _ path: String
  ) throws -> Bool {
    guard let known = source ?? DatasetSource.named(Files.name(of: self.path)) else { return true }
    guard let file = IDXPlace.published(split, content, known) else { return source != nil }
    // Most other files have another size, and cost nothing.
    if source == nil, contents.count != file.byteCount { return false }
    let found = SHA256.hexadecimal(of: contents)
    if source != nil, found != file.sha256 {
      throw DatasetError.notAsPublished(path: path, expected: file.sha256, found: found)
    }
    return found == file.sha256
  }

  /// Bytes, which other elements have to be too.
  private func pixels(_ images: NPY, path: String) throws -> [UInt8] {
    if case .uint8(let bytes) = images.elements { return bytes }
    let numbers = images.elements.doubles
    if let place = numbers.firstIndex(where: { !(0...255 ~= $0) || $0.rounded() != $0 }) {
      throw DatasetError.notOfKind(
        path: path, field: "x", example: place / (numbers.count / images.shape[0]),
        found: numbers[place], expected: "a whole number from 0 to 255")
    }
    return numbers.map { UInt8($0) }
  }

  private func labels(
    _ labelsPath: String?, for count: Int, in imagesPath: String,
    inspecting: ([UInt8], String) throws -> Void
  ) throws -> [Int]? {
    guard let labelsPath else { return nil }
    let labels = try IDX.readNumbers(labelsPath) { try inspecting($0, labelsPath) }
    guard labels.shape.count == 1 else {
      throw DatasetError.notLabels(path: labelsPath, dimensions: labels.shape)
    }
    guard labels.shape[0] == count else {
      throw DatasetError.countsDiffer(
        images: imagesPath, imageCount: count, labels: labelsPath, labelCount: labels.shape[0])
    }
    let numbers = labels.elements.doubles
    if let row = numbers.firstIndex(where: { !(0...65_535 ~= $0) || $0.rounded() != $0 }) {
      throw DatasetError.notOfKind(
        path: labelsPath, field: "label", example: row, found: numbers[row],
        expected: "a whole number from 0 to 65535")
    }
    return numbers.map { Int($0) }
  }
}
