// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// A reader of files that others made, given any bytes.
package enum FuzzReader: String, CaseIterable, Sendable {
  case idx, gzip, safetensors, model, npy, npz, sparse, png, jpeg, csv, mtx, json, data, run,
    metrics

  /// What the file is called: some readers look for a name of their own.
  package var fileName: String { self == .metrics ? "metrics.jsonl" : "input" }

  /// The most bytes that an input may unpack to, by its size; itself where nothing is packed.
  ///
  /// Deflate makes 1032 bytes of one. A pixel of a PNG picture takes a bit of what is unpacked and
  /// up to four bytes, and there are ``Picture/usualLimit`` of them at most; of a JPEG picture no
  /// fewer.
  package func unpackedSize(_ size: Int) -> Int {
    let packed = Gzip.largestRatio * size
    return switch self {
    case .idx, .gzip, .npz, .sparse, .csv, .mtx: packed
    case .png: min(32 * packed, 4 * Picture.usualLimit)
    case .jpeg: min(3 * Picture.pixelsPerByte * size, 3 * Picture.usualLimit)
    case .safetensors, .model, .npy, .json, .data, .run, .metrics: size
    }
  }

  /// The bytes of memory for each unpacked one beyond 4: numbers are held in 8 bytes each, however
  /// few they take in the file, and in an array that grows in 24.
  private var bytesOfNumbers: Int {
    switch self {
    case .npy, .idx, .npz: 8
    case .data: 12
    case .sparse, .mtx, .csv: 24
    case .gzip, .safetensors, .model, .png, .jpeg, .json, .run, .metrics: 0
    }
  }

  /// The most memory that reading an input of that size may take, in bytes: 4 times what it unpacks
  /// to, and 64 MB, which is also what ``JSONValue/valueLimit`` values take.
  package func memoryLimit(_ size: Int) -> Int {
    let values = [.json, .run, .metrics].contains(self) ? 64 << 20 : 0
    return (4 + bytesOfNumbers) * unpackedSize(size) + 64 << 20 + values
  }

  /// Reads an input in all ways that there are.
  ///
  /// - Parameters:
  ///   - bytes: The contents of the file.
  ///   - path: Where they stand, in a folder of their own and under ``fileName``.
  /// - Returns: The sentences in which they were refused.
  package func refusals(of bytes: [UInt8], at path: String) -> [String] {
    var sentences: [String] = []
    func attempt(_ body: () throws -> Void) {
      do { try body() } catch { sentences.append("\(error)") }
    }
    switch self {
    case .idx:
      attempt { _ = try IDX.read(path) }
      attempt { _ = try IDX.readNumbers(path) }
    case .gzip:
      attempt { _ = try Gzip.decompress(bytes, path: path, limit: 1 << 24) }
      attempt { _ = try Gzip.prefix(100, of: bytes, path: path) }
    case .safetensors: attempt { try readTensors(bytes, path) }
    case .model: attempt { _ = try ModelRegistry.standard.load(path) }
    case .npy:
      attempt { _ = try NPY.parse(bytes, path: path) }
      attempt {
        let file = try MappedNPY(path)
        _ = withExtendedLifetime(file) { file.bytes.reduce(UInt8(0), ^) }
      }
    case .npz, .sparse:
      attempt { try readArchive(path) }
      attempt { _ = try ArrayFile(path).load() }
    case .png, .jpeg:
      attempt { _ = try PictureHeader(of: path) }
      attempt { _ = try Picture.decode(bytes, path: path) }
      if self == .png {
        attempt { _ = try PNG.decode(bytes, path: path, format: .rgba) }
      }
    case .csv:
      attempt { try readTable(bytes, path) }
      attempt { _ = try CSV.parse(bytes, path: path) }
      attempt { _ = try TableFile(path).read() }
      attempt { _ = try ModelData(csv: path) }
    case .mtx: attempt { _ = try MatrixMarket.read(path) }
    case .json: attempt { try readJSON(bytes, path) }
    case .data:
      attempt { _ = try ModelData(json: path) }
      attempt { _ = try StanData(path: path) }
    case .run: attempt { _ = try RunRecord(path: path) }
    case .metrics:
      let run = RunFolder(Files.parent(of: path))
      attempt { _ = try run.readMetrics() }
      attempt { _ = try run.readMetrics(upTo: 1, recorded: nil) }
    }
    return sentences
  }
}

/// All tensors as numbers, as far as they are some.
private func readTensors(_ bytes: [UInt8], _ path: String) throws {
  let file = try Safetensors(bytes: bytes, path: path)
  _ = file.checksum
  for entry in file.entries {
    let size = try file.bytes(of: entry.name).count
    precondition(size <= bytes.count, "\(size) bytes of \(bytes.count)")
    _ = try? file.floats(entry.name)
    _ = try? file.doubles(entry.name)
  }
}

private func readArchive(_ path: String) throws {
  let file = try NPZ(path)
  _ = try? file.text("format")
  if SparseRows.isStored(in: file) { _ = try SparseRows(file) }
  for name in file.names.prefix(16) {
    let shape = try file.shape(name)
    let array = try file.array(name)
    precondition(array.shape == shape, "\(array.shape) from \(shape)")
  }
}

private func readTable(_ bytes: [UInt8], _ path: String) throws {
  let text = try DelimitedText(bytes, path: path)
  try text.forEachRow { cells, _ in
    for cell in cells {
      _ = DecimalText.parse(cell.trimmed)
      _ = DecimalText.parse(cell, decimalComma: true)
    }
  }
}

/// What is written of a value is read as that value.
private func readJSON(_ bytes: [UInt8], _ path: String) throws {
  let value = try JSONValue.parse(bytes, path: path)
  // Of large texts the memory is looked at, which is that of reading alone.
  if bytes.count > 1 << 16 { return }
  for text in [value.compact, value.pretty] {
    guard try JSONValue.parse(text) == value else {
      preconditionFailure("JSON that is written is read as something else")
    }
  }
}
