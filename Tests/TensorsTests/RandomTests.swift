// SPDX-License-Identifier: Apache-2.0

import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Counter-based generator")
struct CounterGeneratorTests {
  /// `kat_vectors` of the Random123 distribution 1.14.0, philox4x32-10.
  @Test(
    "known answers",
    arguments: [
      (
        SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
        SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
      ),
      (
        SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
        SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
      ),
      (
        SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344),
        SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
        SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
      ),
    ])
  func knownAnswer(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>, _ expected: SIMD4<UInt32>) {
    #expect(CounterGenerator.block(counter: counter, key: key) == expected)
  }

  @Test("a generator hands out the words of consecutive blocks")
  func stream() {
    let (seed, stream) = (0xa409_3822_299f_31d0 as UInt64, 0x1319_8a2e_0370_7344 as UInt64)
    var generator = CounterGenerator(seed: seed, stream: stream)
    for block in 0..<3 {
      let words = CounterGenerator.block(
        counter: SIMD4(UInt32(block), 0, 0x0370_7344, 0x1319_8a2e),
        key: SIMD2(0x299f_31d0, 0xa409_3822))
      #expect(generator.next() == UInt64(words[0]) | UInt64(words[1]) << 32)
      #expect(generator.next() == UInt64(words[2]) | UInt64(words[3]) << 32)
    }
  }
}

/// One sequence of noise, and the words behind it.
struct NoiseSequence: Sendable, CustomTestStringConvertible {
  let seed: UInt64
  let counters: (Int, Int, Int)
  var testDescription: String { "seed \(seed), counters \(counters)" }
  var key: NoiseKey { NoiseKey(seed: seed, counters.0, counters.1, counters.2) }

  static let all: [NoiseSequence] = [
    .init(seed: 0, counters: (0, 0, 0)), .init(seed: 42, counters: (1, 2, 3)),
    .init(seed: 0xffff_ffff_0000_0001, counters: (59_999, 49, 0xffff_ffff)),
  ]

  func block(_ index: Int) -> SIMD4<UInt32> {
    CounterGenerator.block(
      counter: SIMD4(
        UInt32(index), UInt32(counters.0), UInt32(counters.1), UInt32(counters.2)),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
  }

  /// The kernels take sixteen blocks at a time: all their first words, then all second, and so on.
  func word(_ index: Int) -> UInt32 {
    let (batch, rest) = index.quotientAndRemainder(dividingBy: 64)
    return block(batch * 16 + rest % 16)[rest / 16]
  }
}

@Suite("Noise kernels")
struct NoiseTests {
  @Test("uniform numbers are the generator's words", arguments: NoiseSequence.all)
  func uniform(_ sequence: NoiseSequence) {
    let words = (0..<200).map(sequence.word)
    let doubles = Tensor<Double>.uniform([200], in: 0..<1, key: sequence.key)
    #expect(doubles.scalars == words.map { Double($0) * 0x1p-32 })
    let floats = Tensor<Float>.uniform([200], in: 0..<1, key: sequence.key)
    #expect(floats.scalars == words.map { Float($0 >> 8) * 0x1p-24 })
  }

  /// Box and Muller from 53 of 64 bits each, by the same C library: a logarithm, a root and a cosine
  /// of half an ulp each, and an angle up to 2 pi whose half ulp (4e-16) the cosine passes on, times
  /// a radius of at most 8.6.
  @Test(
    "normals in Double are Box and Muller's of the generator's words", arguments: NoiseSequence.all)
  func doubleNormals(_ sequence: NoiseSequence) {
    let z = Tensor<Double>.standardNormal([99], key: sequence.key).scalars
    for (index, value) in z.enumerated() {
      let (radius, angle) = polar(sequence.block(index / 2))
      let expected = radius * (index % 2 == 0 ? cos(angle) : sin(angle))
      #expect((value - expected).magnitude <= 8.6 * 1e-15)
    }
  }

