// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("AdamW")
struct AdamWTests {
  /// What torch.optim.AdamW does to one number of a parameter, which descends along -gradient here:
  ///
  ///     p *= 1 - rate decay;  m, v as Adam;  p += rate (m / c1) / (sqrt(v / c2) + epsilon)
  private struct Reference {
    var (p, m, v, step) = (0.0, 0.0, 0.0, 0)

    mutating func move(_ g: Double, rate: Double, decay: Double) {
      step += 1
      p *= 1 - rate * decay
      m = 0.9 * m + 0.1 * g
      v = 0.999 * v + 0.001 * g * g
      var (c1, c2) = (1.0, 1.0)
      for _ in 0..<step { (c1, c2) = (c1 * 0.9, c2 * 0.999) }
      p += rate * (m / (1 - c1)) / ((v / (1 - c2)).squareRoot() + 1e-8)
    }
  }

  private static let shapes = [[3, 37], [5], [], [2, 3, 4]]

  /// Parameters after seven steps whose rate falls, tensor by tensor.
  private func moved(_ optimiser: some Optimiser) -> [[Double]] {
    let start = Self.shapes.enumerated().map { Tensor<Double>.pseudoRandom($1, seed: UInt64($0)) }
    let parameters = FlatBuffer(start)
    var optimiser = optimiser
    var state: OptimiserState<Double> = optimiser.initialState(shapes: Self.shapes)
    for step in 1...7 {
      optimiser.learningRate = 0.1 / Double(step)
      optimiser.step(parameters, along: gradients(step), &state)
    }
    return parameters.tensors.map(\.scalars)
  }

  private func gradients(_ step: Int) -> [Tensor<Double>] {
    Self.shapes.enumerated().map {
      .pseudoRandom($1, seed: UInt64(100 * step + $0))
    }
  }

  private func expected(decay: Double) -> [[Double]] {
    Self.shapes.enumerated().map { number, shape in
      let start = Tensor<Double>.pseudoRandom(shape, seed: UInt64(number)).scalars
      var references = start.map { start in
        var reference = Reference()
        reference.p = start
        return reference
      }
      for step in 1...7 {
        let gradient = gradients(step)[number].scalars
        for i in references.indices {
          references[i].move(
            gradient[i], rate: 0.1 / Double(step), decay: shape.count >= 2 ? decay : 0)
        }
      }
      return references.map(\.p)
    }
  }

  /// Some ten roundings in each of seven steps.
  @Test("seven steps are PyTorch's; biases and numbers do not decay", arguments: [0, 0.5, 3])
  func formula(_ decay: Double) {
    for (found, expected) in pairs(moved(AdamW(weightDecay: decay)), expected(decay: decay)) {
      #expect(relativeError(found, expected, scale: 1) < 1e-14)
    }
  }

  @Test("without decay it is Adam, to the bit; with it only what has two axes differs")
  func plain() {
    let adam = moved(Adam())
    #expect(moved(AdamW(weightDecay: 0)) == adam)
    let decayed = moved(AdamW(weightDecay: 0.1))
    #expect(pairs(decayed, adam).map { $0 != $1 } == [true, false, false, true])
  }

  @Test("says whether what it wrote is finite, whichever parameter is not")
  func finite() {
    let adamW = AdamW()
    for place in [0, 113, 130] {
      let parameters = FlatBuffer<Float>(shapes: [[3, 37], [5], [2, 3]])
      var state: OptimiserState<Float> = adamW.initialState(shapes: parameters.shapes)
      let all = 0..<parameters.elementCount
      let update: OptimiserUpdate<Float> = adamW.step(&state)
      #expect(update.apply(parameters.slab(0..<0), to: parameters, state))
      let gradient = FlatBuffer<Float>(shapes: parameters.shapes)
      gradient.withElements(all) { $0[place] = .nan }
      #expect(!update.apply(gradient.slab(all), to: parameters, state), "not a number at \(place)")
    }
  }

  @Test("records know decay and rate, which may be changed")
  func settings() {
    var optimiser = AdamW(learningRate: 0.1, weightDecay: 0.2, epsilon: 1e-4)
    optimiser.learningRate = 0.3
    #expect(
      optimiser.settings == [
        "learning_rate": 0.3, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-4, "weight_decay": 0.2,
      ])
    #expect(optimiser != AdamW(learningRate: 0.3, epsilon: 1e-4))
  }
}
