// SPDX-License-Identifier: Apache-2.0

public import Formats

/// A model that can be written down and brought back: its parameters, and what it is made of.
///
/// A conforming type names its kind, lists in its ``configuration`` what decides the names and shapes
/// of its parameters and what is done with them, and can be made from that list. Then
/// ``save(to:dataShape:metadata:)`` and ``init(checkpoint:activation:keys:)`` work, and, once its kind
/// is in a ``ModelRegistry``, a file of it comes back without anyone naming its type.
///
///     extension MyModel: DescribedModel {
///       static let kind = "my-model"
///       var configuration: JSONValue { ["data": JSONValue(inputs), "latent": JSONValue(latent)] }
///       init(configuration: JSONValue) throws {
///         var generator = CounterGenerator(seed: 0, stream: 0)
///         self.init(
///           inputs: try configuration.size("data"), latent: try configuration.size("latent"),
///           using: &generator)
///       }
///     }
public protocol DescribedModel<Scalar>: Parameterized {
  /// What models of this type are called in files, such as "bernoulli-vae": never to be changed.
  static var kind: String { get }

  /// Everything but the parameters: an object of sizes and choices.
  ///
  /// The keys `version`, `kind`, `data_shape` and `sha256` belong to ``ModelDescription``.
  var configuration: JSONValue { get }

  /// A model of that configuration; what its parameters are does not matter, as those of the file
  /// take their place.
  ///
  /// Keys that this version does not know are to be ignored, so that later ones can add some.
  ///
  /// - Throws: ``ConfigurationError``, as `size(_:)`, `sizes(_:)` and `choice(_:default:)` of a
  ///   `JSONValue` do, or an error of the model's own.
  init(configuration: JSONValue) throws

  /// The names and shapes of the parameters of a model of that configuration, found without making
  /// it: a file whose configuration is damaged or forged can then not ask for memory.
  ///
  /// Nil, the default, where the type does not tell: shapes are then compared once the model is made.
  ///
  /// - Throws: As ``init(configuration:)`` does.
  static func parameterShapes(configuration: JSONValue) throws -> [(name: String, shape: [Int])]?

  /// The function after each hidden layer on which the numbers of this model depend; nil, the default,
  /// where there is none, or no choice of it.
  var activation: Activation? { get }
}

extension DescribedModel {
  /// Nil: shapes are compared once the model is made.
  public static func parameterShapes(
    configuration: JSONValue
  ) throws -> [(name: String, shape: [Int])]? { nil }

  /// Nil: nothing to state.
  public var activation: Activation? { nil }
}

/// An entry of a model's configuration that is missing or is not what it should be.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The key of the entry.
  public let key: String
  /// What is there, in JSON; nil where nothing is.
  public let found: String?
  /// What should be, in words.
  public let expected: String

  /// The entry `key` of `configuration` is not as `expected`.
  public init(key: String, in configuration: JSONValue, expected: String) {
    self.key = key
    found = configuration[key]?.compact
    self.expected = expected
  }

  /// One sentence, without a full stop.
  public var description: String {
    "the configuration of a model has \(found?.shown() ?? "no value") for \"\(key.shown())\" where "
      + "\(expected) is expected"
  }
}

// Entries of a configuration.
extension JSONValue {
  /// The size under `key`: a whole number of at least 1.
  ///
  /// - Throws: ``ConfigurationError``.
  public func size(_ key: String) throws -> Int {
    guard let size = self[key]?.intValue, Self.sizes.contains(size) else {
      throw ConfigurationError(
        key: key, in: self, expected: "a whole number from 1 to \(Self.sizes.upperBound)")
    }
    return size
  }

  /// The sizes under `key`: a list, possibly empty, of at most 1,000 whole numbers of at least 1.
  ///
  /// - Throws: ``ConfigurationError``.
  public func sizes(_ key: String) throws -> [Int] {
    guard let list = self[key]?.arrayValue, list.count <= 1000,
      case let sizes = list.compactMap(\.intValue).filter(Self.sizes.contains),
      sizes.count == list.count
    else {
      throw ConfigurationError(
        key: key, in: self,
        expected: "a list of at most 1000 whole numbers from 1 to \(Self.sizes.upperBound)")
    }
    return sizes
  }

  /// The choice whose name is under `key`; `fallback` where the key is missing.
  ///
  /// - Throws: ``ConfigurationError`` that lists the names.
  public func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ key: String, default fallback: Choice? = nil
  ) throws -> Choice {
    if self[key] == nil, let fallback { return fallback }
    guard let choice = self[key]?.stringValue.flatMap(Choice.init) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
      throw ConfigurationError(key: key, in: self, expected: "one of \(names)")
    }
    return choice
  }

  /// Such that the product of two is still a number.
  private static var sizes: ClosedRange<Int> { 1...1_000_000_000 }
}
