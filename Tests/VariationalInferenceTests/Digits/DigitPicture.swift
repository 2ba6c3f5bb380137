// SPDX-License-Identifier: Apache-2.0

import VariationalInference

/// Measures of one image of 28 × 28 bytes: extents and moments of its ink.
struct DigitPicture {
  /// The sum of the grey levels, in pixels of full ink.
  private(set) var ink = 0.0

  /// Centre of mass, rows and columns counted from 0.
  private(set) var row = 0.0
  private(set) var column = 0.0

  /// Second central moments in square pixels.
  private(set) var rowVariance = 0.0
  private(set) var columnVariance = 0.0
  private(set) var covariance = 0.0

  /// The longer side of the smallest rectangle holding all ink, in pixels.
  let longerSide: Int

  init(_ pixels: [UInt8]) {
    let side = DigitSynthesiser.width
    let inked = pixels.indices.filter { pixels[$0] > 0 }
    let (rows, columns) = (inked.map { $0 / side }, inked.map { $0 % side })
    longerSide = max(Self.extent(rows), Self.extent(columns))
    let levels = inked.map { Double(pixels[$0]) / 255 }
    for (k, level) in levels.enumerated() {
      ink += level
      row += level * Double(rows[k])
      column += level * Double(columns[k])
    }
    row /= ink
    column /= ink
    for (k, level) in levels.enumerated() {
      let (y, x) = (Double(rows[k]) - row, Double(columns[k]) - column)
      rowVariance += level * y * y / ink
      columnVariance += level * x * x / ink
      covariance += level * x * y / ink
    }
  }

  /// The shear that would set the ink upright: the tangent of the slant, positive to the right.
  var shear: Double { -covariance / rowVariance }

  private static func extent(_ values: [Int]) -> Int {
    guard let low = values.min(), let high = values.max() else { return 0 }
    return high - low + 1
  }
}
