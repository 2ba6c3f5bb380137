// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport
import Testing

/// A slice of a tensor.
struct SliceCase: Sendable, CustomTestStringConvertible {
  let shape: [Int]
  let range: Range<Int>
  let axis: Int
  var testDescription: String { "\(shape)[\(range)] along \(axis)" }

  static let all: [SliceCase] = [
    .init(shape: [7], range: 2..<5, axis: 0),
    .init(shape: [7], range: 0..<7, axis: -1),
    .init(shape: [7], range: 3..<3, axis: 0),
    .init(shape: [3, 4], range: 1..<3, axis: 0),
    .init(shape: [3, 4], range: 1..<2, axis: 1),
    .init(shape: [2, 5, 3], range: 1..<4, axis: 1),
    .init(shape: [2, 5, 3], range: 2..<3, axis: -1),
    .init(shape: [0, 4], range: 1..<2, axis: 1),
    .init(shape: [3, 0], range: 0..<0, axis: 1),
  ]
}

/// Tensors to be joined.
struct JoinCase: Sendable, CustomTestStringConvertible {
  let shapes: [[Int]]
  let axis: Int
  var testDescription: String { "\(shapes) along \(axis)" }

  static let all: [JoinCase] = [
    .init(shapes: [[3]], axis: 0),
    .init(shapes: [[3], [2], [4]], axis: 0),
    .init(shapes: [[3], [0], [1]], axis: 0),
    .init(shapes: [[2, 3], [4, 3]], axis: 0),
    .init(shapes: [[2, 3], [2, 1]], axis: 1),
    .init(shapes: [[2, 1, 3], [2, 4, 3], [2, 2, 3]], axis: 1),
    .init(shapes: [[2, 1, 3], [2, 1, 2]], axis: -1),
    .init(shapes: [[0, 3], [0, 2]], axis: 1),
  ]
}

@Suite("Shaping")
struct ShapingTests {
  @Test("reshaping keeps the order", arguments: [[24], [4, 6], [1, 24, 1], [2, 3, 4]])
  func reshaped(_ shape: [Int]) {
    let x = Tensor<Double>.pseudoRandom([3, 8])
    #expect(x.reshaped(to: shape).shape == shape && x.reshaped(to: shape).scalars == x.scalars)
    checkGradients(of: { $0[0].reshaped(to: shape) }, at: [x])
  }

  @Test("a scalar, a tensor of one element and one of none can be reshaped")
  func reshapedCorners() {
    checkGradients(of: { $0[0].reshaped(to: [1, 1]) }, at: [Tensor(3)])
    checkGradients(of: { $0[0].reshaped(to: []) }, at: [Tensor([3], shape: [1, 1])])
    checkGradients(of: { $0[0].reshaped(to: [0, 5]) }, at: [.zeros([3, 0])])
  }

  @Test(
    "transposition", arguments: [[1, 1], [3, 4], [1, 5], [5, 1], [17, 33], [0, 3], [3, 0]])
  func transposed(_ shape: [Int]) {
    let x = Tensor<Double>.pseudoRandom(shape)
    let y = x.transposed()
    #expect(y.shape == [shape[1], shape[0]])
    let expected = Indices(y.shape).map { x.scalars[position([$0[1], $0[0]], in: shape)] }
    #expect(y.scalars == expected)
    if x.count < 50 { checkGradients(of: { $0[0].transposed() }, at: [x]) }
  }

  @Test("slices", arguments: SliceCase.all)
  func slices(_ form: SliceCase) {
    let x = Tensor<Double>.pseudoRandom(form.shape)
    let axis = form.axis < 0 ? form.axis + form.shape.count : form.axis
    var shape = form.shape
    shape[axis] = form.range.count
    let y = x.slice(form.range, along: form.axis)
    #expect(y.shape == shape)
    let expected = Indices(shape).map { index in
      var source = index
      source[axis] += form.range.lowerBound
      return x.scalars[position(source, in: form.shape)]
    }
    #expect(y.scalars == expected)
    checkGradients(of: { $0[0].slice(form.range, along: form.axis) }, at: [x])
  }

  @Test("concatenation, and slicing as its inverse", arguments: JoinCase.all)
  func concatenated(_ form: JoinCase) {
    let parts = form.shapes.enumerated().map { index, shape in
      Tensor<Double>.pseudoRandom(shape, seed: UInt64(index))
    }
    let whole = Tensor.concatenated(parts, along: form.axis)
    let axis = form.axis < 0 ? form.axis + form.shapes[0].count : form.axis
    var start = 0
    for part in parts {
      let back = whole.slice(start..<start + part.shape[axis], along: axis)
      #expect(back.shape == part.shape && back.scalars == part.scalars)
      start += part.shape[axis]
    }
    #expect(whole.shape[axis] == start)
    checkGradients(of: { .concatenated($0, along: form.axis) }, at: parts)
  }

  @Test("a tensor joined with itself has the sum of both gradients")
  func joinedTwice() {
    checkGradients(
      of: { Tensor.concatenated([$0[0], $0[0] * $0[0]], along: 1) }, at: [.pseudoRandom([2, 3])])
  }

  @Test("shapes that do not fit are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([6]).reshaped(to: [4]) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([6]).transposed() }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([6]).slice(2..<7) }
    await #expect(processExitsWith: .failure) {
      _ = Tensor<Float>.concatenated([.zeros([2, 3]), .zeros([3, 2])], along: 0)
    }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([3]).repeated(to: [4]) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>([1, 2, 3], shape: [2]) }
  }
}
