// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The surrogate posterior of each example.
struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write means and log variances of q(z|x), and draws, for each example.",
    discussion: """
      The file is a NumPy array of shape [examples, 2 + draws, latent], 32-bit floats: array[i, 0] is \
      the mean of example i, array[i, 1] the logarithm of its variances, and the others are draws.

        elbo encode runs/<run> --output z.npy                  the run's test part
        elbo encode runs/<run> --data new.csv --output z.npy   every row of a file, in its order
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: .shortAndLong, help: "The .npy file to write.", completion: .file())
  var output: String

  @Option(parsing: .unconditional, help: "Only the first COUNT examples.")
  var count: Int?

  @Option(parsing: .unconditional, help: "Draws of q for each example.")
  var draws = 0

  func validate() throws {
    try require(count, "--count", atMost: 1_000_000_000)
    if draws != 0 { try require(draws, "--draws", atMost: 100_000) }
    if !output.hasSuffix(".npy") {
      throw ValidationError("--output '\(output)': a file ending in .npy is expected")
    }
  }

  func run() throws {
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    let all = try test.loadRows(for: loaded, workers: workers).data
    let examples = count.map { all.prefix($0) } ?? all
    let latent = loaded.model.latentDimension
    try Files.createFolder(Files.parent(of: output))
    try NPY.write(shape: [examples.count, 2 + draws, latent], to: output) { file in
      for start in stride(from: 0, to: examples.count, by: blockSize(latent)) {
        let block = start..<min(start + blockSize(latent), examples.count)
        let q = try loaded.model.encode(examples, block, seed: test.seed, workers: workers)
        let moments = [q.mean, q.logVariance].map { $0.reshaped(to: [block.count, 1, latent]) }
        let drawn = draws > 0 ? [q.draws(draws, seed: test.seed, first: start)] : []
        let stacked = Tensor.concatenated(moments + drawn, along: 1)
        if stacked.firstNonFinite != nil {
          throw UndefinedResult(model: loaded.path, what: "means or variances")
        }
        try file.write(stacked.scalars)
      }
    }
    Terminal.line(
      "Wrote \(output): [\(examples.count), \(2 + draws), \(latent)], means and log variances"
        + (draws > 0 ? ", then draws" : ""))
  }

  /// Examples at a time: so many that their draws take some 64 MB.
  private func blockSize(_ latent: Int) -> Int {
    let rows = (16 << 20) / ((2 + draws) * latent)
    return rows < 256 ? max(rows, 1) : min(rows / 256 * 256, 65_536)
  }
}
