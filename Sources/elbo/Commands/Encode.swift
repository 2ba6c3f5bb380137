// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// The surrogate posterior of each test image.
struct Encode: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write means and log variances of q(z|x) for the test images.",
    discussion: """
      The file is a NumPy array of shape [images, 2, latent], 32-bit floats: array[i, 0] is the \
      mean of image i, array[i, 1] the logarithm of its variances.
      """)

  @OptionGroup var model: ModelOption
  @OptionGroup var test: TestDataOptions
  @OptionGroup var threads: ThreadOptions

  @Option(name: .shortAndLong, help: "The .npy file to write.")
  var output: String

  @Option(parsing: .unconditional, help: "Only the first COUNT images.")
  var count: Int?

  func validate() throws {
    try require(count, "--count", atMost: 1_000_000_000)
    if !output.hasSuffix(".npy") {
      throw ValidationError("--output '\(output)': a file ending in .npy is expected")
    }
  }

  func run() throws {
    let workers = threads.makeWorkers()
    let loaded = try model.load()
    let all = try test.load(for: loaded, workers: workers)
    let images = count.map { all.prefix($0) } ?? all
    let q = try loaded.model.encode(images, seed: test.seed, workers: workers)
    let latent = loaded.model.latentDimension
    let stacked = Tensor.concatenated(
      [q.mean, q.logVariance].map { $0.reshaped(to: [images.count, 1, latent]) }, along: 1)
    if stacked.firstNonFinite != nil {
      throw UndefinedResult(model: loaded.path, what: "means or variances")
    }
    try Files.createFolder(Files.parent(of: output))
    try NPY(shape: stacked.shape, .float32(stacked.scalars)).write(to: output)
    Terminal.line("Wrote \(output): [\(images.count), 2, \(latent)], means and log variances")
  }
}
