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
  var lock: String { "\(path)/.lock" }
  /// Pictures.
  package var figures: String { "\(path)/figures" }
  /// The state after so many steps, where more than the last one is kept.
  package func keptState(steps: Int) -> String { "\(path)/state-\(steps).safetensors" }

  /// The steps of the states that are kept beside the last one, in order.
  package var keptStates: [Int] {
    let names = (try? Files.list(path)) ?? []
    return names.compactMap(Self.steps(ofState:)).sorted()
  }

  private static func steps(ofState name: String) -> Int? {
    guard name.hasPrefix("state-"), name.hasSuffix(".safetensors") else { return nil }
    return Int(name.dropFirst("state-".count).dropLast(".safetensors".count))
      .flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The folder of the run whose state is the file at `path`; nil where that is no state's name.
  package static func ofState(_ path: String) -> RunFolder? {
    let name = Files.name(of: path)
    guard name == "state.safetensors" || steps(ofState: name) != nil, Files.isRegular(path) else {
      return nil
    }
    return RunFolder(Files.parent(of: path))
  }

  /// The command that goes on with the run here.
  package var resumption: String { "elbo train --resume \(ShellWord.path(path))" }

  /// Refuses a folder that a new run may not use; changes nothing.
  ///
  /// - Parameter overwriting: Whether a folder that holds something may be used.
  /// - Throws: ``RunError`` where it holds something and may not be overwritten.
  package func check(overwriting: Bool) throws {
    if !overwriting, Files.exists(path), try Files.list(path).contains(where: { !isIdle($0) }) {
      throw RunError.notEmpty(path: path)
    }
  }
}

// MARK: - What elbo writes there

extension RunFolder {
  /// Files of a run, or of what is measured of it.
  private static let files: Set<String> = [
    "model.safetensors", bestName, "state.safetensors", "run.json", "metrics.jsonl", "verdict.json",
    "seeds.json", "result.json", "evidence.json", "samples.csv", "samples.npy", ".lock",
    RunPlace.mark,
  ]

  /// Whether a file says that a run was begun here and no more: nothing is lost with it.
  private func isIdle(_ name: String) -> Bool {
    // Before its first state is there, a run has written its record.
    let isRecord = name == "run.json" && !Files.exists(state)
    return name == ".lock" || isRecord || isTorn(name)
  }

  /// Whether a file is what a killed process left of one that it was writing.
  private func isTorn(_ name: String) -> Bool {
    guard name.hasPrefix("."), name.hasSuffix(".tmp") else { return false }
    let stem = name.dropFirst().dropLast(".tmp".count)
    if isOwn(String(stem)) { return true }
    // `.NAME.PROCESS-NUMBER.tmp`
    return stem.lastIndex(of: ".").map { isOwn(String(stem[..<$0])) } ?? false
  }

  private func isOwn(_ name: String) -> Bool {
    Self.files.contains(name) || Self.steps(ofState: name) != nil
  }

  /// Whether a run has left something here that a new one would replace.
  var holdsRun: Bool {
    guard let names = try? Files.list(path) else { return false }
    return names.contains { isOwn($0) && !isIdle($0) || isFolderOfRun($0) }
  }

  private func isFolderOfRun(_ name: String) -> Bool {
    // By its name, where the disk does not answer: pictures of one run never go to another.
    if Files.isRegular("\(path)/\(name)") { return false }
    return ["figures", "divergence"].contains(name)
      || name.hasPrefix("seed-") && UInt64(name.dropFirst("seed-".count)) != nil
  }

  /// Removes what elbo wrote here, and the folder where nothing else is in it.
  ///
  /// - Parameters:
  ///   - heir: The folder that gets the files of others; nil leaves them where they are.
  ///   - keepingLock: Whether the folder is to be used on.
  /// - Throws: `FileError` naming what cannot be removed or moved.
  func discard(movingOthersTo heir: RunFolder? = nil, keepingLock: Bool = false) throws {
    guard Files.isFolder(path) else { return }
    // The lock last: it keeps others out.
    for name in try Files.list(path).filter({ $0 != ".lock" }) + (keepingLock ? [] : [".lock"]) {
      let file = "\(path)/\(name)"
      if isOwn(name) || isTorn(name) {
        try Files.remove(file)
      } else if isFolderOfRun(name) {
        let part = RunFolder(file)
        try name.hasPrefix("seed-") ? part.discard() : part.discardPictures()
      }
      if let heir, Files.exists(file) {
        try Files.createFolder(heir.path)
        if !Files.exists("\(heir.path)/\(name)") {
          try Files.move(file, to: "\(heir.path)/\(name)")
        }
      }
    }
    if !keepingLock { Files.removeIfEmpty(folder: path) }
  }

  /// Of a folder of pictures or of a divergence, which elbo fills alone.
  private func discardPictures() throws {
    let kinds = [".svg", ".png", ".json", ".csv", ".npy", ".safetensors", ".tmp"]
    for name in try Files.list(path) where kinds.contains(where: name.hasSuffix) {
      try Files.remove("\(path)/\(name)")
    }
    Files.removeIfEmpty(folder: path)
  }
}

/// A run folder that cannot be used.
package enum RunError: Error, Sendable, Equatable, CustomStringConvertible {
  case notEmpty(path: String)
  case unreadableRecord(path: String, key: String)
  case otherData(run: String, key: String, recorded: String, found: String)
  case nothingToResume(path: String)
  case inUse(path: String)
  case metrics(path: String, line: Int, found: String)
  case present(path: String)
  case removed(path: String)

  package var description: String {
    switch self {
    case .notEmpty(let path):
      "the folder '\(path)' is not empty; choose another with --output, or add --overwrite to "
        + "replace what elbo wrote there"
    case .unreadableRecord(let path, let key):
      "'\(path)' has no usable entry for \(key); restore the file or start a new run"
    case .otherData(let run, let key, let recorded, let found):
      "the run '\(run)' was made with \(key) \(recorded), but this is \(found); resume it with what "
        + "it was made with, whose place --data names where it has moved"
    case .nothingToResume(let path):
      "'\(path)' holds no state.safetensors to go on from; name the folder of a run that has saved "
        + "one, or begin a new run"
    case .inUse(let path):
      "another process is training in '\(path)'; wait for its end, or choose another folder with "
        + "--output"
    case .metrics(let path, let line, let found):
      "'\(path)' has \(found) where line \(line), of epoch \(line), is expected; restore the file, or "
        + "remove it to go on without the numbers of the epochs so far"
    case .present(let path):
      "the folder '\(path)' is the one that this command runs in, so it cannot be replaced; run the "
        + "command from outside, or choose another folder with --output"
    case .removed(let path):
      "the folder '\(path)' was removed while the run was at work"
    }
  }
}
