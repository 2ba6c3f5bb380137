// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A folder of images in the layout in which MNIST and its relatives are published.
///
///     train-images-idx3-ubyte   train-labels-idx1-ubyte
///     t10k-images-idx3-ubyte    t10k-labels-idx1-ubyte
///
/// Each file may be packed by gzip, with or without `.gz` in its name. Also understood are
/// `train-images.idx3-ubyte`, `test-` for `t10k-`, and `valid-` or `validation-` for a third part.
/// Labels may be absent.
public struct IDXFolder: Sendable, Equatable {
  /// The path of the folder.
  public let path: String

  /// The folder at `path`; nothing is read yet.
  public init(_ path: String) {
    self.path = path
  }

  /// Whether the folder holds the images of `split`.
  public func holds(_ split: DatasetSplit) -> Bool {
    find(split, .images) != nil
  }

  /// Loads one part.
  ///
  /// - Parameters:
  ///   - split: The part.
  ///   - name: The name of the data; by default that of the folder.
  /// - Returns: At least one image, with labels where their file is there.
  /// - Throws: `DatasetError`, or an error that names the file and what is wrong with it.
  public func load(_ split: DatasetSplit, name: String? = nil) throws -> ImageDataset {
    guard Files.isFolder(path) else { throw DatasetError.missingFolder(path: path) }
    guard let imagesPath = find(split, .images) else {
      throw DatasetError.missingImages(
        folder: path, split: split, names: fileNames(split, .images).map { "\($0)[.gz]" })
    }
    let images = try IDX.read(imagesPath)
    guard images.dimensions.count == 3 else {
      throw DatasetError.notImages(path: imagesPath, dimensions: images.dimensions)
    }
    guard !images.elements.isEmpty else {
      throw DatasetError.noImages(path: imagesPath, dimensions: images.dimensions)
    }
    return ImageDataset(
      name: name ?? Files.name(of: path), split: split.rawValue,
      height: images.dimensions[1], width: images.dimensions[2], pixels: images.elements,
      labels: try labels(split, for: images.dimensions[0], in: imagesPath))
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
    for (split, other) in [(DatasetSplit.test, test), (.validation, validation ?? train)]
    where (other.height, other.width) != (train.height, train.width) {
      throw DatasetError.sizesDiffer(
        folder: path, train: [train.height, train.width], other: split,
        otherSize: [other.height, other.width])
    }
    return (train, validation, test)
  }

  private func labels(
    _ split: DatasetSplit, for count: Int, in imagesPath: String
  ) throws -> [UInt8]? {
    guard let labelsPath = find(split, .labels) else { return nil }
    let labels = try IDX.read(labelsPath)
    guard labels.dimensions.count == 1 else {
      throw DatasetError.notLabels(path: labelsPath, dimensions: labels.dimensions)
    }
    guard labels.elements.count == count else {
      throw DatasetError.countsDiffer(
        images: imagesPath, imageCount: count, labels: labelsPath,
        labelCount: labels.elements.count)
    }
    return labels.elements
  }
}

extension IDXFolder {
  private enum Content: String {
    case images = "images?idx3-ubyte"
    case labels = "labels?idx1-ubyte"
  }

  /// The names that the file may have, without `.gz`; the usual one first.
  private func fileNames(_ split: DatasetSplit, _ content: Content) -> [String] {
    let prefixes =
      switch split {
      case .train: ["train"]
      case .validation: ["valid", "validation"]
      case .test: ["t10k", "test"]
      }
    return prefixes.flatMap { prefix in
      ["-", "."].map { mark in
        "\(prefix)-" + content.rawValue.split(separator: "?").joined(separator: mark)
      }
    }
  }

  /// The path of the first file there is; a plain one comes before a packed one.
  private func find(_ split: DatasetSplit, _ content: Content) -> String? {
    fileNames(split, content)
      .flatMap { ["\(path)/\($0)", "\(path)/\($0).gz"] }
      .first(where: Files.exists)
  }
}
