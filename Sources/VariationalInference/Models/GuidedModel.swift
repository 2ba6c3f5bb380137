// SPDX-License-Identifier: Apache-2.0

/// A model p(x, z) with a guide q(z | x): what objectives, training and evaluations take.
///
/// A variational autoencoder is both in one (``Autoencoder``); ``Guided`` pairs a model with any guide.
public protocol GuidedModel<Scalar>: Sendable {
  /// The type of number.
  associatedtype Scalar: TensorScalar
  /// p(x, z).
  associatedtype Model: JointDensity<Scalar>
  /// q(z | x).
  associatedtype Surrogate: Guide<Scalar>

  /// p(x, z).
  var model: Model { get }

  /// q(z | x).
  var guide: Surrogate { get }
}

extension GuidedModel {
  /// The fields that model and guide read.
  public var allReads: [FieldUse] {
    let own = model.reads
    return own + guide.alsoReads.filter { other in !own.contains { $0.name == other.name } }
  }
}

/// A model that has its own encoder: p(x | z) p(z) and q(z | x), with all their parameters.
///
/// What to write is ``GenerativeModel/prior``, ``GenerativeModel/latentDimension``,
/// ``GenerativeModel/likelihood(given:)``, ``AmortizedPosterior/posterior(given:)-(Tensor)`` and
/// ``Parameterized/visitParameters(_:)``.
public protocol Autoencoder<Scalar>: GenerativeModel, AmortizedPosterior, GuidedModel, Parameterized
where Model == Self, Surrogate == Self {}

extension Autoencoder {
  /// This model.
  public var model: Self { self }

  /// This model's encoder.
  public var guide: Self { self }

  /// From data and conditions, joined.
  public func posterior(given batch: Batch<Scalar>) -> Posterior {
    posterior(given: batch.encoderInput(reads))
  }
}

/// A model and a guide for it.
public struct Guided<Model: JointDensity, Surrogate: Guide>: GuidedModel
where Model.Scalar == Surrogate.Scalar {
  /// The type of number.
  public typealias Scalar = Model.Scalar

  /// p(x, z).
  public var model: Model
  /// q(z | x).
  public var guide: Surrogate

  /// A pair.
  public init(_ model: Model, by guide: Surrogate) {
    self.model = model
    self.guide = guide
  }
}

extension Guided: Parameterized where Surrogate: Parameterized {
  /// `model.*` where the model has parameters, then `guide.*`.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    if let learned = model as? any Parameterized<Scalar> {
      model = try Self.visited(learned) { try visit("model.\($0)", &$1) } ?? model
    }
    try guide.visitParameters { try visit("guide.\($0)", &$1) }
  }

  /// A model that has parameters, after they were shown.
  private static func visited(
    _ model: some Parameterized<Scalar>,
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows -> Model? {
    var copy = model
    try copy.visitParameters(visit)
    return copy as? Model
  }
}

extension JointDensity {
  /// This model with a guide: `model.guided(by: guide)`.
  public func guided<Surrogate: Guide<Scalar>>(
    by guide: Surrogate
  ) -> Guided<Self, Surrogate> {
    Guided(self, by: guide)
  }
}

/// The prior as a guide, q(z | x) = p(z): for methods that start from it, of a model without an encoder.
public struct PriorGuide<Model: GenerativeModel>: Guide {
  /// The type of number.
  public typealias Scalar = Model.Scalar
  private let prior: Model.Prior

  /// The prior of a model.
  public init(_ model: Model) { prior = model.prior }

  /// p(z), whatever the examples.
  public func posterior(given batch: Batch<Scalar>) -> Model.Prior { prior }
}

extension GenerativeModel {
  /// This model with its prior as the guide.
  public var guidedByPrior: Guided<Self, PriorGuide<Self>> { guided(by: PriorGuide(self)) }
}
