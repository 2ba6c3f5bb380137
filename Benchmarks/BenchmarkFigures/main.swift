// SPDX-License-Identifier: Apache-2.0
//
// Draws what compare.py measured, for each machine with results: seconds per epoch of elbo and its
// peers at the README's sizes, and elbo against the fastest peer over a sweep of sizes.
//
//     benchmark-figures <folder of results> <output folder>

import Figures
import Formats
import Foundation

/// The README's comparison: 784-400-20-400-784 in batches of 128.
let mainSizes = Sizes(batch: 128, hidden: 400, latent: 20)

struct Sizes: Equatable {
  let batch, hidden, latent: Int

  var network: String { "784-\(hidden)-\(latent)" }
}

/// What one program took for its epochs.
struct Program {
  let name: String
  /// Seconds of each epoch that counts.
  let seconds: [Double]
  let median: Double

  /// From the least to the most.
  var spread: ClosedRange<Double>? {
    guard let least = seconds.min(), let most = seconds.max() else { return nil }
    return least...most
  }
}

/// All programs at one set of sizes.
struct Comparison {
  let cpu: String
  let sizes: Sizes
  let threads, rounds, epochs: Int
  let programs: [Program]

  init?(_ json: JSONValue) {
    guard let cpu = json["machine"]?["cpu"]?.stringValue,
      let batch = json["sizes"]?["batch"]?.intValue,
      let hidden = json["sizes"]?["hidden"]?.intValue,
      let latent = json["sizes"]?["latent"]?.intValue,
      let threads = json["threads"]?.intValue, let rounds = json["rounds"]?.intValue,
      let epochs = json["epochs"]?.intValue, let seconds = json["seconds_per_epoch"]?.members
    else { return nil }
    (self.cpu, self.threads, self.rounds, self.epochs) = (cpu, threads, rounds, epochs)
    sizes = Sizes(batch: batch, hidden: hidden, latent: latent)
    programs = seconds.compactMap { member in
      guard let values = member.value.arrayValue?.compactMap(\.doubleValue), !values.isEmpty,
        let median = json["medians"]?[member.key]?.doubleValue
      else { return nil }
      return Program(name: member.key, seconds: values, median: median)
    }
    if programs.count != seconds.count { return nil }
  }

  var elbo: Program? { programs.first { $0.name == "elbo" } }
  var peers: [Program] { programs.filter { $0.name != "elbo" } }
  var fastestPeer: Program? { peers.min { $0.median < $1.median } }

  /// The machine and how often was measured.
  var conditions: String {
    let machine = cpu.replacing("(R)", with: "").replacing("(TM)", with: "")
    return "\(machine), \(threads) thread\(threads == 1 ? "" : "s"). Median of "
      + (rounds == 1
        ? "one process of each program, \(epochs) epochs, the first not counted."
        : "\(rounds) rounds of \(epochs) epochs of each program in turns, the first of each round "
          + "not counted.")
  }
}

func bars(_ comparison: Comparison) -> BarChart {
  BarChart(
    title: "An epoch of MNIST",
    subtitle: "60,000 images, \(comparison.sizes.network)-\(comparison.sizes.hidden)-784, "
      + "batches of \(comparison.sizes.batch); shorter is faster",
    caption: comparison.conditions + " Lines run from the least to the most.",
    bars: comparison.programs.map { program in
      .init(
        program.name, program.median,
        interval: program.spread, isGrey: program.name != "elbo")
    },
    valueLabel: "seconds per epoch, median", bodySize: size(bars: comparison.programs.count))
}

func ratios(_ sweep: [Comparison]) -> BarChart? {
  let ratios = sweep.compactMap { comparison -> (sizes: Sizes, ratio: Double)? in
    guard let elbo = comparison.elbo, let peer = comparison.fastestPeer else { return nil }
    return (comparison.sizes, elbo.median / peer.median)
  }
  guard !ratios.isEmpty else { return nil }
  var peers: [String] = []
  for peer in sweep.flatMap(\.peers) where !peers.contains(peer.name) { peers.append(peer.name) }
  var conditions: [String] = []
  for words in sweep.map(\.conditions) where !conditions.contains(words) {
    conditions.append(words)
  }
  return BarChart(
    title: "elbo against the fastest peer, by size",
    subtitle: "Seconds of an epoch of MNIST divided by the fastest peer's; shorter is faster",
    caption: conditions.joined(separator: " ") + " Peers: " + peers.joined(separator: "; ") + ".",
    bars: ratios.map {
      .init("batch \($0.sizes.batch), \($0.sizes.network)", $0.ratio)
    },
    valueLabel: "elbo's median / the fastest peer's", nameLabel: "batch size, network",
    threshold: .init(1, label: "as fast", greysShorter: false),
    bodySize: size(bars: ratios.count))
}

/// Thick bars, as there are few.
func size(bars: Int) -> Size { Size(width: 640, height: Double(bars) * 32 + 66) }

func save(_ figure: some Figure, _ name: String, to folder: String) throws {
  try write(figure, to: folder, name: name)
  try AtomicFile.write(try figure.png(theme: .dark), to: "\(folder)/\(name)-dark.png")
}

struct UnknownResults: Error, CustomStringConvertible {
  let path: String
  var description: String { "'\(path)' holds a comparison that compare.py does not write" }
}

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 2 else {
  print("usage: benchmark-figures <folder of results> <output folder>")
  exit(64)
}
let (results, output) = (arguments[0], arguments[1])
try Files.createFolder(output)
for file in try Files.list(results) where file.hasSuffix(".json") {
  let path = "\(results)/\(file)"
  let json = try JSONValue.parse(readFile(path), path: path)
  func comparisons(_ section: String) throws -> [Comparison] {
    try (json[section]?.arrayValue ?? []).map {
      guard let comparison = Comparison($0) else { throw UnknownResults(path: path) }
      return comparison
    }
  }
  let machine = file.dropLast(".json".count)
  let main = try comparisons("comparisons").filter { $0.sizes == mainSizes }
  // Where several numbers of threads were measured, all cores.
  if let main = main.max(by: { $0.threads < $1.threads }) {
    try save(bars(main), "speed-\(machine)", to: output)
  }
  if let sweep = ratios(try comparisons("sweep")) {
    try save(sweep, "speed-sizes-\(machine)", to: output)
  }
}
print("wrote \(output)")
