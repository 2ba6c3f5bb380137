// SPDX-License-Identifier: Apache-2.0

/// One named quantity that every example of a data set has: its pixels, its label, its weight.
public struct DataField: Sendable, Equatable {
  /// What the numbers are, which decides which likelihoods are densities of them.
  public enum Kind: Sendable, Equatable {
    /// Any real number.
    case real
    /// A whole number of at least 0.
    case count
    /// One of so many classes, 0 to `classes` - 1.
    case category(classes: Int)
    /// 0 or 1.
    case binary
    /// A level from 0 (black) to 1 (white), in steps of a byte or finer.
    case grey
  }

  /// The name, which models ask for.
  public let name: String
  /// The shape of one example: `[height, width, channels]` of an image, `[]` of a number.
  public let shape: [Int]
  /// What the numbers are.
  public let kind: Kind

  /// A field.
  ///
  /// - Parameters:
  ///   - name: Not empty, and the only one of its name in a data set.
  ///   - shape: The shape of one example.
  ///   - kind: What the numbers are.
  public init(_ name: String, shape: [Int] = [], kind: Kind = .real) {
    precondition(
      !name.isEmpty && shape.allSatisfy { $0 >= 0 }, "a field '\(name)' of shape \(shape)")
    if case .category(let classes) = kind {
      precondition(classes >= 1, "a field '\(name)' of \(classes) classes")
    }
    self.name = name
    self.shape = shape
    self.kind = kind
  }

  /// How many numbers of an example reach a model: the product of the shape; for each category as
  /// many as there are classes, of which one is 1 and the others are 0.
  public var width: Int {
    let numbers = shape.reduce(1, *)
    guard case .category(let classes) = kind else { return numbers }
    return numbers * classes
  }

  /// Rows, columns and channels, where examples are images: three axes, the last of 1 or 3.
  public var imageSize: (height: Int, width: Int, channels: Int)? {
    guard shape.count == 3, shape[2] == 1 || shape[2] == 3, kind == .grey || kind == .binary
    else { return nil }
    return (shape[0], shape[1], shape[2])
  }
}

/// A field that a model reads, and what it is to the model.
public struct FieldUse: Sendable, Equatable {
  /// What a field is to a model.
  public enum Role: String, Sendable, CaseIterable {
    /// x: what the model is a density of.
    case data
    /// c in p(x, z | c): given, without a density of its own.
    case condition
    /// How often the example counts while a model is fitted, one number of at least 0: its term of the
    /// objective is multiplied by it. Bounds are reported of each example as it is.
    case weight
    /// 1 where a number of x was observed, 0 where it is missing; as many as x has.
    case mask
  }

  /// The field's name.
  public let name: String
  /// What it is to the model.
  public let role: Role
  /// How many numbers of it the model takes; nil for any number.
  public let width: Int?

  /// A use of the field `name`.
  public init(_ name: String, _ role: Role, width: Int? = nil) {
    self.name = name
    self.role = role
    self.width = role == .weight ? 1 : width
  }
}

extension [FieldUse] {
  /// The names of the fields with a role, in order.
  func names(_ role: FieldUse.Role) -> [String] { filter { $0.role == role }.map(\.name) }
}
