// SPDX-License-Identifier: Apache-2.0

internal import CKernels

// Choices between tensors, element by element, by masks of 1 and 0. Masks carry no gradient.

extension Tensor {
  /// 1 where an element of `a` is at least that of `b`, or is not a number; else 0.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func isAtLeast(_ a: Tensor, _ b: Tensor) -> Tensor {
    let x = a.detached
    return binary(ElboWhereTaken, binary(ElboMaximum, x, b.detached), x)
  }

  /// The elements of `a` where the mask is not 0, those of `b` elsewhere. What is not chosen may be
  /// infinite or not a number: it has no part in the result, nor in a gradient.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package static func choose(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let mask = mask.detached
    let value = adding(
      binary(ElboKeepWhere, a.detached, mask), binary(ElboDropWhere, b.detached, mask))
    return broadcastOperation(value: value, inputs: [a, b]) { gradient, isTraced in
      [
        isTraced[0] ? binary(ElboKeepWhere, gradient, mask) : nil,
        isTraced[1] ? binary(ElboDropWhere, gradient, mask) : nil,
      ]
    }
  }

  /// Each element times the sign of that of `other`, 0 where that is 0. Nothing is recorded.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func signed(by other: Tensor) -> Tensor {
    .binary(ElboAbsGradientFromX, detached, other.detached)
  }

  /// Whether all elements lie in a range; one that is not a number lies in none.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  package func isWithin(_ range: ClosedRange<Scalar>) -> Bool {
    let (lower, upper) = (range.lowerBound, range.upperBound)
    return withScalars { numbers in
      // Without an early way out the loop handles several elements at once.
      var isGood = true
      for number in numbers { isGood = (number >= lower && number <= upper) && isGood }
      return isGood
    }
  }
}