  private func polar(_ w: SIMD4<UInt32>) -> (radius: Double, angle: Double) {
    let u = (UInt64(w[1]) << 32 | UInt64(w[0])) >> 11
    let t = (UInt64(w[3]) << 32 | UInt64(w[2])) >> 11
    return (
      (-2 * log((Double(u) + 0.5) * 0x1p-53)).squareRoot(), 2 * Double.pi * Double(t) * 0x1p-53
    )
  }

  /// In Float the radius of a 32-bit word has relative error 2^-22 near u = 1, where log u is u - 1
  /// rounded to 24 bits... so the bound is absolute: 2^-21 times the largest radius 6.7.
  @Test("normals in Float are Box and Muller's of the same words", arguments: NoiseSequence.all)
  func floatNormals(_ sequence: NoiseSequence) {
    let z = Tensor<Float>.standardNormal([256], key: sequence.key).doubles
    for (index, value) in z.enumerated() {
      // Sixteen cosines and sixteen sines of words 0 and 1, then the same of words 2 and 3.
      let (lane, part) = (index % 16, index % 64 / 16)
      let words = sequence.block(index / 64 * 16 + lane)
      let (u, t) = part < 2 ? (words[0], words[1]) : (words[2], words[3])
      let radius = (-2 * log((Double(u) + 0.5) * 0x1p-32)).squareRoot()
      let angle = 2 * Double.pi * Double(t >> 8) * 0x1p-24
      let expected = radius * (part % 2 == 0 ? cos(angle) : sin(angle))
      #expect((value - expected).magnitude <= 6.7 * 0x1p-21, "\(index): \(value), \(expected)")
    }
  }

  @Test("a shorter sequence is the beginning of a longer one")
  func prefix() {
    let key = NoiseKey(seed: 3, 1, 4, 1)
    let long = Tensor<Float>.standardNormal([150], key: key).scalars
    let longDouble = Tensor<Double>.standardNormal([150], key: key).scalars
    for count in [0, 1, 5, 63, 64, 65, 129] {
      #expect(Tensor<Float>.standardNormal([count], key: key).scalars == Array(long[..<count]))
      #expect(
        Tensor<Double>.standardNormal([count], key: key).scalars == Array(longDouble[..<count]))
    }
  }

