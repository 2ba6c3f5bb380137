// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Checkpoints of other tools")
struct ForeignCheckpointTests {
  private let model = bernoulliModel(describedArchitecture(.relu))

  /// The model's tensors under other names, without metadata, as another tool writes them.
  private func withForeignFile(
    adding more: [Safetensors.Tensor] = [], _ rename: (String) -> String,
    _ body: (String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/vae.safetensors"
      let tensors = model.namedParameters.map {
        Safetensors.Tensor(name: rename($0.name), shape: $0.value.shape, $0.value.scalars)
      }
      try Safetensors.write(tensors + more, to: path)
      try body(path)
    }
  }

  private func expectModel(_ path: String, keys: [String: String] = [:]) throws {
    let back = try VariationalAutoencoder<Float>(checkpoint: path, keys: keys)
    #expect(back.architecture == model.architecture)
    #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
  }

  @Test(
    "prefixes that all tensors carry are taken off",
    arguments: [
      "module.", "_orig_mod.", "vae.", "model.", "_orig_mod.module.", "model.vae.",
      "module.module.",
    ])
  func prefixes(prefix: String) throws {
    try withForeignFile {
      prefix + $0
    } _: {
      try expectModel($0)
    }
  }

  @Test("a prefix that some tensors lack is part of their names")
  func partialPrefix() throws {
    let extra = Safetensors.Tensor(name: "temperature", shape: [1], [1] as [Float])
    try withForeignFile(adding: [extra]) {
      "module.\($0)"
    } _: { path in
      let error = try #require(throws: CheckpointError.self) { try expectModel(path) }
      guard case .missing("encoder.fc1.weight", let found, _) = error.fault else {
        Issue.record("\(error.fault)")
        return
      }
      #expect(found.contains("module.encoder.fc1.weight") && found.contains("temperature"))
    }
  }

  /// Layers of the model by the names that pytorch/examples (vae/main.py) gives them.
  private func example(_ name: String) -> String {
    let layers = [
      ("encoder.fc1", "fc1"), ("encoder.fc_mu", "fc21"), ("encoder.fc_logvar", "fc22"),
      ("decoder.fc1", "fc3"), ("decoder.fc2", "fc4"),
    ]
    let (ours, theirs) = layers.first { name.hasPrefix($0.0 + ".") } ?? ("", "")
    return theirs + name.dropFirst(ours.count)
  }

  @Test("the names of pytorch/examples are known, also behind a prefix")
  func examples() throws {
    try withForeignFile(example) { try expectModel($0) }
    try withForeignFile {
      "module.\(example($0))"
    } _: {
      try expectModel($0)
    }
  }

  private func renamed(_ name: String) -> String {
    name.replacing("encoder.fc1", with: "enc.0").replacing("encoder.fc_mu", with: "enc.mean")
      .replacing("encoder.fc_logvar", with: "enc.log_var").replacing("decoder.fc", with: "dec.")
  }

  private let keys = [
    "encoder.fc1": "enc.0", "encoder.fc_mu": "enc.mean", "encoder.fc_logvar": "enc.log_var",
    "decoder.fc1": "dec.1", "decoder.fc2": "dec.2",
  ]

  @Test("one name of the file for two of the model is refused")
  func mappedTwice() throws {
    try withForeignFile(renamed) { path in
      var keys = keys
      keys["encoder.fc_logvar"] = "enc.mean"
      let error = #expect(throws: CheckpointError.self) { try expectModel(path, keys: keys) }
      #expect(
        error?.fault == .mappedTwice("enc.mean", to: ["encoder.fc_logvar", "encoder.fc_mu"]))
    }
  }

  @Test("layers are mapped by name, tensors one by one, behind a prefix or with it")
  func mapped() throws {
    try withForeignFile(renamed) { try expectModel($0, keys: keys) }
    try withForeignFile {
      "module.\(renamed($0))"
    } _: {
      try expectModel($0, keys: keys)
    }
    try withForeignFile {
      "module.\(renamed($0))"
    } _: { path in
      try expectModel(path, keys: keys.mapValues { "module.\($0)" })
      var keys = keys
      keys["encoder.fc_mu"] = nil
      keys["encoder.fc_mu.weight"] = "enc.mean.weight"
      keys["encoder.fc_mu.bias"] = "enc.mean.bias"
      try expectModel(path, keys: keys)
    }
  }

  @Test("of two names that fit a tensor the longer counts; names can be exchanged")
  func nested() throws {
    // "enc.fc_mu" by the name of its network alone, the others by their own.
    try withForeignFile {
      renamed($0).replacing("enc.mean", with: "enc.fc_mu")
    } _: {
      try expectModel(
        $0,
        keys: [
          "decoder.fc1": "dec.1", "decoder.fc2": "dec.2", "encoder": "enc", "encoder.fc1": "enc.0",
          "encoder.fc_logvar": "enc.log_var",
        ])
    }
    try withForeignFile {
      $0.contains("fc_mu")
        ? $0.replacing("fc_mu", with: "fc_logvar") : $0.replacing("fc_logvar", with: "fc_mu")
    } _: {
      try expectModel(
        $0, keys: ["encoder.fc_mu": "encoder.fc_logvar", "encoder.fc_logvar": "encoder.fc_mu"])
    }
  }

  @Test("a name that is not there, and two tensors for one name, are named")
  func wrongKeys() throws {
    try withForeignFile(renamed) { path in
      var keys = keys
      keys["encoder.fc_mu"] = "enc.mu"
      let missing = try #require(throws: CheckpointError.self) { try expectModel(path, keys: keys) }
      guard case .noSuchKey("enc.mu", let found) = missing.fault else {
        Issue.record("\(missing.fault)")
        return
      }
      #expect(found.contains("enc.mean.weight"))
    }
    try withForeignFile {
      $0
    } _: { path in
      let twice = try #require(throws: CheckpointError.self) {
        try expectModel(path, keys: ["encoder.fc_mu": "encoder.fc_logvar"])
      }
      #expect(
        twice.fault
          == .ambiguous(
            tensor: "encoder.fc_mu.weight",
            found: ["encoder.fc_mu.weight", "encoder.fc_logvar.weight"]))
    }
  }

  @Test("what was found and what was expected are both listed, printable and short")
  func listed() throws {
    try withForeignFile {
      "\u{1b}[2J\($0)\n" + String(repeating: "y", count: 10_000)
    } _: { path in
      let error = try #require(throws: CheckpointError.self) { try expectModel(path) }
      let words = error.description
      #expect(words.contains(#"\u{1b}[2Jencoder.fc1.weight"#) && words.contains("and 4 more"))
      #expect(words.contains("encoder.fc_logvar") && words.contains("decoder.fc2"))
      #expect(words.count < 800 + path.count && !words.contains("\n") && !words.contains("\u{1b}"))
    }
  }

  @Test("a model's own names are left alone, even if they begin like a prefix")
  func ownNames() throws {
    let own = OwnModel(inputs: 4, seed: 2)
    try withTemporaryFolder { folder in
      try own.save(to: "\(folder)/x")
      #expect(try OwnModel(checkpoint: "\(folder)/x") == own)
    }
    // Saved again by a tool that keeps metadata and adds a prefix.
    try withChangedFile(of: model) { tensors, _ in
      tensors = tensors.map {
        .init(name: "module.\($0.name)", type: $0.type, shape: $0.shape, bytes: $0.bytes)
      }
    } _: {
      try expectModel($0)
    }
  }
}
