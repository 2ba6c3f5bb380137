// SPDX-License-Identifier: Apache-2.0

internal import CKernels

extension Tensor {
  /// Sums up to each index of an axis: y[i] = x[0] + ... + x[i]. The gradient is summed from the end:
  /// dx[i] = dy[i] + dy[i + 1] + ...
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  public func cumulativeSum(along axis: Int) -> Tensor {
    let layout = AxisLayout(shape, axis)
    let value = detached.running(layout, fromEnd: false)
    return Tensor.operation(value: value.marked(layout.kept(rows)), inputs: [self]) { g in
      [g.running(layout, fromEnd: true)]
    }
  }

  private func running(_ layout: AxisLayout, fromEnd: Bool) -> Tensor {
    let (size, inner) = (layout.size, layout.inner)
    return Tensor.generate(shape, self) { out, source in
      for outer in 0..<layout.outer {
        let start = outer * size * inner
        for step in 0..<size {
          let place = start + (fromEnd ? size - 1 - step : step) * inner
          (out + place).update(from: source + place, count: inner)
          if step > 0 {
            Scalar.kernels.accumulate(inner, out + place + (fromEnd ? inner : -inner), out + place)
          }
        }
      }
    }
  }
}
