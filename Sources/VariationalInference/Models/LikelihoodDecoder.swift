// SPDX-License-Identifier: Apache-2.0

/// A network that maps z to p(x | z) of data of any kind: hidden layers, a linear map to the parameters of
/// each law, and those parameters that do not depend on z.
///
/// Outputs o become parameters so that any numbers are right: a discretised logistic's location is
/// 1 / (1 + exp(-o)), a count's log mean is o or, given the total T, log T + log softmax(o).
public struct LikelihoodDecoder<Scalar: TensorScalar>: Parameterized {
  /// What p(x | z) is.
  public let likelihood: DataLikelihood
  /// `fc1`, ...
  public var hidden: HiddenLayers<Scalar>
  /// The last layer, numbered after the hidden ones.
  public var output: Linear<Scalar>
  /// For each group of columns its parameters that do not depend on z, such as `gaussian.log_scale`.
  public var own: [[Tensor<Scalar>]]

  /// A decoder of these sizes; its inputs are z and any conditions, without a total.
  public init(
    _ likelihood: DataLikelihood, inputs: Int, hidden widths: [Int], activation: Activation,
    using generator: inout some RandomNumberGenerator
  ) {
    self.likelihood = likelihood
    hidden = HiddenLayers(
      inputs: inputs, widths: widths, activation: activation, using: &generator)
    output = Linear(
      inputs: widths.last ?? inputs, outputs: likelihood.outputs, using: &generator)
    own = likelihood.groups.map { group in
      group.ownParameters.map { Tensor(repeating: Scalar($0.value), shape: $0.shape) }
    }
  }

  /// p(x | z) for each row.
  ///
  /// - Parameter rows: z and any conditions, `[..., inputs]`; with the total as one column more where the
  ///   likelihood is given it.
  /// - Returns: A distribution of the columns of x.
  public func likelihood(given rows: Tensor<Scalar>) -> PartitionedDistribution<Scalar> {
    let axis = rows.rank - 1
    let inputs = rows.shape[axis] - (likelihood.isGivenTotal ? 1 : 0)
    let total = likelihood.isGivenTotal ? rows.slice(inputs..<inputs + 1, along: axis) : nil
    let o = output(hidden(total == nil ? rows : rows.slice(0..<inputs, along: axis)))
    var start = 0
    return PartitionedDistribution(
      zip(likelihood.groups, own).map { group, own in
        let part =
          likelihood.groups.count == 1
          ? o : o.slice(start..<start + group.outputs, along: o.rank - 1)
        start += group.outputs
        let units = group.units.isEmpty ? nil : Tensor(group.units.map { Scalar($0) }).log()
        return .init(group.columns, group.distribution(part, own, total: total), logUnits: units)
      })
  }

  /// A copy whose output biases predict the mean of each column of x: it begins there instead of
  /// learning it first.
  ///
  /// - Parameter means: Of each column, in the numbers of x.
  /// - Returns: The decoder with other biases in its last layer.
  public func withOutputBias(atMeans means: [Double]) -> LikelihoodDecoder {
    precondition(
      means.count == likelihood.width, "\(means.count) means for \(likelihood.width) columns")
    let biases = likelihood.groups.flatMap { group in
      group.outputBiases(Array(means[group.columns]))
    }
    var copy = self
    copy.output.bias = Tensor(biases.map { Scalar($0) })
    return copy
  }

  /// `fc1.*`, `fc2.*`, ..., then `gaussian.log_scale` and the like, by law.
  public mutating func visitParameters(
    _ visit: (_ name: String, _ parameter: inout Tensor<Scalar>) throws -> Void
  ) rethrows {
    try hidden.visitParameters(visit)
    let number = hidden.layers.count + 1
    try output.visitParameters { try visit("fc\(number).\($0)", &$1) }
    for group in own.indices {
      for (index, name) in likelihood.parameterNames(ofGroup: group).enumerated() {
        try visit(name, &own[group][index])
      }
    }
  }
}

extension DataLikelihood {
  /// The law and what the parameter is; with the group's number where two have one law.
  func parameterNames(ofGroup number: Int) -> [String] {
    let law = groups[number].law
    let same = groups.indices.filter { groups[$0].law == law }
    let name =
      same.count == 1 ? law.rawValue : "\(law.rawValue)\((same.firstIndex(of: number) ?? 0) + 1)"
    return groups[number].ownParameters.map { "\(name).\($0.name)" }
  }

