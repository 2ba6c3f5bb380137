// SPDX-License-Identifier: Apache-2.0

internal import Figures
internal import Formats

/// The folder of a posterior: its draws, its summary, and what chains start from.
package struct PosteriorFolder: Sendable {
  private let folder: RunFolder

  /// The folder at `path`, with or without slashes at its end.
  package init(_ path: String) { folder = RunFolder(path) }

  /// The folder.
  package var path: String { folder.path }

  /// Refuses a folder that holds something; changes nothing.
  ///
  /// - Parameter overwriting: Whether it may hold something.
  /// - Throws: ``RunError`` where it does and may not, `FileError` where it is a file.
  package func check(overwriting: Bool) throws { try folder.check(overwriting: overwriting) }

  /// Writes the files of a posterior, its pictures among them. Where a file cannot be
  /// written, those of an earlier one stay as they were.
  ///
  /// - Parameters:
  ///   - posterior: What was found.
  ///   - calibration: What simulations said of fits like it; nil for none.
  ///   - prior: Draws from the prior by the name of an element; empty for those of the density.
  ///   - model: What its model is called.
  ///   - overwriting: Whether the folder may hold something.
  /// - Returns: The names of the files, pictures as `NAME.svg` alone; the first is that of
  ///   draws, of chains a pattern for all of them.
  /// - Throws: As ``check(overwriting:)``, `FileError` where a file cannot be written, ``ModelError`` where
  ///   predictions cannot be drawn.
  package func write(
    _ posterior: Posterior<some LogDensity>, _ calibration: Calibration? = nil,
    prior: [String: [Double]] = [:], model: String, overwriting: Bool
  ) throws -> [String] {
    let files = PosteriorFiles(posterior: posterior, model: model).all
    let seed = posterior.fit.options.seed
    let predictions = try posterior.predictions(draws: Self.predicted, seed: seed)
    var figures = posterior.figures(
      subtitle: model, predictions: predictions, prior: prior, seed: seed)
    if let calibration { figures.append(("calibration", calibration.figure)) }
    let pictures = try figures.flatMap { name, figure in
      [
        (name: "\(name).svg", contents: Array(try figure.svg().utf8)),
        (name: "\(name).png", contents: try figure.png(theme: .light)),
        (name: "\(name)-dark.png", contents: try figure.png(theme: .dark)),
      ]
    }
    let numbers = calibration.map {
      [(name: "calibration.json", contents: Array($0.json.pretty.utf8))]
    }
    let others = files.others + (numbers ?? [])
    let all = files.draws + others + pictures
    try check(overwriting: overwriting)
    try Files.createFolder(path)
    // All are on the disk before any takes the place of an earlier one.
    let staged = try all.map { file in
      let place = "\(path)/\(file.name)"
      try Files.createFolder(Files.parent(of: place))
      return try StagedFile([file.contents], for: place)
    }
    for file in staged { try file.commit() }
    let names = Set(all.map(\.name))
    for name in try known() where !names.contains(name) { try Files.remove("\(path)/\(name)") }
    let isWalked = posterior.fit.verdict == .useWalked
    let draws = isWalked ? Self.draws(ofChain: "*") : Self.draws
    return [draws] + others.map(\.name) + figures.map { "\($0.name).svg" }
  }

  /// Draws of data for the predictive check.
  private static let predicted = 1000

  /// The draws, where they are not chains'.
  static let draws = "draws.csv"
  /// The folder of the draws of chains.
  private static let chains = "chains"

  /// The draws of a chain, by its number or `*`.
  static func draws(ofChain number: some CustomStringConvertible) -> String {
    "\(chains)/draws-\(number).csv"
  }

  /// The files of draws that a posterior may have: of chains those that are there.
  private func earlierDraws() throws -> [String] {
    let folder = "\(path)/\(Self.chains)"
    let found = Files.isFolder(folder) ? try Files.list(folder) : []
    let ofChains = found.map { "\(Self.chains)/\($0)" }.filter { name in
      let number = Int(name.filter(\.isNumber))
      return number.map { Self.draws(ofChain: $0) } == name
    }
    return [Self.draws] + ofChains
  }

  /// The files that a posterior may have, as not every one has all.
  private func known() throws -> [String] {
    let pictures = ["marginals", "pairs", "elbo", "predictive", "calibration"]
    return try earlierDraws() + ["inverse_metric.json", "calibration.json"]
      + pictures.flatMap { ["\($0).svg", "\($0).png", "\($0)-dark.png"] }
  }
}