  /// n = 2^20, k = 4 standard errors, fixed seeds.
  @Test("normals have the moments and the tail of N(0, 1)", arguments: [1, 2, 3] as [UInt64])
  func moments(_ seed: UInt64) {
    let key = NoiseKey(seed: seed, 7, 8, 9)
    let floats = Tensor<Float>.standardNormal([1 << 20], key: key).doubles
    for check in standardNormalChecks(floats) { #expect(check.isWithin(4), "Float \(check)") }
    let doubles = Tensor<Double>.standardNormal([1 << 20], key: key).scalars
    for check in standardNormalChecks(doubles) { #expect(check.isWithin(4), "Double \(check)") }
    #expect(Tensor(floats).firstNonFinite == nil && Tensor(doubles).firstNonFinite == nil)
  }

  /// 2^14 sequences of 20 draws: what training uses. n = 20 * 2^14, k = 4.
  @Test("first draws of many keys have the moments of N(0, 1)")
  func momentsAcrossKeys() {
    let sample = (0..<1 << 14).flatMap { example in
      Tensor<Float>.standardNormal([20], key: NoiseKey(seed: 0, example, 3, 1)).doubles
    }
    for check in standardNormalChecks(sample) { #expect(check.isWithin(4), "\(check)") }
  }

  /// n = 2^18 pairs, k = 4.
  @Test("sequences of neighbouring keys, and neighbours in one sequence, are uncorrelated")
  func independence() {
    func draw(_ key: NoiseKey) -> [Double] {
      Tensor<Float>.standardNormal([1 << 18], key: key).doubles
    }
    let base = draw(NoiseKey(seed: 5, 10, 20, 1))
    let others = [
      "seed": NoiseKey(seed: 6, 10, 20, 1), "example": NoiseKey(seed: 5, 11, 20, 1),
      "round": NoiseKey(seed: 5, 10, 21, 1), "purpose": NoiseKey(seed: 5, 10, 20, 2),
      "seed's upper half": NoiseKey(seed: 5 | 1 << 32, 10, 20, 1),
    ]
    for (name, key) in others {
      let check = independenceCheck("neighbouring \(name)", base, draw(key))
      #expect(check.isWithin(4), "\(check)")
    }
    for lag in [1, 2, 15, 16, 17, 32, 64] {
      let check = independenceCheck(
        "lag \(lag)", Array(base.dropLast(lag)), Array(base.dropFirst(lag)))
      #expect(check.isWithin(4), "\(check)")
    }
  }

  /// n = 2^18, k = 4: mean 1/2 with variance 1/12, and mean square 1/3 with variance 4/45.
  @Test("uniform numbers fill their range, which excludes its end")
  func uniformMoments() {
    let n = 1 << 18
    let u = Tensor<Float>.uniform([n], in: -3..<5, key: NoiseKey(seed: 9)).doubles
    #expect(u.allSatisfy { $0 >= -3 && $0 < 5 })
    let unit = u.map { ($0 + 3) / 8 }
    #expect(meanCheck("mean", of: unit, expected: 0.5).isWithin(4))
    #expect(meanCheck("mean square", of: unit.map { $0 * $0 }, expected: 1.0 / 3).isWithin(4))
  }
}

@Suite("Pixels from bytes")
struct PixelConversionTests {
  private func convert(_ bytes: [UInt8], _ conversion: PixelConversion) -> [Float] {
    bytes.withUnsafeBufferPointer { source in
      Tensor<Float>(shape: [bytes.count]) { target in
        if let base = target.baseAddress { conversion.write(source, to: base) }
      }.scalars
    }
  }

  @Test("grey levels and threshold of every byte")
  func everyByte() {
    let bytes = [UInt8](0...255)
    #expect(convert(bytes, .greyLevels) == bytes.map { Float($0) / 255 })
    #expect(convert(bytes, .threshold) == bytes.map { $0 >= 128 ? 1 : 0 })
  }

  @Test("a drawn pixel is exact at 0 and 255")
  func certain() {
    let key = NoiseKey(seed: 1)
    #expect(convert([UInt8](repeating: 0, count: 10_000), .draw(key)).allSatisfy { $0 == 0 })
    #expect(convert([UInt8](repeating: 255, count: 10_000), .draw(key)).allSatisfy { $0 == 1 })
  }

  /// n = 2^16 draws per level, k = 4.
  @Test("a drawn pixel is 1 as often as its grey level says", arguments: [1, 64, 127, 200, 254])
  func frequency(_ level: Int) {
    let n = 1 << 16
    let bytes = [UInt8](repeating: UInt8(level), count: n)
    let pixels = convert(bytes, .draw(NoiseKey(seed: UInt64(level), 2))).map { Double($0) }
    #expect(pixels.allSatisfy { $0 == 0 || $0 == 1 })
    let p = Double(level) / 255
    let check = StatisticalCheck(
      "level \(level)", observed: pixels.reduce(0, +) / Double(n), expected: p,
      standardError: (p * (1 - p) / Double(n)).squareRoot())
    #expect(check.isWithin(4), "\(check)")
  }

  @Test("drawn pixels compare the generator's words with grey 2^32 / 255")
  func words() {
    let sequence = NoiseSequence(seed: 11, counters: (5, 6, 7))
    let bytes = (0..<10_000).map { UInt8(($0 * 37 + 11) % 256) }
    let expected: [Float] = bytes.indices.map { index in
      UInt64(sequence.word(index)) < UInt64(bytes[index]) * 0x1_0000_0000 / 255 ? 1 : 0
    }
    #expect(convert(bytes, .draw(sequence.key)) == expected)
  }
}
