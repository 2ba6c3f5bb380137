// SPDX-License-Identifier: Apache-2.0

/// A readable safetensors file that does not hold the model or state asked of it.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What is wrong.
  public let fault: Fault

  /// The ways in which a checkpoint disappoints.
  public enum Fault: Sendable, Equatable {
    /// A tensor that the model needs is not there.
    case missing(tensor: String)
    /// A tensor has another shape than the ones before it imply.
    case misshapen(tensor: String, found: [Int], expected: String)
    /// A tensor of a model that is built otherwise.
    case unexpected(tensor: String)
    /// A tensor holds infinities or not-a-numbers.
    case notFinite(tensor: String)
    /// The metadata lacks an entry or holds another one than expected.
    case metadata(key: String, found: String?, expected: String)
  }

  /// One sentence: file, what was found, what was expected, what to do.
  public var description: String { "'\(path)' \(explanation)" }

  private var explanation: String {
    switch fault {
    case .missing(let tensor):
      "has no tensor \"\(tensor)\"; a variational autoencoder is stored as encoder.fc1, "
        + "encoder.fc_mu, encoder.fc_logvar, decoder.fc1, decoder.fc2 (weight and bias each), so "
        + "rename the tensors or choose another file"
    case .misshapen(let tensor, let found, let expected):
      "holds tensor \"\(tensor)\" of shape \(found) where \(expected) is expected; choose a file "
        + "whose layers fit together"
    case .unexpected(let tensor):
      "holds a tensor \"\(tensor)\" that a variational autoencoder of linear layers does not have; "
        + "choose another file"
    case .notFinite(let tensor):
      "holds infinite or undefined numbers in tensor \"\(tensor)\"; train the model again with a "
        + "smaller learning rate"
    case .metadata(let key, let found, let expected):
      "has \(found.map { "\"\($0)\"" } ?? "no value") for \"\(key)\" where \(expected) is expected; "
        + "choose a file written by this version of elbo"
    }
  }
}
