// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

@Suite("Hidden Markov sequences")
struct HiddenMarkovTests {
  private let initial = [0.5, 0.2, 0.3]
  private let transition = [[0.7, 0.2, 0.1], [0.0, 0.6, 0.4], [0.3, 0.3, 0.4]]

  /// The sum over all K^T paths of their probabilities.
  private func enumerated(_ densities: [[Double]]) -> Double {
    var paths: [([Int], Double)] = initial.indices.map { ([$0], initial[$0] * densities[0][$0]) }
    for density in densities.dropFirst() {
      paths = paths.flatMap { path, p in
        density.indices.map {
          (path + [$0], p * transition[path[path.count - 1]][$0] * density[$0])
        }
      }
    }
    return log(paths.reduce(0) { $0 + $1.1 })
  }

  @Test("the forward recursion is the sum over all paths", arguments: [1, 2, 6])
  func enumeration(_ steps: Int) {
    let x = Tensor<Double>.pseudoRandom([steps, 1], seed: 4)
    let law = HiddenMarkov(
      initial: Value(initial), transition: Value(transition), emissions: Normal([-1, 0.5, 2], 0.8))
    let densities = x.scalars.map { x in
      [-1.0, 0.5, 2].map { (mean: Double) -> Double in
        let e = (x - mean) / 0.8
        return exp(-e * e / 2) / (0.8 * (2 * Double.pi).squareRoot())
      }
    }
    let found = law.logDensity(of: Value(x)).tensor.scalars
    #expect(relativeError(found, [enumerated(densities)]) < 1e-13)
  }

  @Test("far from all states, where each density is 0 as a number")
  func underflow() {
    let law = HiddenMarkov(
      initial: Value(initial), transition: Value(transition), emissions: Normal([0, 1, 2], 0.01))
    let found = law.logDensity(of: [3, 3]).tensor.scalars[0]
    // Both in state 2, as all others are e^5000 times as unlikely.
    let each: Double = -5000 - log(0.01) - log(2 * Double.pi) / 2
    let expected: Double = 2 * each + log(0.3) + log(0.4)
    #expect(relativeError([found], [expected]) < 1e-13)
  }

  @Test(
    "gradients by all arguments are central differences, with one draw of some and three of others")
  func gradients() {
    let point: [Tensor<Double>] = [
      .pseudoRandom([3, 1], seed: 1), .pseudoRandom([3, 3, 3], seed: 2),
      .pseudoRandom([5, 3, 3], seed: 3),
    ]
    checkGradients(
      of: { .hiddenMarkovLogLikelihood(initial: $0[0], transition: $0[1], emission: $0[2]) },
      at: point)
    checkGradients(
      of: { .hiddenMarkovLogLikelihood(initial: point[0], transition: point[1], emission: $0[0]) },
      at: [point[2]])
    checkGradients(
      of: { tensors in
        let v = tensors.map { Value($0) }
        return HiddenMarkov(
          initial: v[0].logSoftmax().exp(), transition: v[1].logSoftmax().exp(),
          emissions: Normal(v[2], 0.8)
        ).logDensity(of: [0.3, -1, 2]).tensor
      }, at: [point[0], point[1], .pseudoRandom([3, 3], seed: 5)])
  }

  @Test("a transition that cannot be has no gradient, nor makes one undefined")
  func impossible() {
    let tape = Tape<Double>()
    let p = tape.variable(Tensor(transition.flatMap { $0 }, shape: [3, 3, 1]))
    let law = HiddenMarkov(
      initial: Value(initial), transition: Value(p), emissions: Normal([-1, 0.5, 2], 0.8))
    let gradient = tape.gradients(of: law.logDensity(of: [0.3, 1, -1]).tensor, at: [p])[0].scalars
    #expect(gradient.allSatisfy { $0.isFinite })
    #expect(gradient[3] == 0)
    #expect(gradient[0] != 0)
  }

  @Test("several sequences, densities by a closure, and counts")
  func forms() {
    let (start, change) = (Value(initial), Value(transition))
    let x = Value([[0.3, -1, 2], [1, 0, 0.5]])
    let law = HiddenMarkov(
      initial: start, transition: change, emissions: Normal([-1, 0.5, 2], 0.8))
    let closure = HiddenMarkov(initial: start, transition: change) { x in
      Normal([-1, 0.5, 2], 0.8).logDensity(of: x.reshaped(to: [3, 1]))
    }
    let found = law.logDensity(of: x)
    #expect(found.shape == [2])
    #expect(relativeError(closure.logDensity(of: x).tensor.scalars, found.tensor.scalars) < 1e-15)
    #expect(
      relativeError(law.logDensity(of: x[1]).tensor.scalars, [found.tensor.scalars[1]]) < 1e-15)
    let counts = HiddenMarkov(initial: start, transition: change, emissions: Poisson([1, 4, 9]))
    #expect(counts.isDiscrete)
    #expect(counts.logDensity(of: [0, 5, 3]).tensor.scalars[0].isFinite)
  }

  /// Nearly certain emissions show the states. k = 4.5 standard errors, 20,000 draws.
  @Test("draws follow the chain")
  func drawn() throws {
    let law = HiddenMarkov(
      initial: Value(initial), transition: Value(transition), emissions: Normal([0, 10, 20], 0.1))
    let drawn = try draws(law, like: [0, 0, 0], count: 20_000).draws
    let states = drawn.map { $0.map { Int(($0 / 10).rounded()) } }
    for i in 0..<3 {
      let here = states[0].indices.filter { states[0][$0] == i }
      let start = StatisticalCheck(
        "start \(i)", observed: Double(here.count) / 20_000, expected: initial[i],
        standardError: (initial[i] * (1 - initial[i]) / 20_000).squareRoot())
      #expect(start.isWithin(4.5), "\(start)")
      for j in 0..<3 {
        let p = transition[i][j]
        let share = Double(here.count { states[1][$0] == j }) / Double(here.count)
        if p == 0 {
          #expect(share == 0)
          continue
        }
        let check = StatisticalCheck(
          "\(i) to \(j)", observed: share, expected: p,
          standardError: (p * (1 - p) / Double(here.count)).squareRoot())
        #expect(check.isWithin(4.5), "\(check)")
      }
    }
    // The third step, by the square of the transitions.
    let (p, start) = (transition, initial)
    for k in 0..<3 {
      var expected = 0.0
      for i in 0..<3 { for j in 0..<3 { expected += start[i] * p[i][j] * p[j][k] } }
      let check = StatisticalCheck(
        "third \(k)", observed: Double(states[2].count { $0 == k }) / 20_000, expected: expected,
        standardError: (expected * (1 - expected) / 20_000).squareRoot())
      #expect(check.isWithin(4.5), "\(check)")
    }
  }
}
