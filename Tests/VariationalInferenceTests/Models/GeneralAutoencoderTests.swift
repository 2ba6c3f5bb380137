// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Autoencoders of data of any kind")
struct GeneralAutoencoderTests {
  /// Two reals in units, a binary column, three classes, a count.
  private static let mixed = DataLikelihood([
    .init(.gaussian, 0..<2, units: [2, 5]), .init(.bernoulli, 2..<3),
    .init(.categorical, 3..<6, sizes: [3]), .init(.negativeBinomial, 6..<7),
  ])

  private static let mixedFields = AutoencoderFields(
    conditions: [.init("group", width: 2)], mask: "mask")

  private func model<Scalar: TensorScalar>(
    _ likelihood: DataLikelihood, _ type: Scalar.Type = Double.self,
    fields: AutoencoderFields = AutoencoderFields(), seed: UInt64 = 3
  ) -> GeneralAutoencoder<Scalar> {
    var generator = SplitMix64(seed: seed)
    return GeneralAutoencoder(
      likelihood,
      .init(
        data: likelihood.width, hidden: [6], latent: 2, activation: .tanh, fields: fields),
      using: &generator)
  }

  private func mixedData() -> ArrayDataset {
    var x: [Double] = []
    var mask: [UInt8] = []
    for row in 0..<12 {
      let level = row % 3
      x += [Double(row) / 6 - 1, Double(row * row % 7) / 4 - 0.5, Double(row % 2)]
      x += (0..<3).map { $0 == level ? 1 : 0 } + [Double(row * 5 % 9)]
      let isMissing = row % 4 == 1
      mask += [isMissing ? 0 : 1, 1, 1] + [UInt8](repeating: isMissing ? 0 : 1, count: 3) + [1]
    }
    return ArrayDataset(
      name: "mixed",
      columns: [
        DataColumn(DataField("x", shape: [7]), x), DataColumn(DataField("mask", shape: [7]), mask),
        DataColumn(DataField("group", kind: .category(classes: 2)), (0..<12).map { $0 % 2 }),
      ])
  }

  /// Every law that takes no total, each with every noise, and those that take one.
  private static let likelihoods: [DataLikelihood] = {
    let noises: [DataLikelihood] = [
      DataLikelihood.Law.gaussian, .studentT, .laplace, .discretisedLogistic,
    ].flatMap { law in
      DataLikelihood.Noise.allCases.map { DataLikelihood(law, columns: 3, noise: $0) }
    }
    return noises + standardised + [
      DataLikelihood(.bernoulli, columns: 3), DataLikelihood(.continuousBernoulli, columns: 3),
      DataLikelihood(.poisson, columns: 3), DataLikelihood(.negativeBinomial, columns: 3),
      DataLikelihood(.zeroInflatedNegativeBinomial, columns: 3),
      DataLikelihood(.binomial, columns: 3, sizes: [4, 5, 6]),
      DataLikelihood(.multinomial, columns: 3),
      DataLikelihood(.categorical, columns: 3, sizes: [3]),
    ]
  }()

  /// Reals that the model itself standardises.
  private static let standards: [DataLikelihood.Group.Standard] = [
    .init(location: 1, scale: 0.5), .init(location: -1, scale: 2), .init(location: 0.5, scale: 3),
  ]

  private static let standardised = [
    DataLikelihood([.init(.gaussian, 0..<3, standards: standards)]),
    DataLikelihood([.init(.studentT, 0..<3, noise: .one, standards: standards)]),
    DataLikelihood([.init(.laplace, 0..<3, noise: .output, standards: standards)]),
  ]

