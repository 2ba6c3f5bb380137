// SPDX-License-Identifier: Apache-2.0

/// A hand that writes: turns factors into the path of a pen, in fractions of the digit's height.
///
/// One value is reused for many digits, so that its buffers are allocated once.
struct DigitHand {
  /// A point of the pen's path and the half-width of the trace relative to its mean.
  struct Point {
    var place: SIMD2<Double>
    var width: Double
    /// The pen touches the paper here: no ink from the point before.
    var startsStroke: Bool
  }

  private(set) var path: [Point] = []
  private var knots: [SIMD2<Double>] = []
  private var widths: [Double] = []

  /// Writes the digit of `factors` to ``path``.
  mutating func write(_ factors: DigitFactors) {
    var noise = DigitNoise(seed: factors.hand, stream: GeneratorPurpose.only.stream())
    let warp = Warp(factors, using: &noise)
    path.removeAll(keepingCapacity: true)
    for stroke in DigitStyle.all[factors.label][factors.style].strokes {
      perturb(stroke, factors, using: &noise)
      trace(stroke, warp)
    }
    // The paper's grain makes the edge of the trace uneven from step to step.
    for i in path.indices {
      path[i].width *= max(0.4, 1 + Self.grain * factors.pressure * noise.bell())
    }
  }

  /// Moves the knots as an unsteady hand does, neighbours alike, and draws the pen's pressure.
  private mutating func perturb(
    _ stroke: DigitStyle.Stroke, _ factors: DigitFactors, using noise: inout DigitNoise
  ) {
    knots.removeAll(keepingCapacity: true)
    widths.removeAll(keepingCapacity: true)
    var shift = Self.drift * noise.bellPair()
    var push = noise.bell()
    for knot in stroke.knots {
      // Autoregression with unit variance: 0.6² + 0.8² = 1.
      shift = 0.6 * shift + 0.8 * noise.bellPair()
      push = 0.6 * push + 0.8 * noise.bell()
      knots.append(knot + factors.wobble * shift)
      widths.append(max(0.4, 1 + factors.pressure * push))
    }
    lengthen(0, 1, by: factors.wobble * noise.bell())
    lengthen(knots.count - 1, knots.count - 2, by: factors.wobble * noise.bell())
  }

  /// Moves the end at knot `i` outwards, away from its `neighbour`.
  private mutating func lengthen(_ i: Int, _ neighbour: Int, by amount: Double) {
    let d = knots[i] - knots[neighbour]
    let length = (d * d).sum().squareRoot()
    knots[i] += max(1.5 * amount, -0.5 * length) / max(length, 1e-6) * d
  }

  /// Appends the curve through the knots as short straight steps.
  private mutating func trace(_ stroke: DigitStyle.Stroke, _ warp: Warp) {
    path.append(Point(place: warp.apply(knots[0]), width: widths[0], startsStroke: true))
    var first = 0
    for last in stroke.pieceEnds {
      for i in first..<last {
        traceSpan(
          catmullRomSpan(knots, piece: first...last, from: i), widths[i], widths[i + 1], warp)
      }
      first = last
    }
  }

  /// Appends one span, the width changing evenly between its knots.
  private mutating func traceSpan(
    _ curve: HermiteCurve, _ startWidth: Double, _ endWidth: Double, _ warp: Warp
  ) {
    let chord = curve.end - curve.start
    let steps = 1 + Int(Self.stepsPerHeight * (chord * chord).sum().squareRoot())
    for k in 1...steps {
      let t = Double(k) / Double(steps)
      path.append(
        Point(
          place: warp.apply(curve.point(at: t)), width: startWidth + t * (endWidth - startWidth),
          startsStroke: false))
    }
  }

  /// Displacement of a whole stroke, in units of the wobble.
  private static let drift = 0.7

  /// Variation of the width from step to step, relative to the pen's pressure.
  private static let grain = 0.5

  /// Steps of at most 1/12 of the height, 1.7 pixels: on a bow of 4 pixels' radius they leave the
  /// curve by 1.7² / 32 = 0.09 pixels.
  private static let stepsPerHeight = 12.0
}

/// The change of shape common to all strokes of a digit: a smooth random field of second and third
/// order, then aspect, slant and rotation.
private struct Warp {
  /// Displacements belonging to u², uv, v² and v³ - v, where u and v run from -1 to 1.
  private let bends: (SIMD2<Double>, SIMD2<Double>, SIMD2<Double>, SIMD2<Double>)

  /// The images of the unit vectors.
  private let right: SIMD2<Double>
  private let down: SIMD2<Double>

  init(_ factors: DigitFactors, using noise: inout DigitNoise) {
    let size = 1.1 * factors.wobble
    bends = (
      size * noise.bellPair(), size * noise.bellPair(), size * noise.bellPair(),
      size * noise.bellPair()
    )
    let (sine, cosine) = sineAndCosine(degrees: factors.rotation)
    let slant = sineAndCosine(degrees: factors.slant)
    let turned = SIMD2(cosine, -sine)
    right = factors.aspect * turned
    down = SIMD2(sine, cosine) - slant.sine / slant.cosine * turned
  }

  /// The place to which `point` of the skeleton goes, relative to the digit's middle.
  func apply(_ point: SIMD2<Double>) -> SIMD2<Double> {
    let u = (point.x - Self.centre.x) * 2
    let v = (point.y - Self.centre.y) * 2
    let even = u * u * bends.0 + u * v * bends.1
    let odd = v * v * bends.2 + (v * v * v - v) * bends.3
    let bent = point - Self.centre + even + odd
    return bent.x * right + bent.y * down
  }

  /// The middle of a typical skeleton.
  private static let centre = SIMD2(0.35, 0.5)
}
