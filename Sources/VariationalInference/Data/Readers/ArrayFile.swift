// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A file of one array or of some: NumPy's `.npy` and `.npz`, a sparse matrix of SciPy's (`.npz`), a
/// Matrix Market file (`.mtx`, also packed by gzip), or, where the package is built with its trait
/// HDF5, an HDF5 or AnnData file (`.h5`, `.h5ad`). Bytes tell which, not the name.
///
/// The first axis counts the examples. Bytes `[count, height, width]`, also with a last axis of 1 or
/// 3, are images (only 0 and 1: black and white ones). Any other array is field "x", whose kind its
/// numbers tell: only 0 and 1 are binary, whole numbers of at least 0 counts, all others real.
/// Labels are field "label".
///
/// An `.npz` may hold parts: `x_train`, `x_val`, `x_test` with `y_train`, ... (Keras), or
/// `train_images`, `val_images`, `test_images` with `train_labels`, ... (MedMNIST). Else one array is
/// the data, and an array of one axis named `y`, `label`, `labels` or `target` their labels. So may an
/// HDF5 file. Of AnnData the data are X, or the layer that ``member`` names.
///
/// An `.npy` of more than ``DataColumn/largestInMemory`` bytes stays in the file: pages come from the
/// disk as batches need them, the kind is told by 1,024 blocks, and so is the fingerprint.
public struct ArrayFile: Sendable, Equatable {
  /// The path of the file.
  public let path: String
  /// Which array of an `.npz` or HDF5 file is the data; nil for the only one of two or more axes.
  public let member: String?
  /// A `.npy` file of labels, one for each example; of AnnData a column of obs, of HDF5 an array.
  public let labels: String?
  /// Columns of obs that become fields of their names, where the file is of AnnData.
  public let conditions: [String]
  /// Whether numbers that are none (NaN) are missing: they become 0, and a field "mask" of the shape of
  /// "x" is 1 where there is a number.
  public let missing: Bool
  /// Height and width of images that are stored as rows of bytes, [count, height x width] or three times
  /// as many; nil where the axes tell.
  public let imageSize: [Int]?

  /// What a file holds: one undivided data set, or parts.
  public enum Contents: Sendable {
    /// Examples that no one has divided.
    case undivided(any Dataset)
    /// Parts as the file has them; of the same fields.
    case parts(train: any Dataset, validation: (any Dataset)?, test: (any Dataset)?)
  }

  /// The file at `path`; nothing is read yet.
  public init(
    _ path: String, member: String? = nil, labels: String? = nil, missing: Bool = false,
    imageSize: [Int]? = nil, conditions: [String] = []
  ) {
    (self.path, self.member, self.labels, self.missing) = (path, member, labels, missing)
    (self.imageSize, self.conditions) = (imageSize, conditions)
  }

  /// Whether the file at `path` begins as one of arrays or matrices, or is named as a packed matrix.
  public static func recognises(_ path: String) -> Bool { (try? form(of: path)) != nil }

  private enum Form { case npy, npz, matrixMarket, hdf5 }

  private static func form(of path: String) throws -> Form {
    let file = try MappedFile(path)
    let start = withExtendedLifetime(file) { Array(file.bytes.prefix(14)) }
    if start.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) { return .npy }
    if ZIPArchive.isZIP(start) { return .npz }
    if start.starts(with: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]) { return .hdf5 }
    if start.starts(with: Array("%%MatrixMarket".utf8)) { return .matrixMarket }
    if Gzip.isGzip(start), path.hasSuffix(".mtx.gz") { return .matrixMarket }
    throw ArrayFileError.unknown(path: path, beginning: Array(start.prefix(4)))
  }

  /// Reads the file.
  ///
  /// - Parameter name: The name of the data; by default that of the file, without its ending.
  /// - Returns: One data set, or parts.
  /// - Throws: ``ArrayFileError``, or an error that names the file and what is wrong with it.
  public func load(name: String? = nil) throws -> Contents {
    let reader = ArrayPartReader(
      name: name ?? String(Files.name(of: path).prefix { $0 != "." }), missing: missing,
      imageSize: imageSize)
    let form = try Self.form(of: path)
    if form == .hdf5 { return try hdf5(reader) }
    let own = try labels.map { (try NPY.read($0), $0) }
    switch form {
    case .matrixMarket:
      switch try MatrixMarket.read(path) {
      case .sparse(let rows): return .undivided(try reader.dataset(rows, path: path, labels: own))
      case .dense(let shape, let values):
        return .undivided(
          try reader.dataset(
            NPY(shape: shape, .float64(values)), path: path, split: .train, labels: own))
      }
    case .npy:
      if let size = Files.size(path), size > DataColumn.largestInMemory {
        return .undivided(try reader.mapped(path, labels: own))
      }
      return .undivided(
        try reader.dataset(NPY.read(path), path: path, split: .train, labels: own))
    case .npz:
      let file = try NPZ(path)
      if SparseRows.isStored(in: file) {
        return .undivided(try reader.dataset(SparseRows(file), path: path, labels: own))
      }
      return try archive(file, reader, labels: own)
    case .hdf5: preconditionFailure("'\(path)' is read by libhdf5")
    }
  }

  /// Parts or one array of a file of arrays by name.
  func archive(
    _ file: some ArrayArchive, _ reader: ArrayPartReader, labels: (NPY, String)?
  ) throws -> Contents {
    if member == nil, let (data, classes) = Self.parts(file.names) {
      func part(_ split: DatasetSplit) throws -> ArrayPart? {
        guard let name = data[split] else { return nil }
        let labels = try classes[split].map { (try file.array($0), file.place($0)) }
        return ArrayPart(
          array: try file.array(name), path: file.place(name), split: split, labels: labels)
      }
      let found = try [DatasetSplit.train, .validation, .test].compactMap(part)
      let sets = try reader.datasets(found, path: path)
      guard let train = sets[.train] else {
        throw ArrayFileError.unclear(path: path, candidates: [], members: file.names)
      }
      return .parts(train: train, validation: sets[.validation], test: sets[.test])
    }
    let name = try member ?? onlyArray(file)
    let array = try file.array(name)
    let usual = ["y", "label", "labels", "target"].first {
      $0 != name && file.names.contains($0)
    }
    let stored = try usual.map { (try file.array($0), file.place($0)) }
    return .undivided(
      try reader.dataset(array, path: file.place(name), split: .train, labels: labels ?? stored))
  }

  /// The only array of two or more axes.
  private func onlyArray(_ file: some ArrayArchive) throws -> String {
    let candidates = try file.names.filter { try file.shape($0).count >= 2 }
    guard candidates.count == 1 else {
      throw ArrayFileError.unclear(path: path, candidates: candidates, members: file.names)
    }
    return candidates[0]
  }

  /// Names of data and of labels by part, where a training part is among them.
  private static func parts(
    _ names: [String]
  ) -> (data: [DatasetSplit: String], labels: [DatasetSplit: String])? {
    let words: [(DatasetSplit, [String])] = [
      (.train, ["train"]), (.validation, ["val", "valid", "validation"]), (.test, ["test"]),
    ]
    func find(_ before: [String], _ after: [String]) -> [DatasetSplit: String] {
      var found: [DatasetSplit: String] = [:]
      for (split, words) in words {
        let possible = words.flatMap { word in
          before.map { $0 + "_" + word } + after.map { word + "_" + $0 }
        }
        found[split] = possible.first(where: names.contains)
      }
      return found
    }
    let data = find(["x", "X"], ["images", "x", "data"])
    guard data[.train] != nil else { return nil }
    return (data, find(["y", "Y"], ["labels", "y"]))
  }
}
