// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

/// One way to reduce a tensor along one axis.
struct ReductionCase: Sendable, CustomTestStringConvertible {
  let shape: [Int]
  let axis: Int
  let keepingAxis: Bool

  var testDescription: String {
    "\(shape) along \(axis)\(keepingAxis ? ", keeping the axis" : "")"
  }

  /// Every axis of some shapes, counted from the front and from the back.
  static let all: [ReductionCase] = {
    let shapes = [[1], [6], [40], [3, 4], [1, 5], [5, 1], [2, 3, 4], [0, 3], [2, 3, 2, 3]]
    return shapes.flatMap { shape in
      (-shape.count..<shape.count).flatMap { axis in
        [false, true].map { ReductionCase(shape: shape, axis: axis, keepingAxis: $0) }
      }
    }
  }()

  /// Those whose axis has elements: a mean or a maximum of nothing does not exist.
  static let nonEmpty = all.filter { $0.shape[$0.index] > 0 }

  var index: Int { axis < 0 ? axis + shape.count : axis }

  var resultShape: [Int] {
    var result = shape
    if keepingAxis { result[index] = 1 } else { result.remove(at: index) }
    return result
  }

  /// The elements along the axis, for each element of the result.
  func groups(_ x: Tensor<Double>) -> [[Double]] {
    var kept = shape
    kept[index] = 1
    return Indices(kept).map { start in
      (0..<shape[index]).map { step in
        var index = start
        index[self.index] = step
        return x.scalars[position(index, in: shape)]
      }
    }
  }
}

@Suite("Reductions")
struct ReductionTests {
  private func data(_ shape: [Int]) -> Tensor<Double> { .pseudoRandom(shape, seed: 21) }

  /// n - 1 additions of numbers below 1.5 round by at most (n - 1) eps 1.5 n / 2 < 1e-12 here.
  private func agree(_ y: Tensor<Double>, _ expected: [Double], _ shape: [Int]) -> Bool {
    y.shape == shape && relativeError(y.scalars, expected, scale: 1) < 1e-12
  }

  @Test("sum", arguments: ReductionCase.all)
  func sum(_ form: ReductionCase) {
    let x = data(form.shape)
    let y = x.sum(along: form.axis, keepingAxis: form.keepingAxis)
    #expect(agree(y, form.groups(x).map { $0.reduce(0, +) }, form.resultShape))
    checkGradients(of: { $0[0].sum(along: form.axis, keepingAxis: form.keepingAxis) }, at: [x])
  }

  @Test("mean", arguments: ReductionCase.nonEmpty)
  func mean(_ form: ReductionCase) {
    let x = data(form.shape)
    let y = x.mean(along: form.axis, keepingAxis: form.keepingAxis)
    #expect(
      agree(y, form.groups(x).map { $0.reduce(0, +) / Double($0.count) }, form.resultShape))
    checkGradients(of: { $0[0].mean(along: form.axis, keepingAxis: form.keepingAxis) }, at: [x])
  }

  @Test("logSumExp and logMeanExp", arguments: ReductionCase.nonEmpty)
  func logSumExp(_ form: ReductionCase) {
    let x = data(form.shape)
    let sums = form.groups(x).map { $0.reduce(0) { $0 + exp($1) } }
    let y = x.logSumExp(along: form.axis, keepingAxis: form.keepingAxis)
    #expect(agree(y, sums.map { log($0) }, form.resultShape))
    let mean = x.logMeanExp(along: form.axis, keepingAxis: form.keepingAxis)
    let size = Double(form.shape[form.index])
    #expect(agree(mean, sums.map { log($0 / size) }, form.resultShape))
    checkGradients(
      of: { $0[0].logSumExp(along: form.axis, keepingAxis: form.keepingAxis) }, at: [x])
    checkGradients(
      of: { $0[0].logMeanExp(along: form.axis, keepingAxis: form.keepingAxis) }, at: [x])
  }

  @Test("largest", arguments: ReductionCase.nonEmpty.filter { !$0.keepingAxis })
  func largest(_ form: ReductionCase) {
    let x = data(form.shape)
    let y = x.largest(along: form.axis)
    #expect(y.shape == form.resultShape)
    #expect(y.scalars == form.groups(x).map { $0.max() ?? .nan })
  }

  @Test("sum and mean of all elements", arguments: sampleShapes)
  func whole(_ shape: [Int]) {
    let x = data(shape)
    #expect(agree(x.sum(), [x.scalars.reduce(0, +)], []))
    checkGradients(of: { $0[0].sum() }, at: [x])
    if x.count > 0 {
      #expect(agree(x.mean(), [x.scalars.reduce(0, +) / Double(x.count)], []))
      checkGradients(of: { $0[0].mean() }, at: [x])
    }
  }

  @Test("sums over an empty axis are zeros", arguments: [[0], [0, 3], [2, 0, 3], [3, 0]])
  func emptyAxis(_ shape: [Int]) throws {
    let axis = try #require(shape.firstIndex(of: 0))
    let y = Tensor<Float>.zeros(shape).sum(along: axis)
    #expect(y.scalars == [Float](repeating: 0, count: y.count))
  }

  @Test("logSumExp of extreme values, which neither overflows nor cancels")
  func extremes() {
    func value(_ x: [Double]) -> Double { Tensor(x).logSumExp(along: 0).scalar }
    let inf = Double.infinity
    // exp(1000) overflows and exp(-1000) vanishes; ln 2 and 1000 have one rounding between them.
    #expect((value([1000, 1000]) - (1000 + log(2))).magnitude <= 1000.0.ulp)
    #expect((value([-1000, -1000]) - (-1000 + log(2))).magnitude <= 1000.0.ulp)
    #expect(value([1e300, 0]) == 1e300)
    #expect(value([-inf, 0.5]) == 0.5)
    #expect(value([-inf, -inf]) == -inf)
    #expect(value([inf, 0]) == inf)
    #expect(value([.nan, 0]).isNaN && value([0, .nan]).isNaN)
  }

  @Test("the gradient of logSumExp at extreme values is the softmax")
  func extremeGradient() {
    func gradient(_ x: [Double]) -> [Double] {
      valueWithGradients(at: [Tensor(x)]) { $0[0].logSumExp(along: 0) }.gradients[0].scalars
    }
    #expect(gradient([1000, 1000]) == [0.5, 0.5])
    #expect(gradient([-.infinity, 3]) == [0, 1])
    #expect(gradient([-.infinity, -.infinity]) == [0, 0])
    #expect(gradient([1e300, 0]) == [1, 0])
  }

  /// Sixteen running sums of n / 16 terms each: the error is at most (n / 16 + 4) roundings of
  /// 2^-24 relative to the sum of magnitudes.
  @Test("sums in Float keep sixteen running sums", arguments: [1, 15, 16, 17, 1000, 4099])
  func floatSum(_ count: Int) {
    let x = Tensor<Float>.pseudoRandom([count], .uniform(0...1), seed: 5)
    let expected = x.doubles.reduce(0, +)
    let bound = (Double(count) / 16 + 4) * 0x1p-24 * expected
    #expect((x.sum().doubles[0] - expected).magnitude <= bound)
  }

  @Test("the mean and the largest of nothing are refused")
  func refusal() async {
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([2, 0]).mean(along: 1) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([0]).largest(along: 0) }
    await #expect(processExitsWith: .failure) { _ = Tensor<Float>.zeros([2, 3]).sum(along: 2) }
  }
}
