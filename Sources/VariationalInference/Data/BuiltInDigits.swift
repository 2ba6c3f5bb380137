// SPDX-License-Identifier: Apache-2.0

extension ImageDataset {
  /// Images of the built-in data set `digits`, drawn now; see ``DigitSynthesiser``.
  ///
  /// - Parameters:
  ///   - split: Training or test images.
  ///   - count: How many; nil for the customary 60,000 or 10,000.
  ///   - seed: Another seed gives other images from the same distribution.
  ///   - workers: The threads to draw on; the images do not depend on them.
  /// - Returns: Images with their labels and true factors.
  public static func digits(
    _ split: DigitSynthesiser.Split, count: Int? = nil, seed: UInt64 = 0, workers: WorkerPool
  ) -> ImageDataset {
    let synthesiser = DigitSynthesiser(seed: seed, split: split)
    let total = count ?? split.count
    let block = 500
    let parts = workers.map((total + block - 1) / block) { part in
      let range = part * block..<min((part + 1) * block, total)
      return (synthesiser.images(range), range.map(synthesiser.factors(of:)))
    }
    let factors = parts.flatMap(\.1)
    return ImageDataset(
      name: "digits", split: split == .training ? "train" : "test",
      height: DigitSynthesiser.height, width: DigitSynthesiser.width,
      pixels: parts.flatMap(\.0), labels: factors.map { UInt8($0.label) },
      columns: DigitFactors.columns(of: factors))
  }
}

extension DigitFactors {
  /// The true factors as fields, one number each; "style" counts within the digit.
  fileprivate static func columns(of factors: [DigitFactors]) -> [DataColumn] {
    let names: [(String, (DigitFactors) -> Double)] = [
      ("slant", { $0.slant }), ("rotation", { $0.rotation }), ("scale", { $0.scale }),
      ("aspect", { $0.aspect }),
      ("stroke_width", { $0.strokeWidth }), ("pressure", { $0.pressure }),
      ("wobble", { $0.wobble }),
    ]
    let styles = (0...9).map { DigitSynthesiser.styleNames(of: $0).count }.max() ?? 1
    return [
      DataColumn(DataField("style", kind: .category(classes: styles)), factors.map(\.style))
    ] + names.map { name, factor in DataColumn(DataField(name), factors.map(factor)) }
  }
}

extension DatasetSplits {
  /// The built-in data set `digits`: 60,000 training and 10,000 test images.
  public static func digits(seed: UInt64 = 0, workers: WorkerPool) -> DatasetSplits {
    DatasetSplits(
      train: ImageDataset.digits(.training, seed: seed, workers: workers),
      test: ImageDataset.digits(.test, seed: seed, workers: workers))
  }
}
