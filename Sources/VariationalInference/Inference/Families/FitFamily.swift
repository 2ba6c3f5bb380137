// SPDX-License-Identifier: Apache-2.0

/// What q is. Whatever it is, the same importance check judges it and the same chains may correct
/// it, so that the ELBOs, evidences and verdicts of families can be held side by side.
public enum FitFamily: Sendable, Equatable {
  /// The default: few full-rank Gaussians, one for each mode found, and a wider one where needed.
  case automatic
  /// Independent normal coordinates that maximise the ELBO: for a normal posterior of precision L
  /// the exact means, and variances 1 / L_jj, which are too small where coordinates are
  /// correlated.
  case meanField
  /// One Gaussian of any covariance that maximises the ELBO.
  case fullRank
  /// One Gaussian of covariance diag(d)^2 + U U^T with U `[D, rank]` that maximises the ELBO, found
  /// at a cost of O(B D rank) for a step of B draws: for thousands of coordinates.
  case lowRank(_ rank: Int)
  /// The highest mode found and the inverse Hessian of -log p there.
  ///
  /// - Source: Tierney and Kadane, JASA 81 (1986).
  case laplace
  /// Of the Gaussians that each L-BFGS search saw on its way the one with the best ELBO; those of
  /// several searches with importance weights.
  ///
  /// - Source: Zhang, Carpenter, Gelman and Vehtari, "Pathfinder", JMLR 23 (2022),
  ///   arXiv:2108.03782.
  case pathfinder
  /// One Gaussian bent by affine coupling layers: z = m + F f(e). See ``CouplingFlow``.
  case flow(layers: Int)
  /// Up to so many full-rank Gaussians, moved by importance weights so that KL(p || q) falls.
  ///
  /// - Source: Cappe, Douc, Guillin, Marin and Robert, "Adaptive importance sampling in general
  ///   mixture classes", Statistics and Computing 18 (2008), arXiv:0710.4242.
  case mixture(components: Int)
}

extension FitFamily: LosslessStringConvertible {
  /// As a command takes it: `mean-field`, `low-rank:3`, `flow:4`, `mixture:2`.
  public var description: String {
    switch self {
    case .automatic: "automatic"
    case .meanField: "mean-field"
    case .fullRank: "full-rank"
    case .lowRank(let rank): "low-rank:\(rank)"
    case .laplace: "laplace"
    case .pathfinder: "pathfinder"
    case .flow(let layers): "flow:\(layers)"
    case .mixture(let components): "mixture:\(components)"
    }
  }

  /// The family of a name as ``description`` writes it; nil for any other text.
  public init?(_ description: String) {
    let parts = description.split(separator: ":", omittingEmptySubsequences: false)
    let number = parts.count == 2 ? Int(parts[1]) : nil
    let family: FitFamily? =
      switch (parts.first, number) {
      case ("automatic", nil): .automatic
      case ("mean-field", nil): .meanField
      case ("full-rank", nil): .fullRank
      case ("low-rank", let rank?): .lowRank(rank)
      case ("laplace", nil): .laplace
      case ("pathfinder", nil): .pathfinder
      case ("flow", let layers?): .flow(layers: layers)
      case ("mixture", let components?): .mixture(components: components)
      default: nil
      }
    // What was read as another text, as "laplace:x" or "flow:+2", was none.
    guard let family, family.description == description else { return nil }
    self = family
  }
}

/// What q maximises. With w = p / q at draws of q:
public enum FitObjective: Sendable, Equatable {
  /// E[log w], the evidence lower bound: minimises KL(q || p), which leaves out what q cannot
  /// cover.
  case elbo
  /// E[log (w_1 + ... + w_K) / K]: a tighter bound, for a q that is used with importance weights.
  ///
  /// - Source: Burda, Grosse and Salakhutdinov, "Importance weighted autoencoders", ICLR 2016,
  ///   arXiv:1509.00519.
  case importanceWeighted(_ draws: Int)
  /// E[log ((w_1^(1-alpha) + ... + w_K^(1-alpha)) / K) / (1 - alpha)] of K = 16 draws: alpha = 1 is
  /// the ELBO, less covers more, 0 is the importance-weighted bound.
  ///
  /// - Source: Li and Turner, "Renyi divergence variational inference", NIPS 2016,
  ///   arXiv:1602.02311.
  case renyi(alpha: Double)
}
