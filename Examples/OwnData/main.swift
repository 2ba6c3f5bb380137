// SPDX-License-Identifier: Apache-2.0

// Data of one's own: real numbers in an array, with a condition. Points on two noisy circles, whose
// number is given to the model; it is trained, saved, loaded and evaluated.

import VariationalInference

/// `count` points `[x, y]` on circles of radius 1 and 2, which turn by turn get one.
func circles(_ count: Int, split: String, seed: UInt64) -> ArrayDataset {
  let angles = Tensor<Float>.uniform([count], in: 0..<6.283, key: NoiseKey(seed: seed, 0))
  let noise = Tensor<Float>.standardNormal([count, 2], key: NoiseKey(seed: seed, 1)) * 0.05
  let (groups, radii) = ((0..<count).map { $0 % 2 }, (0..<count).map { Float(1 + $0 % 2) })
  let directions = Tensor.concatenated(
    [angles.cos(), angles.sin()].map { $0.reshaped(to: [count, 1]) }, along: 1)
  let points = directions * Tensor(radii, shape: [count, 1]) + noise
  return ArrayDataset(
    name: "circles", split: split,
    columns: [
      DataColumn(DataField("x", shape: [2]), points.scalars),
      DataColumn(DataField("circle", kind: .category(classes: 2)), groups),
    ])
}

let train = circles(10_000, split: "train", seed: 1)
let test = circles(2_000, split: "test", seed: 2)
var generator = CounterGenerator(seed: 0, stream: 0)

// p(x, z | circle) = N(x; decoder(z, circle), s^2 I) N(z; 0, I), and q(z | x, circle).
let model = GaussianVariationalAutoencoder<Float>(
  .init(
    data: 2, hidden: [64, 64], latent: 2, activation: .tanh,
    fields: .init(conditions: [.init("circle", width: 2)])), using: &generator)

let options = TrainingOptions(
  epochs: 100,
  learningRateSchedule: .stages([
    .init(epochs: 70, learningRate: 3e-3), .init(epochs: 30, learningRate: 3e-4),
  ]))
let trainer = try Trainer(model, data: train, options: options)
while let step = try trainer.step() {
  if step.endsEpoch, step.epoch % 10 == 9 {
    print("epoch \(step.epoch + 1): ELBO \(step.epochSoFar.mean.elbo)")
  }
}
try trainer.model.save(to: "circles.safetensors")
let loaded = try GaussianVariationalAutoencoder<Float>(checkpoint: "circles.safetensors")
let workers = WorkerPool()
let bound = Estimate(try loaded.evaluate(on: test, workers: workers).elbo)
print("test: ELBO \(bound.mean) ± \(bound.standardError) nats per point; a density: may be > 0")
let evidence = try loaded.importanceWeightedBound(on: test, samples: 500, workers: workers)
print("test: IWAE-500 \(Estimate(evidence.bound).mean) nats per point")

// What the model draws on either circle: points whose length is near 1 and 2.
for circle in 0..<2 {
  let onehot = Tensor<Float>([0, 1].map { $0 == circle ? 1 : 0 })
  let z = Tensor<Float>.standardNormal([1000, 2], key: NoiseKey(seed: 3, circle))
  let points = loaded.decode(z, Batch(["circle": onehot.repeated(to: [1000, 2])]))
  let lengths = points.squared().sum(along: 1).squareRoot()
  print("circle \(circle): \(lengths.mean().scalars[0]) from the centre, the mean of 1,000 draws")
}
