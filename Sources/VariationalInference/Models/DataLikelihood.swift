// SPDX-License-Identifier: Apache-2.0

/// What p(x | z) is of data of any kind: the law of each group of neighbouring columns of x.
///
///     DataLikelihood(.gaussian, columns: 21)                     // one law for all
///     DataLikelihood([                                           // a table of several kinds
///       .init(.gaussian, 0..<4), .init(.bernoulli, 4..<6), .init(.categorical, 6..<9, sizes: [3])])
public struct DataLikelihood: Sendable, Equatable {
  /// A family of distributions. A decoder's outputs are its parameters that depend on z.
  public enum Law: String, Sendable, CaseIterable {
    /// 0 or 1: ``IndependentBernoulli``.
    case bernoulli
    /// Real numbers from 0 to 1: ``IndependentContinuousBernoulli``.
    case continuousBernoulli = "continuous-bernoulli"
    /// Real numbers with normal noise: ``IndependentGaussian``.
    case gaussian
    /// Real numbers with heavy tails, whose degrees of freedom are learned: ``IndependentStudentT``.
    case studentT = "student-t"
    /// Real numbers with double-exponential noise: ``IndependentLaplace``.
    case laplace
    /// 256 levels from 0 to 1, as bytes of pixels: ``DiscretisedLogistic``.
    case discretisedLogistic = "discretised-logistic"
    /// Counts: ``IndependentPoisson``.
    case poisson
    /// Counts that vary more than Poisson's: ``IndependentNegativeBinomial``.
    case negativeBinomial = "negative-binomial"
    /// The same with more zeros: ``ZeroInflatedNegativeBinomial``.
    case zeroInflatedNegativeBinomial = "zero-inflated-negative-binomial"
    /// Successes in so many trials of each column: ``IndependentBinomial``.
    case binomial
    /// Counts given their sum: ``MultinomialCounts``.
    case multinomial
    /// One class of several, as one column of 0 or 1 for each: ``IndependentCategorical``.
    case categorical
  }

  /// What the width of a law's noise may depend on.
  public enum Noise: String, Sendable, CaseIterable {
    /// One number for all columns, learned.
    case one
    /// One for each column, learned.
    case column
    /// One for each column that depends on z: outputs of the decoder.
    case output
  }

  /// Neighbouring columns of one law.
  public struct Group: Sendable, Equatable {
    /// Their law.
    public var law: Law
    /// Which columns of x.
    public var columns: Range<Int>
    /// What the width of the noise depends on, for laws that have it.
    public var noise: Noise
    /// The classes of each categorical variable, whose sum is the number of columns; or the trials of
    /// each binomial one.
    public var sizes: [Int]
    /// What 1 in x is in the numbers that people know, for each column: the scale by which reals were
    /// standardised. Empty for 1.
    public var units: [Double]
    /// The numbers of x that the networks see as 0 and 1, for each column of reals that the model itself
    /// standardises. Empty for 0 and 1.
    public var standards: [Standard]

    /// A number x is (x - location) / scale to a network.
    public struct Standard: Sendable, Equatable {
      /// What is 0.
      public var location: Double
      /// How much more is 1; above 0.
      public var scale: Double

      /// A location and a scale.
      public init(location: Double, scale: Double) {
        (self.location, self.scale) = (location, scale)
      }
    }

    /// Columns of a law.
    public init(
      _ law: Law, _ columns: Range<Int>, noise: Noise = .column, sizes: [Int] = [],
      units: [Double] = [], standards: [Standard] = []
    ) {
      precondition(!columns.isEmpty, "a law of no column")
      switch law {
      case .categorical:
        precondition(
          sizes.allSatisfy { $0 > 0 } && sizes.reduce(0, +) == columns.count,
          "classes \(sizes) for \(columns.count) columns")
      case .binomial:
        precondition(
          sizes.allSatisfy { $0 > 0 } && sizes.count == columns.count,
          "\(sizes.count) numbers of trials for \(columns.count) columns")
      default: precondition(sizes.isEmpty, "\(law.rawValue) has no sizes")
      }
      precondition(
        units.isEmpty || units.count == columns.count && units.allSatisfy { $0 > 0 },
        "\(units.count) units for \(columns.count) columns")
      precondition(
        standards.isEmpty
          || law.isReal && standards.count == columns.count
            && standards.allSatisfy { $0.scale > 0 },
        "\(standards.count) standards for \(columns.count) columns of the law \(law.rawValue)")
      (self.law, self.columns, self.noise) = (law, columns, noise)
      (self.sizes, self.units, self.standards) = (sizes, units, standards)
    }
  }

  /// In the order of the columns.
  public var groups: [Group]
  /// Whether counts are given their sum in each row, a field that the model reads as "total".
  ///
  /// A multinomial law has no other form; the mean of a negative binomial one is then the total times
  /// shares that sum to 1.
  public var isGivenTotal: Bool

  /// These groups.
  ///
  /// - Precondition: The first begins at 0, each begins where the one before ends, and there is but one
  ///   where totals are given.
  public init(_ groups: [Group], isGivenTotal: Bool = false) {
    var end = 0
    for group in groups {
      precondition(
        group.columns.lowerBound == end, "columns \(group.columns) after the first \(end)")
      end = group.columns.upperBound
    }
    precondition(end > 0, "a likelihood of no column")
    precondition(!isGivenTotal || groups.count == 1, "one total for \(groups.count) groups")
    precondition(
      isGivenTotal || groups.allSatisfy { $0.law != .multinomial },
      "a multinomial law takes totals")
    self.groups = groups
    self.isGivenTotal = isGivenTotal
  }

