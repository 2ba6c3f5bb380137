// SPDX-License-Identifier: Apache-2.0

extension DigitFactors {
  /// Factors as people write, all independent but for the limit on the pen's width.
  ///
  /// Means and spreads are chosen so that grey levels, ink, stroke width, slant and extents of the
  /// images have the means and standard deviations of MNIST's training set, within a tenth or so:
  /// there the mean grey level is 33.3 ± 11.0, 19.1 ± 5.3 % of the pixels are inked, the shear
  /// -cov(x, y) / var(y) is the tangent of 5.9 ± 14.6 degrees, and 12.3 ± 3.9 columns are empty.
  init(drawnUsing noise: inout DigitNoise) {
    label = noise.index(below: 10)
    style = Self.style(of: label, using: &noise)
    slant = 6 + 13.5 * noise.bell()
    rotation = 4 * noise.bell()
    scale = noise.uniform(0.97, 1)
    aspect = 1.1 + 0.18 * noise.bell()
    let bell = noise.bell()
    let width = 2.4 + 0.58 * bell + 0.14 * bell * bell
    // The second limit keeps the loops of narrow digits open.
    strokeWidth = max(1.3, min(width, 1.2 + 2.6 * aspect))
    pressure = noise.uniform(0.05, 0.25)
    wobble = noise.uniform(0.02, 0.06)
    hand = noise.bits()
  }

  /// A style by the weights of the digit's styles.
  private static func style(of label: Int, using noise: inout DigitNoise) -> Int {
    let styles = DigitStyle.all[label]
    var ticket = noise.index(below: styles.reduce(0) { $0 + $1.weight })
    for (i, style) in styles.enumerated() {
      ticket -= style.weight
      if ticket < 0 { return i }
    }
    return styles.count - 1
  }
}