  @Test("standards are those of x: the ELBO is that of standardised x less the log scales")
  func standards() throws {
    for (own, law) in zip(Self.standardised, [DataLikelihood.Law.gaussian, .studentT, .laplace]) {
      let plain = DataLikelihood(law, columns: 3, noise: own.groups[0].noise)
      let fields = AutoencoderFields(mask: "mask")
      let mask = DataColumn(
        DataField("mask", shape: [3], kind: .binary),
        (0..<24).map { UInt8($0 % 5 == 2 ? 0 : 1) })
      func column(_ number: (Int, Double) -> Double) -> ArrayDataset {
        let x = (0..<24).map { $0 % 5 == 2 ? 0 : number($0 % 3, sin(Double($0))) }
        return ArrayDataset(
          name: "reals", columns: [DataColumn(DataField("x", shape: [3]), x), mask])
      }
      let standardised = column { _, x in x }
      let moved = column { place, x in
        Self.standards[place].location + Self.standards[place].scale * x
      }
      let workers = WorkerPool(count: 1)
      let a = try model(plain, fields: fields).evaluate(on: standardised, workers: workers)
      let b = try model(own, fields: fields).evaluate(on: moved, workers: workers)
      let scales = (0..<8).map { row in
        (0..<3).reduce(0.0) { sum, place in
          (3 * row + place) % 5 == 2 ? sum : sum + log(Self.standards[place].scale)
        }
      }
      #expect(relativeError(b.elbo, zip(a.elbo, scales).map { $0 - $1 }) < 1e-12)
      #expect(relativeError(b.kl, a.kl) < 1e-12)
    }
  }

  private func data(_ likelihood: DataLikelihood) -> ArrayDataset {
    let rows = (0..<8).flatMap { row -> [Double] in
      switch likelihood.groups[0].law {
      case .bernoulli: [Double(row % 2), Double(row / 2 % 2), 1]
      case .categorical: (0..<3).map { $0 == row % 3 ? 1 : 0 }
      case .continuousBernoulli, .discretisedLogistic:
        [Double(row * 30) / 255, 1, Double(row * 17 % 256) / 255]
      case .gaussian, .studentT, .laplace: [Double(row) / 4, -1, Double(row * row % 5)]
      default: [Double(row % 4), Double(row % 3), Double(row % 5)]
      }
    }
    let data = ArrayDataset(
      name: "small", columns: [DataColumn(DataField("x", shape: [3]), rows)])
    return likelihood.isGivenTotal ? data.addingTotals() : data
  }

  private func fields(_ likelihood: DataLikelihood) -> AutoencoderFields {
    AutoencoderFields(total: likelihood.isGivenTotal ? "total" : nil)
  }

  @Test(
    "the gradient of the ELBO by every parameter is that of central differences",
    arguments: likelihoods)
  func gradients(_ likelihood: DataLikelihood) throws {
    let model = model(likelihood, fields: fields(likelihood))
    let batch = try model.batch(of: data(likelihood), 0..<8)
    let noise = Tensor<Double>.pseudoRandom([8, 2], seed: 5)
    checkGradients(
      of: { parameters in
        let moved = model.replacingParameters(with: parameters)
        return moved.evidenceLowerBound(
          batch, posterior: moved.posterior(given: batch), noise: noise
        ).elbo
      }, at: model.parameters)
  }

  @Test("the gradient of a table of several kinds with gaps and conditions, too")
  func mixedGradients() throws {
    let model = model(Self.mixed, fields: Self.mixedFields)
    let batch = try model.batch(of: mixedData(), 0..<12)
    let noise = Tensor<Double>.pseudoRandom([12, 2], seed: 5)
    checkGradients(
      of: { parameters in
        let moved = model.replacingParameters(with: parameters)
        return moved.evidenceLowerBound(
          batch, posterior: moved.posterior(given: batch), noise: noise
        ).elbo
      }, at: model.parameters)
  }

