// SPDX-License-Identifier: Apache-2.0

/// A file whose contents are not what they should be: which file, what was found, what to do.
///
/// `description` is one sentence for the user; the wording of all of them is in this file.
public struct FormatError: Error, Equatable, Sendable {
  /// The path of the file, or another name for where the bytes came from.
  public let path: String
  /// What is wrong.
  public let fault: FormatFault

  /// A fault of the file at `path`.
  public init(path: String, _ fault: FormatFault) {
    self.path = path
    self.fault = fault
  }
}

extension FormatError: CustomStringConvertible {
  /// One sentence, without a full stop; after that of a PyTorch file, the lines that convert it.
  public var description: String {
    guard case .safetensors(.pytorch) = fault else { return "'\(path)' \(fault)" }
    return "'\(path)' \(fault)\n" + Self.conversion(of: path)
  }

  /// Two lines of Python that write what `torch.save` stored as a safetensors file beside it.
  private static func conversion(of path: String) -> String {
    let name = Files.name(of: path)
    let ending = name.lastIndex(of: ".").map { name[$0...].count } ?? 0
    let stem = path.dropLast(ending)
    func quoted(_ text: some StringProtocol) -> String { JSONValue.string(String(text)).compact }
    return """
        import torch; from safetensors.torch import save_file
        save_file(torch.load(\(quoted(path)), map_location="cpu", weights_only=True), \
      \(quoted(stem + ".safetensors")))
      """
  }
}

/// What may be wrong with the contents of a file, by format. Offsets and sizes are in bytes.
public enum FormatFault: Equatable, Sendable {
  /// A text is not JSON; the offset of the first wrong byte.
  case json(JSONFault, offset: Int)

  /// A file that should be packed does not begin as one.
  case gzipExpected
  /// Packed data end too early.
  case gzipTruncated
  /// Packed data are wrong before that byte.
  case gzipDamaged(offset: Int, reason: String)
  /// Foreign bytes follow the packed data.
  case gzipTrailing(offset: Int)
  /// Packed data are larger than what is expected of them.
  case unpacksBeyond(limit: Int)

  /// The first bytes are not those of an IDX file.
  case idxMagic([UInt8])
  /// The elements are not unsigned bytes.
  case idxElementType(UInt8)
  /// The file ends inside its header.
  case idxHeaderTruncated(size: Int)
  /// The header promises more than there can be.
  case idxTooLarge(dimensions: [Int], limit: Int)
  /// The file is longer or shorter than its header promises.
  case idxSize(dimensions: [Int], expected: Int, found: Int)

  /// A safetensors file is not as it should be.
  case safetensors(SafetensorsFault)

  /// A table of texts is not as it should be; what was found, as the rest of a sentence.
  case csv(String)
  /// Data by name are not as they should be; what was found, as the rest of a sentence.
  case namedData(String)

  /// A zip archive is not as it should be; what was found, as the rest of a sentence.
  case zip(String)
  /// An array or a sparse matrix is not as it should be; the same.
  case array(String)

  /// The first bytes are not those of an NPY file.
  case npyMagic
  /// A version of the format that is not known.
  case npyVersion(major: UInt8, minor: UInt8)
  /// The header cannot be understood.
  case npyHeader(problem: String)
  /// The elements are of a type that is not read.
  case npyElementType(String)
  /// The array is stored column by column, or the most significant byte first, and too large to be
  /// turned in memory.
  case npyNotMapped(bigEndian: Bool)
  /// There are more or fewer bytes than the shape needs.
  case npySize(shape: [Int], expected: Int, found: Int)

  /// An image cannot be read.
  case png(reason: String)
  /// A photograph cannot be read.
  case jpeg(reason: String)
  /// The first bytes are those of neither a PNG nor a JPEG file.
  case pictureMagic([UInt8])
  /// A picture has more pixels than are read.
  case pictureSize(height: Int, width: Int, limit: Int)
  /// A picture has more pixels than its bytes can hold.
  case pictureBeyondFile(height: Int, width: Int, size: Int)
}

