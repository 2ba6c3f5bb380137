// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("Models of other tools and of earlier versions")
struct ForeignModelTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages()
  }

  private func write(_ name: String, metadata: [String: String] = [:]) throws {
    try workspace.write(safetensors(modelEntries(), metadata: metadata), to: name)
  }

  private func evaluate(_ name: String, _ more: String...) throws -> (Outcome, [String: Any]) {
    let outcome = try workspace.elbo(["evaluate", name, "--data", "data", "--json"] + more)
    #expect(outcome.status == 0, "\(outcome.errors)")
    let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return (outcome, try #require(json as? [String: Any], "stdout is not pure JSON"))
  }

  private func conditions(_ json: [String: Any]) throws -> [String: Any] {
    try #require(json["protocol"] as? [String: Any])
  }

  // MARK: Activation

  @Test("an activation that is not stated is assumed aloud, and the report says so")
  func assumed() throws {
    try write("vae.safetensors")
    let (outcome, json) = try evaluate("vae.safetensors")
    #expect(
      outcome.errors == """
        Warning: 'vae.safetensors' does not state its activation; ReLU is assumed, and every number \
        depends on it; if the hidden layers have another, add --activation tanh (or identity)

        """)
    #expect(try conditions(json)["activation"] as? String == "relu")
    #expect(try conditions(json)["activation_assumed"] as? Bool == true)

    let (told, other) = try evaluate("vae.safetensors", "--activation", "tanh")
    #expect(told.errors == "")
    #expect(try conditions(other)["activation"] as? String == "tanh")
    #expect(try conditions(other)["activation_assumed"] as? Bool == false)
    #expect(json["elbo"] as? Double != other["elbo"] as? Double, "the number depends on it")
  }

  @Test("every command that loads a model says so, and stays as it was on standard output")
  func everyCommand() throws {
    try write("vae.safetensors")
    try write("stated.safetensors", metadata: ["activation": "relu"])
    try workspace.write(npy([1, 2], [0, 0]), to: "z.npy")
    for arguments in [
      ["evaluate", "MODEL", "--data", "data"],
      ["encode", "MODEL", "--data", "data", "-o", "q.npy"],
      ["reconstruct", "MODEL", "--data", "data", "-o", "r.npy"],
      ["sample", "MODEL", "-o", "s.npy"],
      ["decode", "MODEL", "z.npy", "-o", "d.npy"],
      ["evidence", "MODEL", "--data", "data", "--parts", "elbo"],
    ] {
      func run(_ model: String) throws -> Outcome {
        try workspace.elbo(arguments.map { $0 == "MODEL" ? model : $0 })
      }
      let (silent, loud) = (try run("stated.safetensors"), try run("vae.safetensors"))
      expectSuccess(silent)
      #expect(loud.status == 0 && loud.output == silent.output, "\(arguments)")
      #expect(loud.errors.contains("ReLU is assumed"), "\(arguments)")
      #expect(loud.errors.split(separator: "\n").count == 1)
    }
  }

  @Test("each number of evidence says which activation, and whether it was assumed")
  func evidence() throws {
    try write("vae.safetensors")
    for (more, activation, isAssumed) in [
      ([], "relu", true), (["--activation", "identity"], "identity", false),
    ] {
      let outcome = try workspace.elbo(
        [
          "evidence", "vae.safetensors", "--data", "data", "--json", "--limit", "4", "--parts",
          "ais", "--ais-steps", "2", "--ais-chains", "2", "--simulated", "2",
        ] + more)
      let json = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      let members = try #require(json as? [String: Any], "stdout is not pure JSON")
      let numbers = members.compactMapValues { $0 as? [String: Any] }
      #expect(numbers["ais_lower"] != nil && numbers["bdmc_upper_on_simulated"] != nil)
      for number in numbers.values {
        #expect(try conditions(number)["activation"] as? String == activation)
        #expect(try conditions(number)["activation_assumed"] as? Bool == isAssumed)
      }
    }
  }

  @Test("an option against what the file states wins, and is told")
  func against() throws {
    try write("vae.safetensors", metadata: ["activation": "tanh"])
    let (outcome, json) = try evaluate("vae.safetensors", "--activation", "relu")
    #expect(
      outcome.errors == """
        Warning: 'vae.safetensors' states the activation tanh; relu, of --activation, is used instead, \
        and every number depends on it

        """)
    #expect(try conditions(json)["activation"] as? String == "relu")
    #expect(try conditions(json)["activation_assumed"] as? Bool == false)
    let (silent, _) = try evaluate("vae.safetensors", "--activation", "tanh")
    #expect(silent.errors == "")
    try workspace.train("run", epochs: 1)
    let run = try workspace.elbo("evaluate", "run", "--activation", "tanh", "--json")
    #expect(run.errors.contains("states the activation relu"))
  }

  @Test("without hidden layers nothing is assumed")
  func linear() throws {
    let (zeros, pixels) = ({ (count: Int) in [Float](repeating: 0, count: count) }, 64)
    let layers = [
      ("encoder.fc_mu", 2, pixels), ("encoder.fc_logvar", 2, pixels), ("decoder.fc1", pixels, 2),
    ]
    let entries = layers.flatMap { name, outputs, inputs in
      [
        TensorEntry(
          name: "\(name).weight", shape: [outputs, inputs], numbers: zeros(outputs * inputs)),
        TensorEntry(name: "\(name).bias", shape: [outputs], numbers: zeros(outputs)),
      ]
    }
    try workspace.write(safetensors(entries), to: "linear.safetensors")
    let (outcome, json) = try evaluate("linear.safetensors")
    #expect(outcome.errors == "")
    #expect(try conditions(json)["activation"] is NSNull)
    #expect(try conditions(json)["activation_assumed"] as? Bool == false)
  }

  // MARK: Names

  /// The model under other names of layers; a name before an equals sign is that of this program.
  private static let layers = [
    "encoder.fc1=enc.0", "encoder.fc_mu=enc.mean", "encoder.fc_logvar=enc.log_var",
    "decoder.fc1=dec.0", "decoder.fc2=dec.2",
  ]

  private func renamed(_ prefix: String = "") -> [TensorEntry] {
    modelEntries().map { entry in
      var entry = entry
      for layer in Self.layers {
        let names = layer.split(separator: "=")
        entry.name = entry.name.replacing(names[0] + ".", with: names[1] + ".")
      }
      entry.name = prefix + entry.name
      return entry
    }
  }

  @Test("--keys names the layers of another tool; prefixes are taken off; the number is the same")
  func keys() throws {
    try write("own.safetensors", metadata: ["activation": "relu"])
    let expected = try evaluate("own.safetensors").0.output
    let options = Self.layers.flatMap { ["--keys", $0] }
    for prefix in ["", "_orig_mod.module."] {
      try workspace.write(
        safetensors(renamed(prefix), metadata: ["activation": "relu"]), to: "other.safetensors")
      let outcome = try workspace.elbo(
        ["evaluate", "other.safetensors", "--data", "data", "--json"] + options)
      expectSuccess(outcome)
      #expect(outcome.output == expected)
    }
  }

  @Test("without them, what was found and what is expected are both listed")
  func withoutKeys() throws {
    try workspace.write(safetensors(renamed()), to: "other.safetensors")
    expectRefusal(
      try workspace.elbo("evaluate", "other.safetensors", "--data", "data"),
      [
        "'other.safetensors'", "enc.0, enc.mean, enc.log_var, dec.0, dec.2", "encoder.fc1",
        "encoder.fc_logvar", "decoder.fc2", "--keys ours=theirs",
      ])
    expectRefusal(
      try workspace.elbo(
        "evaluate", "other.safetensors", "--data", "data", "--keys", "encoder.fc1=enc.9"),
      ["'other.safetensors'", "\"enc.9\"", "enc.0"])
  }

  @Test(
    "wrong usage of --keys",
    arguments: [
      (["encoder.fc1"], "as in encoder.fc_mu=mean"), (["=x"], "two names"), (["x="], "two names"),
      (["a=b=c"], "two names"), (["a=b", "a=c"], "names a twice"),
    ] as [([String], String)])
  func wrongUsage(keys: [String], words: String) throws {
    let outcome = try workspace.elbo(
      ["sample", "vae.safetensors"] + keys.flatMap { ["--keys", $0] })
    expectRefusal(outcome, status: 64, [words])
  }

  @Test(
    "a file of PyTorch's own formats is called that, with two lines of Python",
    arguments: [
      ("vae.pth", [0x50, 0x4B, 3, 4, 0, 0, 8, 8, 0, 0, 0, 0], "zip"),
      ("vae.pt", [0x80, 2, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20], "pickle"),
    ] as [(String, [UInt8], String)])
  func pytorch(name: String, start: [UInt8], word: String) throws {
    try workspace.write(Data(start + Array(repeating: 0, count: 50)), to: name)
    let outcome = try workspace.elbo("evaluate", name, "--data", "data")
    #expect(outcome.status == 1 && outcome.output == "")
    let lines = outcome.errors.split(separator: "\n").map { $0.drop { $0 == " " } }
    try #require(lines.count == 3, "\(outcome.errors)")
    #expect(lines[0].hasPrefix("Error: '\(name)' is a PyTorch file (a \(word)"))
    #expect(lines[1] == "import torch; from safetensors.torch import save_file")
    #expect(lines[2].hasPrefix("save_file(torch.load(\"\(name)\", "))
    #expect(lines[2].hasSuffix(", \"vae.safetensors\")"))
  }

  // MARK: Descriptions

  @Test("a run's model describes itself; one changed bit, another kind or version is refused")
  func described() throws {
    try workspace.train("run", epochs: 1)
    try workspace.changeHeader(of: "run/model.safetensors") {
      try #require(
        $0.contains(
          #""elbo.model":"{\"version\":1,\"kind\":\"bernoulli-vae\",\"data\":64,\"hidden\":[16],"#
            + #"\"decoder_hidden\":[16],\"latent\":2,\"activation\":\"relu\","#
            + #"\"likelihood\":\"bernoulli\",\"data_shape\":[8,8,1],\"sha256\":\""#))
      return $0 + " "
    }
    expectSuccess(try workspace.elbo("evaluate", "run"))
    let whole = try workspace.bytes("run/model.safetensors")
    var damaged = whole
    damaged[damaged.count - 1000] ^= 1
    try workspace.write(damaged, to: "x.safetensors")
    expectRefusal(
      try workspace.elbo("sample", "x.safetensors"), ["'x.safetensors'", "altered", "SHA-256"])
    for (old, new, words) in [
      ("bernoulli-vae", "flow-vae", ["kind", "flow-vae", "bernoulli-vae"]),
      (#"\"version\":1"#, #"\"version\":9"#, ["version 9", "up to 1"]),
      (#"\"latent\":2"#, #"\"latent\":1000000000"#, ["encoder.fc_mu.weight", "[1000000000, 16]"]),
    ] {
      try workspace.write(whole, to: "x.safetensors")
      try workspace.changeHeader(of: "x.safetensors") { $0.replacing(old, with: new) }
      expectRefusal(try workspace.elbo("sample", "x.safetensors"), ["'x.safetensors'"] + words)
    }
    #expect(!workspace.exists("samples.svg"))
  }

  @Test("the description alone tells the shape of the images")
  func shape() throws {
    try workspace.writeImages(height: 6, width: 9)
    try workspace.train("run", epochs: 1)
    try workspace.changeHeader(of: "run/model.safetensors") {
      $0.replacing(#""height":"6","#, with: "").replacing(#","width":"9""#, with: "")
    }
    expectSuccess(
      try workspace.elbo("sample", "run/model.safetensors", "--count", "2", "-o", "a.npy"))
    #expect(try workspace.bytes("a.npy").arrayShape == [2, 6, 9])
  }

  // MARK: Runs

  @Test("a state of another run, and a changed setting in run.json, are refused on --resume")
  func otherRun() throws {
    try workspace.train("run", epochs: 1)
    try workspace.train("other", epochs: 1, "--seed", "5")
    let before = try workspace.bytes("run/state.safetensors")
    let record = try workspace.text("run/run.json")
    func refused(_ words: String...) throws {
      let contents = try workspace.contents("run")
      expectRefusal(
        try workspace.elbo("train", "--resume", "run", "--epochs", "2", "--no-figures"),
        ["'run/state.safetensors'", "--epochs and --threads"] + words)
      #expect(try workspace.contents("run") == contents)
    }
    try workspace.write(try workspace.bytes("other/state.safetensors"), to: "run/state.safetensors")
    try refused("seed", "\"5\"", "\"0\"")
    try workspace.write(before, to: "run/state.safetensors")
    for (key, old, new) in [
      ("learning_rate", "0.001", "0.002"), ("batch_size", "20", "25"), ("seed", "\"0\"", "\"1\""),
    ] {
      try workspace.write(
        record.replacing("\"\(key)\": \(old)", with: "\"\(key)\": \(new)"), to: "run/run.json")
      try refused(key, old, new)
    }
    try workspace.write(record, to: "run/run.json")
    var damaged = before
    damaged[damaged.count - 4] ^= 1
    try workspace.write(damaged, to: "run/state.safetensors")
    expectRefusal(
      try workspace.elbo("train", "--resume", "run", "--epochs", "2"),
      ["'run/state.safetensors'", "altered", "SHA-256"])
    try workspace.write(before, to: "run/state.safetensors")
    expectSuccess(
      try workspace.elbo(
        "train", "--resume", "run", "--epochs", "2", "--threads", "1", "--no-figures"))
  }
}
