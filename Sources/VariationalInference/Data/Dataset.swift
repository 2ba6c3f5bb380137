// SPDX-License-Identifier: Apache-2.0

public import Tensors

/// Examples of named fields: images, arrays, tables, or whatever can write chosen examples into
/// memory.
///
/// Whatever is random about an example (pixels drawn from grey levels, say) is a pure function of
/// the example's number and the ``DataRound``, so that batches and threads do not matter and a
/// resumed run sees what an undisturbed one would have seen.
public protocol Dataset: Sendable {
  /// The name of the data, "mnist".
  var name: String { get }

  /// Which part of the data this is: "train", "validation" or "test".
  var split: String { get }

  /// The number of examples, at least one.
  var count: Int { get }

  /// What each example has, every field of another name.
  var fields: [DataField] { get }

  /// What a log-probability of these data means, in a few words, for records.
  var meaning: String { get }

  /// Writes some examples of a field, one row each.
  ///
  /// - Parameters:
  ///   - field: One of ``fields``.
  ///   - examples: Numbers from 0 to ``count`` - 1, in any order, also repeatedly.
  ///   - round: Which draw of what is random.
  ///   - rows: ``DataField/width`` numbers for each example; all of them are to be written.
  func write<Scalar: TensorScalar>(
    _ field: DataField, of examples: [Int], round: DataRound,
    to rows: UnsafeMutableBufferPointer<Scalar>)

  /// What recognises the same examples again: 16 hexadecimal digits, after
  /// "sampled-" where not all numbers were looked at. Name and split do not count.
  func fingerprint() -> String

  /// The first `maximum` examples, or all where there are fewer.
  func prefix(_ maximum: Int) -> Self
}

extension Dataset {
  /// The field of this name.
  public func field(_ name: String) -> DataField? { fields.first { $0.name == name } }

  /// What one example is called: "image", or "row" of what is no image.
  public var exampleNoun: String { field("x")?.imageSize == nil ? "row" : "image" }

  /// Refuses, by name, to serve a model that reads a field which is not there or has another width.
  ///
  /// - Throws: ``DatasetError/missingField(data:field:role:there:)`` or
  ///   ``DatasetError/misfit(data:field:found:expected:)``.
  public func check(_ uses: [FieldUse]) throws {
    if count < 1 { throw DatasetError.noExamples(data: name) }
    for use in uses {
      guard let field = field(use.name) else {
        throw DatasetError.missingField(
          data: name, field: use.name, role: use.role, there: fields.map(\.name))
      }
      if let width = use.width, width != field.width {
        throw DatasetError.misfit(
          data: name, field: use.name, found: field.width, expected: width)
      }
    }
    let data = uses.names(.data).compactMap { field($0)?.width }.reduce(0, +)
    for mask in uses.names(.mask).compactMap(field) where mask.width != data {
      throw DatasetError.misfit(
        data: name, field: mask.name, found: mask.width, expected: data)
    }
  }
}

/// Which draw of whatever is random in examples: the epoch while a model is fitted, or the one draw
/// that every evaluation with a seed repeats.
public struct DataRound: Sendable, Equatable {
  /// Decides all draws.
  public let seed: UInt64
  /// The epoch, counted from 0.
  public let number: Int
  private let purpose: NoisePurpose

  /// For fitting: another draw in each epoch, counted from 0.
  public static func training(seed: UInt64, epoch: Int) -> DataRound {
    DataRound(seed: seed, number: epoch, purpose: .trainingPixels)
  }

  /// For judging: the same draw at every evaluation with the same seed.
  public static func evaluation(seed: UInt64) -> DataRound {
    DataRound(seed: seed, number: 0, purpose: .evaluationPixels)
  }

  /// Names the random numbers of one example in this round, which serve no other purpose.
  public func key(example: Int) -> NoiseKey {
    purpose.key(seed: seed, example: example, round: number)
  }
}

/// The parts of a data set.
public enum DatasetSplit: String, Sendable, CaseIterable {
  /// What a model learns from.
  case train
  /// What its settings are chosen by; many data sets have none.
  case validation
  /// What it is judged by.
  case test
}

/// A data set with all its parts, which have the same fields.
public struct DatasetSplits: Sendable {
  /// What a model learns from.
  public let train: any Dataset
  /// What its settings are chosen by, where there is such a part.
  public let validation: (any Dataset)?
  /// What it is judged by.
  public let test: any Dataset

  /// These parts.
  public init(train: any Dataset, validation: (any Dataset)? = nil, test: any Dataset) {
    self.train = train
    self.validation = validation
    self.test = test
  }
}

/// Mixes bytes into 64 bits: about 0.2 ns a byte. It tells other data from the same data but does not
/// withstand forgery.
struct Fingerprint {
  private var lanes: (UInt64, UInt64, UInt64, UInt64)

  /// Begins with up to three numbers, which say what the bytes are.
  init(_ a: Int, _ b: Int = 0, _ c: Int = 0) {
    lanes = (
      UInt64(bitPattern: Int64(a)), UInt64(bitPattern: Int64(b)), UInt64(bitPattern: Int64(c)),
      0x9e37_79b9_7f4a_7c15
    )
  }

  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    func word(_ offset: Int) -> UInt64 {
      UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
    var state = lanes
    let whole = bytes.count / 32 * 32
    for offset in stride(from: 0, to: whole, by: 32) {
      state.0 = Self.mix(state.0, word(offset))
      state.1 = Self.mix(state.1, word(offset + 8))
      state.2 = Self.mix(state.2, word(offset + 16))
      state.3 = Self.mix(state.3, word(offset + 24))
    }
    for byte in bytes[whole...] { state.0 = Self.mix(state.0, UInt64(byte)) }
    lanes = state
  }

  mutating func add(_ text: String) {
    Array(text.utf8).withUnsafeBytes { add($0) }
  }

  /// 16 hexadecimal digits.
  var digits: String {
    let all = [lanes.1, lanes.2, lanes.3].reduce(lanes.0, Self.mix)
    let digits = String(all, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Every bit of the word changes about half the bits of the state within two rounds.
  private static func mix(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word) &* 0x9fb2_1c65_1e98_df25
    return product ^ (product >> 29)
  }
}
