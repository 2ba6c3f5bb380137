// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// When a run saves its state, and how many of its last states it keeps.
package struct CheckpointPolicy: Sendable, Equatable {
  /// So long, so many steps or so many epochs after the state before; a run's first and last state are
  /// saved in any case.
  package enum Interval: Sendable, Equatable {
    case seconds(Double)
    case steps(Int)
    case epochs(Int)
  }

  /// When.
  package var interval: Interval
  /// How many, at least 1.
  package var kept: Int

  /// A state every 30 seconds, and the last one alone, unless others are given.
  package init(interval: Interval = .seconds(30), kept: Int = 1) {
    precondition(kept >= 1, "\(kept) states kept")
    self.interval = interval
    self.kept = kept
  }

  /// Whether a state is due.
  ///
  /// - Parameters:
  ///   - seconds: Since the last one.
  ///   - steps: Since the last one.
  ///   - epochs: Ends of epochs since the last one.
  /// - Returns: Whether so much is enough.
  package func isDue(seconds: Double, steps: Int, epochs: Int) -> Bool {
    switch interval {
    case .seconds(let interval): seconds >= interval
    case .steps(let interval): steps >= interval
    case .epochs(let interval): epochs >= interval
    }
  }
}

extension CheckpointPolicy.Interval {
  private static let units: [(names: Set<String>, make: @Sendable (Double) -> Self?)] = [
    (["s", "sec", "second", "seconds"], { .seconds($0) }),
    (["m", "min", "minute", "minutes"], { .seconds(60 * $0) }),
    (["h", "hour", "hours"], { .seconds(3600 * $0) }),
    (["step", "steps"], { Int(exactly: $0).map { .steps($0) } }),
    (["epoch", "epochs"], { Int(exactly: $0).map { .epochs($0) } }),
  ]

  /// A number and its unit: "30s", "5 minutes", "500steps", "1epoch"; nil for anything else.
  package init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }
    guard let number = Double(digits), number > 0, number <= 1e9,
      let interval = Self.units.first(where: { $0.names.contains(String(unit)) })?.make(number)
    else { return nil }
    self = interval
  }

  /// The same as text.
  package var words: String {
    func count(_ number: Int, _ unit: String) -> String {
      "\(number) \(unit)\(number == 1 ? "" : "s")"
    }
    return switch self {
    case .seconds(let seconds):
      seconds == seconds.rounded() ? "\(Int(seconds)) s" : "\(seconds) s"
    case .steps(let steps): count(steps, "step")
    case .epochs(let epochs): count(epochs, "epoch")
    }
  }
}

extension CheckpointPolicy {
  /// For the entry "training" of `run.json`; without the defaults.
  var members: [JSONValue.Member] {
    let standard = CheckpointPolicy()
    var members: [JSONValue.Member] = []
    if interval != standard.interval {
      members.append(.init("checkpoint_every", .string(interval.words)))
    }
    if kept != standard.kept { members.append(.init("kept_states", JSONValue(kept))) }
    return members
  }

  init(_ reader: RecordReader) throws {
    self.init()
    let interval = try reader.optional("training", "checkpoint_every") {
      $0.stringValue.flatMap(Interval.init)
    }
    let kept = try reader.optional("training", "kept_states") { json in
      json.intValue.flatMap { (1...1000).contains($0) ? $0 : nil }
    }
    if let interval { self.interval = interval }
    if let kept { self.kept = kept }
  }
}
