// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization
internal import VariationalInference

/// Shows how far `elbo evidence` is over all its parts, and asks them to stop on Ctrl-C.
final class EvidenceDisplay: EvidenceListener {
  private struct State {
    var part: EvidencePart?
    var finished = 0.0
    var lastDrawn = 0.0
  }

  private let plan: EvidencePlan
  private let isSilent: Bool
  private let started = Clock.seconds
  private let state = Mutex(State())

  init(_ plan: EvidencePlan, isSilent: Bool) {
    self.plan = plan
    self.isSilent = isSilent
  }

  /// A new part; what came before it is done.
  func begin(_ part: EvidencePart, _ words: String) {
    state.withLock { state in
      if let last = state.part { state.finished += plan.work(last) }
      state.part = part
    }
    if !isSilent && !Terminal.isInteractive { Terminal.line("measuring \(words)") }
    _ = advance(0)
  }

  /// For a stretch of the present part, as shares of it; it asks to stop on Ctrl-C.
  func listener(from start: Double, to end: Double) -> EvaluationProgress {
    { share in self.advance(start + (end - start) * share) }
  }

  /// The share of the present part that is done; false where the work should stop.
  private func advance(_ share: Double) -> Bool {
    if !isSilent && Terminal.isInteractive { draw(share) }
    return Interrupt.signalNumber == nil
  }

  func end() { if !isSilent { Terminal.clearLine() } }

  private func draw(_ share: Double) {
    let now = Clock.seconds
    let line = state.withLock { state -> String? in
      guard now - state.lastDrawn > 0.1, let part = state.part else { return nil }
      state.lastDrawn = now
      let total = EvidencePart.allCases.reduce(0) { $0 + plan.work($1) }
      let done = (state.finished + share * plan.work(part)) / max(total, 1)
      let cells = 20
      let filled = min(cells, Int(Double(cells) * done))
      let left = done > 0.02 ? (now - started) * (1 - done) / done : nil
      return "\(part.rawValue.padded(to: 7))[" + String(repeating: "█", count: filled)
        + String(repeating: "·", count: cells - filled) + "] \(Int(100 * done)) %"
        + (left.map { "  about \(Clock.words($0)) left" } ?? "")
    }
    if let line { Terminal.redraw(line) }
  }
}
