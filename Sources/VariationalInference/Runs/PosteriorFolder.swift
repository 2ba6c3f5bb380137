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
  ///   - model: What its model is called.
  ///   - overwriting: Whether the folder may hold something.
  /// - Returns: The names of the files, pictures as `NAME.svg` alone.
  /// - Throws: As ``check(overwriting:)``, `FileError` where a file cannot be written, ``ModelError`` where
  ///   predictions cannot be drawn.
  package func write(
    _ posterior: Posterior<some LogDensity>, _ calibration: Calibration? = nil, model: String,
    overwriting: Bool
  ) throws -> [String] {
    let files = PosteriorFiles(posterior: posterior, model: model).all
    let seed = posterior.fit.options.seed
    let predictions = try posterior.predictions(draws: Self.predicted, seed: seed)
    var figures = posterior.figures(subtitle: model, predictions: predictions, seed: seed)
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
    let all = files + (numbers ?? []) + pictures
    try check(overwriting: overwriting)
    try Files.createFolder(path)
    // All are on the disk before any takes the place of an earlier one.
    let staged = all.map { (from: "\(path)/.\($0.name).new", to: "\(path)/\($0.name)") }
    do {
      for (file, place) in zip(all, staged) { try AtomicFile.write(file.contents, to: place.from) }
    } catch {
      for place in staged { try? Files.remove(place.from) }
      throw error
    }
    for name in Self.known(besides: all.map(\.name)) { try Files.remove("\(path)/\(name)") }
    for place in staged { try Files.move(place.from, to: place.to) }
    return (files + (numbers ?? [])).map(\.name) + figures.map { "\($0.name).svg" }
  }

  /// Draws of data for the predictive check.
  private static let predicted = 1000

  /// The files that a posterior may have, as not every one has all.
  private static func known(besides names: [String]) -> [String] {
    let pictures = ["marginals", "pairs", "elbo", "predictive", "calibration"]
    return names + ["inverse_metric.json", "calibration.json"]
      + pictures.flatMap { ["\($0).svg", "\($0).png", "\($0)-dark.png"] }
  }
}
