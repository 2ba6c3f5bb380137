// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// A program inside a library that compiles: as it was written, or with `~` written out so that the constants
/// which the library drops from `~` are kept.
///
/// The second is compared with the first, and taken only if both differ by a constant.
struct StanTranslation {
  /// By which the library knows the program, in data.
  let member: JSONValue.Member
  /// The program with the data it was compared by.
  let model: StanModel
  /// Why log p is known up to a constant only; nil where nothing speaks against its being known in full.
  let unknownConstant: String?

  /// - Throws: ``StanError`` for a program that does not compile, or data that do not fit.
  init(_ program: StanProgram, library: StanLibrary, data: StanData, seed: UInt64) throws {
    func model(
      _ source: String, folder: String?
    ) throws -> (member: JSONValue.Member, model: StanModel) {
      let member = try library.translated(source, name: program.name, folder: folder)
      return (
        member,
        try StanModel(
          library, text: data.text(with: member), data: data, name: program.name, seed: seed)
      )
    }
    let written = try model(program.source, folder: program.folder)
    let source = program.expanded
    let constant = StanPriors(source).words
    guard StanConstants.remain(in: source) else {
      (member, self.model, unknownConstant) = (written.member, written.model, constant)
      return
    }
    let constants = StanConstants(source)
    let kept = constants.kept
    // Under a condition the constants of `~` are a part of the posterior that the program states.
    if !constants.text.hasConditions, !StanConstants.remain(in: kept),
      let full = try? model(kept, folder: nil),
      Self.differByAConstant(full.model, written.model)
    {
      (member, self.model, unknownConstant) = (full.member, full.model, constant)
    } else {
      let reason =
        "the library drops the constants of `~`"
        + (constants.text.hasConditions ? ", which under conditions are not one number" : "")
      (member, self.model) = written
      unknownConstant = constant.map { "\($0), and \(reason)" } ?? "as \(reason)"
    }
  }

  /// Whether two models of one program have the same gradients and values that differ by one
  /// number, at places where both have a density.
  private static func differByAConstant(_ first: StanModel, _ second: StanModel) -> Bool {
    let count = first.dimension
    guard count == second.dimension, count > 0 else { return false }
    var (differences, largest): ([Double], Double) = ([], 1)
    for trial in 0..<20 where differences.count < 3 {
      let point = Tensor<Double>.uniform(
        [count], in: -1..<1, key: NoiseKey(seed: 0, 0, trial, NoisePurpose.fit.rawValue)
      ).scalars.map { $0 * (trial == 0 ? 0 : 1) }
      var (values, gradients) = ([0.0, 0.0], [point, point])
      for (index, model) in [first, second].enumerated() {
        let message = model.density(at: point, value: &values[index], gradient: &gradients[index])
        if message != nil { values[index] = .nan }
      }
      guard values.allSatisfy(\.isFinite) else { continue }
      differences.append(values[0] - values[1])
      largest = max(largest, values[0].magnitude, values[1].magnitude)
      let isSame = zip(gradients[0], gradients[1]).allSatisfy {
        ($0 - $1).magnitude <= 1e-8 * (1 + $0.magnitude) || ($0.isNaN && $1.isNaN)
      }
      if !isSame { return false }
    }
    // Sums of many terms in another order.
    let tolerance = 1e-10 * largest
    return differences.count >= 2
      && differences.allSatisfy { ($0 - differences[0]).magnitude <= tolerance }
  }
}
