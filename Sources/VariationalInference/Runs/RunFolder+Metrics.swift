// SPDX-License-Identifier: Apache-2.0

package import Formats

// The epochs of a run: a line each in `metrics.jsonl`, for people and programs, and their numbers once
// more in the state, which counts where the two differ.

/// The epochs of a run that is taken up.
package struct ReadMetrics: Sendable, Equatable {
  /// The epochs, in order.
  package var epochs: [EpochMetrics]
  /// Those whose lines were missing or altered, so that they are the state's.
  package var rebuilt: [Int]
}

extension RunFolder {
  /// The epochs recorded.
  ///
  /// - Throws: ``RunError`` naming a line that is none.
  package func readMetrics() throws -> [EpochMetrics] {
    try metricsLines().enumerated().map { number, line in
      let json = try JSONValue.parse(line, path: "\(metrics), line \(number + 1)")
      guard let epoch = EpochMetrics(json: json) else {
        throw RunError.unreadableRecord(path: metrics, key: "line \(number + 1)")
      }
      return epoch
    }
  }

  /// The first `count` epochs, as they are to be gone on with; later lines, of which a crash may have
  /// torn the last, are not looked at.
  ///
  /// - Parameters:
  ///   - count: How many there are.
  ///   - recorded: Their numbers in the state, of the last ones where there are very many; nil for one that
  ///     an earlier version wrote. Lines of epochs that the state does not have must be whole, or the file
  ///     not be there at all.
  /// - Returns: The epochs; with lines that are not as recorded replaced.
  /// - Throws: ``RunError`` naming the line that is not as it should be and cannot be rebuilt.
  package func readMetrics(upTo count: Int, recorded: [EpochMetrics]?) throws -> ReadMetrics {
    let lines = try metricsLines().map { line in
      (try? JSONValue.parse(line, path: metrics)).flatMap(EpochMetrics.init(json:))
    }
    let known = recorded ?? []
    let earlier = count - known.count
    var epochs: [EpochMetrics] = []
    // Lost before, where a run of an earlier version was gone on with without them.
    let areLost = !known.isEmpty && !lines.contains { $0.map { $0.epoch <= earlier } ?? false }
    if Files.exists(metrics), !areLost {
      epochs = try (0..<earlier).map { index in
        guard index < lines.count, let epoch = lines[index], epoch.epoch == index + 1 else {
          let found =
            index >= lines.count
            ? "no line" : lines[index].map { "epoch \($0.epoch)" } ?? "no epoch"
          throw RunError.metrics(path: metrics, line: index + 1, found: found)
        }
        return epoch
      }
    }
    let found = Dictionary(lines.compactMap { $0 }.map { ($0.epoch, $0) }) { first, _ in first }
    var rebuilt: [Int] = []
    for epoch in known {
      let line = found[epoch.epoch].flatMap { $0.recorded == epoch.recorded ? $0 : nil }
      if line == nil { rebuilt.append(epoch.epoch) }
      epochs.append(line ?? epoch)
    }
    let isInOrder = lines.prefix(epochs.count).map { $0?.epoch } == epochs.map(\.epoch)
    if rebuilt.isEmpty, !isInOrder { rebuilt = known.map(\.epoch) }
    return ReadMetrics(epochs: epochs, rebuilt: rebuilt)
  }

  /// The most bytes of ``metrics``: a million epochs.
  private static let metricsLimit = 1 << 28

  /// The lines of the file, of one kind or the other; none where there is no file.
  private func metricsLines() throws -> [[UInt8]] {
    guard Files.exists(metrics) else { return [] }
    let ends: (UInt8) -> Bool = { $0 == 0x0A || $0 == 0x0D }
    let bytes = try readFile(metrics, limit: Self.metricsLimit)
    return bytes.split(whereSeparator: ends).map(Array.init)
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

  /// Waits until the lines are on the disk.
  package func synchroniseMetrics() throws {
    if Files.exists(metrics) { try LineWriter(path: metrics).synchronise() }
  }
}

extension EpochMetrics {
  /// What decides the rest of a run: all but when it was, and how long it took.
  fileprivate var recorded: String {
    var json: JSONValue = [
      "epoch": JSONValue(epoch), "train": train.json, "test": test.json,
    ]
    json["validation"] = validation?.json
    return json.compact
  }
}

extension [EpochMetrics] {
  /// The key of a state's metadata under which it has the epochs before it.
  package static var metadataKey: String { "elbo.epochs" }

  /// So many of the last epochs are in a state: more would make each save of a long run long.
  private static var most: Int { 10_000 }

  /// The numbers as text for a state's metadata; the same run gives the same text.
  package var recorded: String {
    "[" + suffix(Self.most).map(\.recorded).joined(separator: ",") + "]"
  }

  /// The last epochs of a state, without the seconds that they took.
  ///
  /// - Parameters:
  ///   - text: What ``recorded`` gave; nil of a state that does not have it.
  ///   - path: The file of the state.
  /// - Returns: The epochs; nil where there is no text.
  /// - Throws: `FormatError` or ``RunError`` where the text is none of epochs.
  package static func recorded(_ text: String?, path: String) throws -> [EpochMetrics]? {
    guard let text else { return nil }
    let values = try JSONValue.parse(text, path: path).arrayValue
    let epochs = values?.compactMap(EpochMetrics.init(json:))
    guard let epochs, epochs.count == values?.count,
      epochs.enumerated().allSatisfy({ $1.epoch - $0 == epochs[0].epoch })
    else { throw RunError.unreadableRecord(path: path, key: metadataKey) }
    return epochs
  }
}
