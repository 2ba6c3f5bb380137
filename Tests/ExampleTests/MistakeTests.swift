// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

/// The sentences of Guides/Programs.md on mistakes, as they are printed.
@Suite("Mistakes in programs")
struct MistakeTests {
  private static let y = Value([1, 2, 3])

  private func sentence(_ model: Model) -> String {
    do {
      return "\(try model.fit())"
    } catch {
      return "\(error)"
    }
  }

  @Test("a mistake is said at its statement")
  func sentences() {
    let y = Self.y
    let cases: [(String, @Sendable (Program) -> Void)] = [
      (
        "latent \"a\": another statement has this name; each needs one of its own",
        { z in
          z.latent("a", Normal(0, 1))
          z.latent("a", Normal(0, 1))
        }
      ),
      (
        "observe \"y\": data of shape [3] do not match the law's parameters, which have [4]",
        { z in z.observe("y", Normal(z.latent("a", Normal(0, 1), count: 4), 1), y) }
      ),
      (
        "observe \"y\": a sum of shapes [4] and [3], which do not match",
        { z in z.observe("y", Normal(z.latent("a", Normal(0, 1), count: 4) + y, 1), y) }
      ),
      (
        "observe \"y\": no element 4 in a value of shape [4]",
        { z in z.observe("y", Normal(z.latent("a", Normal(0, 1), count: 4)[4], 1), y) }
      ),
      (
        "observe \"y\": element 1 is 2.5; a value of Poisson is a whole number from 0 on",
        { z in z.observe("y", Poisson(z.latent("a", HalfNormal(1))), Value([1, 2.5])) }
      ),
      (
        "latent \"k\": a latent variable that counts or chooses has no gradient; sum it out of the"
          + " density, with Mixture, HiddenMarkov or a zero-inflated law",
        { z in z.observe("y", Normal(z.latent("k", Bernoulli(0.5)), 1), y) }
      ),
      (
        "observe \"x\": there is no 'x' in the data; there are y",
        { z in
          z.observe("x", Normal(z.latent("a", Normal(0, 1)), 1), ModelData(["y": y])["x"])
        }
      ),
      (
        "none of 168 starts has a finite density: observe \"y\": its log-density is nan at a = 0.0",
        { z in
          let a = z.latent("a", Normal(0, 1))
          z.observe("y", Normal(a, a - 10), y)
        }
      ),
      (
        "none of 168 starts has a finite density: observe \"y\": its log-density is nan at a = 1.0",
        { z in
          let a = z.latent("a", Normal(0, 1))
          z.observe("y", Normal(a, 1e-8 - a * a), y)
        }
      ),
      (
        "latent \"a\": Gamma has no non-centred form",
        { z in z.observe("y", Normal(z.latent("a", Gamma(2, 1), .nonCentred), 1), y) }
      ),
    ]
    for (expected, body) in cases { #expect(sentence(Model(body)) == expected) }
  }

  @Test("other data are of a statement that there is")
  func otherData() throws {
    let model = Model { z in
      z.observe("y", Normal(z.latent("a", Normal(0, 1)), 1), Self.y)
      z.define("twice", z.latent("b", Normal(0, 1)) * 2)
    }
    let problem = "no statement observes data of this name; there are y"
    #expect(sentence(model.observing(["z": 1])) == "observing \"z\": \(problem)")
    #expect(throws: ModelError.self) { try model.observing(["twice": 1]).prior(draws: 2) }
    // N(sum / (n + 1), 1 / (n + 1)).
    let other = try model.observing(["y": Value([5, 6])]).fit()
    #expect((other["a"].mean - 11 / 3).magnitude < 1e-6)
  }

  @Test("a whole number is an exponent")
  func exponents() {
    #expect(Value([1, 2, 3]).raised(to: 3).numbers == [1, 8, 27])
  }

  /// Three digits of a standard deviation, as many decimals in all columns; errors have two digits.
  @Test("a table has decimals by the spread, and a long vector's first elements")
  func table() throws {
    let model = Model { z in
      let level = z.latent("level", Normal(1000, 20))
      let small = z.latent("small", Normal(0, 0.05), count: 12)
      z.define("sum", level + small.sum())
    }
    let lines = "\(try model.fit())".split(separator: "\n", omittingEmptySubsequences: false)
    // The spread of draws is within 10 % of 20 and of 0.05.
    let level = lines[1].split(separator: " ").map(String.init)
    #expect(level[1] == "1000.0" && level[2].count == 4 && level[3].count == 4)
    let small = lines[2].split(separator: " ").map(String.init)
    #expect(small[0] == "small[1]" && small[1].hasSuffix("0.0000"))
    #expect(small[2].hasPrefix("0.0") && small[2].count == 6 && small[3].count == 7)
    #expect(lines[11].hasPrefix("small[10]") && lines[12] == "and 2 more, to small[12]")
    #expect(lines[13].hasPrefix("sum "))
  }
}
