// SPDX-License-Identifier: Apache-2.0

/// How bytes become numbers between 0 and 1.
package enum PixelConversion: Sendable {
  /// byte / 255.
  case greyLevels
  /// 1 from 128 on, else 0.
  case threshold
  /// 1 with probability byte / 255, else 0.
  case draw(NoiseKey)

  /// Converts `bytes` into as many numbers at `target`.
  package func write<Scalar: TensorScalar>(
    _ bytes: UnsafeBufferPointer<UInt8>, to target: UnsafeMutablePointer<Scalar>
  ) {
    guard let source = bytes.baseAddress else { return }
    switch self {
    case .greyLevels: Scalar.kernels.bytes(bytes.count, source, target)
    case .threshold: Scalar.kernels.thresholdBytes(bytes.count, source, target)
    case .draw(let key): Scalar.kernels.bernoulliBytes(bytes.count, key, source, target)
    }
  }
}

extension NoiseKey {
  /// Writes `count` standard normal numbers to `target`.
  package func writeStandardNormal<Scalar: TensorScalar>(
    _ count: Int, to target: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.kernels.normal(count, self, target)
  }
}
