// SPDX-License-Identifier: Apache-2.0

package import VariationalInference

extension ImageDataset {
  /// Blurred bars at pseudo-random places: images with something to learn, made in an instant.
  package static func bars(count: Int, side: Int = 8, seed: UInt64 = 3) -> ImageDataset {
    var generator = SplitMix64(seed: seed)
    var pixels: [UInt8] = []
    for _ in 0..<count {
      let (place, isRow) = (
        Int.random(in: 0..<side, using: &generator), Bool.random(using: &generator)
      )
      for row in 0..<side {
        for column in 0..<side {
          let distance = abs((isRow ? row : column) - place)
          pixels.append([255, 96][safely: distance] ?? UInt8.random(in: 0...8, using: &generator))
        }
      }
    }
    return ImageDataset(name: "bars", split: "train", height: side, width: side, pixels: pixels)
  }
}

extension Array {
  fileprivate subscript(safely index: Int) -> Element? {
    indices.contains(index) ? self[index] : nil
  }
}
