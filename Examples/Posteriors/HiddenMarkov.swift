// SPDX-License-Identifier: Apache-2.0

import VariationalInference

/// 200 counts of a chain of two states, by the generator's seed 2: it stays in the first, of rate
/// 3, with probability 0.9, and in the second, of rate 10, with 0.8.
private let counts: Value = {
  let chance = Tensor<Double>.uniform([200], in: 0..<1, key: NoiseKey(seed: 2, 0)).scalars
  // A Poisson number is how many arrivals there are before the time `rate`.
  let waits = -Tensor<Double>.uniform([200, 40], in: 0..<1, key: NoiseKey(seed: 2, 1)).log()
  let arrivals = waits.cumulativeSum(along: 1).scalars
  var state = 0
  return Value(
    chance.enumerated().map { (t: Int, p: Double) -> Double in
      if p > [0.9, 0.8][state] { state = 1 - state }
      return Double(arrivals[40 * t..<40 * t + 40].count { $0 < [3, 10][state] })
    })
}()

extension PosteriorExample {
  /// Shows a sequence of hidden states that is summed out by the forward recursion.
  static let hiddenMarkov = PosteriorExample(
    name: "hidden_markov",
    description: "counts that depend on a hidden state of two, simulated: rates 3 and 10",
    model: Model { z in
      let stay = z.latent("stay", Beta(4, 2), count: 2)
      let rate = z.latent("rate", Ordered(Gamma(2, 0.3), count: 2))
      let rows = [[stay[0], 1 - stay[0]], [1 - stay[1], stay[1]]]
      let transition = Value.stack(rows.map { Value.stack($0) })
      let law = HiddenMarkov(
        initial: Value([0.5, 0.5]), transition: transition, emissions: Poisson(rate))
      z.observe("counts", law, counts)
    })
}
