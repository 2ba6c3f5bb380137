// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

@Suite("Tensor")
struct TensorTests {
  @Test("numbers, shapes and counts", arguments: sampleShapes)
  func construction(_ shape: [Int]) {
    let count = shape.reduce(1, *)
    let numbers = (0..<count).map { Float($0) }
    let x = Tensor(numbers, shape: shape)
    #expect(x.shape == shape && x.count == count && x.rank == shape.count)
    #expect(
      x.scalars == numbers && x.copy.scalars == numbers && x.doubles == numbers.map(Double.init))
    #expect(Tensor<Float>.zeros(shape).scalars == numbers.map { _ in 0 })
    #expect(Tensor<Double>(repeating: 2.5, shape: shape).scalars == numbers.map { _ in 2.5 })
    #expect(x.converted(to: Double.self).converted(to: Float.self).scalars == numbers)
  }

  @Test("the initialiser that hands out memory")
  func initializedBy() {
    let x = Tensor<Float>(shape: [2, 2]) { for index in $0.indices { $0[index] = Float(index) } }
    #expect(x.scalars == [0, 1, 2, 3])
  }

  @Test("a description shows the shape and the first elements")
  func description() {
    #expect("\(Tensor<Double>([1, 2], shape: [2, 1]))" == "Tensor[2, 1][1.0, 2.0]")
    #expect(
      "\(Tensor<Float>.zeros([9]))" == "Tensor[9][0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ...]")
  }

  /// In every place of whole vectors, of the rest, and of the blocks of 4096 that are searched.
  @Test(
    "the first number that is not finite is found",
    arguments: [0, 1, 15, 16, 17, 4095, 4096, 5000], [Float.nan, .infinity, -.infinity])
  func firstNonFinite(_ place: Int, _ value: Float) {
    var numbers = [Float](repeating: .greatestFiniteMagnitude, count: 5001)
    #expect(Tensor(numbers).firstNonFinite == nil)
    numbers[place] = value
    numbers[5000] = value
    #expect(Tensor(numbers).firstNonFinite == place)
    #expect(Tensor(numbers).converted(to: Double.self).firstNonFinite == place)
  }

  @Test("nothing is not finite in a tensor without elements")
  func nothing() { #expect(Tensor<Float>.zeros([0]).firstNonFinite == nil) }

  @Test("a scalar of several numbers is refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>([1, 2]).scalar }
  }

  @Test("an axis without elements may stand beside large ones")
  func emptyAxes() {
    #expect(Tensor<Float>.zeros([0, 1 << 40]).count == 0)
    #expect(Tensor<Float>.zeros([1 << 40, 3, 0]).scalars == [])
  }

  /// A negative size beside another, or beside 0, gives a number of elements that looks sound.
  @Test("shapes that are none are refused before memory is touched")
  func shapes() async {
    // Not `SIGSEGV`: nothing was written beyond memory.
    let result = await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([-1]) }
    #expect(result?.exitStatus != .signal(SIGSEGV))
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([-2, -3]) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([0, -1]) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Double>([], shape: [-1, 0]) }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.zeros([2, 3]).reshaped(to: [-2, -3])
    }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([1 << 32, 1 << 32]) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([1 << 40, 1 << 40, 0]) }
    // As many elements as can be counted, but not their bytes.
    await #expect(processExitsWith: .failure) { _ = Tensor<Double>(shape: [1 << 61]) { _ in } }
  }
}

@Suite("Flat buffer")
struct FlatBufferTests {
  private let shapes = [[3, 5], [], [0], [17], [2, 2]]

  @Test("tensors go in and come out")
  func roundTrip() {
    let tensors = shapes.enumerated().map { Tensor<Double>.pseudoRandom($1, seed: UInt64($0)) }
    let buffer = FlatBuffer(tensors)
    #expect(buffer.shapes == shapes && buffer.tensors.map(\.scalars) == tensors.map(\.scalars))
    let kept = buffer.tensors
    buffer.assign(shapes.map { .zeros($0) })
    #expect(kept.map(\.scalars) == tensors.map(\.scalars))
    #expect(buffer.tensors.allSatisfy { $0.scalars.allSatisfy { $0 == 0 } })
  }

  @Test("shapes that are none are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = FlatBuffer<Float>(shapes: [[4], [-2, -3]]) }
    await #expect(processExitsWith: .failure) {
      _ = FlatBuffer<Float>(shapes: [[1 << 40, 1 << 40, 0]])
    }
  }

  @Test("tensors begin at multiples of 16 and do not overlap")
  func layout() {
    let ranges = FlatBuffer<Float>(shapes: shapes).ranges
    #expect(ranges.map(\.count) == [15, 1, 0, 17, 4])
    #expect(ranges.allSatisfy { $0.lowerBound % 16 == 0 })
    #expect(zip(ranges, ranges.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound })
  }

  /// Adam of Kingma and Ba, Algorithm 1, in plain Doubles; a dozen roundings of 2^-53 each.
  @Test("three steps of Adam are those of the algorithm")
  func adam() {
    let start = Tensor<Double>.pseudoRandom([21], seed: 1)
    let parameter = FlatBuffer([start])
    let (first, second) = (FlatBuffer<Double>(shapes: [[21]]), FlatBuffer<Double>(shapes: [[21]]))
    var (p, m, v) = (
      start.scalars, [Double](repeating: 0, count: 21), [Double](repeating: 0, count: 21)
    )
    let (rate, b1, b2, epsilon) = (0.01, 0.9, 0.999, 1e-8)
    for step in 1...3 {
      let g = Tensor<Double>.pseudoRandom([21], seed: UInt64(10 + step))
      let c1 = 1 - (0..<step).reduce(1) { power, _ in power * b1 }
      let c2 = 1 - (0..<step).reduce(1) { power, _ in power * b2 }
      FlatBuffer.adam(
        FlatBuffer([g]).slab(0..<21), parameter: parameter, first: first, second: second,
        AdamCoefficients(
          rate: rate, weight1: 1 - b1, weight2: 1 - b2, epsilon: epsilon, correction1: c1,
          correction2: c2))
      for (i, g) in g.scalars.enumerated() {
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = b2 * v[i] + (1 - b2) * g * g
        p[i] -= rate * (m[i] / c1) / ((v[i] / c2).squareRoot() + epsilon)
      }
    }
    #expect(relativeError(parameter.tensors[0].scalars, p) < 1e-14)
    #expect(relativeError(first.tensors[0].scalars, m) < 1e-14)
    #expect(relativeError(second.tensors[0].scalars, v) < 1e-14)
  }

  /// A coordinate whose gradient has always been 0 stays where it is: no 0 / 0.
  @Test("Adam leaves coordinates without gradient alone")
  func adamAtZero() {
    let start = Tensor<Float>.pseudoRandom([37], seed: 1)
    let buffers = (0..<3).map { _ in FlatBuffer<Float>(shapes: [[37]]) }
    let parameter = FlatBuffer([start])
    FlatBuffer.adam(
      buffers[0].slab(0..<37), parameter: parameter, first: buffers[1], second: buffers[2],
      AdamCoefficients(
        rate: 0.1, weight1: 0.1, weight2: 0.001, epsilon: 1e-8, correction1: 0.1, correction2: 0.001
      ))
    #expect(parameter.tensors[0].scalars == start.scalars)
  }
}
