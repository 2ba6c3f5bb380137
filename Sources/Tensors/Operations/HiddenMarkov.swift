// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Tensor {
  /// The log-density of sequences of T observations with K hidden states, the states summed out:
  /// log of the sum over all paths z of
  ///
  ///     exp(initial[z[0]] + sum over t of emission[t, z[t]]
  ///         + sum over t > 0 of transition[z[t-1], z[t]])
  ///
  /// by the forward recursion on logarithms,
  ///
  ///     q[0] = initial
  ///     q[t, j] = log of the sum over i of exp(q[t-1, i] + emission[t-1, i] + transition[i, j])
  ///
  /// for all draws at once: K^2 exponentials a step and draw, and again for the gradient, which is
  /// that of the backward recursion: posterior probabilities of states and transitions. A
  /// probability of 0, the logarithm -infinity, has the gradient 0.
  ///
  /// - Parameters:
  ///   - initial: Logarithms of the first state's probabilities, `[K, draws]`.
  ///   - transition: Those of state i to state j, `[K, K, draws]`.
  ///   - emission: Log-densities of each observation in each state, `[T, K, draws]`, T at least 1.
  /// - Returns: `[draws]`, in nats. Where an argument's last axis has size 1 it is that of all
  ///   draws.
  /// - Source: Rabiner, "A tutorial on hidden Markov models", Proc. IEEE 77 (1989),
  ///   doi:10.1109/5.18626.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func hiddenMarkovLogLikelihood(
    initial: Tensor, transition: Tensor, emission: Tensor
  ) -> Tensor {
    let states = initial.shape.first ?? 0
    precondition(
      initial.rank == 2 && emission.rank == 3 && emission.shape[0] > 0 && states > 0
        && Array(transition.shape.dropLast()) == [states, states] && emission.shape[1] == states,
      "a hidden Markov model of shapes \(initial.shape), \(transition.shape), \(emission.shape)")
    let inputs = [initial, transition, emission]
    let draws = inputs.reduce(1) { max($0, $1.shape[$1.rank - 1]) }
    let full = inputs.map { tensor -> Tensor in
      let shape = Array(tensor.shape.dropLast()) + [draws]
      return tensor.shape == shape ? tensor.detached : tensor.detached.repeated(to: shape)
    }
    let chain = HiddenMarkovChain(initial: full[0], transition: full[1], emission: full[2])
    let (isTraced, shapes) = (inputs.map(\.isTraced), inputs.map(\.shape))
    return operation(value: chain.logLikelihood, inputs: inputs) { gradient in
      let parts = chain.gradients(gradient, ofTransition: isTraced[1])
      return zip(zip(parts, isTraced), shapes).map { part, shape in
        part.1 ? part.0.summed(to: shape) : nil
      }
    }
  }
}

/// The recursions of a hidden Markov model: loops run over states, kernels over states and draws.
private struct HiddenMarkovChain<Scalar: TensorScalar>: Sendable {
  let transition: Tensor<Scalar>
  let emission: Tensor<Scalar>
  /// q, `[T, K, draws]`: log p(z[t], x[0 ..< t]).
  let predicted: Tensor<Scalar>
  /// log p(x), `[draws]`.
  let logLikelihood: Tensor<Scalar>

  private var steps: Int { emission.shape[0] }
  private var states: Int { emission.shape[1] }
  private var draws: Int { emission.shape[2] }
  /// Elements of a step: states times draws.
  private var width: Int { states * draws }

