// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The chains of a few examples, all moved at once, `[examples, chains, n]`.
///
/// Forward, from z[0] ~ pi_0, with z[t] from z[t-1] by the transition K[t] that leaves
/// pi_beta[t] invariant, and D(z) = log p(x, z) - log pi_0(z):
///
///     log w = sum over t = 1 ... T of (beta[t] - beta[t-1]) D(z[t-1]),      E[w] = p(x)
///
/// Reverse, from z[T-1] ~ p(z | x) through K[T-1], ..., K[1]: the same sum with the opposite
/// sign, and E[1 / w] = 1 / p(x). There is no K[T]: it would move chains after their last weight.
///
/// Where the path begins at a q whose draws are z = T(e), with as many standard normal numbers e,
/// it is followed in e:
///
///     log pi_0(e) = log N(e; 0, I),   D(e) = log p(x, T(e)) - log q(T(e)),   log q(T(e)) from e
///
/// That is the same path. But where q is narrower than the spacing of `Scalar` at z, log q computed
/// from z is off by nats, and chains find no z to move to; e has all its digits.
///
/// - Source: Neal 2001; Grosse, Ghahramani and Adams 2015, arXiv:1511.02543.
struct AnnealedBlock<Pair: GuidedModel> {
  typealias Scalar = Pair.Scalar

  let pair: Pair
  let batch: Batch<Scalar>
  /// Their numbers in the whole, which name their random numbers.
  let examples: Range<Int>
  let settings: AnnealedImportanceSampling
  let counter: ProgressCounter

  private var dimension: Int { pair.model.ownDimension }

  /// The q that the path begins at, where chains are followed in the coordinates of its noise; nil
  /// where they are followed in those of z.
  private var invertible: (any InvertibleDistribution<Scalar>)? {
    guard settings.start == .posterior else { return nil }
    return pair.guide.posterior(given: batch) as? any InvertibleDistribution<Scalar>
  }

  /// Finds step sizes, then runs the chains in one direction, or in both where there is an exact
  /// draw of each example's posterior; nil where the work was stopped.
  func run(exact: Tensor<Scalar>?) -> AnnealedBlockResult? {
    guard let steps = warmUp() else { return nil }
    let betas = settings.schedule.inverseTemperatures(steps: settings.steps)
    let chains = settings.chains
    let start = initial(noise(.forward, chains: chains))
    let down = Array(1..<settings.steps)
    guard
      let lower = follow(
        down, from: start, role: .forward, steps: steps,
        increments: (1...settings.steps).map { betas[$0] - betas[$0 - 1] })
    else { return nil }
    guard let exact else { return .init(lower: lower, upper: nil) }
    // The same transitions in reverse order. Each is reversible, so this is the chain run backwards.
    // All chains of an example begin at its one exact draw. Each has E[1 / w] = 1 / p(x), and so
    // has their mean, although they depend on each other.
    let place = invertible?.noise(of: exact) ?? exact
    let upper = follow(
      down.reversed(),
      from: place.reshaped(to: [examples.count, 1, dimension])
        .repeated(to: [examples.count, chains, dimension]), role: .reverse, steps: steps,
      increments: (1...settings.steps).reversed().map { betas[$0 - 1] - betas[$0] })
    return upper.map { .init(lower: lower, upper: $0) }
  }

  /// Chains through the transitions `order`; before the first and after each, log w gains the next
  /// increment times the difference of the densities.
  private func follow(
    _ order: [Int], from start: Tensor<Scalar>, role: ChainNoise.Role, steps: AnnealedSteps<Scalar>,
    increments: [Double]
  ) -> AnnealedBound? {
    let noise = noise(role, chains: settings.chains)
    let density = density(chains: settings.chains)
    let sampler = HamiltonianMonteCarlo(density: density, leapfrogSteps: settings.leapfrogSteps)
    // Beta decides the gradient alone, which each transition computes anew.
    var point = density(at: start, beta: 1)
    var logWeights = point.difference.map { $0 * increments[0] }
    var accepted = [Double](repeating: 0, count: examples.count)
    let betas = settings.schedule.inverseTemperatures(steps: settings.steps)
    for (index, t) in order.enumerated() {
      guard counter.goesOn else { return nil }
      // Named by t, not by the place in `order`: both directions take the same K[t].
      let step = steps.step(beta: betas[t], index: t)
      let probabilities = sampler.transition(
        &point, beta: betas[t], step: step, noise: noise.transition(t))
      for (row, difference) in point.difference.enumerated() {
        logWeights[row] += increments[index + 1] * difference
      }
      for (example, mean) in means(probabilities, of: settings.chains).enumerated() {
        accepted[example] += mean
      }
      counter.advance()
    }
    return AnnealedBound(
      logWeights: logWeights, sign: role == .reverse ? -1 : 1,
      acceptance: accepted.map { $0 / Double(order.count) }, chains: settings.chains)
  }

