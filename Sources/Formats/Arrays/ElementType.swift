// SPDX-License-Identifier: Apache-2.0

/// The type of an array's elements in a file, as NumPy names them.
package enum ElementType: String, Sendable, CaseIterable {
  case float16 = "f2"
  case float32 = "f4"
  case float64 = "f8"
  case int8 = "i1"
  case int16 = "i2"
  case int32 = "i4"
  case int64 = "i8"
  case uint8 = "u1"
  case uint16 = "u2"
  case uint32 = "u4"
  case uint64 = "u8"
  case bool = "b1"

  /// The bytes of an element.
  package var width: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .float16, .int16, .uint16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }

  /// The type of NumPy's name, `<f4`, and whether its most significant byte comes first.
  static func parse(_ name: String) -> (type: ElementType, isBigEndian: Bool)? {
    guard let order = name.first, "<>|=".contains(order),
      let type = ElementType(rawValue: String(name.dropFirst())),
      order != "|" || type.width == 1
    else { return nil }
    return (type, order == ">" && type.width > 1)
  }
}

extension Numbers {
  /// Elements of a file as one of the types that ``NPY`` holds; every number stays what it is.
  ///
  /// - Throws: `FormatError` for an unsigned number of 64 bits that is no `Int`.
  static func elements(
    _ bytes: ArraySlice<UInt8>, _ type: ElementType, bigEndian: Bool, path: String
  ) throws -> NPY.Elements {
    func native<Bits: FixedWidthInteger>(_ bits: Bits) -> Bits {
      bigEndian ? Bits(bigEndian: bits) : Bits(littleEndian: bits)
    }
    switch type {
    case .uint8: return .uint8(Array(bytes))
    case .bool: return .uint8(bytes.map { $0 == 0 ? 0 : 1 })
    case .float16: return .float32(map(bytes, as: UInt16.self) { float(half: native($0)) })
    case .float32:
      return .float32(map(bytes, as: UInt32.self) { Float(bitPattern: native($0)) })
    case .float64:
      return .float64(map(bytes, as: UInt64.self) { Double(bitPattern: native($0)) })
    case .int8: return .integers(map(bytes, as: Int8.self) { Int($0) })
    case .int16: return .integers(map(bytes, as: Int16.self) { Int(native($0)) })
    case .int32: return .integers(map(bytes, as: Int32.self) { Int(native($0)) })
    case .int64: return .integers(map(bytes, as: Int64.self) { Int(native($0)) })
    case .uint16: return .integers(map(bytes, as: UInt16.self) { Int(native($0)) })
    case .uint32: return .integers(map(bytes, as: UInt32.self) { Int(native($0)) })
    case .uint64:
      let numbers = map(bytes, as: UInt64.self) { Int(truncatingIfNeeded: native($0)) }
      if let place = numbers.firstIndex(where: { $0 < 0 }) {
        throw FormatError(
          path: path,
          .array(
            "holds \(UInt64(bitPattern: Int64(numbers[place]))) as its element \(place)"
              + " (counted from 0), beyond the range of a signed number of 64 bits; convert it with"
              + " array.astype"))
      }
      return .integers(numbers)
    }
  }
}

extension Numbers {
  /// The bytes of elements that lie column by column (the first axis runs fastest), row by row.
  static func rowMajor(_ bytes: ArraySlice<UInt8>, _ width: Int, _ shape: [Int]) -> [UInt8] {
    if bytes.isEmpty { return [] }
    // Where the next element of an axis lies, in bytes.
    var strides = [Int](repeating: width, count: shape.count)
    for axis in shape.indices.dropFirst() { strides[axis] = strides[axis - 1] * shape[axis - 1] }
    return bytes.withUnsafeBytes { source in
      [UInt8](unsafeUninitializedCapacity: source.count) { result, count in
        let target = UnsafeMutableRawBufferPointer(result)
        var (index, place) = ([Int](repeating: 0, count: shape.count), 0)
        while count < source.count {
          for byte in 0..<width { target[count + byte] = source[place + byte] }
          count += width
          for axis in shape.indices.reversed() {
            index[axis] += 1
            place += strides[axis]
            if index[axis] < shape[axis] { break }
            place -= index[axis] * strides[axis]
            index[axis] = 0
          }
        }
      }
    }
  }
}

extension NPY.Elements {
  /// Each element as a `Double`.
  package var doubles: [Double] {
    switch self {
    case .float32(let values): values.map { Double($0) }
    case .float64(let values): values
    case .uint8(let values): values.map { Double($0) }
    case .integers(let values): values.map { Double($0) }
    }
  }

  /// Each element as an `Int`, or nil where one is no whole number.
  package var wholeNumbers: [Int]? {
    switch self {
    case .uint8(let values): return values.map { Int($0) }
    case .integers(let values): return values
    case .float32, .float64:
      let whole = doubles.compactMap { Int(exactly: $0) }
      return whole.count == count ? whole : nil
    }
  }

  /// Those of a range, in the same type.
  package subscript(range: Range<Int>) -> NPY.Elements {
    switch self {
    case .float32(let values): .float32(Array(values[range]))
    case .float64(let values): .float64(Array(values[range]))
    case .uint8(let values): .uint8(Array(values[range]))
    case .integers(let values): .integers(Array(values[range]))
    }
  }
}
