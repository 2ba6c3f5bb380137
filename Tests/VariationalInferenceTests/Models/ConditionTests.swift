// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Models of data under conditions")
struct ConditionTests {
  private static let fields = AutoencoderFields(
    conditions: [.init("group", width: 3), .init("size", width: 1)])

  private func model<Scalar: TensorScalar>(
    _ type: Scalar.Type, hidden: Int = 24, activation: Activation = .tanh,
    _ fields: AutoencoderFields = ConditionTests.fields
  ) -> VariationalAutoencoder<Scalar> {
    var generator = SplitMix64(seed: 3)
    return VariationalAutoencoder(
      .init(data: 5, hidden: [hidden], latent: 2, activation: activation, fields: fields),
      using: &generator)
  }

  /// Binary pixels in three groups of some sizes; moved by one group where asked for.
  private func data(moved: Bool = false) -> ArrayDataset {
    var generator = SplitMix64(seed: 7)
    let x = (0..<9 * 5).map { _ in UInt8.random(in: 0...1, using: &generator) }
    return ArrayDataset(
      name: "grouped",
      columns: [
        DataColumn(DataField("x", shape: [5], kind: .binary), x),
        DataColumn(
          DataField("group", kind: .category(classes: 3)),
          (0..<9).map { ($0 + (moved ? 1 : 0)) % 3 }),
        DataColumn(DataField("size"), (0..<9).map { Double($0) / 4 - 1 }),
      ])
  }

  /// The same model with nothing of the conditions in it, and the one that reads none.
  private func blind<Scalar: TensorScalar>(
    _ model: VariationalAutoencoder<Scalar>
  ) -> (conditional: VariationalAutoencoder<Scalar>, plain: VariationalAutoencoder<Scalar>) {
    func kept(_ weight: Tensor<Scalar>, _ inputs: Int) -> Tensor<Scalar> {
      weight.slice(0..<inputs, along: 1)
    }
    func cleared(_ weight: Tensor<Scalar>, _ inputs: Int) -> Tensor<Scalar> {
      .concatenated([kept(weight, inputs), .zeros([weight.shape[0], 4])], along: 1)
    }
    let (first, second) = ("encoder.fc1.weight", "decoder.fc1.weight")
    let conditional = model.mappingParameters { name, value in
      name == first ? cleared(value, 5) : name == second ? cleared(value, 2) : value
    }
    let parameters = model.namedParameters.map { name, value in
      name == first ? kept(value, 5) : name == second ? kept(value, 2) : value
    }
    let plain = self.model(
      Scalar.self, activation: model.architecture.activation, AutoencoderFields())
    return (conditional, plain.replacingParameters(with: parameters))
  }

