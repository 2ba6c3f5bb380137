// SPDX-License-Identifier: Apache-2.0

/// Counts k = 0, 1, 2, ... of a rate r, their mean and variance.
///
///     log p(k) = k log r - r - log k!
///
/// - Source: "Stan functions reference", poisson and poisson_log.
public struct Poisson: Law {
  private enum Rate: Sendable {
    case number(Value)
    case logarithm(Value)
  }

  private let rate: Rate

  /// - Parameter rate: From 0 on.
  public init(_ rate: Value) { self.rate = .number(rate) }

  /// - Parameter logRate: log r, any number.
  public init(logRate: Value) { rate = .logarithm(logRate) }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] {
    switch rate {
    case .number(let value), .logarithm(let value): value.shape
    }
  }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    switch rate {
    case .number(let r):
      .combine("a log-density", x, r) { LogDensities.poisson($0, rate: $1) }
    case .logarithm(let eta):
      .combine("a log-density", x, eta) { LogDensities.poisson($0, logRate: $1) }
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    let mean =
      switch rate {
      case .number(let r): r
      case .logarithm(let eta): eta.exp()
      }
    return source.numbers(shape, [mean]) { $1.poisson($0[0]) }
  }
}

/// Counts k of mean mu that are more spread than those of ``Poisson``: variance mu + mu^2 / phi.
///
///     log p(k) = log Gamma(k + phi) - log Gamma(phi) - log k!
///                + k log(mu / (mu + phi)) + phi log(phi / (mu + phi))
///
/// The smaller the dispersion phi, the more spread; the larger, the nearer to ``Poisson``, whose
/// log-density it reaches without losing digits.
///
/// - Source: "Stan functions reference", neg_binomial_2 and neg_binomial_2_log.
public struct NegativeBinomial: Law {
  private let logMean: Value
  private let dispersion: Value

  /// - Parameters:
  ///   - mean: mu, above 0.
  ///   - dispersion: phi, above 0.
  public init(_ mean: Value, _ dispersion: Value) {
    (logMean, self.dispersion) = (mean.log(), dispersion)
  }

  /// - Parameters:
  ///   - logMean: log mu, any number.
  ///   - dispersion: phi, above 0.
  public init(logMean: Value, _ dispersion: Value) {
    (self.logMean, self.dispersion) = (logMean, dispersion)
  }

  /// Whole numbers, which ``isDiscrete`` tells.
  public var support: Constraint { .real }
  /// That of the parameters together.
  public var shape: [Int] { Value.broadcastShape([logMean.shape, dispersion.shape]) }
  /// Values have no gradient.
  public var isDiscrete: Bool { true }

  /// The formula above.
  public func logDensity(of x: Value) -> Value {
    .combine("a log-density", [x, logMean, dispersion]) {
      LogDensities.negativeBinomial($0[0], logMean: $0[1], dispersion: $0[2])
    }
  }

  /// Exact draws, with the parameters of each.
  public func draw(_ shape: [Int], from source: inout DrawSource) -> Value {
    // A Poisson count whose rate is of the law Gamma(phi, phi / mu).
    source.numbers(shape, [logMean.exp(), dispersion]) {
      $1.poisson($1.gamma($0[1]) / $0[1] * $0[0])
    }
  }
}
