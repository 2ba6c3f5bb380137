// SPDX-License-Identifier: Apache-2.0

/// Numbers to and from little-endian bytes, in whole arrays.
package enum Numbers {
  /// The bytes of `values`, four each.
  package static func bytes(littleEndian values: [Float]) -> [UInt8] {
    copyBytes(of: values) { UInt32($0.bitPattern).littleEndian }
  }

  /// The bytes of `values`, eight each.
  package static func bytes(littleEndian values: [Double]) -> [UInt8] {
    copyBytes(of: values) { UInt64($0.bitPattern).littleEndian }
  }

  /// The bytes of `values`, eight each.
  package static func bytes(littleEndian values: [Int]) -> [UInt8] {
    copyBytes(of: values) { Int64($0).littleEndian }
  }

  /// One `Float` for each four bytes.
  package static func floats(littleEndian bytes: ArraySlice<UInt8>) -> [Float] {
    map(bytes, as: UInt32.self) { Float(bitPattern: UInt32(littleEndian: $0)) }
  }

  /// One `Double` for each eight bytes.
  package static func doubles(littleEndian bytes: ArraySlice<UInt8>) -> [Double] {
    map(bytes, as: UInt64.self) { Double(bitPattern: UInt64(littleEndian: $0)) }
  }

  /// The value of an IEEE 754 half-precision number; every one is a `Float`.
  ///
  /// By hand, because `Float16` is missing on Intel Macs.
  package static func float(half bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10 & 0x1F)
    let fraction = UInt32(bits & 0x3FF)
    switch exponent {
    case 0:  // Zero or subnormal: fraction times 2^-24.
      let magnitude = Float(fraction) * 0x1p-24
      return sign == 0 ? magnitude : -magnitude
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
    }
  }

  /// The value of a bfloat16 number: the upper half of a `Float`.
  package static func float(brain bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }

  /// Reads an integer of type `Bits` after the other, wherever it lies, and converts it.
  @inline(__always)
  static func map<Bits: FixedWidthInteger & BitwiseCopyable, Value>(
    _ bytes: ArraySlice<UInt8>, as type: Bits.Type, _ convert: (Bits) -> Value
  ) -> [Value] {
    let size = MemoryLayout<Bits>.size
    return bytes.withUnsafeBytes { raw in
      [Value](unsafeUninitializedCapacity: raw.count / size) { values, count in
        count = raw.count / size
        for index in 0..<count {
          let bits = raw.loadUnaligned(fromByteOffset: index * size, as: Bits.self)
          values.initializeElement(at: index, to: convert(bits))
        }
      }
    }
  }

  @inline(__always)
  private static func copyBytes<Value, Bits: FixedWidthInteger & BitwiseCopyable>(
    of values: [Value], _ convert: (Value) -> Bits
  ) -> [UInt8] {
    let size = MemoryLayout<Bits>.size
    return [UInt8](unsafeUninitializedCapacity: values.count * size) { bytes, count in
      let raw = UnsafeMutableRawBufferPointer(bytes)
      for (index, value) in values.enumerated() {
        raw.storeBytes(of: convert(value), toByteOffset: index * size, as: Bits.self)
      }
      count = values.count * size
    }
  }
}
