// SPDX-License-Identifier: Apache-2.0

/// What is wrong with a model, found before anything is fitted.
public struct ModelError: Error, Equatable, CustomStringConvertible {
  /// The statement of the program, as `latent "tau"`; nil where the whole model is meant.
  public let statement: String?
  /// What was found, and what to do, as a sentence or two.
  public let problem: String

  init(_ statement: String?, _ problem: String) {
    self.statement = statement
    self.problem = problem
  }

  /// The statement and what is wrong with it.
  public var description: String {
    statement.map { "\($0): \(problem)" } ?? problem
  }
}
