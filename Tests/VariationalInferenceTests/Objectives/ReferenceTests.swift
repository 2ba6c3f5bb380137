// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// One variational autoencoder evaluated in float64 by PyTorch 2.15 on 32 images, with its gradients
/// and its parameters after three steps of Adam.
struct Reference {
  static let name = "reference/vae-784-100-10.safetensors"
  static let exists = SharedData.holds(name)

  private let file: Safetensors

  init() throws { file = try Safetensors(path: SharedData.path(Self.name)) }

  func tensor<Scalar>(_ name: String, as type: Scalar.Type = Scalar.self) throws -> Tensor<Scalar> {
    Tensor(try file.doubles(name), shape: try file.entry(name).shape).converted(to: type)
  }

  func model<Scalar>(_ type: Scalar.Type) throws -> VariationalAutoencoder<Scalar> {
    var generator = SplitMix64(seed: 0)
    return try VariationalAutoencoder<Scalar>(
      .init(data: 784, hidden: [100], latent: 10), using: &generator
    ).mappingParameters { name, _ in try tensor("parameters.\(name)") }
  }

  /// The sums over the batch at one of the three steps.
  func loss(_ name: String, step: Int) throws -> Double {
    let json = try JSONValue.parse(file.metadata["losses"] ?? "", path: Self.name)
    return try #require(json.arrayValue?[step][name]?.doubleValue)
  }
}

/// Skipped where the shared data are absent.
@Suite(
  "Reference values by PyTorch", .enabled(if: Reference.exists, "no ../shared/\(Reference.name)"))
struct ReferenceTests {
  private let reference: Reference

  init() throws { reference = try Reference() }

  /// The ELBO and what it is made of, on any tape.
  private func bound<Scalar>(_ model: VariationalAutoencoder<Scalar>) throws
    -> EvidenceLowerBound<Scalar>
  {
    let x: Tensor<Scalar> = try reference.tensor("x")
    return model.evidenceLowerBound(
      Batch(x), posterior: model.posterior(given: x), noise: try reference.tensor("epsilon"))
  }

  /// Errors relative to the largest element. In Double: inner products of at most 784 terms, each
  /// rounded to 1.1e-16, through four layers, forward and back.
  private static let doubleBound = 4 * 784 * 0x1p-53
  /// The same in Float. Roundings are random in sign, so what is seen is some thirty times less.
  private static let floatBound = 4 * 784 * 0x1p-24

  private func checkForward<Scalar: TensorScalar>(_ type: Scalar.Type, _ bound: Double) throws {
    let model = try reference.model(type)
    let q = model.posterior(given: try reference.tensor("x"))
    let z = q.sample(noise: try reference.tensor("epsilon"))
    let pairs = [
      ("mu", q.mean), ("log_var", q.logVariance), ("z", z),
      ("x_recon", model.likelihood(given: z).mean),
    ]
    for (name, value) in pairs {
      let expected: Tensor<Double> = try reference.tensor(name)
      #expect(value.shape == expected.shape)
      let error = relativeError(value.doubles, expected.scalars)
      #expect(error < bound, "\(name): \(error)")
    }
    let parts = try self.bound(model)
    for (name, value) in [
      ("recon_loss", parts.reconstruction), ("kl_divergence", parts.kl), ("elbo", parts.elbo),
    ] {
      let error = relativeError(
        [value.doubles.reduce(0, +)], [try reference.loss(name, step: 0)])
      #expect(error < bound, "\(name): \(error)")
    }
  }

  @Test("mu, log_var, z, x_recon and both parts of the ELBO in Double")
  func forwardDouble() throws { try checkForward(Double.self, Self.doubleBound) }

  @Test("mu, log_var, z, x_recon and both parts of the ELBO in Float")
  func forwardFloat() throws { try checkForward(Float.self, Self.floatBound) }

  private func checkGradients<Scalar: TensorScalar>(_ type: Scalar.Type, _ bound: Double) throws {
    let model = try reference.model(type)
    let gradients = try valueWithGradients(at: model.parameters) {
      -(try self.bound(model.replacingParameters(with: $0)).elbo)
    }.gradients
    for (parameter, gradient) in pairs(model.namedParameters, gradients) {
      let expected: Tensor<Double> = try reference.tensor("gradients.\(parameter.name)")
      let error = relativeError(gradient.doubles, expected.scalars)
      #expect(error < bound, "\(parameter.name): \(error)")
    }
  }