  /// x as an encoder sees it: counts as log(1 + x), reals that the model standardises so, 0 where
  /// `observed` is, and anything else as it is.
  func encoderInput<Scalar>(
    _ x: Tensor<Scalar>, observed: Tensor<Scalar>? = nil
  ) -> Tensor<Scalar> {
    if groups.allSatisfy({ !$0.law.isOfCounts && $0.standards.isEmpty }) { return x }
    func seen(_ part: Tensor<Scalar>, _ group: Group) -> Tensor<Scalar> {
      if group.law.isOfCounts { return part.logOnePlus() }
      guard !group.standards.isEmpty else { return part }
      let standardised = (part - group.locations()) * group.inverseScales()
      guard let observed else { return standardised }
      return standardised
        * (groups.count == 1 ? observed : observed.slice(group.columns, along: 1))
    }
    if groups.count == 1, x.shape[1] == width { return seen(x, groups[0]) }
    var parts = groups.map { group in seen(x.slice(group.columns, along: 1), group) }
    if x.shape[1] > width { parts.append(x.slice(width..<x.shape[1], along: 1)) }
    return .concatenated(parts, along: 1)
  }
}

extension DataLikelihood.Group {
  fileprivate func locations<Scalar>() -> Tensor<Scalar> {
    Tensor(standards.map { Scalar($0.location) })
  }

  fileprivate func inverseScales<Scalar>() -> Tensor<Scalar> {
    Tensor(standards.map { Scalar(1 / $0.scale) })
  }

  fileprivate func scales<Scalar>() -> Tensor<Scalar> {
    Tensor(standards.map { Scalar($0.scale) })
  }

  /// The law whose parameters are the decoder's outputs `o`, `[..., outputs]`, and `own`.
  fileprivate func distribution<Scalar>(
    _ o: Tensor<Scalar>, _ own: [Tensor<Scalar>], total: Tensor<Scalar>?
  ) -> any DataDistribution<Scalar> {
    let (n, axis) = (columns.count, o.rank - 1)
    let output = outputs == n ? o : o.slice(0..<n, along: axis)
    let first = standards.isEmpty ? output : output * scales() + locations()
    var second: Tensor<Scalar> { o.slice(n..<2 * n, along: axis) }
    var logScale: Tensor<Scalar> {
      let start = Scalar(law == .discretisedLogistic ? -2 : 0)
      let own = noise == .output ? second + start : own[0]
      return standards.isEmpty ? own : own + scales().log()
    }
    /// log of the mean of counts.
    var logMean: Tensor<Scalar> {
      guard let total else { return first }
      // A row without a count has shares of nothing: a mean that is next to 0.
      let logTotal = Tensor.maximum(total, Tensor(Scalar(1e-8))).log()
      return first - first.logSumExp(along: axis, keepingAxis: true) + logTotal
    }
    switch law {
    case .bernoulli: return IndependentBernoulli(logits: first)
    case .continuousBernoulli: return IndependentContinuousBernoulli(logits: first)
    case .gaussian: return IndependentGaussian(mean: first, logVariance: logScale * 2)
    case .laplace: return IndependentLaplace(location: first, logScale: logScale)
    case .studentT:
      return IndependentStudentT(
        location: first, logScale: logScale, logDegrees: own[own.count - 1])
    case .discretisedLogistic:
      return DiscretisedLogistic(location: first.sigmoid(), logScale: logScale)
    case .poisson: return IndependentPoisson(logRate: first)
    case .negativeBinomial:
      return IndependentNegativeBinomial(logMean: logMean, logDispersion: own[0])
    case .zeroInflatedNegativeBinomial:
      return ZeroInflatedNegativeBinomial(
        logMean: logMean, logDispersion: own[0], zeroLogits: second)
    case .binomial:
      return IndependentBinomial(logits: first, trials: Tensor(sizes.map { Scalar($0) }))
    case .multinomial:
      return MultinomialCounts(
        logits: first, totals: total.map { $0.reshaped(to: Array($0.shape.dropLast())) })
    case .categorical: return IndependentCategorical(logits: first, classes: sizes)
    }
  }

  /// Biases of the outputs that give these means of the columns.
  fileprivate func outputBiases(_ means: [Double]) -> [Double] {
    func logit(_ p: Double) -> Double {
      let p = min(max(p, 0.001), 0.999)
      return logarithm(p / (1 - p))
    }
    let first: [Double] =
      switch law {
      case .bernoulli, .discretisedLogistic: means.map(logit)
      case .continuousBernoulli: means.map { _ in 0 }
      case .gaussian, .studentT, .laplace:
        standards.isEmpty
          ? means : zip(means, standards).map { ($0 - $1.location) / $1.scale }
      case .poisson, .negativeBinomial, .zeroInflatedNegativeBinomial, .multinomial, .categorical:
        means.map { logarithm(max($0, 1e-4)) }
      case .binomial: zip(means, sizes).map { logit($0 / Double($1)) }
      }
    // Noise begins at its usual width, and few zeros are more than the counts' own.
    let second = law == .zeroInflatedNegativeBinomial ? -2.0 : 0
    return first + [Double](repeating: second, count: outputs - columns.count)
  }
}
