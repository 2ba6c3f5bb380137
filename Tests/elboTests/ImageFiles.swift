// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

// Data sets, models and arrays written byte by byte: good ones, and ones to be refused.

/// An IDX file of bytes.
func idx(_ dimensions: [Int], _ elements: [UInt8], magic: [UInt8] = [0, 0, 8]) -> Data {
  let header = magic + [UInt8(dimensions.count)] + dimensions.flatMap { bigEndian($0) }
  return Data(header + elements)
}

private func bigEndian(_ number: Int) -> [UInt8] {
  [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
}

/// Bytes without a pattern, the same at every call.
func greyLevels(_ count: Int) -> [UInt8] {
  var state: UInt32 = 1
  return (0..<count).map { _ in
    state = state &* 1_664_525 &+ 1_013_904_223
    return UInt8(state >> 24)
  }
}

extension Workspace {
  /// Writes a folder of images of one size, with labels; `learned` takes the test images from the
  /// training part.
  func writeImages(
    _ folder: String = "data", train: Int = 200, test: Int = 50, height: Int = 8, width: Int = 8,
    testHeight: Int? = nil, grey: UInt8? = nil,
    learned: Bool = false
  ) throws {
    for (part, count, height) in [("train", train, height), ("t10k", test, testHeight ?? height)] {
      let pixels = count * height * width
      let levels =
        part == "train" || learned
        ? greyLevels(pixels) : greyLevels(pixels).reversed()
      try write(
        idx(
          [count, height, width],
          grey.map { Array(repeating: $0, count: pixels) } ?? levels),
        to: "\(folder)/\(part)-images-idx3-ubyte")
      try write(
        idx([count], (0..<count).map { UInt8($0 % 10) }),
        to: "\(folder)/\(part)-labels-idx1-ubyte")
    }
  }
}

/// A tensor of a safetensors file; what is said of it need not be true.
struct TensorEntry {
  var name: String
  var type = "F32"
  var shape: [Int]
  /// Nil where the numbers are: one after the other.
  var offsets: (Int, Int)?
  var numbers: [Float]
}

/// A safetensors file.
func safetensors(_ entries: [TensorEntry], metadata: [String: String] = [:]) -> Data {
  var (fields, body) = ([String](), Data())
  if !metadata.isEmpty {
    let pairs = metadata.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",")
    fields.append("\"__metadata__\":{\(pairs)}")
  }
  for entry in entries {
    let numbers = entry.numbers.withUnsafeBytes { Data($0) }
    let (begin, end) = entry.offsets ?? (body.count, body.count + numbers.count)
    fields.append(
      "\"\(entry.name)\":{\"dtype\":\"\(entry.type)\",\"shape\":\(entry.shape),"
        + "\"data_offsets\":[\(begin),\(end)]}")
    body += numbers
  }
  let header = Data("{\(fields.joined(separator: ","))}".utf8)
  return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header + body
}

/// The tensors of a variational autoencoder of one hidden layer, as PyTorch writes them.
func modelEntries(pixels: Int = 64, hidden: Int = 4, latent: Int = 2) -> [TensorEntry] {
  let layers = [
    ("encoder.fc1", hidden, pixels), ("encoder.fc_mu", latent, hidden),
    ("encoder.fc_logvar", latent, hidden), ("decoder.fc1", hidden, latent),
    ("decoder.fc2", pixels, hidden),
  ]
  return layers.flatMap { name, outputs, inputs in
    [
      TensorEntry(
        name: "\(name).weight", shape: [outputs, inputs],
        numbers: greyLevels(outputs * inputs).map { (Float($0) - 128) / 512 }),
      TensorEntry(
        name: "\(name).bias", shape: [outputs], numbers: Array(repeating: 0, count: outputs)),
    ]
  }
}

extension Workspace {
  /// Rewrites the header of a safetensors file.
  func changeHeader(of name: String, _ change: (String) throws -> String) throws {
    let bytes = try bytes(name)
    let length = bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let old = String(decoding: bytes.dropFirst(8).prefix(length), as: UTF8.self)
    let new = Data(try change(old).utf8)
    try #require(String(decoding: new, as: UTF8.self) != old, "nothing was changed in \(old)")
    let size = (0..<8).map { UInt8(truncatingIfNeeded: new.count >> (8 * $0)) }
    try write(size + new + bytes.dropFirst(8 + length), to: name)
  }

  /// Makes a run's state one of version 0.1.0, which did not record what it belongs to.
  func forgetOrigin(of run: String) throws {
    try changeHeader(of: "\(run)/state.safetensors") {
      $0.replacing(/"elbo.state":"(\\.|[^"\\])*",/, with: "")
    }
  }
}

extension Workspace {
  /// Makes a finished run one that diverges at once where it is taken up.
  func makeDiverge(_ run: String) throws {
    let record = try text("\(run)/run.json")
    try write(
      record.replacing("\"learning_rate\": 0.001", with: "\"learning_rate\": 1e30"),
      to: "\(run)/run.json")
    try forgetOrigin(of: run)
  }
}

/// An array file of NumPy, version 1.0.
func npy(_ shape: [Int], _ numbers: [Float], type: String = "<f4") -> Data {
  let sizes = shape.map { "\($0)," }.joined(separator: " ")
  var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }"
  while (header.utf8.count + 11) % 64 != 0 { header += " " }
  header += "\n"
  let start: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]
  let length = [UInt8(header.utf8.count % 256), UInt8(header.utf8.count / 256)]
  return Data(start + length + Array(header.utf8)) + numbers.withUnsafeBytes { Data($0) }
}

extension Data {
  /// The shape that the header of a NumPy file states.
  var arrayShape: [Int]? {
    let header = String(decoding: prefix(128), as: UTF8.self)
    guard let match = header.firstMatch(of: /'shape': \(([0-9, ]*)\)/) else { return nil }
    return match.1.split { $0 == "," || $0 == " " }.compactMap { Int($0) }
  }
}
