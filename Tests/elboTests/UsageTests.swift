// SPDX-License-Identifier: Apache-2.0

import Testing

@Suite("Wrong usage: exit status 64, one sentence, nothing done")
struct UsageTests {
  let workspace: Workspace
  init() throws { workspace = try Workspace() }

  /// Arguments, and what the sentence must hold.
  static let cases: [([String], [String])] = [
    (["frobnicate"], ["frobnicate"]),
    (["trian", "--epochs", "3"], ["'trian'", "Did you mean 'train'?"]),
    (["train", "--frobnicate"], ["--frobnicate"]),
    (["evaluate"], ["<model>"]),
    (["encode", "run"], ["--output"]),
    (["train", "--hidden", "0"], ["'0'", "--hidden", "as in 512,256"]),
    (["train", "--hidden", "-5"], ["'-5'", "--hidden"]),
    (["train", "--hidden", "16,"], ["'16,'", "--hidden"]),
    (["train", "--hidden", "9999999999"], ["'9999999999'", "--hidden"]),
    (["train", "--latent", "0"], ["--latent 0", "from 1 to 10000"]),
    (["train", "--latent", "-2"], ["--latent -2", "from 1"]),
    (["train", "--latent", "two"], ["'two'", "--latent"]),
    (["train", "--latent", "2.5"], ["'2.5'", "--latent"]),
    (["train", "--latent", "9223372036854775807"], ["--latent", "from 1 to 10000"]),
    (["train", "--batch-size", "0"], ["--batch-size 0"]),
    (["train", "--batch-size", "-1"], ["--batch-size -1"]),
    (["train", "--batch-size", "9223372036854775807"], ["--batch-size", "from 1 to 1000000"]),
    (["train", "--epochs", "0"], ["--epochs 0"]),
    (["train", "--epochs", "-1"], ["--epochs -1"]),
    (["train", "--epochs", "many"], ["'many'", "--epochs"]),
    (["train", "--threads", "0"], ["--threads 0", "from 1 to 256"]),
    (["train", "--threads", "257"], ["--threads 257", "from 1 to 256"]),
    (["evaluate", "run", "--threads", "-3"], ["--threads -3"]),
    (["train", "--learning-rate", "0"], ["--learning-rate 0", "positive"]),
    (["train", "--learning-rate", "-0.1"], ["--learning-rate -0.1", "positive"]),
    (["train", "--learning-rate", "nan"], ["--learning-rate nan", "positive"]),
    (["train", "--learning-rate", "inf"], ["--learning-rate inf", "positive"]),
    (["train", "--learning-rate", "fast"], ["'fast'", "--learning-rate"]),
    (["train", "--seed", "-1"], ["'-1'", "--seed"]),
    (["train", "--seed", "x"], ["'x'", "--seed"]),
    (["train", "--activation", "gelu"], ["'gelu'", "relu", "tanh", "identity"]),
    (["train", "--binarize", "half"], ["'half'", "none", "dynamic", "threshold"]),
    (["train", "--output", ""], ["--output", "a path is expected"]),
    (["train", "--data", ""], ["--data", "a path is expected"]),
    (["train", "--resume", "run", "--latent", "3"], ["--resume", "--latent", "--epochs"]),
    (["train", "--resume", "run", "--overwrite"], ["--resume", "--overwrite"]),
    (["train", "--resume", "run", "-o", "x"], ["--resume", "--output"]),
    (["sample", "run", "--count", "0"], ["--count 0", "from 1"]),
    (["sample", "run", "--count", "9223372036854775807"], ["--count", "from 1 to 100000"]),
    (["reconstruct", "run", "--count", "-1"], ["--count -1"]),
    (["encode", "run", "-o", "z.npy", "--count", "0"], ["--count 0"]),
    (["encode", "run", "-o", "z.txt"], ["z.txt", ".npy"]),
    (["sample", "run", "-o", "x.jpg"], ["x.jpg", ".svg", ".png", ".npy"]),
    (["explain", "--mean", "1,2"], ["--mean: one number", "linear-gaussian"]),
    (["sample", "run", "-o", ""], ["--output", "a path is expected"]),
  ]

  @Test("refused", arguments: cases)
  func refused(arguments: [String], words: [String]) throws {
    let outcome = try workspace.elbo(arguments)
    expectRefusal(outcome, status: 64, words)
    #expect(outcome.output == "")
    #expect(workspace.files(".").isEmpty, "wrong usage must leave no file behind")
    #expect(outcome.errors.contains("--help'"), "the way to the help is told")
  }

  @Test("a model file that does not tell its data asks for --data")
  func dataUnknown() throws {
    try workspace.write(
      safetensors(modelEntries(), metadata: ["activation": "relu"]), to: "vae.safetensors")
    expectRefusal(
      try workspace.elbo("evaluate", "vae.safetensors"), status: 64, ["vae.safetensors", "--data"])
  }

  @Test("fewer epochs than a run has behind it cannot be resumed")
  func fewerEpochs() throws {
    try workspace.writeImages()
    try workspace.train("run", epochs: 2)
    let before = try workspace.contents("run")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "1"), status: 64,
      ["'run'", "--epochs"])
    #expect(try workspace.contents("run") == before)
  }
}
