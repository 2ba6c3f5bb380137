// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing
import VariationalInference

@Suite("Densities from draws")
struct DensityEstimateTests {
  private func normal(_ count: Int, seed: UInt64) -> [Double] {
    Tensor<Double>.standardNormal([count], key: NoiseKey(seed: seed)).scalars
  }

  private func integral(_ estimate: DensityEstimate) -> Double {
    let step = estimate.x[1] - estimate.x[0]
    let inner = estimate.y.reduce(0, +)
    return step * (inner - (estimate.y[0] + estimate.y[estimate.y.count - 1]) / 2)
  }

  @Test("a normal density: integral, height, moments")
  func wholeLine() {
    let draws = normal(20_000, seed: 1)
    let estimate = DensityEstimate(draws, on: -6...6)
    #expect((integral(estimate) - 1).magnitude < 1e-3)
    for (x, y) in zip(estimate.x, estimate.y) {
      let exact = exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      // Five standard errors sqrt(f / (2 sqrt(pi) n h)), h = 0.146, and the bias h^2 f'' / 2.
      #expect((y - exact).magnitude < 5 * (exact * 0.2821 / 20_000 / 0.146).squareRoot() + 0.006)
    }
  }

  @Test("draws at a bound: all mass stays inside, and the height there is kept")
  func bounds() {
    // An exponential law, 0 at its lower end, and 3 less it.
    let draws = normal(20_000, seed: 2).enumerated().map { index, _ in
      -log(1 - (Double(index) + 0.5) / 20_000)
    }
    for isMirrored in [false, true] {
      let values = isMirrored ? draws.map { 3 - $0 } : draws
      let bounds = DrawnBounds(values)
      #expect(isMirrored ? bounds.lower == nil : bounds.lower == 0)
      #expect(isMirrored ? (bounds.upper ?? 0) > 2.999 : bounds.upper == nil)
      let range = isMirrored ? -12.0...5 : -2.0...15
      let estimate = DensityEstimate(values, on: range, bounds: bounds)
      #expect((integral(estimate) - 1).magnitude < 0.01)
      let ends = (estimate.x[0], estimate.x[estimate.x.count - 1])
      #expect(isMirrored ? ends.1 <= 3 : ends.0 == 0)
      // 1 but for the bias of a mirrored kernel, h sqrt(2 / pi) = 0.09 here.
      let height = isMirrored ? estimate.y[estimate.y.count - 1] : estimate.y[0]
      #expect(height > 0.85 && height < 1.05)
    }
  }

  @Test("bounds are where draws end, and none where they only thin out")
  func ends() {
    #expect(DrawnBounds(normal(4000, seed: 3)) == DrawnBounds())
    let uniform = Tensor<Double>.uniform([4000], in: 2..<5, key: NoiseKey(seed: 4)).scalars
    let own = DrawnBounds(uniform)
    #expect(own.lower == 0 && (own.upper ?? 0) > 4.99 && (own.upper ?? 9) < 5)
    let share = DrawnBounds(uniform.map { ($0 - 2) / 3 })
    #expect(share.lower == 0 && share.upper == 1)
    // Other draws of the same quantity show that it goes on.
    #expect(DrawnBounds([0.1, 0.2, 0.3], others: [-1, 7]) == DrawnBounds())
    #expect(DrawnBounds([4, 4, 4]) == DrawnBounds())
  }

  @Test("weights count: a weight of 0 is no draw, a double one two")
  func weights() {
    let draws = normal(2000, seed: 5)
    let far = draws + draws.map { $0 + 100 }
    let weights = draws.map { _ in 1.0 / 2000 } + draws.map { _ in 0.0 }
    let estimate = DensityEstimate(far, weights, on: -6...6)
    let plain = DensityEstimate(draws, on: -6...6)
    // The standard deviation is over n here, over n - 1 there.
    for (a, b) in zip(estimate.y, plain.y) { #expect((a - b).magnitude < 1e-3) }
    let tilted = DensityEstimate([0, 10], [0.25, 0.75], on: -5...15, bandwidth: 0.5)
    let near = tilted.y[tilted.x.firstIndex { $0 >= 0 } ?? 0]
    let other = tilted.y[tilted.x.firstIndex { $0 >= 10 } ?? 0]
    #expect((other / near - 3).magnitude < 0.1)
  }

  @Test("draws that are all the same have no density; those not finite are left out")
  func degenerate() {
    #expect(DensityEstimate([2, 2, 2], on: 0...4).y.isEmpty)
    #expect(DensityEstimate([], on: 0...4).y.isEmpty)
    let draws = normal(1000, seed: 6)
    let estimate = DensityEstimate(draws + [.nan, .infinity], on: -5...5)
    #expect(estimate.y == DensityEstimate(draws, on: -5...5).y)
  }

  @Test("two quantities: half and nine tenths of the draws lie within their contours")
  func plane() throws {
    let (a, b) = (normal(4000, seed: 7), normal(4000, seed: 8))
    let other = zip(a, b).map { 0.8 * $0 + 0.6 * $1 }
    let plane = try #require(
      PlaneEstimate(a, other, on: (-4...4, -4...4), bounds: (DrawnBounds(), DrawnBounds())))
    func height(_ x: Double, _ y: Double) -> Double {
      let last = Double(plane.x.count - 1)
      let column = ((x + 4) / 8 * last).rounded()
      let row = ((y + 4) / 8 * last).rounded()
      guard (0...last).contains(column), (0...last).contains(row) else { return 0 }
      return plane.heights[Int(row)][Int(column)]
    }
    for share in [0.5, 0.9] {
      let level = plane.level(holding: share)
      let inside = zip(a, other).count { height($0, $1) >= level }
      // Kernels widen the density: more of the draws than of its mass lie inside.
      let found = Double(inside) / 4000
      #expect(found > share - 0.03 && found < share + 0.1, "\(share): \(found)")
    }
    // It leans as the draws do.
    #expect(height(1.5, 1.2) > 5 * height(1.5, -1.2))
  }

  @Test("at a bound the density of two quantities is not halved")
  func planeAtBounds() throws {
    let a = normal(4000, seed: 9).map(\.magnitude)
    let b = normal(4000, seed: 10)
    let bounds = (DrawnBounds(a), DrawnBounds(b))
    let plane = try #require(PlaneEstimate(a, b, on: (-1...4, -4...4), bounds: bounds))
    #expect(plane.x[0] == 0)
    let row = plane.heights[plane.y.count / 2]
    let largest = row.max() ?? 0
    #expect(row[0] > 0.85 * largest)
    #expect(PlaneEstimate(a.map { _ in 1 }, b, on: (0...2, -4...4), bounds: bounds) == nil)
  }
}