  init(initial: Tensor<Scalar>, transition: Tensor<Scalar>, emission: Tensor<Scalar>) {
    let kernels = Scalar.kernels
    let (steps, states, draws) = (emission.shape[0], emission.shape[1], emission.shape[2])
    let width = states * draws
    let q = Tensor<Scalar>(uninitialized: emission.shape)
    // Of [i, j, draw]: paths through each pair of states, and their shares.
    let scratch = Tensor<Scalar>(uninitialized: [2, states, width])
    let row = Tensor<Scalar>(uninitialized: [3, width])
    q.mutablePointer.update(from: initial.pointer, count: width)
    let (paths, shares) = (scratch.mutablePointer, scratch.mutablePointer + states * width)
    let (filtered, largest, sum) = (
      row.mutablePointer, row.mutablePointer + width, row.mutablePointer + 2 * width
    )
    withExtendedLifetime((initial, transition, emission, scratch, row)) {
      for step in 1..<max(steps, 1) {
        let before = (step - 1) * width
        kernels.binary(
          ElboAdd, width, q.pointer + before, 1, emission.pointer + before, 1, filtered)
        for i in 0..<states {
          kernels.binaryRows(
            ElboAdd, states, draws, filtered + i * draws, 0, 1, transition.pointer + i * width,
            draws, 1, paths + i * width)
        }
        kernels.max(1, states, width, paths, largest)
        kernels.binaryRows(
          ElboExpBelowLargest, states, width, paths, width, 1, largest, 0, 1, shares)
        kernels.sum(1, states, width, shares, sum)
        kernels.unary(ElboLog, width, sum, filtered)
        kernels.binary(ElboAdd, width, filtered, 1, largest, 1, q.mutablePointer + step * width)
      }
    }
    (self.transition, self.emission, predicted) = (transition, emission, q)
    let last = steps - 1
    logLikelihood = (q.slice(last..<steps) + emission.slice(last..<steps))
      .reshaped(to: [states, draws]).logSumExp(along: 0)
  }

  /// The gradients of initial, transition and emission for one of the log-density.
  func gradients(_ gradient: Tensor<Scalar>, ofTransition isWanted: Bool) -> [Tensor<Scalar>] {
    let kernels = Scalar.kernels
    let (steps, states, draws, width) = (steps, states, draws, width)
    // Below all that is finite, so that what is subtracted from -infinity leaves no number
    // undefined.
    let least = Tensor<Scalar>(-Scalar.greatestFiniteMagnitude)
    let emissions = Tensor<Scalar>(uninitialized: emission.shape)
    let transitions = Tensor<Scalar>.zeros(isWanted ? transition.shape : [0])
    let scratch = Tensor<Scalar>(uninitialized: [2, states, width])
    let row = Tensor<Scalar>(uninitialized: [2, width])
    let (a, b) = (scratch.mutablePointer, scratch.mutablePointer + states * width)
    let (filtered, total) = (row.mutablePointer, row.mutablePointer + width)
    let posterior =
      ((predicted.slice(steps - 1..<steps) + emission.slice(steps - 1..<steps))
      - .maximum(logLikelihood, least)).exp() * gradient
    let out = emissions.mutablePointer
    withExtendedLifetime((posterior, predicted, scratch, row)) {
      let last = out + (steps - 1) * width
      last.update(from: posterior.pointer, count: width)
      for step in stride(from: steps - 1, to: 0, by: -1) {
        let (before, now) = ((step - 1) * width, step * width)
        kernels.binary(
          ElboAdd, width, predicted.pointer + before, 1, emission.pointer + before, 1, filtered)
        kernels.binary(
          ElboMaximum, width, predicted.pointer + now, 1, least.pointer, 0, total)
        for i in 0..<states {
          kernels.binaryRows(
            ElboAdd, states, draws, filtered + i * draws, 0, 1, transition.pointer + i * width,
            draws, 1, a + i * width)
        }
        // The share of state i in q[t, j], and what of j's gradient goes to it.
        kernels.binaryRows(ElboSubtract, states, width, a, width, 1, total, 0, 1, b)
        kernels.unary(ElboExp, states * width, b, a)
        kernels.binaryRows(ElboMultiply, states, width, a, width, 1, out + now, 0, 1, b)
        if isWanted { kernels.accumulate(states * width, b, transitions.mutablePointer) }
        kernels.sum(states, states, draws, b, out + before)
      }
    }
    let first = emissions.slice(0..<1).reshaped(to: [states, draws])
    return [first, transitions, emissions]
  }
}
