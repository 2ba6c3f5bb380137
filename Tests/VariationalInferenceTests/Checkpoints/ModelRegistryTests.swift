// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("A registry brings a file back as a model of its kind")
struct ModelRegistryTests {
  private let all = ModelRegistry.standard.adding(OwnModel.self)

  private func expectBack<Model: DescribedModel<Float>>(_ model: Model) throws {
    try withTemporaryFolder { folder in
      try model.save(to: "\(folder)/x")
      let back = try #require(try all.load("\(folder)/x") as? Model, "another type came back")
      #expect(back.configuration == model.configuration)
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
    }
  }

  @Test("each of the library's kinds, and one of a user's own")
  func kinds() throws {
    #expect(all.kinds == ["bernoulli-vae", "gaussian-vae", "general-vae", "own-model"])
    try expectBack(bernoulliModel())
    try expectBack(gaussianModel())
    try expectBack(OwnModel(inputs: 3, seed: 5))
  }

  @Test("a kind that is not registered is refused, with those that are")
  func unknown() throws {
    try withTemporaryFolder { folder in
      try OwnModel(inputs: 3, seed: 5).save(to: "\(folder)/x")
      let error = try #require(throws: CheckpointError.self) {
        try ModelRegistry.standard.load("\(folder)/x")
      }
      #expect(
        error.fault
          == .kind(found: "own-model", known: ["bernoulli-vae", "gaussian-vae", "general-vae"]))
    }
  }

  @Test("a file without description is a Bernoulli autoencoder, if that is registered")
  func undescribed() throws {
    let model = bernoulliModel()
    try withChangedFile(of: model) {
      $1["elbo.model"] = nil
    } _: { path in
      let back = try #require(try all.load(path) as? VariationalAutoencoder<Float>)
      #expect(back.parameters.map(\.scalars) == model.parameters.map(\.scalars))
      #expect(back.architecture == model.architecture)
      let told = try all.load(path, activation: .identity)
      #expect(told.activation == .identity)
      let error = try #require(throws: CheckpointError.self) {
        try ModelRegistry([OwnModel.self]).load(path)
      }
      #expect(error.fault == .undescribed(kind: "own-model"))
    }
  }

  @Test("no two types of one kind")
  func twice() async {
    await #expect(processExitsWith: .failure) {
      _ = ModelRegistry.standard.adding(VariationalAutoencoder<Float>.self)
    }
  }
}
