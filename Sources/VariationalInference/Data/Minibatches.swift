// SPDX-License-Identifier: Apache-2.0

internal import Tensors

/// Makes batches of a data set, and the noise for them, each a pure function of (seed, example,
/// round), whatever batch or thread an example falls into.
struct BatchSource: Sendable {
  let data: any Dataset
  let uses: [FieldUse]
  let seed: UInt64
  private let isTraining: Bool
  private let latentPurpose: NoisePurpose

  /// For fitting: data and noise change with the epoch.
  static func training(_ data: any Dataset, _ uses: [FieldUse], seed: UInt64) -> Self {
    Self(data: data, uses: uses, seed: seed, isTraining: true, latentPurpose: .trainingLatent)
  }

  /// For judging: the same data and noise at every evaluation with the same seed.
  static func evaluation(_ data: any Dataset, _ uses: [FieldUse], seed: UInt64) -> Self {
    Self(data: data, uses: uses, seed: seed, isTraining: false, latentPurpose: .evaluationLatent)
  }

  /// Memory for rows of a batch, which the closure fills.
  typealias Allocation<Scalar: TensorScalar> = (
    _ shape: [Int], _ fill: (UnsafeMutableBufferPointer<Scalar>) -> Void
  ) -> Tensor<Scalar>

  /// The fields in use of some examples.
  ///
  /// - Parameters:
  ///   - examples: Their numbers.
  ///   - epoch: Counted from 0; without effect on evaluations.
  ///   - allocate: Where the rows are to lie.
  /// - Returns: One row for each example in each field.
  @specialized(where Scalar == Float)
  @specialized(where Scalar == Double)
  func batch<Scalar: TensorScalar>(
    _ examples: [Int], epoch: Int = 0,
    in allocate: Allocation<Scalar> = { Tensor(shape: $0, initializedBy: $1) }
  ) -> Batch<Scalar> {
    let round: DataRound =
      isTraining ? .training(seed: seed, epoch: epoch) : .evaluation(seed: seed)
    var values: [String: Tensor<Scalar>] = [:]
    for use in uses {
      guard let field = data.field(use.name) else {
        preconditionFailure("'\(data.name)' was not checked for its field '\(use.name)'")
      }
      values[use.name] = allocate([examples.count, field.width]) {
        data.write(field, of: examples, round: round, to: $0)
      }
    }
    clearMissing(&values)
    return Batch(values, examples: examples)
  }

  /// Zeros where a mask says that nothing was observed, so that whatever stands there, not a number
  /// included, cannot reach an encoder.
  private func clearMissing<Scalar>(_ values: inout [String: Tensor<Scalar>]) {
    guard let mask = Batch(values).rows(.mask, of: uses) else { return }
    var start = 0
    for name in uses.names(.data) {
      guard let x = values[name] else { continue }
      let observed = mask.slice(start..<start + x.shape[1], along: 1)
      values[name] = x.zeroed(where: observed)
      start += x.shape[1]
    }
  }

  /// Blames the data for a bound that is infinite or undefined, where they are to blame.
  ///
  /// - Throws: ``DatasetError/notFinite(data:field:example:found:)`` for the first field in use that holds
  ///   such a number in one of the examples, and not where a mask calls it missing.
  func requireFinite(_ examples: [Int], epoch: Int = 0) throws {
    if examples.isEmpty { return }
    let batch: Batch<Double> = self.batch(examples, epoch: epoch)
    for use in uses {
      let values = batch[use.name]
      guard let index = values.firstNonFinite else { continue }
      throw DatasetError.notFinite(
        data: data.name, field: use.name, example: examples[index / values.shape[1]],
        found: values.scalars[index])
    }
  }

  /// The same for those examples that have a bound which is not finite.
  func requireFinite(_ examples: some Sequence<Int>, where bounds: [Double]) throws {
    try requireFinite(zip(examples, bounds).filter { !$0.1.isFinite }.map(\.0))
  }

  /// Standard normal numbers for some examples, the first axis of `shape`.
  func noise<Scalar>(
    _ examples: [Int], epoch: Int = 0, shape: [Int],
    in allocate: Allocation<Scalar> = { Tensor(shape: $0, initializedBy: $1) }
  ) -> Tensor<Scalar> {
    allocate(shape) {
      latentPurpose.writeNoise(examples, round: epoch, to: $0, seed: seed)
    }
  }

  /// Standard normal numbers for draws of one example, the first axis of `shape`.
  func noise<Scalar>(_ example: Int, draws: Range<Int>, shape: [Int]) -> Tensor<Scalar> {
    latentPurpose.noise(example, draws: draws, shape: shape, seed: seed)
  }
}

