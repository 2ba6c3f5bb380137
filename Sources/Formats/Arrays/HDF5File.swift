// SPDX-License-Identifier: Apache-2.0

#if HDF5
  private import CHDF5
  private import Synchronization

  /// Arrays and texts by name in an HDF5 file, read through libhdf5.
  ///
  /// Read are floating-point numbers of 16 to 64 bits, whole numbers of 8 to 64 bits, truth values (an
  /// enumeration, as h5py writes them) and texts of fixed and variable length, in either order of bytes,
  /// contiguous, chunked or packed. Links into other files are not followed.
  package struct HDF5File: ArrayArchive, Sendable {
    /// What stands under a name.
    package enum Contents: Sendable, Equatable {
      case group
      case numbers(shape: [Int])
      case texts(shape: [Int])
      case other
    }

    /// The path of the file.
    package let path: String
    /// What the file holds, by full name without the first "/".
    package let contents: [String: Contents]
    /// The names of all arrays of numbers, in alphabetical order.
    package let names: [String]

    /// The library is not safe in several threads, so one enters at a time.
    private static let door = Mutex(())

    /// Lists what the file at `path` holds.
    ///
    /// - Throws: `FileError` or `FormatError`.
    package init(_ path: String) throws {
      self.path = path
      let size = try MappedFile(path).bytes.count
      contents = try Self.door.withLock { _ in
        let file = try Self.open(path, size: size)
        defer { H5Fclose(file) }
        var found: [String: Contents] = [:]
        Self.list(file, "", depth: 0, &found)
        return found
      }
      names = contents.filter { if case .numbers = $0.value { true } else { false } }.keys.sorted()
    }

    /// An array of numbers.
    ///
    /// - Throws: `FormatError`, also where there is none of the name.
    package func array(_ name: String) throws -> NPY {
      guard case .numbers(let shape) = contents[name] else {
        throw fault("holds no array '\(name.shown())'; it holds \(shownList(names))")
      }
      return try reading(name) { try numbers($0, name, shape) }
    }

    /// The shape of an array.
    ///
    /// - Throws: `FormatError` where there is none of the name.
    package func shape(_ name: String) throws -> [Int] {
      guard case .numbers(let shape) = contents[name] else {
        throw fault("holds no array '\(name.shown())'; it holds \(shownList(names))")
      }
      return shape
    }

    /// The texts of an array, one after the other.
    ///
    /// - Throws: `FormatError`, also where there is none of the name.
    package func texts(_ name: String) throws -> [String] {
      guard case .texts(let shape) = contents[name] else {
        throw fault("holds no texts '\(name.shown())'")
      }
      return try reading(name) { data in
        let count = try count(shape, width: 1, data, name)
        let (type, space) = (H5Dget_type(data), H5Dget_space(data))
        defer {
          H5Tclose(type)
          H5Sclose(space)
        }
        guard let texts = Self.texts(count, type, space, { hdf5_read(data, $0, $1) }) else {
          throw unreadable(name)
        }
        return texts
      }
    }

    /// An attribute of one text; nil where there is none, or it is something else.
    ///
    /// - Throws: `FormatError` where the file cannot be opened any more.
    package func text(attribute: String, of name: String) throws -> String? {
      try attributed(attribute, name) { id in
        let (type, space) = (H5Aget_type(id), H5Aget_space(id))
        defer {
          H5Tclose(type)
          H5Sclose(space)
        }
        guard H5Tget_class(type) == H5T_STRING, H5Sget_simple_extent_npoints(space) == 1 else {
          return nil
        }
        return Self.texts(1, type, space) { H5Aread(id, $0, $1) }?.first
      }
    }

    /// An attribute of whole numbers, at most 64; nil where there is none, or it is something else.
    ///
    /// - Throws: `FormatError` where the file cannot be opened any more.
    package func wholeNumbers(attribute: String, of name: String) throws -> [Int]? {
      try attributed(attribute, name) { id in
        let (type, space) = (H5Aget_type(id), H5Aget_space(id))
        defer {
          H5Tclose(type)
          H5Sclose(space)
        }
        let count = Int(H5Sget_simple_extent_npoints(space))
        guard H5Tget_class(type) == H5T_INTEGER, (0...64).contains(count) else { return nil }
        var values = [Int](repeating: 0, count: count)
        return H5Aread(id, hdf5_int64(), &values) < 0 ? nil : values
      }
    }

    /// How an array is called in an error.
    package func place(_ name: String) -> String { "\(path)[\(name.shown())]" }

    /// A fault of this file.
    func fault(_ words: String) -> FormatError { FormatError(path: path, .array(words)) }

    // MARK: Inside the library

    private func unreadable(_ name: String) -> FormatError {
      fault(
        "cannot be read at '\(name.shown())'; it is damaged, or packed by a filter that libhdf5"
          + " lacks, so get it again or save it with gzip")
    }

    private static func open(_ path: String, size: Int) throws -> hid_t {
      hdf5_silence()
      let file = hdf5_open(path)
      guard file >= 0 else {
        throw FormatError(
          path: path,
          .array(
            "is no HDF5 file that libhdf5 reads (\(size) bytes); it is truncated or damaged, so"
              + " get it again"))
      }
      return file
    }

    private func reading<Value: Sendable>(
      _ name: String, _ read: (hid_t) throws -> Value
    ) throws -> Value {
      let size = Files.size(path) ?? 0
      return try Self.door.withLock { _ in
        let file = try Self.open(path, size: size)
        defer { H5Fclose(file) }
        let object = hdf5_object(file, name.isEmpty ? "/" : name)
        guard object >= 0 else { throw unreadable(name) }
        defer { H5Oclose(object) }
        return try read(object)
      }
    }

    private func attributed<Value: Sendable>(
      _ attribute: String, _ name: String, _ read: (hid_t) -> Value?
    ) throws -> Value? {
      try reading(name) { object in
        guard H5Aexists(object, attribute) > 0 else { return nil }
        let id = H5Aopen(object, attribute, 0)
        guard id >= 0 else { return nil }
        defer { H5Aclose(id) }
        return read(id)
      }
    }

    /// The number of elements, which the bytes of the file must be able to hold.
    private func count(_ shape: [Int], width: Int, _ data: hid_t, _ name: String) throws -> Int {
      // Deflate packs at most 1,032 bytes into one; what was never written takes none.
      let stored = min(Int(clamping: H5Dget_storage_size(data)), Files.size(path) ?? 0)
      let limit = max(1 << 26, stored.multipliedReportingOverflow(by: 1_040).partialValue)
      guard let count = checkedProduct(shape),
        case let (size, overflow) = count.multipliedReportingOverflow(by: width), !overflow,
        size <= limit
      else {
        throw fault(
          "promises an array '\(name.shown())' of"
            + " \(shape.prefix(8).map(String.init).joined(separator: " x ")) in \(stored) bytes; it is"
            + " damaged, so get it again")
      }
      return count
    }

    private func numbers(_ data: hid_t, _ name: String, _ shape: [Int]) throws -> NPY {
      let type = H5Dget_type(data)
      defer { H5Tclose(type) }
      let width = H5Tget_size(type)
      let count = try count(shape, width: 8, data, name)
      func read<Value>(_ zero: Value, _ memory: hid_t) throws -> [Value] {
        var values = [Value](repeating: zero, count: count)
        let status = values.withUnsafeMutableBytes {
          count == 0 ? 0 : hdf5_read(data, memory, $0.baseAddress)
        }
        guard status >= 0 else { throw unreadable(name) }
        return values
      }
      switch H5Tget_class(type) {
      case H5T_FLOAT where width <= 4:
        return NPY(shape: shape, .float32(try read(0, hdf5_float())))
      case H5T_FLOAT: return NPY(shape: shape, .float64(try read(0, hdf5_double())))
      case H5T_ENUM: return NPY(shape: shape, .uint8(try read(0, hdf5_uint8())))
      default: break
      }
      let isUnsigned = H5Tget_sign(type) == H5T_SGN_NONE
      if isUnsigned, width == 1 { return NPY(shape: shape, .uint8(try read(0, hdf5_uint8()))) }
      guard isUnsigned, width == 8 else {
        return NPY(shape: shape, .integers(try read(0, hdf5_int64())))
      }
      let values: [UInt64] = try read(0, hdf5_uint64())
      if let place = values.firstIndex(where: { $0 > UInt64(Int.max) }) {
        throw fault(
          "holds \(values[place]) in '\(name.shown())' as its element \(place) (counted from 0), beyond"
            + " the range of a signed number of 64 bits; convert it with array.astype")
      }
      return NPY(shape: shape, .integers(values.map { Int($0) }))
    }

    /// Texts of either length; nil where the library reads none.
    private static func texts(
      _ count: Int, _ type: hid_t, _ space: hid_t,
      _ read: (hid_t, UnsafeMutableRawPointer) -> herr_t
    ) -> [String]? {
      if count == 0 { return [] }
      let isVariable = H5Tis_variable_str(type) > 0
      let width = H5Tget_size(type)
      guard isVariable || width < 1 << 20 && count * width < 1 << 34 else { return nil }
      // One byte more, for the 0 at the end.
      let memory = hdf5_text(isVariable ? hdf5_variable() : width + 1, H5Tget_cset(type))
      defer { H5Tclose(memory) }
      if isVariable {
        var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
        return pointers.withUnsafeMutableBytes { bytes in
          guard let start = bytes.baseAddress, read(memory, start) >= 0 else { return nil }
          defer { _ = hdf5_reclaim(memory, space, start) }
          return bytes.bindMemory(to: UnsafeMutablePointer<CChar>?.self).map {
            $0.map { String(cString: $0) } ?? ""
          }
        }
      }
      var bytes = [UInt8](repeating: 0, count: count * (width + 1))
      let status = bytes.withUnsafeMutableBytes { raw in
        raw.baseAddress.map { read(memory, $0) } ?? -1
      }
      guard status >= 0 else { return nil }
      return (0..<count).map {
        let text = bytes[($0 * (width + 1))..<(($0 + 1) * (width + 1))]
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
      }
    }

    private static func list(
      _ place: hid_t, _ prefix: String, depth: Int, _ found: inout [String: Contents]
    ) {
      var info = H5G_info_t()
      guard depth < 16, H5Gget_info(place, &info) >= 0 else { return }
      for index in 0..<info.nlinks {
        guard found.count < 100_000 else { return }
        let length = hdf5_link_name(place, index, nil, 0)
        guard length > 0, length < 1 << 16 else { continue }
        var bytes = [CChar](repeating: 0, count: length + 1)
        guard hdf5_link_name(place, index, &bytes, bytes.count) == length else { continue }
        let name = String(
          decoding: bytes.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard hdf5_is_hard_link(place, name) > 0, case let id = hdf5_object(place, name), id >= 0
        else { continue }
        defer { H5Oclose(id) }
        switch H5Iget_type(id) {
        case H5I_GROUP:
          found[prefix + name] = .group
          list(id, prefix + name + "/", depth: depth + 1, &found)
        case H5I_DATASET: found[prefix + name] = contents(id)
        default: found[prefix + name] = .other
        }
      }
    }

    private static func contents(_ data: hid_t) -> Contents {
      let (type, space) = (H5Dget_type(data), H5Dget_space(data))
      defer {
        if type >= 0 { H5Tclose(type) }
        if space >= 0 { H5Sclose(space) }
      }
      let rank = Int(H5Sget_simple_extent_ndims(space))
      guard type >= 0, (0...32).contains(rank) else { return .other }
      var lengths = [hsize_t](repeating: 0, count: rank)
      guard H5Sget_simple_extent_dims(space, &lengths, nil) >= 0 else { return .other }
      let shape = lengths.map { Int(clamping: $0) }
      switch H5Tget_class(type) {
      case H5T_INTEGER, H5T_FLOAT, H5T_ENUM:
        return H5Tget_size(type) <= 8 ? .numbers(shape: shape) : .other
      case H5T_STRING: return .texts(shape: shape)
      default: return .other
      }
    }
  }
#endif
