// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// Values against SciPy are in the tests of distributions; here is what one pass must not change.
@Suite("Log-densities of data in one pass")
struct DataLogDensityTests {
  /// An operation, what it is in several, and where its operands lie.
  struct Operation: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let isOfLevels: Bool
    let spreads: [Spread]
    let fused: @Sendable ([Tensor<Double>]) -> Tensor<Double>
    let composed: @Sendable ([Tensor<Double>]) -> Tensor<Double>
    let inFloat: @Sendable ([Tensor<Float>]) -> Tensor<Float>

    /// Whole numbers, some of them 0, or levels k / 15 for all k.
    func values(_ shape: [Int]) -> Tensor<Double> {
      let count = shape.reduce(1, *)
      let numbers = (0..<count).map { Double(($0 * 7) % 16) }
      return Tensor(
        numbers.map { isOfLevels ? $0 / 15 : max($0 - 6, 0) }, shape: shape)
    }

    func parameters(_ shapes: [[Int]]) -> [Tensor<Double>] {
      zip(shapes, spreads).enumerated().map {
        .pseudoRandom($1.0, $1.1, seed: UInt64($0 + 1))
      }
    }

    static let all = [
      Operation(
        testDescription: "discretised logistic", isOfLevels: true,
        spreads: [.uniform(-0.5...1.5), .uniform(-1.5...1)],
        fused: {
          .discretisedLogisticLogDensity($0[0], location: $0[1], logScale: $0[2], levels: 16)
        },
        composed: {
          let (inverse, half) = ((-$0[2]).exp(), 1.0 / 30)
          let x = $0[0]
          let (a, b) = ((x - $0[1] - half) * inverse, (x - $0[1] + half) * inverse)
          let upper = Tensor.choose(.isAtLeast(x, Tensor(1 - half)), Tensor(1.0), b.sigmoid())
          let lower = Tensor.choose(.isAtLeast(x, Tensor(half)), a.sigmoid(), Tensor(0.0))
          return (upper - lower).log()
        },
        inFloat: {
          .discretisedLogisticLogDensity($0[0], location: $0[1], logScale: $0[2], levels: 16)
        }),
      Operation(
        testDescription: "negative binomial", isOfLevels: false,
        spreads: [.uniform(-2...3), .uniform(-2...7)],
        fused: { .negativeBinomialLogDensity($0[0], logMean: $0[1], logDispersion: $0[2]) },
        composed: {
          let (x, r, d) = ($0[0], $0[2].exp(), $0[1] - $0[2])
          return (x + r).logGamma() - r.logGamma() - (x + 1).logGamma() - x * (-d).softplus()
            - r * d.softplus()
        },
        inFloat: { .negativeBinomialLogDensity($0[0], logMean: $0[1], logDispersion: $0[2]) }),
      Operation(
        testDescription: "more zeros", isOfLevels: false,
        spreads: [.uniform(-9 ... -0.1), .uniform(-4...4)],
        fused: { .zeroInflatedLogDensity($0[0], counted: $0[1], zeroLogits: $0[2]) },
        composed: {
          let (p, w) = ($0[1].exp(), $0[2].sigmoid())
          let isCounted = Tensor.isAtLeast($0[0], Tensor(0.5))
          return .choose(isCounted, (1 - w) * p, w + (1 - w) * p).log()
        },
        inFloat: { .zeroInflatedLogDensity($0[0], counted: $0[1], zeroLogits: $0[2]) }),
    ]
  }

  /// Shapes of values and of both parameters; 150 is more than two pieces of 64.
  static let shapes: [[[Int]]] = [
    [[5], [5], [5]], [[], [], []], [[3, 1], [4], [4]], [[3, 4], [4], [1]], [[3, 4], [3, 1], [4]],
    [[2, 3, 4], [3, 1], [2, 1, 1]], [[1], [2, 3], [3]], [[2, 1, 5], [2, 3, 5], [1]],
    [[3, 150], [3, 150], [150]], [[3, 150], [3, 150], [3, 150]], [[0, 3], [3], [1]],
    [[37], [1], [1]],
  ]

  /// The composition loses digits where it subtracts: 1e-11 of 1.
  @Test("are those of the formula in several operations", arguments: Operation.all, shapes)
  func composition(_ operation: Operation, _ shapes: [[Int]]) {
    let operands = [operation.values(shapes[0])] + operation.parameters(Array(shapes.dropFirst()))
    let (found, known) = (operation.fused(operands), operation.composed(operands))
    #expect(found.shape == known.shape)
    for (a, b) in pairs(found.scalars, known.scalars) {
      #expect((a - b).magnitude <= 1e-11 * max(1, b.magnitude))
    }
    let rounded = operands.map { $0.converted(to: Float.self) }
    let exact = operation.fused(rounded.map { $0.converted(to: Double.self) })
    for (a, b) in pairs(operation.inFloat(rounded).doubles, exact.scalars) {
      // Of a scale of exp(-1.5), (x - location) / s is up to 7.
      #expect((a - b).magnitude <= 1e-5 * max(1, b.magnitude))
    }
  }

  /// Without the largest, of which others are compared.
  static let small = shapes.filter { $0[0].reduce(1, *) < 100 }

  @Test("have the gradients of differences", arguments: Operation.all, small)
  func gradients(_ operation: Operation, _ shapes: [[Int]]) {
    let x = operation.values(shapes[0])
    checkGradients(
      of: { operation.fused([x] + $0) }, at: operation.parameters(Array(shapes.dropFirst())))
  }

  @Test("have gradients of all rows and columns", arguments: Operation.all)
  func rowsAndColumns(_ operation: Operation) {
    for second in [[150], [3, 150], [3, 1], [1]] {
      let x = operation.values([3, 150])
      let p = operation.parameters([[3, 150], second])
      let found = valueWithGradients(at: p) { operation.fused([x] + $0).sum() }.gradients
      let known = valueWithGradients(at: p) { operation.composed([x] + $0).sum() }.gradients
      for (a, b) in pairs(found, known) {
        #expect(relativeError(a.scalars, b.scalars, scale: 1) < 1e-10, "\(second)")
      }
    }
  }

  @Test("of an element have the same bits wherever it stands", arguments: Operation.all)
  func offsets(_ operation: Operation) {
    let operands = [operation.values([150])] + operation.parameters([[150], [150]])
    func bits(_ operands: [Tensor<Double>]) -> [[Double]] {
      let p = Array(operands.dropFirst())
      let result = valueWithGradients(at: p) { operation.fused([operands[0]] + $0).sum() }
      return [operation.fused(operands).scalars] + result.gradients.map(\.scalars)
    }
    let whole = bits(operands)
    for start in 0..<80 {
      let part = bits(operands.map { $0.slice(start..<150) })
      #expect(part == whole.map { Array($0[start...]) }, "\(start)")
    }
    // Beside rows that share a parameter, and beside other dispersions, large ones among them.
    let rows = operands.enumerated().map { index, operand in
      index == 2 ? operand : operand.reshaped(to: [1, 150]).repeated(to: [3, 150])
    }
    #expect(operation.fused(rows).slice(2..<3).scalars == whole[0])
  }

  @Test("of levels take two or more", arguments: [2, 3, 256])
  func levels(_ count: Int) {
    let x = Tensor((0..<count).map { Double($0) / Double(count - 1) })
    let density = Tensor.discretisedLogisticLogDensity(
      x, location: Tensor([0.3]), logScale: Tensor([-1.2]), levels: count)
    #expect((density.exp().sum().scalar - 1).magnitude < 1e-12)
  }

  /// Log-gammas of the sum are 50,000 nats, of which a Float has steps of 0.004.
  @Test("of large counts in Float are those in Double")
  func largeCounts() {
    let x = Tensor<Float>([0, 1, 7000, 6500])
    let (m, a) = (Tensor<Float>([8.75]), Tensor<Float>([6, 6, 6, 12]))
    func double(_ t: Tensor<Float>) -> Tensor<Double> { t.converted(to: Double.self) }
    let found = Tensor.negativeBinomialLogDensity(x, logMean: m, logDispersion: a)
    let exact = Tensor.negativeBinomialLogDensity(
      double(x), logMean: double(m), logDispersion: double(a))
    for (a, b) in pairs(found.doubles, exact.scalars) {
      #expect((a - b).magnitude <= 1e-7 * b.magnitude)
    }
  }
}