extension NoisePurpose {
  /// Standard normal numbers for draws of one example, the first axis of `shape`: each block of 64
  /// draws has a sequence of its own, the block's number as its round.
  func noise<Scalar>(
    _ example: Int, draws: Range<Int>, shape: [Int], seed: UInt64
  ) -> Tensor<Scalar> {
    let block = Self.drawsPerSequence
    precondition(
      shape.dropLast().reduce(1, *) == draws.count && draws.lowerBound % block == 0,
      "noise \(shape) for draws \(draws)")
    let dimension = shape.last ?? 1
    return Tensor(shape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      for start in stride(from: 0, to: draws.count, by: block) {
        let rows = min(block, draws.count - start)
        key(
          seed: seed, example: example, round: (draws.lowerBound + start) / block
        ).writeStandardNormal(rows * dimension, to: base + start * dimension)
      }
    }
  }
}

extension Tensor {
  /// These numbers, but 0 where `mask`, of this shape, is 0. Values only.
  fileprivate func zeroed(where mask: Tensor) -> Tensor {
    Tensor(shape: shape) { target in
      withScalars { source in
        mask.withScalars { mask in
          // Chosen, not multiplied: 0 x NaN is NaN.
          for index in target.indices { target[index] = mask[index] == 0 ? 0 : source[index] }
        }
      }
    }
  }
}

/// The order of the examples in one epoch, cut into batches; the last may be smaller.
package struct EpochOrder: Sendable {
  /// All examples.
  package let order: [Int]
  private let batchSize: Int

  /// A random order that depends on seed, epoch and block alone: uniform where `block` is nil.
  ///
  /// - Parameters:
  ///   - examples: The number of examples.
  ///   - batchSize: How many a batch has, but for the last.
  ///   - seed: Decides the orders of all epochs.
  ///   - epoch: Counted from 0.
  ///   - block: How many examples of the file are read together, for data larger than memory. The
  ///     blocks come in random order, and examples in a uniformly random one among those of 64 blocks.
  package init(examples: Int, batchSize: Int, seed: UInt64, epoch: Int, block: Int? = nil) {
    var generator = CounterGenerator(
      seed: seed, stream: GeneratorPurpose.epochOrder.stream(UInt64(epoch)))
    self.batchSize = min(batchSize, examples)
    guard let block else {
      order = Self.permutation(of: examples, using: &generator)
      return
    }
    let blocks = Self.permutation(of: (examples + block - 1) / block, using: &generator)
    var order: [Int] = []
    order.reserveCapacity(examples)
    for first in stride(from: 0, to: blocks.count, by: Self.blocksTogether) {
      let together = blocks[first..<min(first + Self.blocksTogether, blocks.count)].flatMap {
        $0 * block..<min(($0 + 1) * block, examples)
      }
      order += Self.permutation(of: together.count, using: &generator).map { together[$0] }
    }
    self.order = order
  }

  private static let blocksTogether = 64

  /// The number of batches.
  var count: Int { (order.count + batchSize - 1) / batchSize }

  /// The examples of a batch.
  subscript(batch: Int) -> ArraySlice<Int> {
    order[batch * batchSize..<min((batch + 1) * batchSize, order.count)]
  }

  /// The numbers 0 ..< count in a uniformly random order: each place in turn takes one of the numbers
  /// that are left (Fisher and Yates; Durstenfeld 1964, doi:10.1145/364520.364540).
  ///
  /// Written out, because a run must find the same order again, and that of the standard library's
  /// `shuffle` is no promise.
  static func permutation(
    of count: Int, using generator: inout some RandomNumberGenerator
  ) -> [Int] {
    var order = Array(0..<count)
    for place in 0..<max(count - 1, 0) {
      let left = UInt64(count - place)
      order.swapAt(place, place + Int(uniform(below: left, using: &generator)))
    }
    return order
  }

  /// A uniformly random number below `bound`: the upper half of a product of 128 bits, drawn anew
  /// where the lower half shows that some numbers would come once too often.
  ///
  /// - Source: Lemire, "Fast random integer generation in an interval", ACM TOMACS 29 (2019),
  ///   doi:10.1145/3230636.
  package static func uniform(
    below bound: UInt64, using generator: inout some RandomNumberGenerator
  ) -> UInt64 {
    var product = generator.next().multipliedFullWidth(by: bound)
    if product.low < bound {
      // 2^64 mod bound, as 2^64 - bound has the same remainder: the products with a lower half
      // below it are those by which some numbers would come more often.
      let surplus = (0 &- bound) % bound
      while product.low < surplus { product = generator.next().multipliedFullWidth(by: bound) }
    }
    return product.high
  }
}
