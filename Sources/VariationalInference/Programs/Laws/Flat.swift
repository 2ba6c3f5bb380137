// SPDX-License-Identifier: Apache-2.0

/// No prior at all: density 1 on a support. It has no draws, and if the support is unbounded the
/// evidence of a model with it is known up to a constant only.
public struct Flat: Law {
  /// Where the value lies.
  public let support: Constraint
  /// The shape of the value.
  public let shape: [Int]

  /// - Parameters:
  ///   - support: Where the value lies.
  ///   - shape: Its shape, for vectors and matrices.
  public init(_ support: Constraint = .real, shape: [Int] = []) {
    (self.support, self.shape) = (support, shape)
  }

  /// That of the support.
  public var eventRank: Int { support.eventRank }

  /// It is 1 everywhere.
  public var isNormalised: Bool { false }

  /// 0.
  public func logDensity(of x: Value) -> Value { 0 }

  /// None: a mistake of the model.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    Value(fault: "a flat prior has no draws; give it a proper prior to draw from the model")
  }
}
