// SPDX-License-Identifier: Apache-2.0

extension ImageDataset {
  /// Images of the built-in data set `digits`, drawn now; see ``DigitSynthesiser``.
  ///
  /// - Parameters:
  ///   - split: Training or test images.
  ///   - count: How many; nil for the customary 60,000 or 10,000.
  ///   - seed: Another seed gives other images from the same distribution.
  ///   - workers: The threads to draw on; the images do not depend on them.
  /// - Returns: Images with their labels.
  public static func digits(
    _ split: DigitSynthesiser.Split, count: Int? = nil, seed: UInt64 = 0, workers: WorkerPool
  ) -> ImageDataset {
    let synthesiser = DigitSynthesiser(seed: seed, split: split)
    let total = count ?? split.count
    let block = 500
    let parts = workers.map((total + block - 1) / block) { part in
      let range = part * block..<min((part + 1) * block, total)
      return (synthesiser.images(range), synthesiser.labels(range))
    }
    return ImageDataset(
      name: "digits", split: split == .training ? "train" : "test",
      height: DigitSynthesiser.height, width: DigitSynthesiser.width,
      pixels: parts.flatMap(\.0), labels: parts.flatMap(\.1))
  }
}

extension DatasetSplits {
  /// The built-in data set `digits`: 60,000 training and 10,000 test images.
  public static func digits(seed: UInt64 = 0, workers: WorkerPool) -> DatasetSplits {
    DatasetSplits(
      train: .digits(.training, seed: seed, workers: workers), validation: nil,
      test: .digits(.test, seed: seed, workers: workers))
  }
}
