// SPDX-License-Identifier: Apache-2.0
//
// Bounds on log p(x) against the truth, as a table in Markdown: a model with two latent dimensions,
// small enough for quadrature, trained for a moment; 200 images simulated from it.
//
//     evidence-table [folder of MNIST's IDX files]        (built-in digits without one)

import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

let workers = WorkerPool(count: 2)
let count = 200

/// 784-64-2, tanh: smooth, so that quadrature converges fast.
func trainedModel(on data: ImageDataset) throws -> VariationalAutoencoder<Float> {
  var generator = CounterGenerator(seed: 1, stream: 0)
  let model = VariationalAutoencoder<Float>(
    .init(hidden: [64], latent: 2, activation: .tanh), using: &generator)
  let trainer = try Trainer(
    model, data: data.binarized(.dynamic), options: TrainingOptions(epochs: 5), workers: workers)
  while try trainer.step() != nil {}
  return trainer.model
}

/// The same model in Double.
func inDouble(_ model: VariationalAutoencoder<Float>) -> VariationalAutoencoder<Double> {
  var generator = CounterGenerator(seed: 1, stream: 0)
  return VariationalAutoencoder<Double>(
    .init(hidden: [64], latent: 2, activation: .tanh), using: &generator
  ).replacingParameters(with: model.parameters.map { $0.converted(to: Double.self) })
}

func digits(_ value: Double, _ decimals: Int) -> String {
  let scale = pow(10.0, Double(decimals))
  let units = Int((value.magnitude * scale).rounded())
  let fraction = String(units % Int(scale))
  let sign = value < 0 && units > 0 ? "-" : ""
  return sign + "\(units / Int(scale))."
    + String(repeating: "0", count: decimals - fraction.count) + fraction
}

func row(_ name: String, _ size: String, _ bound: [Double], _ truth: [Double]) {
  let error = Estimate(zip(bound, truth).map { $0 - $1 })
  print("| \(name) | \(size) | \(digits(error.mean, 4)) ± \(digits(error.standardError, 4)) |")
}

let train: ImageDataset
if let folder = CommandLine.arguments.dropFirst().first {
  train = try IDXFolder(folder).load(.train)
} else {
  train = ImageDataset.digits(.training, workers: workers)
}
let model = try trainedModel(on: train)
let simulated = model.simulate(
  count: count, as: DataField("x", shape: [28, 28, 1], kind: .binary), seed: 3)
let batch = try model.batch(of: simulated.data, 0..<count)

func quadrature(_ spacing: Double) -> [Double] {
  inDouble(model).logEvidenceByQuadrature(
    of: batch["x"].converted(to: Double.self), spacing: spacing, halfWidth: 6, workers: workers)
}
let (coarse, truth) = (quadrature(0.04), quadrature(0.02))
let change = zip(coarse, truth).map { ($0 - $1).magnitude }.max() ?? .nan
print("\(train.name), \(count) simulated images; log p(x) by quadrature: mean", terminator: " ")
print("\(digits(Estimate(truth).mean, 4)); halving the spacing to 0.02 changed none by \(change)\n")

print("| bound | K or T | bound - log p(x), nats ± standard error |\n| --- | --- | --- |")
row("ELBO", "1", try model.evaluate(on: simulated.data, workers: workers).elbo, truth)
for samples in [5, 50, 500, 5000] {
  let result = try model.importanceWeightedBound(
    on: simulated.data, samples: samples, workers: workers)
  row("IWAE", "K = \(samples)", result.bound, truth)
}
for start in AnnealedImportanceSampling.Start.allCases {
  for steps in [5, 20, 80, 320] {
    let bounds = try AnnealedImportanceSampling(steps: steps, chains: 16, start: start).sandwich(
      of: model, batch, exact: simulated.latent, workers: workers)
    let name = start == .prior ? "from the prior" : "from q"
    row("AIS \(name)", "T = \(steps)", bounds.lower.bound, truth)
    row("reverse AIS \(name)", "T = \(steps)", bounds.upper.bound, truth)
  }
}
