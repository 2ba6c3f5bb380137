// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import PosteriorExamples
internal import VariationalInference

/// The model that `elbo posterior` fits.
struct PosteriorModel {
  /// What reports and files call it.
  let name: String
  /// What it is, in one line, where that is known.
  let description: String?
  /// log p(x, z).
  let density: any LogDensity

  /// The word that lists the examples instead.
  static let listing = "list"

  /// Refuses for an example what Stan programs take, as wrong usage.
  static func check(
    _ argument: String, data: String?, simulator: String?, _ stan: StanOptions
  ) throws {
    guard example(argument) != nil else { return }
    let given: [(String, Bool)] = [
      ("--data", data != nil), ("--simulator", simulator != nil),
      ("--stan-library", stan.stanLibrary != nil), ("--generated", stan.generated),
    ]
    if let option = given.first(where: \.1)?.0 {
      throw ValidationError(
        "\(option) is for Stan programs; the example \(argument) has its own data")
    }
  }

  private static func example(_ name: String) -> PosteriorExample? {
    PosteriorExample.all.first { $0.name == name }
  }

  /// What an argument names: a Stan program, a compiled one, or a built-in example.
  ///
  /// - Parameters:
  ///   - argument: As it was given.
  ///   - data: The path of its data, where one was given.
  ///   - seed: Of random numbers that a Stan program draws.
  ///   - stan: How to come by a Stan library.
  ///   - workers: Evaluate many draws at once.
  /// - Returns: The model, ready to be fitted.
  /// - Throws: ``UnknownPosteriorModel``, or what the model says of itself.
  static func load(
    _ argument: String, data: String?, seed: UInt64, stan: StanOptions, workers: WorkerPool
  ) throws -> PosteriorModel {
    if StanOptions.isStan(argument) {
      let density = try stan.density(argument, data: data, seed: seed, workers: workers)
      return PosteriorModel(name: density.name, description: nil, density: density)
    }
    guard let example = example(argument) else {
      throw UnknownPosteriorModel(name: argument, known: PosteriorExample.all.map(\.name))
    }
    return PosteriorModel(
      name: example.name, description: example.description,
      density: try example.model.density(threads: workers))
  }

  /// A Stan program with another that draws its parameters and data.
  ///
  /// - Parameters:
  ///   - simulator: The path of the program that draws.
  ///   - isComplete: Whether it has to draw all that calibration asks for.
  ///   - stan: How to come by a Stan library.
  ///   - workers: Among which simulations are shared.
  /// - Returns: The model, with what draws.
  /// - Throws: `StanError` where the simulator does not draw what the model has.
  func simulated(
    _ simulator: String, isComplete: Bool, stan: StanOptions, workers: WorkerPool
  ) throws -> SimulatedStanDensity {
    guard let density = density as? StanDensity else {
      throw ValidationError("--simulator is for Stan programs")
    }
    return try SimulatedStanDensity(
      density, simulator: StanProgram(path: simulator), library: stan.library(), threads: workers,
      isComplete: isComplete)
  }

  /// The examples: each one's name, then what it is.
  static var examples: [String] {
    let all = PosteriorExample.all
    let width = all.map(\.name.count).max() ?? 0
    return all.map { "\($0.name.padded(to: width))  \($0.description)" }
  }

  /// The same for programs.
  static var examplesJSON: JSONValue {
    .array(
      PosteriorExample.all.map {
        ["name": .string($0.name), "description": .string($0.description)]
      })
  }
}

/// A model's name that nothing has.
struct UnknownPosteriorModel: Error, CustomStringConvertible {
  let name: String
  let known: [String]

  var description: String {
    let nearest = nearestName(to: name, among: known)
    return "'\(name.shown())' is neither an example (\(known.joined(separator: ", "))) nor a Stan "
      + "program, whose name ends in .stan" + (nearest.map { "; did you mean \($0)?" } ?? "")
  }
}
