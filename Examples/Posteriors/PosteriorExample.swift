// SPDX-License-Identifier: Apache-2.0

public import VariationalInference

/// A model with its data, small enough to read at once: what programs look like, and what can be
/// run without a file.
public struct PosteriorExample: Sendable {
  /// As a command takes it: `eight_schools`.
  public let name: String
  /// What it is, in one line.
  public let description: String
  /// The program with its data.
  public let model: Model

  /// From the simplest on.
  public static let all = [
    linearRegression, logisticRegression, eightSchools, mixture, hiddenMarkov, stateSpace,
    gaussianProcess,
  ]
}