/// What may be wrong with a JSON text.
public enum JSONFault: Equatable, Sendable {
  /// The text ends too early.
  case unexpectedEnd
  /// A byte stands where something else should.
  case unexpected(UInt8, expected: String)
  /// Too many levels are nested.
  case tooDeep(limit: Int)
  /// There are too many values.
  case tooManyValues(limit: Int)
  /// A key appears twice in one object.
  case duplicateKey(String)
  /// A string is not UTF-8.
  case notUTF8
  /// An escape that JSON does not have.
  case escape
  /// Half of a surrogate pair.
  case loneSurrogate
  /// A control character in a string.
  case controlCharacter(UInt8)
  /// A number beyond the range of `Double`.
  case numberOutOfRange(String)
  /// More text follows the value.
  case trailing
}

/// What may be wrong with a safetensors file.
public enum SafetensorsFault: Equatable, Sendable {
  /// Fewer bytes than any such file has.
  case tooSmall(size: Int)
  /// The header is longer than is allowed.
  case headerTooLong(length: UInt64, limit: Int)
  /// The header is longer than the file.
  case headerBeyondFile(length: UInt64, size: Int)
  /// The header does not begin as JSON.
  case headerStart(UInt8)
  /// A file of PyTorch's own format: a zip archive, or a pickle as before PyTorch 1.6.
  case pytorch(isArchive: Bool)
  /// A metadata entry is not a string.
  case metadata(key: String)
  /// There are more tensors or metadata than are read.
  case tooMany(String, limit: Int)
  /// A tensor is not described as it should be.
  case entry(tensor: String, problem: String)
  /// A tensor of a type that is not known.
  case elementType(tensor: String, String)
  /// A shape whose elements cannot be counted.
  case overflow(tensor: String, shape: [Int])
  /// A tensor has more or fewer bytes than its shape needs.
  case byteCount(tensor: String, shape: [Int], type: String, expected: Int, found: Int)
  /// Tensors overlap, leave a gap, or begin late.
  case offsets(tensor: String, begin: Int, end: Int, expectedBegin: Int)
  /// There are more or fewer bytes than all tensors need.
  case dataSize(expected: Int, found: Int)
  /// There is no such tensor.
  case missing(tensor: String, names: [String])
  /// A tensor holds no floating-point numbers.
  case notFloatingPoint(tensor: String, type: String)
}

extension FormatFault: CustomStringConvertible {
  /// What follows the name of the file in the sentence.
  public var description: String {
    switch self {
    case .json(let fault, let offset): "is not valid JSON at byte \(offset): \(fault)"
    case .safetensors(let fault): "\(fault)"
    case .png(let reason): "is not a readable PNG image (\(reason)); get it again"
    case .jpeg, .pictureMagic, .pictureSize, .pictureBeyondFile: pictureSentence
    case .gzipExpected, .gzipTruncated, .gzipDamaged, .gzipTrailing, .unpacksBeyond: gzipSentence
    case .idxMagic, .idxElementType, .idxHeaderTruncated, .idxTooLarge, .idxSize: idxSentence
    case .csv(let found), .namedData(let found), .zip(let found), .array(let found): found
    case .npyMagic, .npyVersion, .npyHeader, .npyElementType, .npyNotMapped, .npySize:
      npySentence
    }
  }

  private var gzipSentence: String {
    switch self {
    case .gzipExpected: "does not begin as a gzip file (bytes 1f 8b); check that it is one"
    case .gzipTruncated: "ends in the middle of its gzip data; it is truncated, so get it again"
    case .gzipDamaged(let offset, let reason):
      "is damaged: its gzip data is wrong before byte \(offset) (\(reason)); get it again"
    case .gzipTrailing(let offset):
      "holds foreign bytes after its gzip data, from byte \(offset) on; get it again"
    case .unpacksBeyond(let limit):
      "unpacks to more than the \(limit) bytes expected of it and is refused; if it is genuine,"
        + " unpack it yourself"
    default: ""
    }
  }

