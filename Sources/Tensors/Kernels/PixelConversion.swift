// SPDX-License-Identifier: Apache-2.0

internal import CKernels

/// How bytes become numbers between 0 and 1.
package enum PixelConversion: Sendable {
  /// byte / 255.
  case greyLevels
  /// 1 from 128 on, else 0.
  case threshold
  /// 1 with probability byte / 255, else 0.
  case draw(NoiseKey)

  /// Converts `bytes` into as many numbers at `target`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
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

  /// Asks for bytes that will be converted soon, so that nobody waits for the memory then.
  package static func prefetch(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let source = bytes.baseAddress { elbo_prefetch(bytes.count, source) }
  }
}

extension NoiseKey {
  /// Writes `count` standard normal numbers to `target`.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func writeStandardNormal<Scalar: TensorScalar>(
    _ count: Int, to target: UnsafeMutablePointer<Scalar>
  ) {
    Scalar.kernels.normal(count, self, target)
  }
}
