// SPDX-License-Identifier: Apache-2.0

package import Formats

/// The folder of one training run and the names of its files.
package struct RunFolder: Sendable, Equatable {
  /// The folder.
  package let path: String

  /// The folder at `path`, with or without slashes at its end.
  package init(_ path: String) {
    let end = path.lastIndex { $0 != "/" }
    self.path = end.map { String(path[...$0]) } ?? path
  }

  /// The trained parameters.
  package var model: String { "\(path)/model.safetensors" }
  /// The parameters of the best epoch.
  package var best: String { "\(path)/\(Self.bestName)" }
  /// The name of ``best`` in its folder.
  package static let bestName = "best.safetensors"
  /// Everything that decides the rest of the run.
  package var state: String { "\(path)/state.safetensors" }
  /// What was asked for, and what it was asked of.
  package var record: String { "\(path)/run.json" }
  /// One line per epoch.
  package var metrics: String { "\(path)/metrics.jsonl" }
  /// What the run ended with.
  package var verdict: String { "\(path)/verdict.json" }
  /// Of a folder of several runs that differ in their seed: which.
  package var seeds: String { "\(path)/seeds.json" }
  /// The run with one of those seeds.
  package func seed(_ seed: UInt64) -> RunFolder { RunFolder("\(path)/seed-\(seed)") }
  /// Held by the process that trains here.
  private var lock: String { "\(path)/.lock" }
  /// Pictures.
  package var figures: String { "\(path)/figures" }

  /// Refuses a folder that a new run may not use; changes nothing.
  ///
  /// - Parameter overwriting: Whether a folder that holds something may be used.
  /// - Throws: ``RunError`` where it holds something and may not be overwritten.
  package func check(overwriting: Bool) throws {
    if Files.exists(path), try Files.list(path).contains(where: { $0 != ".lock" }), !overwriting {
      throw RunError.notEmpty(path: path)
    }
  }

  /// Makes sure that no two processes train here.
  ///
  /// - Returns: What keeps others out as long as it lives.
  /// - Throws: ``RunError`` where another process trains here.
  package func claim() throws -> FileLock {
    guard let held = try FileLock(path: lock) else { throw RunError.inUse(path: path) }
    return held
  }

  /// Makes the folder ready for a new run.
  ///
  /// - Parameter overwriting: Whether a folder that holds something may be used; only the files of a
  ///   run are removed from it.
  /// - Returns: The claim to the folder.
  /// - Throws: ``RunError`` where it holds something and may not be overwritten, or is in use.
  package func prepare(overwriting: Bool) throws -> FileLock {
    try check(overwriting: overwriting)
    try Files.createFolder(path)
    // Before anything is removed: an earlier run may still be at work.
    let claim = try claim()
    try check(overwriting: overwriting)
    for file in [model, best, state, record, metrics, verdict] { try Files.remove(file) }
    return claim
  }

  /// The first `count` epochs recorded; later lines, of which a crash may have torn the last, are
  /// not looked at.
  package func readMetrics(upTo count: Int) throws -> [EpochMetrics] {
    guard Files.exists(metrics) else { return [] }
    let text = String(decoding: try readFile(metrics), as: UTF8.self)
    return try text.split(separator: "\n").prefix(count).enumerated().map { number, line in
      let json = try JSONValue.parse(String(line), path: "\(metrics), line \(number + 1)")
      guard let epoch = EpochMetrics(json: json) else {
        throw RunError.unreadableRecord(path: metrics, key: "line \(number + 1)")
      }
      return epoch
    }
  }

  /// Rewrites the record of epochs, atomically.
  package func write(_ epochs: [EpochMetrics]) throws {
    let text = epochs.map { $0.json.compact + "\n" }.joined()
    try AtomicFile.write(Array(text.utf8), to: metrics)
  }

  /// Adds the line of one epoch.
  package func append(_ epoch: EpochMetrics) throws {
    try LineWriter(path: metrics).append(epoch.json.compact)
  }
}

/// A run folder that cannot be used.
package enum RunError: Error, Sendable, Equatable, CustomStringConvertible {
  case notEmpty(path: String)
  case unreadableRecord(path: String, key: String)
  case otherData(run: String, key: String, recorded: String, found: String)
  case nothingToResume(path: String)
  case inUse(path: String)

  package var description: String {
    switch self {
    case .notEmpty(let path):
      "the folder '\(path)' is not empty; choose another with --output, or add --overwrite to "
        + "replace what elbo wrote there"
    case .unreadableRecord(let path, let key):
      "'\(path)' has no usable entry for \(key); restore the file or start a new run"
    case .otherData(let run, let key, let recorded, let found):
      "the run '\(run)' was made with \(key) \(recorded), but this is \(found); resume it with what "
        + "it was made with"
    case .nothingToResume(let path):
      "'\(path)' holds no state.safetensors to go on from; name the folder of a run that has saved "
        + "one, or begin a new run"
    case .inUse(let path):
      "another process is training in '\(path)'; wait for its end, or choose another folder with "
        + "--output"
    }
  }
}
