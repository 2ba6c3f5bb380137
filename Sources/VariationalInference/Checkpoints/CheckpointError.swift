// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A readable safetensors file that does not hold the model or state asked of it.
public struct CheckpointError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// What is wrong.
  public let fault: Fault

  /// The ways in which a checkpoint disappoints.
  public enum Fault: Sendable, Equatable {
    /// A tensor that the model needs is not there; the names that are, and those of the model.
    case missing(tensor: String, found: [String], expected: [String])
    /// A tensor has another shape than the ones before it, or the description, imply.
    case misshapen(tensor: String, found: [Int], expected: String)
    /// A tensor of a model that is built otherwise; the names that are there, and those of the model.
    case unexpected(tensor: String, found: [String], expected: [String])
    /// A tensor holds infinities or not-a-numbers.
    case notFinite(tensor: String)
    /// The metadata lacks an entry or holds another one than expected.
    case metadata(key: String, found: String?, expected: String)

    /// The description under a key of the metadata is no object in JSON.
    case unreadableDescription(key: String, reason: String)
    /// An entry of the description is missing or is not what it should be.
    case description(key: String, found: String?, expected: String)
    /// The description under a key of the metadata is of a later version.
    case version(key: String, found: Int, known: Int)
    /// The file holds another kind of model than the known ones.
    case kind(found: String, known: [String])
    /// The file does not describe its model, and this kind cannot be made out without.
    case undescribed(kind: String)
    /// The tensors are not those that the description was written for.
    case altered(recorded: String, found: String)
    /// The state of a run with another seed, setting or data than the one that takes it up; in JSON.
    case otherRun(key: String, recorded: String, found: String)

    /// A name in the file that the caller mapped is not there.
    case noSuchKey(String, found: [String])
    /// Two tensors of the file have one name in the model.
    case ambiguous(tensor: String, found: [String])
    /// One name of the file is mapped to several of the model's.
    case mappedTwice(String, to: [String])
  }

  /// One sentence: file, what was found, what was expected, what to do.
  public var description: String { "'\(path)' \(explanation)" }

  private var explanation: String {
    switch fault {
    case .missing(let tensor, let found, let expected) where layers(found) == layers(expected):
      "has no tensor \"\(tensor.shown())\", though it has other tensors of all layers; choose a file in "
        + "which nothing is missing"
    case .missing(let tensor, let found, let expected):
      "has no tensor \"\(tensor.shown())\": it holds \(layers(found)), where \(layers(expected)) are "
        + "expected; \(Self.rename)"
    case .misshapen(let tensor, let found, let expected):
      "holds tensor \"\(tensor.shown())\" of shape \(shape(found)) where \(expected) is expected; "
        + "choose a file whose layers fit together"
    case .unexpected(let tensor, let found, let expected):
      "holds a tensor \"\(tensor.shown())\" that the model does not have: it holds \(layers(found)), "
        + "where \(layers(expected)) are expected; \(Self.rename)"
    case .notFinite(let tensor):
      "holds infinite or undefined numbers in tensor \"\(tensor.shown())\"; train the model again "
        + "with a smaller learning rate"
    case .metadata(let key, let found, let expected):
      "has \(quoted(found)) for \"\(key)\" where \(expected) is expected; choose a file written by "
        + "this version of elbo"
    case .unreadableDescription, .description, .version, .kind, .undescribed, .altered:
      descriptionSentence
    case .otherRun(let key, let recorded, let found):
      "is the state of a run whose \(key) is \(recorded.shown()), but that of this run is "
        + "\(found.shown()); resume it with what it was made with, of which only --epochs and --threads "
        + "may differ"
    case .noSuchKey(let key, let found):
      "has no layer or tensor \"\(key.shown())\" to be renamed: it holds \(layers(found)); correct the "
        + "name behind the equals sign"
    case .mappedTwice(let name, let names):
      "has \"\(name.shown())\" mapped to each of \(shownList(names)); map it to one of them"
    case .ambiguous(let tensor, let found):
      "holds two tensors that would be \"\(tensor.shown())\": \(shownList(found)); map one of them to "
        + "another name, or none"
    }
  }

  private var descriptionSentence: String {
    switch fault {
    case .unreadableDescription(let key, let reason):
      "has a description (\(key)) that \(reason); write the file again"
    case .description(let key, let found, let expected):
      "describes itself with \(found.map { $0.shown() } ?? "no value") for \"\(key.shown())\" where "
        + "\(expected) is expected; write the file again"
    case .version(let key, let found, let known):
      "is described (\(key)) in version \(found), where up to \(known) is known; read it with a newer "
        + "version of elbo"
    case .kind(let found, let known):
      "holds a model of kind \"\(found.shown())\" where \(shownList(known)) is known; choose another "
        + "file, or read it with a version of elbo or a registry of models that has this kind"
    case .undescribed(let kind):
      "does not describe the model in it (elbo.model), without which one of kind \(kind) cannot be "
        + "read; save the model again with save(to:)"
    case .altered(let recorded, let found):
      "was altered or damaged: the SHA-256 of its contents is \(found) where its description says "
        + "\(recorded.shown(limit: 70)); get it again"
    default: ""
    }
  }

  private static let rename =
    "name the layers with --keys ours=theirs (keys: in Swift), or choose another file"

  private func quoted(_ text: String?) -> String { text.map { "\"\($0.shown())\"" } ?? "no value" }

  private func shape(_ lengths: [Int]) -> String {
    lengths.count > 8 ? "of \(lengths.count) axes" : "\(lengths)"
  }

  /// The names of layers, each of which has a weight and a bias, and of other tensors.
  private func layers(_ tensors: [String]) -> String {
    var (layers, seen) = ([String](), Set<String>())
    for tensor in tensors {
      let ending = [".weight", ".bias"].first { tensor.hasSuffix($0) } ?? ""
      let layer = String(tensor.dropLast(ending.count))
      if seen.insert(layer).inserted { layers.append(layer) }
    }
    return shownList(layers)
  }
}