  @Test("both networks see the conditions, after x and after z, in the order of their names")
  func joined() throws {
    let model = model(Double.self)
    let batch = try model.batch(of: data(), 0..<9)
    let (x, group, size) = (batch["x"], batch["group"], batch["size"])
    #expect(group.shape == [9, 3] && size.shape == [9, 1])
    let q = model.posterior(given: batch)
    let direct = model.encoder.posterior(given: .concatenated([x, group, size], along: 1))
    #expect(q.mean.scalars == direct.mean.scalars)
    #expect(q.logVariance.scalars == direct.logVariance.scalars)
    let z = Tensor<Double>.pseudoRandom([9, 2], seed: 5)
    let likelihood = model.decoder.likelihood(given: .concatenated([z, group, size], along: 1))
    #expect(
      model.reconstructionCost(batch, at: z, shared: nil).perExample.scalars
        == likelihood.logProbability(of: x).scalars.map { -$0 })
    #expect(model.decode(z, batch).scalars == likelihood.mean.scalars)
  }

  /// Sums of 24 and of 5 terms in other blocks of rows.
  @Test("each draw of an example meets the example's own conditions")
  func draws() throws {
    let model = model(Double.self)
    let batch = try model.batch(of: data(), 0..<9)
    let z = Tensor<Double>.pseudoRandom([9, 4, 2], seed: 5)
    let all = model.logDensity(batch, at: z)
    #expect(all.shape == [9, 4])
    for draw in 0..<4 {
      let own = z.slice(draw..<draw + 1, along: 1).reshaped(to: [9, 2])
      let column = all.slice(draw..<draw + 1, along: 1).scalars
      #expect(relativeError(column, model.logDensity(batch, at: own).scalars) < 1e-13)
    }
  }

  @Test("gradients of both objectives are central differences")
  func gradients() throws {
    let model = model(Double.self, hidden: 3)
    let batch = try model.batch(of: data(), 0..<3)
    checkGradients(
      of: {
        let model = model.replacingParameters(with: $0)
        return model.evidenceLowerBound(
          batch, posterior: model.posterior(given: batch),
          noise: .standardNormal([3, 2], key: NoiseKey(seed: 1))
        ).elbo
      }, at: model.parameters)
    checkGradients(
      of: {
        let model = model.replacingParameters(with: $0)
        return model.importanceWeightedObjective(
          batch, posterior: model.posterior(given: batch),
          noise: .standardNormal([3, 4, 2], key: NoiseKey(seed: 1))
        ).bound
      }, at: model.parameters)
  }

  /// With rectified units and 300 draws the likelihood near a point is asked. Bounds of some 4 nats
  /// and of sums of 33 terms, rounded to 2^-53.
  @Test(
    "without weights on them the model is the plain one; with weights another condition is another bound",
    arguments: [Activation.relu, .tanh])
  func bounds(_ activation: Activation) throws {
    let model = model(Double.self, activation: activation)
    let (conditional, plain) = blind(model)
    let workers = WorkerPool(count: 2)
    func elbo(_ model: VariationalAutoencoder<Double>, _ data: ArrayDataset) throws -> [Double] {
      try model.evaluate(on: data, seed: 3, workers: workers).elbo
    }
    func bound(_ model: VariationalAutoencoder<Double>, _ data: ArrayDataset) throws -> [Double] {
      try model.importanceWeightedBound(on: data, samples: 300, seed: 3, workers: workers).bound
    }
    #expect(relativeError(try elbo(conditional, data()), try elbo(plain, data())) < 1e-13)
    #expect(relativeError(try bound(conditional, data()), try bound(plain, data())) < 1e-13)
    #expect((model.localReconstructionCost() != nil) == (activation == .relu))
    for (a, b) in pairs(try elbo(model, data()), try elbo(model, data(moved: true))) {
      #expect(a != b)
    }
    for (a, b) in pairs(try bound(model, data()), try bound(model, data(moved: true))) {
      #expect((a - b).magnitude > 1e-6)
    }
  }

  @Test("the posterior of the guide is that of the conditions, in every block and on every thread")
  func encode() throws {
    let model = model(Float.self)
    let one = try model.encode(data(), workers: WorkerPool(count: 1))
    let other = try model.encode(data(moved: true), workers: WorkerPool(count: 2))
    for row in 0..<9 {
      #expect(one.mean.slice(row..<row + 1).scalars != other.mean.slice(row..<row + 1).scalars)
    }
  }

  /// k = 4 standard errors: of the covariance of x with its expectation p under its own z and
  /// condition, sum of (x - p) (p - 1/2), over 400 simulated examples; of the gap over the first
  /// 60.
  @Test("data simulated under conditions carry them, and are enclosed from both sides")
  func simulated() throws {
    var model = model(Double.self)
    model.decoder.logits.weight = model.decoder.logits.weight * 12
    let (workers, count) = (WorkerPool(count: 2), 400)
    func under(_ shift: Int) -> Batch<Double> {
      let groups = (0..<count).flatMap { row in
        (0..<3).map { ($0 + row + shift) % 3 == 0 ? 1.0 : 0 }
      }
      return Batch([
        "group": Tensor(groups, shape: [count, 3]),
        "size": .pseudoRandom([count, 1], seed: 4),
      ])
    }
    let field = DataField("x", shape: [5], kind: .binary)
    let simulated = model.simulate(count: count, as: field, under(0), seed: 3)
    let batch = try model.batch(of: simulated.data, 0..<count)
    let (x, p) = (batch["x"], model.decode(simulated.latent, under(0)))
    let product = ((x - p) * (p - 0.5)).sum().scalar
    let variance = (p * (1 - p) * (p - 0.5).squared()).sum().scalar
    #expect(product.magnitude < 4 * variance.squareRoot(), "\(product), \(variance)")
    // Draws at the expectations of other examples would show.
    let others = Tensor.concatenated([p.slice(1..<count), p.slice(0..<1)])
    #expect(((x - others) * (others - 0.5)).sum().scalar < -8 * variance.squareRoot())
    #expect(batch["group"].scalars == under(0)["group"].scalars)
    #expect(batch["size"].scalars == under(0)["size"].scalars)
    #expect(simulated.latent.scalars == model.priorDraws(count: count, seed: 3).scalars)
    let other = model.simulate(count: count, as: field, under(1), seed: 3)
    #expect(try model.batch(of: other.data, 0..<count)["x"].scalars != x.scalars)
    let bounds = try AnnealedImportanceSampling(steps: 10, chains: 4).sandwich(
      of: model, batch.slice(0..<60), exact: simulated.latent.slice(0..<60), workers: workers)
    let gap = Estimate(bounds.gap)
    #expect(gap.mean > -4 * gap.standardError && gap.mean < 0.5, "\(gap)")
    #expect(
      model.sample(count: count, under(0), seed: 3).scalars
        != model.sample(count: count, under(1), seed: 3).scalars)
  }

  /// Three prototypes of 8 pixels, one for each group, of which 5 % are flipped: which group it is
  /// takes log 3 = 1.1 nats to say. With the group given, nothing has to be said.
  @Test("a model learns from a condition what it need not encode", arguments: [7, 32])
  func learns(_ batch: Int) throws {
    var generator = SplitMix64(seed: 11)
    let prototypes: [[UInt8]] = [
      [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0], [1, 0, 0, 1, 0, 1, 1, 0],
    ]
    let groups = (0..<240).map { $0 % 3 }
    let x = groups.flatMap { group in
      prototypes[group].map { pixel -> UInt8 in
        UInt8.random(in: 0..<20, using: &generator) == 0 ? 1 - pixel : pixel
      }
    }
    let data = ArrayDataset(
      name: "prototypes",
      columns: [
        DataColumn(DataField("x", shape: [8], kind: .binary), x),
        DataColumn(DataField("group", kind: .category(classes: 3)), groups),
      ])
    func trained(
      _ fields: AutoencoderFields, threads: Int = 2
    ) throws -> VariationalAutoencoder<Float> {
      var generator = SplitMix64(seed: 3)
      let model = VariationalAutoencoder<Float>(
        .init(data: 8, hidden: [16], latent: 2, activation: .tanh, fields: fields),
        using: &generator)
      let trainer = try Trainer(
        model, data: data,
        options: TrainingOptions(
          epochs: batch == 7 ? 20 : 80, batchSize: batch, optimiser: Adam(learningRate: 1e-2),
          seed: 1),
        workers: WorkerPool(count: threads))
      try finish(trainer)
      return trainer.model
    }
    let given = AutoencoderFields(conditions: [.init("group", width: 3)])
    let conditional = try trained(given)
    let (knowing, guessing) = (
      try conditional.evaluate(on: data, workers: WorkerPool(count: 1)).mean,
      try trained(AutoencoderFields()).evaluate(on: data, workers: WorkerPool(count: 1)).mean
    )
    #expect(knowing.elbo > guessing.elbo + 0.5, "\(knowing) and \(guessing)")
    for threads in [1, 3] {
      let other = try trained(given, threads: threads).parameters.map(\.scalars)
      #expect(other == conditional.parameters.map(\.scalars), "\(threads) threads")
    }
  }
}