  private var idxSentence: String {
    switch self {
    case .idxMagic(let bytes):
      "begins with the bytes \(hexadecimal(bytes)) where an IDX file has 00 00 08; check that it"
        + " is an IDX file"
    case .idxElementType(let type):
      "holds \(idxTypeName(type)) elements where unsigned bytes (type 08) are expected; convert it"
    case .idxHeaderTruncated(let size):
      "ends after \(size) bytes, inside its IDX header; it is truncated, so get it again"
    case .idxTooLarge(let dimensions, let limit):
      "promises \(product(dimensions)) bytes where at most \(limit) are possible; it is cut short or"
        + " its IDX header is damaged, so get it again"
    case .idxSize(let dimensions, let expected, let found):
      "holds \(found) bytes where its IDX header promises \(product(dimensions)), \(expected) with"
        + " the header; it is \(found < expected ? "truncated" : "damaged"), so get it again"
    default: ""
    }
  }

  private var pictureSentence: String {
    switch self {
    case .jpeg(let reason): "is not a readable JPEG picture (\(reason)); get it again"
    case .pictureMagic([]): "is empty where a PNG or JPEG picture is expected; get it again"
    case .pictureMagic(let bytes):
      "begins with the bytes \(hexadecimal(bytes)) where a picture has"
        + " 89 50 4e 47 0d 0a 1a 0a (PNG) or ff d8 ff (JPEG); convert it or leave it out"
    case .pictureSize(let height, let width, let limit):
      "is a picture of \(height) x \(width) pixels where at most \(limit) are read; make it smaller"
        + " or leave it out"
    case .pictureBeyondFile(let height, let width, let size):
      "promises \(height) x \(width) pixels, which its \(size) bytes cannot hold; it is truncated"
        + " or damaged, so get it again"
    default: ""
    }
  }

  private var npySentence: String {
    switch self {
    case .npyMagic: "does not begin as an NPY file (93 4e 55 4d 50 59); save it with numpy.save"
    case .npyVersion(let major, let minor):
      "is NPY version \(major).\(minor) where 1.0 to 3.0 is expected; save it with numpy.save"
    case .npyHeader(let problem): "has a damaged NPY header (\(problem)); save it again"
    case .npyElementType(let type):
      "holds elements of type '\(type.shown())', \(numpyTypeName(type)), where numbers (float16 to"
        + " float64, whole numbers, bool) are expected; convert it with array.astype"
    case .npyNotMapped(let bigEndian):
      bigEndian
        ? "holds numbers with the most significant byte first, which cannot be used where they lie;"
          + " save array.astype(array.dtype.newbyteorder('<'))"
        : "is stored column by column (Fortran order), which cannot be used where it lies; save"
          + " numpy.ascontiguousarray(array)"
    case .npySize(let shape, let expected, let found):
      "holds \(found) bytes of data where its shape \(product(shape)) needs \(expected); it is"
        + " \(found < expected ? "truncated" : "damaged"), so get it again"
    default: ""
    }
  }
}

extension JSONFault: CustomStringConvertible {
  /// What follows the offset in the sentence.
  public var description: String {
    switch self {
    case .unexpectedEnd: "the text ends too early, so it is truncated"
    case .unexpected(let byte, let expected):
      "\(character(byte)) was found where \(expected) is expected"
    case .tooDeep(let limit): "more than \(limit) levels are nested"
    case .tooManyValues(let limit): "it holds more than the \(limit) values that are read"
    case .duplicateKey(let key): "the key \"\(key.shown())\" appears twice in one object"
    case .notUTF8: "a string is not valid UTF-8"
    case .escape: "a string holds an escape other than \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"
    case .loneSurrogate: "a string holds half of a surrogate pair"
    case .controlCharacter(let byte): "a string holds the control character \(hexadecimal([byte]))"
    case .numberOutOfRange(let text): "the number \(text) is beyond the range of Double"
    case .trailing: "more text follows the end of the value"
    }
  }
}

