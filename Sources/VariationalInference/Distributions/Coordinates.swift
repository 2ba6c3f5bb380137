// SPDX-License-Identifier: Apache-2.0

internal import Tensors

extension Tensor {
  /// This value and a parameter of its law as they meet: parameters of all rows, `[1]` or `[n]`, stay as
  /// they are; where one of the two has an axis of draws, the other gets one of size 1.
  func meeting(_ parameter: Tensor) -> (value: Tensor, parameter: Tensor) {
    let rank = max(self.rank, parameter.rank)
    return (
      aligned(toRank: rank), parameter.rank == 1 ? parameter : parameter.aligned(toRank: rank)
    )
  }

  /// The numbers of a parameter in row `row` of `rows` rows of `n` numbers, as Double.
  func spread(rows: Int, _ n: Int) -> [Double] {
    detached.repeated(to: [rows, n]).doubles
  }
}

extension NoiseKey {
  /// A generator of this key's random numbers, for draws that take a random count of them.
  var generator: CounterGenerator {
    let bits = Tensor<Double>.uniform([2], in: 0..<1, key: self).scalars.map(\.bitPattern)
    return CounterGenerator(seed: bits[0] ^ bits[1] << 11, stream: GeneratorPurpose.data.stream())
  }
}

extension Tensor {
  /// A row of `n` draws for each key, each made from a generator of the key by row and column.
  static func drawn(
    _ keys: [NoiseKey], _ n: Int, _ draw: (inout CounterGenerator, _ index: Int) -> Double
  ) -> Tensor {
    var numbers: [Scalar] = []
    numbers.reserveCapacity(keys.count * n)
    for (row, key) in keys.enumerated() {
      var generator = key.generator
      for column in 0..<n { numbers.append(Scalar(draw(&generator, row * n + column))) }
    }
    return Tensor(numbers, shape: [keys.count, n])
  }
}
