// SPDX-License-Identifier: Apache-2.0

internal import Formats

// What was changed when a run was taken up. A state is of the settings that it was saved under: one that
// was saved before a change belongs to the run, too.

extension RunRecord {
  /// Settings that were changed where the run was taken up.
  package struct Change: Sendable, Equatable {
    /// Epochs that were complete.
    package var epoch: Int
    /// Steps that were taken.
    package var step: Int
    /// When, as a local time.
    package var time: String
    /// What was changed; a setting that there was none of is null.
    var entries: [Entry]

    struct Entry: Sendable, Equatable {
      var key: String
      var before: JSONValue
      var after: JSONValue
    }
  }

  /// The record of the same run, gone on with other settings.
  ///
  /// - Parameters:
  ///   - later: The record with those settings: options, data source or patience.
  ///   - progress: Where it is taken up.
  ///   - time: When.
  /// - Returns: That record, with a line about what is different where something is.
  package func changed(to later: RunRecord, at progress: TrainingProgress, time: String)
    -> RunRecord
  {
    var (later, entries) = (later, [Change.Entry]())
    let (old, new) = (changeable, later.changeable)
    let keys = (old.members ?? []).map(\.key) + (new.members ?? []).map(\.key)
    for key in keys where old[key] != new[key] && !entries.contains(where: { $0.key == key }) {
      entries.append(.init(key: key, before: old[key] ?? .null, after: new[key] ?? .null))
    }
    if !entries.isEmpty {
      later.changes.append(
        Change(epoch: progress.epoch, step: progress.steps, time: time, entries: entries))
    }
    return later
  }

  private static let source = "data_source"
  private static let patience = "patience"

  private var changeable: JSONValue {
    var json = options.json
    json[Self.patience] = patience.map { JSONValue($0) }
    json[Self.source] = .string(dataSource)
    return json
  }

  /// The options before the last change, those before the one before it, and so on.
  package var earlierOptions: [TrainingOptions] {
    var json = options.json
    return changes.reversed().compactMap { change in
      for entry in change.entries where ![Self.source, Self.patience].contains(entry.key) {
        if entry.before == .null { json[entry.key] = nil } else { json[entry.key] = entry.before }
      }
      return try? TrainingOptions(RecordReader(path: "", root: ["training": json]))
    }
  }
}

extension RunRecord.Change {
  var json: JSONValue {
    var changed = JSONValue.object([])
    for entry in entries { changed[entry.key] = ["before": entry.before, "after": entry.after] }
    return [
      "epoch": JSONValue(epoch), "step": JSONValue(step), "time": .string(time), "changed": changed,
    ]
  }

  init?(json: JSONValue) {
    guard let epoch = json["epoch"]?.intValue, let step = json["step"]?.intValue,
      let time = json["time"]?.stringValue, let changed = json["changed"]?.members
    else { return nil }
    (self.epoch, self.step, self.time) = (epoch, step, time)
    entries = changed.map { member in
      Entry(
        key: member.key, before: member.value["before"] ?? .null,
        after: member.value["after"] ?? .null)
    }
  }

  /// One line for people: "learning_rate 0.001, now 0.0005".
  package var words: String {
    entries.map { "\($0.key) \($0.before.compact), now \($0.after.compact)" }.joined(
      separator: "; ")
  }
}
