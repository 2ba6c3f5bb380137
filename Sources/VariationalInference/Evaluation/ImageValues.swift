// SPDX-License-Identifier: Apache-2.0

extension ImageDataset {
  /// Images as a model sees them in every evaluation with this seed, `[examples, pixels]`, 0 to 1.
  ///
  /// - Parameters:
  ///   - examples: Which images.
  ///   - binarization: How pixels become data.
  ///   - seed: Decides drawn pixels.
  /// - Returns: A row for each image.
  public func values<Scalar: TensorScalar>(
    _ examples: Range<Int>, binarization: Binarization = .none, seed: UInt64 = 0
  ) -> Tensor<Scalar> {
    precondition(
      examples.lowerBound >= 0 && examples.upperBound <= count, "images \(examples) of \(count)")
    return ExampleSource.evaluation(self, binarization, seed: seed).pixels(examples)
  }
}
