// SPDX-License-Identifier: Apache-2.0

import Formats
package import VariationalInference

/// A posterior of posteriordb: the program, and what is known of the answer.
package struct ReferencePosterior: Sendable {
  package let name: String
  /// How many of its priors on positive numbers are restrictions in the reference's convention, and halves
  /// here: the log joint is larger by log 2 for each.
  package let halves: Int
  /// The reference's log joint less this one's, apart from `halves`.
  package let constant: Double
  /// The reference's log joint at its means, on the constrained scale.
  package let check: Double
  /// Whether `check` is a density of noise, not of the values that the reference lists.
  package let isOnNoise: Bool
  package let model: @Sendable (ModelData) throws -> Model

  package init(
    _ name: String, halves: Int = 0, constant: Double = 0, check: Double, isOnNoise: Bool = false,
    _ model: @escaping @Sendable (ModelData) throws -> Model
  ) {
    (self.name, self.halves, self.constant, self.check) = (name, halves, constant, check)
    (self.isOnNoise, self.model) = (isOnNoise, model)
  }

  package static let all = (regressions + others).sorted { $0.name < $1.name }

  /// Means and standard deviations by name.
  package struct Moments {
    package let names: [String]
    package let means: [Double]
    package let deviations: [Double]
  }

  package func moments(in folder: String) throws -> Moments {
    let path = "\(folder)/\(name)/reference.json"
    let json = try JSONValue.parse(readFile(path), path: path)
    let names = (json["names"]?.arrayValue ?? []).compactMap(\.stringValue)
    let all = names.map { json["parameters"]?[$0] }
    return Moments(
      names: names, means: all.map { $0?["mean"]?.doubleValue ?? .nan },
      deviations: all.map { $0?["sd"]?.doubleValue ?? .nan })
  }

  package func model(in folder: String) throws -> Model {
    try model(ModelData(json: "\(folder)/\(name)/data.json"))
  }
}
