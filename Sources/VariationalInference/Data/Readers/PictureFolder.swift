// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

/// A folder of PNG and JPEG pictures.
///
///     pictures/a.png                 one class, no labels
///     pictures/cat/1.jpg  dog/2.png  labels by sub-folder
///     pictures/train/...  test/...   parts that the folder comes with, with or without sub-folders
///
/// Pictures are recognised by their first bytes, whatever their names, and may lie at any depth.
/// Hidden files and folders are passed over; links are followed.
public struct PictureFolder: Sendable, Equatable {
  /// The path of the folder.
  public let path: String

  /// The folder at `path`; nothing is read yet.
  public init(_ path: String) {
    self.path = path
  }

  /// The parts that the folder comes with: its sub-folders that are called as one, in whatever
  /// case: "train", "training"; "validation", "val", "valid"; "test", "testing".
  public var splits: [DatasetSplit: String] {
    let names = ((try? Files.list(path)) ?? []).filter { Files.isFolder("\(path)/\($0)") }
    return Self.splitNames.compactMapValues { known in
      known.lazy.compactMap { name in names.first { $0.lowercased() == name } }.first
    }
  }

  private static let splitNames: [DatasetSplit: [String]] = [
    .train: ["train", "training"], .validation: ["validation", "val", "valid"],
    .test: ["test", "testing"],
  ]

  /// Loads the pictures, one at a time, as images of one size.
  ///
  /// Labels are the sub-folders in sorted order, where there are at least two with pictures and no
  /// picture lies beside them. Where the folder comes in parts, labels, sizes and colour are those
  /// of all parts, and so is the number of patches.
  ///
  /// - Parameters:
  ///   - options: What becomes of the pictures.
  ///   - split: One of ``splits``, whose sub-folder is read; nil for the whole folder as it lies
  ///     there.
  /// - Returns: At least one image, with its name and picture, and what was skipped.
  /// - Throws: ``DatasetError``, or an error that names a file or folder that cannot be read.
  public func load(
    _ options: PictureOptions = PictureOptions(), split: DatasetSplit? = nil
  ) throws -> LoadedPictures {
    guard Files.isFolder(path) else { throw DatasetError.missingFolder(path: path) }
    try options.check(path)
    var scan = PictureScan(path)
    if let split {
      let parts = splits
      guard let own = parts[split] else {
        throw DatasetError.missingPart(
          folder: path, split: split, names: Self.splitNames[split] ?? [])
      }
      // In the order of their names: what a seed gives does not depend on the part asked for.
      for name in parts.values.sorted() { try scan.add(part: name, isWanted: name == own) }
    } else {
      try scan.add(part: nil, isWanted: true)
    }
    var loading = try PictureLoading(scan, options, split: split)
    return try loading.loaded()
  }
}

/// What becomes of pictures that are loaded.
public struct PictureOptions: Sendable {
  /// Rows and columns of each image; nil where all pictures have one size, which is kept.
  public var size: (height: Int, width: Int)?
  /// How pictures of other proportions are brought to the size.
  public var fit: PictureFit
  /// How many crops of `size` are taken at random places of the pictures as they are, all in all;
  /// nil for each picture as a whole.
  ///
  /// All pictures give equally many, but none the same crop twice: one that has too few gives all,
  /// and the others more.
  public var patches: Int?
  /// Whether colours become grey.
  public var grey: Bool
  /// Whether grey pictures become colour ones, as where a model of colours reads them.
  public var colour: Bool
  /// Decides where crops are taken.
  public var seed: UInt64

  /// Options.
  public init(
    size: (height: Int, width: Int)? = nil, fit: PictureFit = .crop, patches: Int? = nil,
    grey: Bool = false, colour: Bool = false, seed: UInt64 = 0
  ) {
    self.size = size
    self.fit = fit
    self.patches = patches
    self.grey = grey
    self.colour = colour
    self.seed = seed
  }

  fileprivate func check(_ folder: String) throws {
    if let size {
      precondition(
        (1...1 << 16).contains(size.height) && (1...1 << 16).contains(size.width),
        "images of \(size.height) x \(size.width) pixels, where 1 to 65536 are possible")
    }
    guard let patches else { return }
    precondition(patches >= 1, "\(patches) patches of pictures")
    if size == nil { throw DatasetError.patchesWithoutSize(folder: folder) }
  }
}

/// How a picture of other proportions is brought to a height and width. What shrinks is the mean
/// over the area that a pixel covers, what grows is taken linearly between neighbours.
public enum PictureFit: String, Sendable, CaseIterable {
  /// The largest part in the middle that has the proportions.
  case crop
  /// The whole picture in the middle, black around it.
  case pad
  /// The whole picture, its proportions changed.
  case stretch

  var inFile: Picture.Fitting {
    switch self {
    case .crop: .crop
    case .pad: .pad
    case .stretch: .stretch
    }
  }
}

/// Images of a folder of pictures, and where they come from.
public struct LoadedPictures: Sendable {
  /// The images, with labels where the folder has them; grey where all its pictures are or are made
  /// so, else of three channels.
  public let data: ImageDataset
  /// The path of the picture of each image `[count]`, from the folder's path.
  public let names: [String]
  /// The number of that picture `[count]`, in the order of names: patches of one picture share it.
  public let source: [Int]
  /// What the labels 0, 1, ... mean; nil without labels.
  public let labelNames: [String]?
  /// Files that gave no image, one line each with the reason: damaged pictures, those that are too
  /// small for a patch, then files of other kinds.
  public let skipped: [String]
}
