// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

extension CheckpointPolicy.Interval {
  /// For options.
  init(argument: String) throws {
    guard let interval = Self(argument) else {
      throw ValidationError(
        "a positive number of seconds, minutes, hours, steps or epochs is expected, as 30s, 5min, "
          + "500steps or 2epochs")
    }
    self = interval
  }
}

/// When a run saves its state.
struct CheckpointSettings: ParsableArguments {
  @Option(
    name: .customLong("checkpoint-every"),
    help: """
      Save after so much time, so many steps or epochs: 30s, 5min, 500steps, 2epochs. (default: 30s)
      """,
    transform: CheckpointPolicy.Interval.init(argument:))
  var interval: CheckpointPolicy.Interval?

  @Option(
    name: .customLong("keep"), parsing: .unconditional,
    help: """
      Keep so many of the last states: state.safetensors, and those before it as state-<steps>.safetensors, \
      each of which --resume takes. (default: 1)
      """)
  var kept: Int?

  func validate() throws { try require(kept, "--keep", atMost: 1000) }

  /// These settings; what was not given is as in another policy.
  func policy(_ other: CheckpointPolicy = CheckpointPolicy()) -> CheckpointPolicy {
    CheckpointPolicy(interval: interval ?? other.interval, kept: kept ?? other.kept)
  }
}
