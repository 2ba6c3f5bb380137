// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Tensor {
  /// The sum of tensors of one shape, each times a constant, as one operation: a sum of products
  /// would be two for each term. The gradient of a term is its constant times that of the sum.
  ///
  /// - Precondition: There are as many constants as tensors, and at least one.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func linearCombination(_ terms: [Tensor], _ weights: [Scalar]) -> Tensor {
    precondition(
      terms.count == weights.count && !terms.isEmpty
        && terms.allSatisfy { $0.shape == terms[0].shape },
      "a combination of shapes \(terms.map(\.shape)) with \(weights.count) weights")
    var value = terms[0].detached * weights[0]
    for (term, weight) in zip(terms, weights).dropFirst() {
      value.accumulate(weight == 1 ? term.detached : term.detached * weight)
    }
    let isTraced = terms.map(\.isTraced)
    return operation(value: value, inputs: terms) { g in
      zip(isTraced, weights).map { isTraced, weight in
        isTraced ? (weight == 1 ? g : g * weight) : nil
      }
    }
  }
}
