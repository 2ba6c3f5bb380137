// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Tensors

// A run's whole state as a safetensors file: parameters and moments as tensors, counters and sums
// as metadata. Sums are written as the bits of a Double, so that a resumed run repeats them exactly.

extension TrainingState {
  /// Reads a state.
  ///
  /// - Parameters:
  ///   - path: A file that ``save(to:metadata:)`` wrote.
  ///   - model: A model of the run's architecture, whose names and shapes are expected.
  /// - Throws: An error whose description names file, tensor and shapes.
  public init(checkpoint path: String, model: some Parameterized<Scalar>) throws {
    let file = try Safetensors(path: path)
    let named = model.namedParameters
    func tensors(_ prefix: String) throws -> [Tensors.Tensor<Scalar>] {
      try named.map { name, parameter in
        let key = "\(prefix).\(name)"
        guard file.contains(key) else {
          throw CheckpointError(path: path, fault: .missing(tensor: key))
        }
        let tensor: Tensors.Tensor<Scalar> = try file.tensor(key)
        if tensor.shape != parameter.shape {
          throw CheckpointError(
            path: path,
            fault: .misshapen(tensor: key, found: tensor.shape, expected: "\(parameter.shape)"))
        }
        return tensor
      }
    }
    self.init(
      names: named.map(\.name), parameters: try tensors("parameters"),
      firstMoments: try tensors("first_moment"), secondMoments: try tensors("second_moment"),
      progress: try TrainingProgress(metadata: file.metadata, path: path))
  }

  /// Writes the state, atomically.
  public func save(to path: String, metadata: [String: String] = [:]) throws {
    let parts = [
      ("parameters", parameters), ("first_moment", firstMoments), ("second_moment", secondMoments),
    ]
    let tensors = parts.flatMap { prefix, list in
      zip(names, list).map { Safetensors.Tensor("\(prefix).\($0)", $1) }
    }
    try Safetensors.write(
      tensors, metadata: progress.metadata.merging(metadata) { $1 }, to: path)
  }
}

extension TrainingProgress {
  fileprivate var metadata: [String: String] {
    [
      "epoch": "\(epoch)", "batch": "\(batch)", "steps": "\(steps)",
      "seen.examples": "\(seen.examples)",
      "seen.reconstruction.bits": "\(seen.reconstruction.bitPattern)",
      "seen.kl.bits": "\(seen.kl.bitPattern)",
    ]
  }

  fileprivate init(metadata: [String: String], path: String) throws {
    func number<Number: LosslessStringConvertible>(_ key: String, as type: Number.Type) throws
      -> Number
    {
      guard let number = metadata[key].flatMap({ Number($0) }) else {
        throw CheckpointError(
          path: path, fault: .metadata(key: key, found: metadata[key], expected: "a whole number"))
      }
      return number
    }
    func sum(_ key: String) throws -> Double {
      Double(bitPattern: try number(key, as: UInt64.self))
    }
    self.init(
      epoch: try number("epoch", as: Int.self), batch: try number("batch", as: Int.self),
      steps: try number("steps", as: Int.self),
      seen: RunningTerms(
        reconstruction: try sum("seen.reconstruction.bits"), kl: try sum("seen.kl.bits"),
        examples: try number("seen.examples", as: Int.self)))
  }
}
