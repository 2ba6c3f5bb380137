// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The random numbers of an evidence measurement: each sequence is a function of (seed, stage, run,
/// number) alone. Runs that must not depend on each other, as a pilot and what it tunes, differ in
/// `run`.
struct EvidenceNoise: StagedNoise, Sendable {
  /// What a sequence is for.
  enum Stage: Int {
    case starts, components, jumps, lengths, momenta, acceptance
  }

  let seed: UInt64
  let run: Int

  func key(_ stage: Stage, _ number: Int) -> NoiseKey {
    NoiseKey(seed: seed, number, run << 8 | stage.rawValue, NoisePurpose.evidence.rawValue)
  }
}
