// SPDX-License-Identifier: Apache-2.0
//
// Draws the README's pictures from a finished run, each on light and on dark ground.
//
//     readme-figures <run> <folder of its data> <torch_ref.json> <output folder>
//
// The last but one holds PyTorch's training history on the same task: per epoch `train_loss` and
// `test` = [-ELBO, reconstruction, KL], in nats per image.

import Figures
import Formats
import Foundation
import VariationalInference

func save(_ figure: some Figure, _ name: String, to folder: String) throws {
  try AtomicFile.write(try figure.png(theme: .light), to: "\(folder)/\(name).png")
  try AtomicFile.write(try figure.png(theme: .dark), to: "\(folder)/\(name)-dark.png")
}

/// Our curve beside PyTorch's, from the third epoch on, where the scale shows a difference.
func comparison(_ epochs: [EpochMetrics], torch: JSONValue) -> LineChart {
  let history = torch["hist"]?.arrayValue ?? []
  let theirs = history.map { (-($0["train_loss"]?.doubleValue ?? .nan)) }
  let theirTest = history.map { -($0["test"]?[0]?.doubleValue ?? .nan) }
  func series(_ name: String, _ y: [Double], _ style: LineChart.Series.Style) -> LineChart.Series {
    let shown = y.enumerated().dropFirst(2)
    return .init(
      name: name, x: shown.map { Double($0.offset + 1) }, y: shown.map(\.element), style: style)
  }
  func panel(_ title: String, _ ours: [Double], _ other: [Double]) -> LineChart.Panel {
    .init(
      title: title, xLabel: "epoch", yLabel: "ELBO, nats per image",
      series: [series("elbo", ours, .solid), series("PyTorch", other, .dashed)])
  }
  return LineChart(
    title: "MNIST, 784-400-20-400-784, 50 epochs",
    subtitle: "Cross-entropy on grey levels, one draw of q per image; one run of each, seeds 0",
    panels: [
      panel("Training images", epochs.map(\.train.elbo), theirs),
      panel("Test images", epochs.map(\.test.elbo), theirTest),
    ])
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 4 else {
  print("usage: readme-figures <run> <data folder> <torch_ref.json> <output folder>")
  exit(64)
}
let (run, output) = (RunFolder(arguments[0]), arguments[3])
let record = try RunRecord(path: run.record)
let test = try IDXFolder(arguments[1]).load(.test).binarized(record.data.binarization)
let figures = ModelFigures(
  model: try VariationalAutoencoder<Float>(checkpoint: run.model), test: test,
  seed: record.options.seed, subtitle: record.summary)
let epochs = try run.readMetrics()
try Files.createFolder(output)
try save(try figures.reconstructions(), "reconstructions", to: output)
try save(try figures.samples(), "samples", to: output)
try save(try figures.latentPlane(workers: WorkerPool(count: 1)), "latent", to: output)
try save(epochs.curves(subtitle: record.summary), "curves", to: output)
let torch = try JSONValue.parse(readFile(arguments[2]), path: arguments[2])
try save(comparison(epochs, torch: torch), "mnist-vs-pytorch", to: output)
print("wrote \(output)")
