// SPDX-License-Identifier: Apache-2.0

/// A latent variable of a model: a named site.
public struct Latent: Sendable, Equatable {
  /// How often a latent variable exists.
  public enum Plate: Sendable, Equatable {
    /// Once for each example, as the code z of an image.
    case perExample
    /// Once for the whole data set, as a mean that all examples share.
    case once
  }

  /// The only one of its name in a model.
  public let name: String
  /// The shape of one value; `[]` for a number.
  public let shape: [Int]
  /// Where it lies.
  public let support: Support
  /// How often it exists.
  public let plate: Plate

  /// A latent variable, real and of each example unless told otherwise.
  public init(
    _ name: String, shape: [Int] = [], support: Support = .real, _ plate: Plate = .perExample
  ) {
    self.name = name
    self.shape = shape
    self.support = support
    self.plate = plate
  }

  /// How many unconstrained numbers it takes.
  public var dimension: Int { shape.reduce(1, *) }
}

/// Values of latent variables by name, each in its support.
public struct LatentValues<Scalar: TensorScalar>: Sendable {
  private var values: [String: Tensor<Scalar>]
  /// log |dT / du| of all constrained ones, `[batch]` or `[batch, draws]` for those of each example and
  /// `[]` for those there are once; nil where nothing was constrained.
  public private(set) var logJacobian: Tensor<Scalar>?

  /// No values.
  public init() { values = [:] }

  /// The value of a latent variable: `[batch] + shape`, or `[batch, draws] + shape` where there are
  /// several draws, of those of each example; `shape` of those that there are once.
  ///
  /// - Precondition: The model has a latent variable of this name.
  public subscript(_ name: String) -> Tensor<Scalar> {
    guard let value = values[name] else {
      preconditionFailure(
        "no latent variable '\(name)'; there are \(values.keys.sorted().joined(separator: ", "))")
    }
    return value
  }

  /// Values from unconstrained coordinates side by side in the order of `latents`.
  ///
  /// - Parameters:
  ///   - latents: Of one plate.
  ///   - u: `[batch, n]` or `[batch, draws, n]`, or `[n]` for those there are once; n is the sum of
  ///     the dimensions.
  public init(_ latents: [Latent], at u: Tensor<Scalar>) {
    let dimension = latents.dimension
    precondition(
      u.shape.last == dimension,
      "coordinates \(u.shape) for latent variables of \(dimension) dimensions")
    values = [:]
    var start = 0
    for latent in latents {
      let end = start + latent.dimension
      let part = latents.count == 1 ? u : u.slice(start..<end, along: u.rank - 1)
      let (value, logDerivative) = latent.support.constrain(part)
      let rows = Array(u.shape.dropLast())
      values[latent.name] =
        latent.shape.count == 1 ? value : value.reshaped(to: rows + latent.shape)
      if let term = logDerivative?.sum(along: -1) {
        logJacobian = logJacobian.map { $0 + term } ?? term
      }
      start = end
    }
  }

  /// Both sets of values, under different names; the Jacobian is that of these.
  func joined(_ others: LatentValues?) -> LatentValues {
    guard let others else { return self }
    var joined = self
    joined.values.merge(others.values) { own, _ in own }
    return joined
  }
}

extension [Latent] {
  /// Those of a plate.
  public func filter(_ plate: Latent.Plate) -> [Latent] { filter { $0.plate == plate } }

  /// The sum of the dimensions.
  public var dimension: Int { reduce(0) { $0 + $1.dimension } }
}
