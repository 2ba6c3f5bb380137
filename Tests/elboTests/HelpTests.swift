// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("What the command says of itself")
struct HelpTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  @Test("--version is the bare number")
  func version() throws {
    let outcome = try workspace.elbo("--version")
    expectSuccess(outcome)
    #expect(outcome.output.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil)
  }

  @Test("without arguments, the help says how to begin")
  func start() throws {
    let outcome = try workspace.elbo()
    expectSuccess(outcome)
    #expect(outcome.output == (try workspace.elbo("--help")).output)
    #expect(
      outcome.lines.contains(
        "  elbo train                        learn from built-in digits, no download"))
    for command in [
      "train", "evaluate", "explain", "posterior", "reconstruct", "sample", "encode", "decode",
    ] {
      #expect(outcome.lines.contains { $0.hasPrefix("  \(command) ") })
    }
    #expect(outcome.output.contains("elbo = -reconstruction - kl."))
  }

  static let options: [(String, [String])] = [
    (
      "train",
      [
        "--data", "--hidden", "--latent", "--activation", "--batch-size", "--learning-rate",
        "--optimiser", "--weight-decay", "--schedule", "--final-learning-rate", "--warm-up",
        "--clip-gradient", "--average", "--kl-warm-up", "--free-bits",
        "--binarize", "--seed", "--threads", "-o, --output", "--overwrite", "--epochs", "--resume",
        "--figures/--no-figures", "--patience", "--from", "--seeds", "--validation",
        "--json", "--quiet",
      ]
    ),
    (
      "evaluate",
      [
        "<model>", "--activation", "--keys", "--data", "--binarize", "--seed", "--threads",
        "--json", "--best", "--samples",
      ]
    ),
    ("compare", ["<runs>", "--json"]),
    ("reconstruct", ["<model>", "--data", "--binarize", "-o, --output", "--count"]),
    ("explain", ["--model", "--mean", "--deviation", "--probabilities", "--json"]),
    (
      "posterior",
      [
        "<model>", "--data", "--family", "--draws", "--seed", "--threads", "-o, --output",
        "--overwrite", "--json",
      ]
    ),
    ("sample", ["<model>", "-o, --output", "--count", "--seed"]),
    ("encode", ["<model>", "--data", "--binarize", "--seed", "-o, --output", "--count"]),
    ("decode", ["<model>", "<latents>", "-o, --output"]),
  ]

  @Test("each command explains its options, within 80 columns", arguments: options)
  func help(command: String, options: [String]) throws {
    let outcome = try workspace.elbo(command, "--help")
    expectSuccess(outcome)
    #expect(outcome.output == (try workspace.elbo("help", command)).output)
    for option in options {
      #expect(outcome.lines.contains { $0.hasPrefix("  \(option)") }, "\(option) is not explained")
    }
    // The line of usage is one line by the habit of the parser.
    let long = outcome.lines.filter { $0.count > 80 && !$0.hasPrefix("USAGE:") }
    #expect(long.isEmpty)
  }

  @Test("the examples of the help are whole lines")
  func examples() throws {
    let train = try workspace.elbo("train", "--help").lines
    #expect(train.contains("  elbo train --data mnist --epochs 10"))
    #expect(
      train.contains(
        "  elbo train --resume runs/mnist-2026-01-31-120000  go on where a run stopped"))
    let evaluate = try workspace.elbo("evaluate", "--help").lines
    #expect(evaluate.contains("  elbo evaluate vae.safetensors --data mnist --json"))
  }
}