  /// One law for all columns.
  public init(_ law: Law, columns: Int, noise: Noise = .column, sizes: [Int] = []) {
    self.init(
      [Group(law, 0..<columns, noise: noise, sizes: sizes)], isGivenTotal: law.takesTotal)
  }

  /// The number of columns.
  public var width: Int { groups.last?.columns.upperBound ?? 0 }

  /// The outputs of a decoder.
  var outputs: Int { groups.reduce(0) { $0 + $1.outputs } }

  /// What so many nats of log-probability per example are in bits per dimension, as pictures are
  /// compared by: -log2 p(x) / width; nil where not all columns are levels of pixels.
  public func bitsPerDimension(nats: Double) -> Double? {
    groups.allSatisfy { $0.law == .discretisedLogistic }
      ? -nats / (Double(width) * 0.6931471805599453) : nil
  }

  /// In words: "gaussian", or "3 gaussian, 2 bernoulli" for a table.
  public var words: String {
    if groups.count == 1 { return groups[0].words }
    var counts: [(words: String, variables: Int)] = []
    for group in groups {
      if let place = counts.firstIndex(where: { $0.words == group.words }) {
        counts[place].variables += group.variables
      } else {
        counts.append((group.words, group.variables))
      }
    }
    return counts.map { "\($0.variables) \($0.words)" }.joined(separator: ", ")
  }

  /// What a log-probability of such data means, in a few words.
  public var meaning: String {
    if groups.count > 1 {
      let density = groups.contains { $0.law.isDensity } ? "log-density" : "log-probability"
      return "\(density) of the columns in their own units, each by its kind (\(words))"
    }
    let units = groups[0].units.isEmpty && groups[0].standards.isEmpty ? "" : " in their own units"
    let given = isGivenTotal ? " given each row's total" : ""
    return switch groups[0].law {
    case .bernoulli: "log-probability of binary numbers"
    case .continuousBernoulli: "log-density of numbers from 0 to 1 (continuous Bernoulli)"
    case .gaussian, .studentT, .laplace:
      "log-density of real numbers\(units), which may be positive (\(words))"
    case .discretisedLogistic: "log-probability of 256 levels (discretised logistic)"
    case .poisson, .negativeBinomial, .zeroInflatedNegativeBinomial, .binomial, .multinomial:
      "log-probability of counts\(given) (\(words))"
    case .categorical: "log-probability of classes"
    }
  }
}

extension DataLikelihood.Law {
  /// Whether the width of its noise can depend on one thing or another.
  public var hasNoise: Bool {
    switch self {
    case .gaussian, .studentT, .laplace, .discretisedLogistic: true
    default: false
    }
  }

  /// Whether values are real numbers of any size.
  var isReal: Bool {
    switch self {
    case .gaussian, .studentT, .laplace: true
    default: false
    }
  }

  /// Whether values are counts, which an encoder sees as log(1 + x).
  var isOfCounts: Bool {
    switch self {
    case .poisson, .negativeBinomial, .zeroInflatedNegativeBinomial, .binomial, .multinomial: true
    default: false
    }
  }

  /// Whether it is a density of real numbers, not a probability.
  var isDensity: Bool {
    switch self {
    case .continuousBernoulli, .gaussian, .studentT, .laplace: true
    default: false
    }
  }

  /// Whether it is given the total of a row, where it is the law of all columns.
  var takesTotal: Bool {
    switch self {
    case .negativeBinomial, .zeroInflatedNegativeBinomial, .multinomial: true
    default: false
    }
  }
}

extension DataLikelihood.Group {
  /// Law and noise.
  fileprivate var words: String {
    guard law.hasNoise else { return law.rawValue }
    let scope =
      switch noise {
      case .one: "one noise"
      case .column: "noise by column"
      case .output: "noise by output"
      }
    return "\(law.rawValue) with \(scope)"
  }

  /// How many variables the columns are.
  fileprivate var variables: Int { law == .categorical ? sizes.count : columns.count }

  /// The outputs of a decoder for this group.
  var outputs: Int {
    let isDouble = law.hasNoise ? noise == .output : law == .zeroInflatedNegativeBinomial
    return isDouble ? 2 * columns.count : columns.count
  }

  /// The parameters that do not depend on z, with their first values.
  var ownParameters: [(name: String, shape: [Int], value: Double)] {
    let n = columns.count
    switch law {
    case .gaussian, .studentT, .laplace, .discretisedLogistic:
      // Levels lie between 0 and 1: they begin with an eighth of their range, reals with their own unit.
      let start = law == .discretisedLogistic ? -2.0 : 0
      let scale = [(name: "log_scale", shape: [noise == .one ? 1 : n], value: start)]
      return (noise == .output ? [] : scale)
        + (law == .studentT ? [(name: "log_degrees", shape: [1], value: 2)] : [])
    case .negativeBinomial, .zeroInflatedNegativeBinomial:
      return [(name: "log_dispersion", shape: [n], value: 0)]
    default: return []
    }
  }
}
