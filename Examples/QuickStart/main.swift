// SPDX-License-Identifier: Apache-2.0

import VariationalInference

let workers = WorkerPool()  // any number of threads gives the same bits
let train = ImageDataset.digits(.training, count: 10_000, workers: workers)
let test = ImageDataset.digits(.test, count: 2_000, workers: workers)

var generator = CounterGenerator(seed: 0, stream: 0)
let model = VariationalAutoencoder<Float>(
  .init(data: train.pixelsPerImage, hidden: [400], latent: 20), using: &generator)

let trainer = try Trainer(
  model, data: train, options: TrainingOptions(epochs: 10), workers: workers)
while let step = try trainer.step() {
  if step.endsEpoch { print("epoch \(step.epoch + 1): ELBO \(step.epochSoFar.mean.elbo)") }
}

let bound = Estimate(try trainer.model.evaluate(on: test, workers: workers).elbo)
print("test: ELBO \(bound.mean) ± \(bound.standardError) nats per image, on grey levels")

let sample = trainer.model.sample(count: 1, seed: 4).greyBytes
for row in stride(from: 0, to: sample.count, by: 2 * train.width) {
  print(String(sample[row..<row + train.width].map { $0 < 96 ? " " : "#" }))
}