extension SafetensorsFault: CustomStringConvertible {
  /// What follows the name of the file in the sentence.
  public var description: String {
    switch self {
    case .tooSmall(let size):
      "holds \(size) bytes where a safetensors file has at least 10; it is truncated, so get it"
        + " again"
    case .headerTooLong(let length, let limit):
      "announces a header of \(length) bytes where at most \(limit) are allowed; check that it is a"
        + " safetensors file"
    case .headerBeyondFile(let length, let size):
      "announces a header of \(length) bytes but holds only \(size); it is truncated or not a"
        + " safetensors file"
    case .headerStart(let byte):
      "has \(character(byte)) at byte 8 where a safetensors header begins with '{'; check that it"
        + " is a safetensors file"
    case .pytorch(let isArchive):
      "is a PyTorch file (\(isArchive ? "a zip archive" : "a pickle"), as torch.save writes it) where"
        + " a safetensors file is expected; convert it by these two lines of Python"
    case .metadata(let key):
      "has a metadata entry \"\(key.shown())\" that is not a string; write strings only"
    case .tooMany(let what, let limit):
      "describes more than \(limit) \(what), which are not read; divide the file"
    case .entry(let tensor, let problem):
      "describes tensor \"\(tensor.shown())\" wrongly (\(problem)); write the file again"
    case .elementType(let tensor, let type):
      "stores tensor \"\(tensor.shown())\" as the unknown type \"\(type.shown())\"; convert it to"
        + " F32"
    case .overflow(let tensor, let shape):
      "gives tensor \"\(tensor.shown())\" the impossible shape \(product(shape)); the file is"
        + " damaged"
    case .byteCount(let tensor, let shape, let type, let expected, let found):
      "gives tensor \"\(tensor.shown())\" \(found) bytes where \(type.shown()) \(product(shape)) needs"
        + " \(expected); the file is damaged"
    case .offsets(let tensor, let begin, let end, let expectedBegin):
      "places tensor \"\(tensor.shown())\" at bytes \(begin) to \(end) where one beginning at"
        + " \(expectedBegin) is expected (no overlap, no gap); the file is damaged"
    case .dataSize(let expected, let found):
      "holds \(found) bytes of tensor data where its header describes \(expected); it is"
        + " \(found < expected ? "truncated" : "damaged"), so get it again"
    case .missing(let tensor, let names):
      "has no tensor \"\(tensor.shown())\"; it holds \(shownList(names))"
    case .notFloatingPoint(let tensor, let type):
      "stores tensor \"\(tensor.shown())\" as \(type.shown()) where F64, F32, F16 or BF16 is"
        + " expected; convert it"
    }
  }
}

// MARK: Words

/// "60000 x 28 x 28"; a single number for a scalar's empty shape is "scalar".
private func product(_ dimensions: [Int]) -> String {
  if dimensions.isEmpty { return "scalar" }
  if dimensions.count > 8 { return "of \(dimensions.count) dimensions" }
  return dimensions.map(String.init).joined(separator: " x ")
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
}

private func character(_ byte: UInt8) -> String {
  (0x20..<0x7F).contains(byte)
    ? "'\(Character(Unicode.Scalar(byte)))'" : "the byte \(hexadecimal([byte]))"
}

/// What NumPy's name of a type that holds no numbers of ours means.
private func numpyTypeName(_ type: String) -> String {
  if type.hasPrefix("[") { return "records of several fields" }
  return switch type.dropFirst().first {
  case "O": "Python objects"
  case "U", "S", "a": "texts"
  case "c": "complex numbers"
  case "M", "m": "times"
  case "V": "bytes without meaning"
  default: "which is not known"
  }
}

private func idxTypeName(_ type: UInt8) -> String {
  switch type {
  case 0x09: "signed byte (type 09)"
  case 0x0B: "16-bit integer (type 0b)"
  case 0x0C: "32-bit integer (type 0c)"
  case 0x0D: "float (type 0d)"
  case 0x0E: "double (type 0e)"
  default: "unknown (type \(hexadecimal([type])))"
  }
}
