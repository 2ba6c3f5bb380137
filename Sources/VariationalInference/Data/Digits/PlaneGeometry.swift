// SPDX-License-Identifier: Apache-2.0

// Plane geometry in +, -, ×, ÷ and square root alone, which IEEE 754 rounds correctly: the same
// bits on every machine. No function of a mathematics library may enter these files.

/// Sine and cosine of an angle in degrees, between -180 and 180, to about 1e-14.
///
/// The angle is brought into ±45° by quarter turns, where the Taylor series to the 15th power
/// errs by less than (π/4)^16 / 16! = 1e-15.
package func sineAndCosine(degrees: Double) -> (sine: Double, cosine: Double) {
  let quarter = Int(degrees / 90 + (degrees < 0 ? -0.5 : 0.5))
  let x = (degrees - 90 * Double(quarter)) * (Double.pi / 180)
  let (sine, cosine) = (x * taylor(x * x, first: 1), taylor(x * x, first: 0))
  switch quarter & 3 {
  case 0: return (sine, cosine)
  case 1: return (cosine, -sine)
  case 2: return (-sine, -cosine)
  default: return (-cosine, sine)
  }
}

/// Σ (-1)^k y^k / (2k + first)! for k = 0 … 7: the cosine of √y, or its sine divided by √y.
private func taylor(_ y: Double, first: Int) -> Double {
  var sum = 1.0
  for k in stride(from: 14 + first, to: first, by: -2) {
    sum = 1 - sum * y / Double(k * (k - 1))
  }
  return sum
}

/// A cubic curve given by its ends and the velocities there, for t from 0 to 1.
struct HermiteCurve {
  var start: SIMD2<Double>
  var end: SIMD2<Double>
  var startVelocity: SIMD2<Double>
  var endVelocity: SIMD2<Double>

  /// The place at `t`.
  func point(at t: Double) -> SIMD2<Double> {
    let chord = end - start
    let bend = startVelocity + endVelocity - 2 * chord
    return start + t * (startVelocity + t * (chord - startVelocity - bend + t * bend))
  }
}

/// The span from knot `i` to knot `i + 1` of the centripetal Catmull-Rom spline through the knots
/// of `piece`.
///
/// The parameter advances by the square root of the distance between knots, which excludes cusps
/// and loops within a span. The outermost spans are parabolas; two knots give a straight line.
///
/// - Source: Yuksel, Schaefer and Keyser, "Parameterization and applications of Catmull-Rom
///   curves", Computer-Aided Design 43 (2011), doi:10.1016/j.cad.2010.08.008.
func catmullRomSpan(_ knots: [SIMD2<Double>], piece: ClosedRange<Int>, from i: Int)
  -> HermiteCurve
{
  let chord = knots[i + 1] - knots[i]
  let step = centripetalStep(chord)
  let velocity = { (k: Int) in step * catmullRomVelocity(knots[k - 1], knots[k], knots[k + 1]) }
  var start = chord
  var end = chord
  switch (i > piece.lowerBound, i + 1 < piece.upperBound) {
  case (true, true): (start, end) = (velocity(i), velocity(i + 1))
  case (true, false):
    start = velocity(i)
    end = 2 * chord - start
  case (false, true):
    end = velocity(i + 1)
    start = 2 * chord - end
  case (false, false): break
  }
  return HermiteCurve(
    start: knots[i], end: knots[i + 1], startVelocity: start, endVelocity: end)
}

/// Velocity at `b` of the centripetal spline through `a`, `b`, `c`.
private func catmullRomVelocity(_ a: SIMD2<Double>, _ b: SIMD2<Double>, _ c: SIMD2<Double>)
  -> SIMD2<Double>
{
  let (s, t) = (centripetalStep(b - a), centripetalStep(c - b))
  return (b - a) / s - (c - a) / (s + t) + (c - b) / t
}

/// √|d|, kept from zero so that coinciding knots do no harm.
private func centripetalStep(_ d: SIMD2<Double>) -> Double {
  max((d * d).sum().squareRoot(), 1e-6).squareRoot()
}
