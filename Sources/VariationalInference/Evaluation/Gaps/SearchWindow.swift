// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// The parts of a search that work on rows: climbing for a window of steps, and judging a bound.
struct SearchWindow<Model: JointDensity, Family: GuideFamily>: Sendable
where Family.Scalar == Model.Scalar {
  typealias Scalar = Model.Scalar

  let model: Model
  let family: Family
  let options: GapOptions
  /// Adam's rates, one after the other.
  let rates: [Double]
  let seed: UInt64

  /// Takes the steps of a window.
  ///
  /// - Returns: Where the searches stand then, and the mean of the parameters over the second half
  ///   of the window, which hovers around the optimum less than the last of them (Polyak and Juditsky
  ///   1992).
  func climb(
    _ start: SearchState<Scalar>, until limit: TimeLimit? = nil
  ) -> (state: SearchState<Scalar>, mean: GuideParameters<Scalar>) {
    var state = start
    let values = FlatBuffer(state.parameters.free)
    // A shorter memory than usual: a search has hundreds of steps, not tens of thousands.
    // 0.99 forgets in 1 / (1 - 0.99) = 100.
    let optimisers = rates.map { Adam(learningRate: $0, beta2: 0.99) }
    var memory: OptimiserState<Scalar> = optimisers[0].initialState(shapes: values.shapes)
    memory.restore(step: state.step, state.memories)
    let gradients = FlatBuffer<Scalar>(shapes: values.shapes)
    let rows = Self.rows(of: values, phases: state.phases)
    var sum = values.shapes.map { Tensor<Scalar>.zeros($0) }
    // 1/h sum of the parameters after each of the last h steps.
    let half = (options.stepsPerWindow + 1) / 2
    for step in 0..<options.stepsPerWindow {
      // The window is given up: nobody looks at what it found.
      if limit?.isPast == true { break }
      state.parameters.free = values.tensors
      gradients.assign(gradient(state))
      state.step += 1
      let updates: [OptimiserUpdate<Scalar>] = optimisers.map { $0.update(step: state.step) }
      for (range, phase) in rows { updates[phase].apply(gradients.slab(range), to: values, memory) }
      if step >= options.stepsPerWindow - half { sum = zip(sum, values.tensors).map { $0 + $1 } }
    }
    state.parameters.free = values.tensors
    state.memories = memory.memories.map(\.tensors)
    let mean = sum.map { $0 / Scalar(half) }
    return (state, GuideParameters(fixed: state.parameters.fixed, free: mean))
  }

  /// The elements of each image in each tensor, with the number of its learning rate.
  ///
  /// Images are the first axis, so each has an equal stretch of a tensor.
  private static func rows(
    of buffer: FlatBuffer<Scalar>, phases: [Int]
  ) -> [(Range<Int>, phase: Int)] {
    buffer.ranges.flatMap { range in
      let width = range.count / phases.count
      return phases.enumerated().map { row, phase in
        let start = range.lowerBound + row * width
        return (start..<start + width, phase)
      }
    }
  }

  /// The path derivative of the bound: z moves with the parameters, but log q at z does not. What is
  /// left out has expectation 0; what remains vanishes for every draw where q is the posterior, so
  /// that the search comes to rest there.
  ///
  /// - Source: Roeder, Wu and Duvenaud, "Sticking the landing", NeurIPS 2017, arXiv:1703.09194.
  ///
  ///     d/dphi of the sum over images and draws of log p(x, z) - log q_phi(z),   z = T(noise, phi)
  ///
  /// with phi in log q held fixed. The sum in the place of a mean changes little of what Adam does.
  private func gradient(_ state: SearchState<Scalar>) -> [Tensor<Scalar>] {
    let fixed = state.parameters.fixed
    let dimension = family.member(state.parameters).noiseDimension
    // Named by image and step: an image's draws do not depend on which others still search.
    let noise: Tensor<Scalar> = NoisePurpose.gapOptimisation.noise(
      state.images, round: state.step,
      shape: [state.images.count, options.drawsPerStep, dimension], seed: seed)
    return valueWithGradients(at: state.parameters.free) { free in
      let q = family.member(GuideParameters(fixed: fixed, free: free))
      let z = q.sampleOnPath(noise: noise)
      return model.logDensity(state.x, at: z) - q.logProbabilityAlongPath(of: z, noise: noise)
    }.gradients
  }

  /// log p(x, z) - log q(z) at some draws of each image, `[images][draws]`, in nats.
  func logWeights(
    _ images: [Int], _ x: Batch<Scalar>, _ parameters: GuideParameters<Scalar>, draws: Int,
    _ purpose: NoisePurpose, round: Int = 0
  ) -> [[Double]] {
    let q = family.member(parameters)
    let draw = q.draw(
      noise: purpose.noise(
        images, round: round, shape: [images.count, draws, q.noiseDimension], seed: seed))
    let values = (model.logDensity(x, at: draw.value) - draw.logProbability).doubles
    return images.indices.map { Array(values[$0 * draws..<($0 + 1) * draws]) }
  }
}

extension ReparameterizedDistribution {
  /// The same draws as ``sample(noise:)``, with d z / d log sigma^2 from the noise, sigma e / 2.
  ///
  /// Along the path log q has no other derivative by sigma. The fused draw takes (z - mean) / 2,
  /// which is 0 where sigma is below the spacing of `Scalar` at the mean: such a q would never be
  /// widened.
  fileprivate func sampleOnPath(noise: Tensor<Scalar>) -> Tensor<Scalar> {
    guard let q = self as? DiagonalGaussian<Scalar> else { return sample(noise: noise) }
    let (mean, scale) = (q.mean, (q.logVariance * 0.5).exp())
    return mean.aligned(toRank: noise.rank) + scale.aligned(toRank: noise.rank) * noise
  }
}
