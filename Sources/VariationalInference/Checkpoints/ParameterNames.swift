// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// The tensors of a file under the names that a model knows them by.
///
/// Other tools put prefixes before all names, or call layers otherwise. Prefixes of the kind that
/// PyTorch adds are taken off where all tensors carry them; what a caller maps is renamed; and the
/// names of the variational autoencoder in pytorch/examples are known.
struct ParameterNames {
  let file: Safetensors
  /// The name in the file of each tensor, by the name in the model.
  private let original: [String: String]
  /// The names in the model, in the order of the file.
  let names: [String]

  /// - Parameters:
  ///   - file: The tensors.
  ///   - keys: Names in the file by names in the model. A name of a layer stands for all its tensors;
  ///     of two names that fit, the longer counts. Prefixes may be left out.
  ///   - cleaned: Whether prefixes are taken off and other tools' names are known.
  /// - Throws: ``CheckpointError`` where a name is not in the file, or two tensors get one name.
  init(_ file: Safetensors, keys: [String: String], cleaned: Bool) throws {
    self.file = file
    let all = file.entries.map(\.name)
    let prefix = Self.commonPrefix(all)
    let bare = all.map { String($0.dropFirst(prefix.count)) }
    // Sorted, here and below, so that the same mapping always gives the same sentence.
    let targets = Dictionary(grouping: keys, by: \.value).filter { $0.value.count > 1 }
    if let twice = targets.min(by: { $0.key < $1.key }) {
      throw CheckpointError(
        path: file.path, fault: .mappedTwice(twice.key, to: twice.value.map(\.key).sorted()))
    }
    let keys = keys.sorted { ($0.value.utf8.count, $0.key) > ($1.value.utf8.count, $1.key) }
    let isExample = Self.isExample(bare)
    var (unused, original, names) = (Set(keys.map(\.value)), [String: String](), [String]())
    for (name, bare) in zip(all, bare) {
      var ours = cleaned ? (isExample ? Self.exampleName(bare) : bare) : name
      for (new, old) in keys {
        guard let rest = Self.rest(of: name, in: old) ?? Self.rest(of: bare, in: old) else {
          continue
        }
        unused.remove(old)
        ours = new + rest
        break
      }
      if let other = original[ours] {
        throw CheckpointError(
          path: file.path, fault: .ambiguous(tensor: ours, found: [other, name]))
      }
      original[ours] = name
      names.append(ours)
    }
    if let missing = unused.min() {
      throw CheckpointError(path: file.path, fault: .noSuchKey(missing, found: bare))
    }
    (self.original, self.names) = (original, names)
  }

  /// Whether there is a tensor of that name.
  func contains(_ name: String) -> Bool { original[name] != nil }

  /// The shape of a tensor.
  ///
  /// - Throws: ``CheckpointError`` or `FormatError` where there is no such tensor.
  func shape(_ name: String) throws -> [Int] { try file.entry(original[name] ?? name).shape }

  /// A tensor, converted to `Scalar`, of finite numbers.
  ///
  /// - Throws: ``CheckpointError`` or `FormatError` naming the tensor.
  func tensor<Scalar: TensorScalar>(_ name: String) throws -> Tensor<Scalar> {
    let tensor: Tensor<Scalar> = try file.tensor(original[name] ?? name)
    if tensor.firstNonFinite != nil {
      throw CheckpointError(path: file.path, fault: .notFinite(tensor: name))
    }
    return tensor
  }

  // MARK: Other tools

  /// What `DataParallel`, `torch.compile` and modules around a model put before its names.
  private static let prefixes = ["module.", "_orig_mod.", "vae.", "model."]

  /// The prefixes that all names begin with, one after the other.
  private static func commonPrefix(_ names: [String]) -> String {
    var prefix = ""
    while let next = prefixes.first(where: { next in
      !names.isEmpty && names.allSatisfy { $0.hasPrefix(prefix + next) }
    }) {
      prefix += next
    }
    return prefix
  }

  /// The layers of the variational autoencoder in pytorch/examples (`vae/main.py`).
  private static let exampleLayers = [
    "fc1": "encoder.fc1", "fc21": "encoder.fc_mu", "fc22": "encoder.fc_logvar",
    "fc3": "decoder.fc1", "fc4": "decoder.fc2",
  ]

  private static func isExample(_ names: [String]) -> Bool {
    exampleLayers.keys.allSatisfy { names.contains("\($0).weight") }
  }

  private static func exampleName(_ name: String) -> String {
    for (theirs, ours) in exampleLayers {
      if let rest = rest(of: name, in: theirs) { return ours + rest }
    }
    return name
  }

  /// What follows a layer's name in that of a tensor, with its dot; empty where they are the same.
  private static func rest(of name: String, in layer: String) -> Substring? {
    guard name.hasPrefix(layer) else { return nil }
    let rest = name.dropFirst(layer.count)
    return rest.isEmpty || rest.hasPrefix(".") ? rest : nil
  }
}