  @Test("what stands where a number is missing changes nothing")
  func missing() throws {
    let model = model(Self.mixed, fields: Self.mixedFields)
    let data = mixedData()
    let x = data.columns[0]
    var numbers = [Double](repeating: 0, count: 12 * 7), mask = numbers
    numbers.withUnsafeMutableBufferPointer {
      data.write(x.field, of: Array(0..<12), round: .evaluation(seed: 0), to: $0)
    }
    mask.withUnsafeMutableBufferPointer {
      data.write(data.columns[1].field, of: Array(0..<12), round: .evaluation(seed: 0), to: $0)
    }
    let moved = ArrayDataset(
      name: "mixed",
      columns: [
        DataColumn(x.field, zip(numbers, mask).map { $1 == 0 ? $0 + 7 : $0 }), data.columns[1],
        data.columns[2],
      ])
    let workers = WorkerPool(count: 1)
    #expect(
      try model.evaluate(on: data, workers: workers).elbo
        == model.evaluate(on: moved, workers: workers).elbo)
  }

  /// A grid of 121 x 121 points over 12 standard deviations of the prior, a tenth apart.
  @Test("annealing encloses log p(x) by quadrature", arguments: likelihoods)
  func bidirectional(_ likelihood: DataLikelihood) throws {
    let model = model(likelihood, fields: fields(likelihood))
    let workers = WorkerPool(count: 1)
    let data = data(likelihood)
    let given = try model.batch(of: data, 0..<8)
    let simulated = model.simulate(
      count: 8, as: try #require(data.field("x")), given, seed: 4)
    let batch = try model.batch(of: simulated.data, 0..<8)
    let axis = (-60...60).map { Double($0) / 10 }
    let grid = Tensor(axis.flatMap { a in axis.flatMap { [a, $0] } }, shape: [1, 121 * 121, 2])
    let joint = model.logDensity(batch, at: grid.repeated(to: [8, 121 * 121, 2]))
    let exact = joint.logSumExp(along: 1).scalars.map { $0 + 2 * log(0.1) }
    let bounds = try AnnealedImportanceSampling(steps: 60, chains: 16, seed: 2).sandwich(
      of: model, batch, exact: simulated.latent, workers: workers)
    // Means over eight examples of bounds that hold in expectation.
    let truth = exact.reduce(0, +) / 8
    let (lower, upper) = (Estimate(bounds.lower.bound), Estimate(bounds.upper.bound))
    let slack = 4 * Estimate(bounds.gap).standardError + 0.02
    #expect(lower.mean < truth + slack && upper.mean > truth - slack, "\(lower) \(truth) \(upper)")
    #expect(upper.mean - lower.mean < 0.5)
  }

  @Test("a file of it comes back, its description and all", arguments: likelihoods + [mixed])
  func files(_ likelihood: DataLikelihood) throws {
    let isMixed = likelihood == Self.mixed
    let model = model(
      likelihood, Float.self, fields: isMixed ? Self.mixedFields : fields(likelihood))
    try withTemporaryFolder { folder in
      let path = "\(folder)/model.safetensors"
      try model.save(to: path)
      let back = try ModelRegistry.standard.load(path)
      let same = try #require(back as? GeneralAutoencoder<Float>)
      #expect(same.decoder.likelihood == likelihood && same.architecture == model.architecture)
      #expect(same.parameters.map(\.scalars) == model.parameters.map(\.scalars))
    }
  }

  @Test("a decoder that begins at the means of its data expects them")
  func outputBias() throws {
    for likelihood in Self.likelihoods where likelihood.groups[0].law != .continuousBernoulli {
      var model = model(likelihood, fields: fields(likelihood))
      let data = data(likelihood)
      model.decoder.output.weight = .zeros(model.decoder.output.weight.shape)
      let means: [Double] =
        switch likelihood.groups[0].law {
        case .bernoulli, .continuousBernoulli, .discretisedLogistic, .categorical:
          [0.25, 0.5, 0.25]
        default: [1.5, 0.5, 2]
        }
      model.decoder = model.decoder.withOutputBias(atMeans: means)
      let batch = try model.batch(of: data, 0..<1)
      let found = model.decode(.zeros([1, 2]), batch).scalars
      let total = likelihood.isGivenTotal ? batch["total"].scalars[0] : 1
      let whole = likelihood.isGivenTotal ? means.reduce(0, +) : 1
      let zeros = likelihood.groups[0].law == .zeroInflatedNegativeBinomial
      for (a, b) in zip(found, means) where !zeros && total > 0 {
        #expect((a - b * total / whole).magnitude < 1e-6, "\(likelihood.words): \(found)")
      }
    }
  }

  @Test("what is missing is filled by the normal law of what is there")
  func imputation() throws {
    // x = (z1, z1) + noise of variance 0.1: E[x2 | x1] = x1 / 1.1, of variance 0.1 + 0.1 / 1.1.
    let likelihood = DataLikelihood(.gaussian, columns: 2, noise: .one)
    var generator = SplitMix64(seed: 1)
    var model = GeneralAutoencoder<Double>(
      likelihood,
      .init(data: 2, hidden: [], latent: 1, fields: AutoencoderFields(mask: "mask")),
      using: &generator)
    model.decoder.output.weight = Tensor([1, 1], shape: [2, 1])
    model.decoder.output.bias = Tensor([0, 0])
    model.decoder.own = [[Tensor([0.5 * Double(-2.302585092994046)])]]
    model.encoder.mean.weight = Tensor([1 / 1.1, 0], shape: [1, 2])
    model.encoder.mean.bias = Tensor([0])
    model.encoder.logVariance.weight = .zeros([1, 2])
    model.encoder.logVariance.bias = Tensor([-2])
    let data = ArrayDataset(
      name: "pairs",
      columns: [
        DataColumn(DataField("x", shape: [2]), [0.8, 0, -1.5, 0]),
        DataColumn(DataField("mask", shape: [2]), [1.0, 0, 1, 0]),
      ])
    let filled = try model.impute(
      data, samples: 20_000, draws: 4000, seed: 3, workers: WorkerPool(count: 2))
    for (row, x) in [0.8, -1.5].enumerated() {
      // 20,000 weights of nearly equal size: 0.3 / sqrt(15,000) = 0.0025.
      #expect((filled.mean.scalars[2 * row + 1] - x / 1.1).magnitude < 0.01)
      let sd = (0.1 + 0.1 / 1.1).squareRoot()
      #expect((filled.standardDeviation.scalars[2 * row + 1] - sd).magnitude < 4 * sd / 89)
    }
  }

  @Test("the likelihood follows from the data, and one that does not suit them is refused")
  func suited() throws {
    func data(_ kind: DataField.Kind, shape: [Int], _ values: [Double]) -> ArrayDataset {
      ArrayDataset(
        name: "some", columns: [DataColumn(DataField("x", shape: shape, kind: kind), values)])
    }
    let real = data(.real, shape: [2], [1.5, 2, 3, 4])
    let standards: [DataLikelihood.Group.Standard] = [
      .init(location: 2.25, scale: 0.75), .init(location: 3, scale: 1),
    ]
    #expect(
      try AutoencoderLikelihood.suited(to: real)
        == .general(DataLikelihood([.init(.gaussian, 0..<2, standards: standards)])))
    #expect(
      try AutoencoderLikelihood.suited(
        to: real, .init(law: .studentT, noise: .one, standardises: false))
        == .general(DataLikelihood(.studentT, columns: 2, noise: .one)))
    #expect(throws: LikelihoodMisfit.self) {
      try AutoencoderLikelihood.suited(to: real, .init(law: .poisson))
    }
    let counts = data(.count, shape: [2], [1, 2, 3, 4])
    #expect(
      try AutoencoderLikelihood.suited(to: counts)
        == .general(DataLikelihood(.negativeBinomial, columns: 2)))
    #expect(
      try AutoencoderLikelihood.suited(to: counts, .init(law: .binomial))
        == .general(DataLikelihood(.binomial, columns: 2, sizes: [3, 4])))
    #expect(
      try AutoencoderLikelihood.suited(to: data(.binary, shape: [2], [0, 1, 1, 0])) == .bernoulli)
    let table = TableSchema(columns: [
      TableColumn("age", .real, shift: 40, scale: 12), TableColumn("visits", .count),
      TableColumn("colour", .category, levels: ["red", "blue"]),
    ])
    let rows = data(.real, shape: [4], [0.1, 3, 1, 0])
    let suited = try AutoencoderLikelihood.suited(to: rows, table: table)
    #expect(
      suited
        == .general(
          DataLikelihood([
            .init(.gaussian, 0..<1, units: [12]), .init(.negativeBinomial, 1..<2),
            .init(.categorical, 2..<4, sizes: [2]),
          ]), table))
  }
}
