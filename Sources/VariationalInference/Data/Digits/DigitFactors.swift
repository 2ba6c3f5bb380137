// SPDX-License-Identifier: Apache-2.0

/// Everything that determines one synthetic digit: the true factors of variation of an image.
///
/// Equal factors give equal pixels on every machine. The order of the transformations is
/// skeleton → wobble → aspect → slant → rotation → fit into the box of 20 × 20 pixels → pen.
public struct DigitFactors: Sendable, Equatable {
  /// The digit's class, 0 to 9.
  public var label: Int

  /// The writing style: an index into ``DigitSynthesiser/styleNames(of:)``.
  public var style: Int

  /// Shear to the right in degrees: a point at height h moves by h · tan(slant).
  /// Positive leans right; between -60 and 60.
  public var slant = 0.0

  /// Rotation about the centre in degrees, anticlockwise as seen; between -180 and 180.
  public var rotation = 0.0

  /// The longer side of the digit, ink included, as a fraction of 20 pixels; above 0.5, at most 1.
  public var scale = 1.0

  /// Width relative to the width at which the style was drawn, the height being kept; positive.
  public var aspect = 1.0

  /// Mean width of the pen's trace in pixels of the final image; between 0.5 and 8.
  public var strokeWidth = 2.4

  /// Relative standard deviation of the pen's width along a stroke; between 0 and 1.
  public var pressure = 0.0

  /// Standard deviation of a control point about its place in the style, as a fraction of the
  /// digit's height. Zero draws the style itself; above 0.1 digits get hard to read.
  public var wobble = 0.0

  /// Names the random numbers from which wobble and pressure are drawn: another hand writes the
  /// same digit differently. Without effect where both are zero.
  public var hand: UInt64 = 0

  /// A digit drawn as its style says, upright and with an even pen; set what should differ.
  ///
  /// - Parameters:
  ///   - label: The digit, 0 to 9.
  ///   - style: An index into ``DigitSynthesiser/styleNames(of:)``.
  public init(label: Int, style: Int = 0) {
    self.label = label
    self.style = style
  }

  /// Refuses factors that would silently give a picture of something else.
  func check() {
    precondition((0...9).contains(label), "label \(label) is not a digit from 0 to 9")
    let styles = DigitStyle.all[label].count
    precondition(
      (0..<styles).contains(style), "digit \(label) has \(styles) styles, no style \(style)")
    precondition((-60...60).contains(slant), "slant \(slant) is outside -60...60 degrees")
    precondition((-180...180).contains(rotation), "rotation \(rotation) is outside ±180 degrees")
    precondition(scale > 0.5 && scale <= 1, "scale \(scale) is outside 0.5...1")
    precondition(aspect > 0 && aspect < 100, "aspect \(aspect) is outside 0...100")
    precondition((0.5...8).contains(strokeWidth), "strokeWidth \(strokeWidth) is outside 0.5...8")
    precondition((0...1).contains(pressure), "pressure \(pressure) is outside 0...1")
    precondition((0...1).contains(wobble), "wobble \(wobble) is outside 0...1")
  }
}