  @Test("every gradient of -ELBO, summed over the batch, in Double")
  func gradientsDouble() throws { try checkGradients(Double.self, Self.doubleBound) }

  @Test("every gradient of -ELBO, summed over the batch, in Float")
  func gradientsFloat() throws { try checkGradients(Float.self, Self.floatBound) }

  /// Three steps as the trainer takes them; the costs it saw and the parameters it left.
  private func threeSteps<Scalar: TensorScalar>(_ type: Scalar.Type, threads: Int) throws -> (
    costs: [(reconstruction: Double, kl: Double)], parameters: [Tensor<Scalar>]
  ) {
    let template = try reference.model(type)
    let (x, noise): (Tensor<Scalar>, Tensor<Scalar>) = (
      try reference.tensor("x"), try reference.tensor("epsilon")
    )
    let step = GradientStep(
      parameters: template.parameters, workers: WorkerPool(count: threads))
    let adam = Adam(learningRate: 1e-3)
    var state: OptimiserState<Scalar> = adam.initialState(shapes: step.parameters.shapes)
    let parameters = step.parameters
    let costs = (1...3).map { number in
      let update: OptimiserUpdate<Scalar> = adam.step(&state)
      #expect(state.step == number)
      let memory = state
      let outcome = step.run(batch: 32) { context in
        let model = template.replacingParameters(with: context.parameters)
        let rows = context.input(rowsOf: x)
        let bound = model.evidenceLowerBound(
          Batch(rows), posterior: model.posterior(given: rows),
          noise: context.input(rowsOf: noise))
        return .init(perRow: bound.elbo, report: [bound.reconstruction, bound.kl])
      } update: { gradient in
        update.apply(gradient, to: parameters, memory)
      }
      return (
        outcome.reports.flatMap { $0[0].doubles }.reduce(0, +),
        outcome.reports.flatMap { $0[1].doubles }.reduce(0, +)
      )
    }
    return (costs, parameters.tensors)
  }

  /// Adam divides by the gradient's magnitude: where that is 1e-5 of the largest, an error of 1e-13
  /// of the largest becomes 1e-8 of a step of 1e-3, and so on: 1e-8 relative is generous.
  @Test("costs and parameters of three steps of Adam in Double", arguments: [1, 2])
  func adamDouble(_ threads: Int) throws {
    let (costs, parameters) = try threeSteps(Double.self, threads: threads)
    for (step, cost) in costs.enumerated() {
      let expected = try ["recon_loss", "kl_divergence"].map { try reference.loss($0, step: step) }
      #expect(relativeError([cost.reconstruction], [expected[0]]) < 1e-9)
      #expect(relativeError([cost.kl], [expected[1]]) < 1e-9)
    }
    for (parameter, value) in pairs(try reference.model(Double.self).namedParameters, parameters) {
      let expected: Tensor<Double> = try reference.tensor("after_3_adam_steps.\(parameter.name)")
      let error = relativeError(value.scalars, expected.scalars)
      #expect(error < 1e-8, "\(parameter.name): \(error)")
    }
  }

  /// Adam's step is 1e-3 times a quotient that has the gradient's relative error. In Float a gradient
  /// smaller than its own rounding error may point the wrong way: at most 6e-3 in three steps, for
  /// few coordinates. Where the relative error is below 1e-3, as for 99 in 100, 1e-6 remains.
  @Test("parameters after three steps of Adam in Float")
  func adamFloat() throws {
    let parameters = try threeSteps(Float.self, threads: 2).parameters
    for (parameter, value) in pairs(try reference.model(Float.self).namedParameters, parameters) {
      let expected: Tensor<Double> = try reference.tensor("after_3_adam_steps.\(parameter.name)")
      let errors = pairs(value.doubles, expected.scalars).map { ($0 - $1).magnitude }
      #expect(errors.allSatisfy { $0 <= 6e-3 })
      #expect(errors.count { $0 > 1e-6 } <= errors.count / 100, "\(parameter.name)")
    }
  }
}
