// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

/// Repeats the step at which a run diverged, and shows its values.
struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Repeat the step at which a run diverged, and show where its numbers stop being finite.",
    discussion: """
      A run that diverges leaves a folder, divergence, in its own: the parameters before the step, \
      the batch, counters and seed. The step is taken again from them, without the data set, and \
      to the same bits, with every value looked at: what the step is given, the values on the way \
      to the objective, the gradients on the way back, the gradient of each parameter, and what \
      the optimiser makes of it. The first value that is not finite is marked.

        elbo replay runs/<run>                  the values around the first that is not finite
        elbo replay runs/<run> --all            all values
        elbo replay runs/<run> --json           all of it, for programs

      range: the smallest and the largest finite number; mean: of their magnitudes; not finite: \
      how many elements are infinite or no number. Guides/Divergence.md says what to do then.
      """)

  @Argument(help: "The folder of a run that diverged, or the folder divergence in it.")
  var folder: String

  @Flag(help: "All values, not only those around the first that is not finite.")
  var all = false

  @Flag(help: "Write JSON.")
  var json = false

  @OptionGroup var threads: ThreadOptions

  func validate() throws { try require(folder, "The run") }

  func run() throws {
    let step = try ReplayFolder.find(folder).read()
    try step.precision.check()
    let seen = step.inspect(threads.makeWorkers())
    let isSame = step.digest.map { $0 == seen.digest }
    if json {
      var json = seen.json
      json["finding"] = .string(step.finding)
      json["step"] = JSONValue(step.step)
      json["same"] = isSame.map { .bool($0) } ?? .null
      Terminal.write(json.pretty)
    } else {
      ReplayTable(seen, all: all).write()
      say(step, seen, isSame)
    }
  }

  private func say(_ step: RecordedReplay, _ seen: StepInspection, _ isSame: Bool?) {
    let what = step.isTraining ? "step \(step.step)" : "the evaluation after step \(step.step)"
    Terminal.line(
      "\(what), \(step.examples.grouped) examples of \(step.data.shown()): "
        + (seen.sentence ?? "all values are finite here"))
    switch isSame {
    case true: Terminal.line("all of it as in the run, bit for bit")
    case false:
      Terminal.line(
        "not the same as in the run, which another kind of CPU or another version may explain; "
          + "there: " + step.finding.shown(limit: 500))
    default: break
    }
  }
}

/// The values of a step as lines.
struct ReplayTable {
  private let seen: StepInspection
  private let shown: [Int]

  /// All rows, or those that matter: what the step is given, what is not finite, and what comes
  /// before.
  init(_ seen: StepInspection, all: Bool) {
    self.seen = seen
    guard !all, let first = seen.first else {
      shown = Array(seen.rows.indices)
      return
    }
    let phase = seen.rows[first].phase
    shown = seen.rows.indices.filter { index in
      let row = seen.rows[index]
      // A step goes on after its first fault; what follows says no more than that.
      return index <= first && (row.phase == phase || row.phase == .input)
        || (first + 1...first + 3).contains(index)
    }
  }

  /// Writes a header and a line for each value.
  func write() {
    let head = ["", "part", "operation", "layer", "for", "shape", "range", "mean", "not finite"]
    var last: StepInspection.Phase?
    let lines = shown.map { index in
      let row = seen.rows[index]
      let range = row.range
      defer { last = row.phase }
      func number(_ value: Double?) -> String { value?.short ?? "-" }
      let bounds =
        range.minimum == nil ? "-" : "\(number(range.minimum)) .. \(number(range.maximum))"
      return [
        index == seen.first ? ">" : "", row.phase == last ? "" : row.phase.rawValue, row.operation,
        row.place, row.quantity, "\(range.shape)", bounds, number(range.meanMagnitude),
        range.nonFinite == 0 ? "" : row.counts,
      ]
    }
    let widths = head.indices.map { column in
      ([head] + lines).map { $0[column].count }.max() ?? 0
    }
    for cells in [head] + lines {
      let text = zip(cells, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        .joined(separator: "  ")
      let end = text.lastIndex { $0 != " " }
      Terminal.line(end.map { String(text[...$0]) } ?? "")
    }
    if shown.count < seen.rows.count {
      Terminal.line("... \((seen.rows.count - shown.count).grouped) more values: --all")
    }
  }
}

extension StepInspection.Row {
  /// "3 nan, 1 inf of 12".
  fileprivate var counts: String {
    kinds.map { "\($0.count) \($0.kind)" }.joined(separator: ", ") + " of \(range.count)"
  }
}
