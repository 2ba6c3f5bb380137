// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A temporary folder in which commands are run; removed, with all it holds, when it is let go.
final class Workspace {
  let path: String
  private let logs: String

  init() throws {
    let base = FileManager.default.temporaryDirectory.appendingPathComponent(
      "elbo-command-\(UUID().uuidString)")
    (path, logs) = (base.appendingPathComponent("work").path, base.path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: logs) }

  // MARK: Commands

  /// Starts `elbo` here, or in a folder inside.
  func start(_ arguments: [String], in folder: String = ".", terminal: Int32? = nil) throws -> Child
  {
    let executable = try #require(elboPath, "the command 'elbo' is not built beside the tests")
    return try Child(
      executable, arguments, in: self[folder], logs: logs, terminal: terminal)
  }

  /// Runs `elbo` here, or in a folder inside, until it ends.
  func elbo(_ arguments: String..., in folder: String = ".") throws -> Outcome {
    try start(arguments, in: folder).wait()
  }

  func elbo(_ arguments: [String]) throws -> Outcome { try start(arguments).wait() }

  /// Runs a shell script, in which `"$0"` is `elbo`.
  func shell(_ script: String) throws -> Outcome { try startShell(script).wait() }

  /// Starts a shell script, in which `"$0"` is `elbo`.
  func startShell(_ script: String) throws -> Child {
    let executable = try #require(elboPath, "the command 'elbo' is not built beside the tests")
    return try Child("/bin/sh", ["-c", script, executable], in: path, logs: logs)
  }

  /// Trains a small model for `epochs` on the images in `data`.
  @discardableResult
  func train(_ output: String, data: String = "data", epochs: Int = 2, _ more: String...) throws
    -> Outcome
  {
    let outcome = try elbo(
      ["train", "--data", data, "--output", output, "--epochs", "\(epochs)"] + Self.small + more)
    expectSuccess(outcome)
    return outcome
  }

  /// A network for tests.
  static let small = ["--hidden", "16", "--latent", "2", "--batch-size", "20", "--no-figures"]

  // MARK: Files

  /// The path of a name in this folder; an absolute path as it is.
  subscript(_ name: String) -> String { name.hasPrefix("/") ? name : "\(path)/\(name)" }

  func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: self[name]))
  }

  func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

  func write(_ bytes: Data, to name: String) throws {
    let url = URL(fileURLWithPath: self[name])
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: url)
  }

  func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

  func copy(_ name: String, to other: String) throws {
    try FileManager.default.copyItem(atPath: self[name], toPath: self[other])
  }

  func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: self[name]) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: self[name]) }

  /// All files in a folder and in those inside it, sorted; also hidden ones.
  func files(_ name: String) -> [String] {
    FileManager.default.subpaths(atPath: self[name])?.filter { !isFolder("\(name)/\($0)") }
      .sorted() ?? []
  }

  private func isFolder(_ name: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: self[name], isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The contents of all files in a folder, by name: equal if nothing has changed.
  func contents(_ name: String) throws -> [String: Data] {
    Dictionary(
      uniqueKeysWithValues: try files(name).map { ($0, try bytes("\(name)/\($0)")) })
  }

  /// The records of a run's epochs without when they ended and how long they took.
  func metrics(_ run: String) throws -> [String] {
    try text("\(run)/metrics.jsonl").split(separator: "\n").map { line in
      String(line).replacing(
        /"time":"[^"]+","seconds":[0-9.e-]+,"examples_per_second":[0-9.e+-]+,/, with: "")
    }
  }

  func json(_ name: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: bytes(name)) as? [String: Any])
  }
}
