// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Purposes of random numbers")
struct NoisePurposeTests {
  @Test("no two purposes share a number, those of the chains among them")
  func purposes() {
    let chains = ChainNoise.offsets.map { NoisePurpose.firstOfChains.rawValue + $0 }
    let others = NoisePurpose.allCases.filter { $0 != .firstOfChains }.map(\.rawValue)
    #expect(others.count == 16 && chains.count == 12)
    #expect(Set(others + chains).count == others.count + chains.count, "\(others) \(chains)")
    #expect(chains.allSatisfy(NoisePurpose.chains.contains))
    #expect(!others.contains(where: NoisePurpose.chains.contains))
    // 0 is the last counter of keys that name no purpose.
    #expect(!others.contains(0))
  }

  @Test("no two generators share a stream; their streams lie above all purposes")
  func streams() {
    let streams = GeneratorPurpose.allCases.flatMap { [$0.stream(), $0.stream((1 << 48) - 1)] }
    #expect(Set(streams).count == 2 * GeneratorPurpose.allCases.count)
    #expect(streams == streams.sorted(), "the ranges of streams do not overlap")
    for purpose in GeneratorPurpose.allCases where purpose != .only {
      // The last two counters of Philox are the halves of a stream.
      #expect(purpose.stream() >> 32 > UInt64(NoisePurpose.chains.upperBound), "\(purpose)")
    }
  }

  /// Streams as they were given: another number would give other data, weights and orders.
  @Test("what a seed gives does not change")
  func kept() {
    let given: [GeneratorPurpose: UInt64] = [
      .only: 0, .data: 0x6461 << 48, .digitFactors: 0x6469 << 48, .glorotWeights: 0x676c << 48,
      .imputation: 0x696d << 48, .initialWeights: 0x696e << 48, .epochOrder: 0x6f72 << 48,
      .pictureCrops: 0x7063 << 48, .programDraws: 0x7064 << 48, .plateSubset: 0x7073 << 48,
      .resampling: 0x7273 << 48,
      .subset: 0x7362 << 48, .simulatedDataSet: 0x7364 << 48,
      .calibration: 0x6361 << 48, .priorDraws: 0x7072 << 48,
      .stanDraws: 0x7374 << 48,
      .division: 0x7370 << 48,
    ]
    for purpose in GeneratorPurpose.allCases { #expect(purpose.stream() == given[purpose]) }
    #expect(GeneratorPurpose.epochOrder.stream(7) == 0x6f72 << 48 | 7)
    let numbers = NoisePurpose.allCases.map(\.rawValue)
    #expect(numbers == [1, 2, 3, 4, 5, 6, 7, 32, 40, 41, 42, 43, 44, 48, 64, 65, 66])
    #expect(ChainNoise.offsets == Array(0..<12))
  }
}
