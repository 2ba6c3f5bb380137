// SPDX-License-Identifier: Apache-2.0

import Formats
import FuzzReaders
import TestSupport
import Testing

/// The inputs with which a search by `make fuzz` begins, and small changes of them, without
/// libFuzzer.
@Suite("Readers given any bytes")
struct FuzzReaderTests {
  private func feed(_ reader: FuzzReader, _ input: [UInt8], in folder: String) throws -> [String] {
    let bytes = reader.file(from: input)
    let path = "\(folder)/\(reader.fileName)"
    try AtomicFile.write(bytes, to: path)
    return reader.refusals(of: bytes, at: path)
  }

  /// Those made by code, and those in `Tests/Fuzzing/Corpus`: pictures, and what a search once
  /// found.
  private func seeds(_ reader: FuzzReader, in folder: String) throws -> [[UInt8]] {
    let tests = Files.parent(of: Files.parent(of: #filePath))
    let kept = "\(tests)/Fuzzing/Corpus/\(reader.rawValue)"
    let names = Files.isFolder(kept) ? try Files.list(kept) : []
    return try reader.seeds(in: folder) + names.map { try readFile("\(kept)/\($0)") }
  }

  @Test("seeds are read", arguments: FuzzReader.allCases)
  func seeds(reader: FuzzReader) throws {
    try withTemporaryFolder { folder in
      let refused = try seeds(reader, in: folder).map { try feed(reader, $0, in: folder) }
      #expect(refused.contains { $0.isEmpty }, "\(reader): \(refused)")
    }
  }

  @Test(
    "changed bytes are read, or refused in a short line of text", arguments: FuzzReader.allCases)
  func changes(reader: FuzzReader) throws {
    try withTemporaryFolder { folder in
      var generator = SplitMix64(seed: 7)
      for seed in try seeds(reader, in: folder) where !seed.isEmpty {
        for _ in 0..<40 {
          var input = seed
          for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let place = Int.random(in: input.indices, using: &generator)
            input[place] = [0, 0xFF, 0x7F, 0x1B, UInt8.random(in: 0...255, using: &generator)]
              .randomElement(using: &generator)!
          }
          if Bool.random(using: &generator) {
            input.removeLast(Int.random(in: 0..<input.count, using: &generator))
          }
          for refusal in try feed(reader, input, in: folder) {
            #expect(SentenceFault(refusal) == nil, "\(refusal.debugDescription)")
          }
        }
      }
    }
  }
}
