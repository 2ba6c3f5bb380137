// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Limits of memory are set by the shell, as a user or a cluster sets them.
@Suite("Memory is known before it is needed")
struct MemoryTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages(height: 6, width: 9)
  }

  private func limited(_ kilobytes: Int, _ words: String) throws -> Outcome {
    try workspace.shell("ulimit -v \(kilobytes) && exec \"$0\" \(words)")
  }

  #if os(Linux)
    @Test(
      "training that ulimit -v leaves no room for is refused before it begins",
      arguments: [
        "--hidden 1000000 --latent 2", "--objective iwae --samples 10000",
      ])
    func training(_ options: String) throws {
      let outcome = try limited(
        3_000_000, "train --data data --epochs 1 --threads 1 --no-figures --output run \(options)")
      expectRefusal(outcome, ["training needs about", "ulimit -v", "--hidden"])
      #expect(!workspace.exists("run"))
    }

    @Test("pictures of a run take no more memory than the training, however large they are")
    func figures() throws {
      try workspace.writeImages(
        "huge", train: 2, test: 2, height: 1500, width: 1500)
      let words = "train --data huge --hidden 1 --latent 1 --threads 1 --epochs 1 --output run"
      expectSuccess(try limited(2_500_000, words))
      #expect(workspace.exists("run/figures/samples.png"))
    }

    @Test("crops for which there is no memory are refused before they are taken")
    func crops() throws {
      _ = try workspace.shell("mkdir pictures")
      let outcome = try limited(
        2_000_000, "train --data pictures --size 4096x4096 --patches 1000000 --output run")
      expectRefusal(outcome, ["reading 1,000,000 crops needs", "--patches"])
    }

    /// 100,000 x 54 numbers in single precision and as they were made at once took a gigabyte.
    @Test("arrays and tables of any length are written block by block")
    func streams() throws {
      try workspace.train("run", epochs: 1)
      let sampled = try limited(700_000, "sample run --count 100000 --output s.npy")
      expectSuccess(sampled)
      #expect(try workspace.bytes("s.npy").count == 100_000 * 54 * 4 + 128)
    }

    @Test("the first of many samples are those of few")
    func sameRows() throws {
      try workspace.train("run", epochs: 1)
      expectSuccess(try workspace.elbo("sample", "run", "--count", "5000", "-o", "many.npy"))
      expectSuccess(try workspace.elbo("sample", "run", "--count", "64", "-o", "few.npy"))
      let (many, few) = (try workspace.bytes("many.npy"), try workspace.bytes("few.npy"))
      #expect(many.dropFirst(128).prefix(64 * 54 * 4) == few.dropFirst(128))
      expectSuccess(
        try workspace.elbo("sample", "run", "--draw", "--count", "5000", "-o", "drawn.npy"))
      #expect(try workspace.bytes("drawn.npy").count == 5000 * 54 * 4 + 128)
    }

    @Test("a picture shows the images for which it has room")
    func picture() throws {
      try workspace.train("run", epochs: 1)
      expectSuccess(try limited(700_000, "sample run --count 100000 --output s.png"))
      #expect(workspace.exists("s.png"))
    }
  #endif
}
