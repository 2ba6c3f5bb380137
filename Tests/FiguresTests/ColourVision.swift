// SPDX-License-Identifier: Apache-2.0

import Figures

/// How colours look to readers whose eyes lack a kind of cone: the matrices of Machado, Oliveira
/// and Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE
/// TVCG 15 (2009), for linear sRGB.
enum ColourVision: CaseIterable {
  case usual, protanopia, deuteranopia, tritanopia

  private var matrix: [[Double]] {
    switch self {
    case .usual: [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    case .protanopia:
      [
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
      ]
    case .deuteranopia:
      [
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
      ]
    case .tritanopia:
      [
        [1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
      ]
    }
  }

  /// In OKLab (Ottosson 2020), times 100.
  func seen(_ colour: Color) -> [Double] {
    let linear = Self.product(matrix, Self.linear(colour)).map { max(0, min(1, $0)) }
    let cones = Self.product(
      [
        [0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
      ], linear)
    return Self.product(
      [
        [0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
      ], cones.map { Self.root($0, 3) }
    ).map { 100 * $0 }
  }

  static func distance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// The contrast ratio of WCAG 2.2.
  static func contrast(_ a: Color, _ b: Color) -> Double {
    func luminance(_ color: Color) -> Double {
      let linear = linear(color)
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }
    let (x, y) = (luminance(a) + 0.05, luminance(b) + 0.05)
    return max(x, y) / min(x, y)
  }

  /// Of sRGB, IEC 61966-2-1.
  private static func linear(_ colour: Color) -> [Double] {
    [colour.red, colour.green, colour.blue].map { byte in
      let value = Double(byte) / 255
      if value <= 0.04045 { return value / 12.92 }
      let base = (value + 0.055) / 1.055
      // To the power of 2.4 = 2 + 2 / 5.
      return base * base * root(base * base, 5)
    }
  }

  private static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { row in zip(row, vector).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  /// The root of a degree of a number in [0, 1], by bisection.
  private static func root(_ value: Double, _ degree: Int) -> Double {
    var (low, high) = (0.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      let power = (0..<degree).reduce(1.0) { product, _ in product * middle }
      if power < value { low = middle } else { high = middle }
    }
    return high
  }
}
