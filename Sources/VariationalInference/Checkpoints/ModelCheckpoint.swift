// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

// A model's parameters as a safetensors file. The keys and shapes of the library's models are those
// of the equivalent PyTorch module, so `load_state_dict(load_file(path))` works there, and a file
// saved there with `save_file(module.state_dict(), path)` works here.

extension DescribedModel {
  /// Reads a model.
  ///
  /// - Parameters:
  ///   - path: A safetensors file. One without description, as other tools write it, is read as a
  ///     ``VariationalAutoencoder`` whose widths follow from the shapes of the tensors.
  ///   - activation: The hidden layers' activation, against what the file states; nil takes what it
  ///     states, else ReLU, because a file written by PyTorch does not tell: ``ModelFile``.
  ///   - keys: Names in the file by the model's own: ``ModelFile/init(path:keys:)``.
  /// - Throws: An error whose description names file, tensor and shapes.
  public init(
    checkpoint path: String, activation: Activation? = nil, keys: [String: String] = [:]
  ) throws {
    self = try ModelFile(path: path, keys: keys).model(activation: activation)
  }

  /// Writes the model, atomically: parameters as tensors, ``ModelDescription`` as metadata.
  ///
  /// - Parameters:
  ///   - path: An existing file is replaced once the new one is safely on disk.
  ///   - dataShape: The lengths of the axes of one example, such as [height, width, channels].
  ///   - metadata: Further facts to keep with the file.
  /// - Throws: An error that names the file, which is then as it was before.
  public func save(
    to path: String, dataShape: [Int]? = nil, metadata: [String: String] = [:]
  ) throws {
    let tensors = namedParameters.map { Safetensors.Tensor($0.name, $0.value) }
    let description = ModelDescription(
      self, dataShape: dataShape, sha256: Safetensors.checksum(of: tensors))
    var own = ["format": "pt", ModelDescription.metadataKey: description.text]
    // As in version 0.1.0, which reads no descriptions.
    own["activation"] = configuration["activation"]?.stringValue
    try Safetensors.write(tensors, metadata: metadata.merging(own) { $1 }, to: path)
  }
}