  /// Chains that are thrown away: they follow the path once, coarsely, and each example's step grows
  /// or shrinks with how many of its proposals are accepted.
  ///
  /// At beta = 0 they are exact draws and need no transition; beta = 1 is the last, so that every
  /// beta of the weighted chains lies between two of these or before the first.
  private func warmUp() -> AnnealedSteps<Scalar>? {
    let chains = AnnealedSteps<Scalar>.warmUpChains
    let noise = noise(.warmUp, chains: chains)
    let density = density(chains: chains)
    let sampler = HamiltonianMonteCarlo(density: density, leapfrogSteps: settings.leapfrogSteps)
    let betas = settings.schedule.inverseTemperatures(steps: settings.warmUpSteps)
    var steps = AnnealedSteps(
      scale: posteriorScale(), start: settings.start, examples: examples.count)
    var point = density(at: initial(noise), beta: 0)
    for (index, beta) in betas.enumerated().dropFirst() {
      guard counter.goesOn else { return nil }
      let probabilities = sampler.transition(
        &point, beta: beta, step: steps.step(beta: beta, index: index),
        noise: noise.transition(index))
      steps.adapt(beta: beta, acceptance: means(probabilities, of: chains))
      counter.advance()
    }
    return steps
  }

  /// The mean of each example, whose chains are in succession.
  private func means(_ values: [Double], of chains: Int) -> [Double] {
    stride(from: 0, to: values.count, by: chains).map { first in
      values[first..<first + chains].reduce(0, +) / Double(chains)
    }
  }

  private func noise(_ role: ChainNoise.Role, chains: Int) -> ChainNoise {
    ChainNoise(
      seed: settings.seed, role: role, examples: examples, chains: chains, dimension: dimension)
  }

  /// Draws of the density that the path begins at.
  private func initial(_ noise: ChainNoise) -> Tensor<Scalar> {
    switch settings.start {
    case .prior: prior(sample: noise)
    case .posterior:
      invertible == nil
        ? pair.guide.posterior(given: batch).sample(noise: noise)
        : noise.start(dimension: dimension)
    }
  }

  /// The path of all chains, from z or e `[examples, chains, n]` to terms `[examples, chains]`:
  ///
  ///     prior        log pi_0 = log p(z),        D = log p(x | z)
  ///     posterior    log pi_0 = log q(z | x),    D = log p(x, z) - log q(z | x)
  private func density(chains: Int) -> AnnealedDensity<Scalar> {
    let (model, batch) = (pair.model, batch)
    switch settings.start {
    case .prior:
      return AnnealedDensity { z in
        guard let prior = model.logPrior(at: z) else {
          preconditionFailure("\(Pair.Model.self) has no prior apart that a path could begin at")
        }
        return (prior, -model.reconstructionCost(batch, at: z, shared: nil).perExample)
      }
    case .posterior:
      if let invertible { return density(inNoiseOf: invertible) }
      let q = pair.guide.posterior(given: batch)
      return AnnealedDensity { z in
        let start = q.logProbability(of: z)
        return (start, model.logDensity(batch, at: z) - start)
      }
    }
  }

  private func density(
    inNoiseOf q: some InvertibleDistribution<Scalar>
  ) -> AnnealedDensity<Scalar> {
    let (model, batch) = (pair.model, batch)
    return AnnealedDensity { e in
      let draw = q.draw(noise: e)
      return (
        e.standardNormalLogProbability(),
        model.logDensity(batch, at: draw.value) - draw.logProbability
      )
    }
  }

  /// The standard deviation of each coordinate at the start, `[examples, n]`: 1 where it is noise,
  /// else that under q, from draws that serve nothing else.
  private func posteriorScale() -> Tensor<Scalar> {
    if invertible != nil { return Tensor(repeating: 1, shape: [examples.count, dimension]) }
    // Not every q has a closed form. 64 draws of a normal q give it to 9%, (2 x 64)^(-1/2) of
    // itself, which is enough, as steps of any length leave pi_beta invariant.
    let z = pair.guide.posterior(given: batch).sample(noise: noise(.scale, chains: 64))
    return (z - z.mean(along: 1, keepingAxis: true)).squared().mean(along: 1).squareRoot()
  }

  private func prior(sample noise: ChainNoise) -> Tensor<Scalar> {
    guard let model = pair.model as? any GenerativeModel<Scalar> else {
      preconditionFailure("\(Pair.Model.self) has no prior that a path could begin at")
    }
    func draw(_ model: some GenerativeModel<Scalar>) -> Tensor<Scalar> {
      model.prior.sample(noise: noise)
    }
    return draw(model)
  }
}

extension ReparameterizedDistribution {
  /// Draws for the chains to start from.
  fileprivate func sample(noise: ChainNoise) -> Tensor<Scalar> {
    sample(noise: noise.start(dimension: noiseDimension))
  }
}
