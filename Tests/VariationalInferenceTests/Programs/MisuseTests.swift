// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import VariationalInference

/// What a user may get wrong must end in a sentence, not in a trap or in numbers.
@Suite("Misuse of programs")
struct MisuseTests {
  private static func problem(_ body: @escaping @Sendable (Program) -> Void) -> String? {
    problem(of: { _ = try Model(body).density() })
  }

  private static func problem(of body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
  }

  @Test("arrays of no elements, of negative sizes and of too many")
  func sizes() {
    let none = Value([Double]())
    #expect(Self.define { _ in none.logSumExp() } == "the log-sum-exp of no elements")
    #expect(
      Self.define { _ in none.logSoftmax() }
        == "the log-softmax along axis -1, of no elements, of shape [0]")
    #expect(Self.define { $0 * Value.zeros(-1) } == "an array cannot have shape [-1]")
    #expect(Self.define { $0 * Value.identity(-1) } == "an identity matrix of -1 rows")
    #expect(
      Self.define { $0.reshaped(to: [-1, -1]) } == "a value of shape [] cannot become [-1, -1]")
    let huge = 1 << 40
    #expect(
      Self.define { $0.reshaped(to: [huge, huge]) }
        == "a value of shape [] cannot become [\(huge), \(huge)]")
    #expect(
      Self.problem { $0.latent("a", Normal(0, 1), shape: [huge, huge]) }
        == "latent \"a\": shape [\(huge), \(huge)] has more elements than can be fitted")
    #expect(
      Self.problem { $0.latent("a", LKJCholesky(-1, 1)) }
        == "latent \"a\": shape [-1, -1] has no elements")
    #expect(
      Self.problem {
        let a = $0.latent("a", Normal(0, 1))
        $0.predict("n", Normal(a, 1), count: -3)
      } == "predict \"n\": shape [-3] has a negative size")
  }

  /// What is wrong with a derived value of one unknown number.
  private static func define(_ f: @escaping @Sendable (Value) -> Value) -> String? {
    problem { z in z.define("d", f(z.latent("a", Normal(0, 1)))) }
      .map { String($0.dropFirst("define \"d\": ".count)) }
  }

  @Test("probabilities that do not sum to 1 are refused, also unknown ones")
  func probabilities() {
    #expect(
      Self.problem { z in
        let p = z.latent("p", HalfNormal(1), count: 3)
        z.observe("y", Categorical(p), [0, 2])
      } == "observe \"y\": its probabilities sum to 3.0, not to 1")
    #expect(
      Self.problem { z in
        let m = z.latent("m", Normal(0, 1), count: 2)
        z.observe("y", Mixture(Value([3.0, 5]), Normal(m, 1)), [0.5])
      } == "observe \"y\": its probabilities sum to 8.0, not to 1")
    #expect(
      Self.problem { z in
        let a = z.latent("a", Normal(0, 1))
        z.observe("y", Categorical(logits: a), [0])
      } == "observe \"y\": a number has no categories")
    #expect(
      Self.problem { z in
        let p = z.latent("p", Dirichlet(Value([1.0, 2, 3])))
        z.observe("y", Categorical(p), [0, 2])
      } == nil)
  }

  @Test("names that look like those of elements keep their values, and none is there twice")
  func names() throws {
    let posterior = try Model { z in
      let a = z.latent("a[9]", Normal(0, 1))
      let b = z.latent("b[0]", Normal(3, 1))
      z.define("a[x]", Value.stack([a, b]))
    }.fit()
    #expect(posterior.rows.map(\.name) == ["a[9]", "b[0]", "a[x][1]", "a[x][2]"])
    #expect((posterior["b[0]"].mean - 3).magnitude < 1e-9)
    #expect(
      Self.problem { z in
        z.latent("a", Normal(0, 1), count: 2)
        z.latent("a[1]", Normal(0, 1))
      } == "two values are called 'a[1]': give one of them another name")
  }

  @Test("a closure that says less, or something else, than before")
  func otherStatements() throws {
    func fit(_ body: @escaping @Sendable (Program, _ run: Int) -> Void) -> String? {
      let counter = Counter()
      return Self.problem(of: { _ = try Model { z in body(z, counter.next()) }.fit() })
    }
    #expect(
      fit { z, run in
        z.latent("a", Normal(0, 1))
        if run < 3 { z.latent("b", Normal(0, 1)) }
      }?.contains("latent \"b\": the model no longer makes this statement") == true)
    #expect(
      fit { z, run in
        let a = z.latent("a", Normal(0, 1))
        z.define("c", run.isMultiple(of: 2) ? a : Value.stack([a, a]))
      } == nil)
  }

  @Test("small numbers are not shown as 0")
  func smallNumbers() throws {
    let text = try Model { z in
      let a = z.latent("a", Normal(0, 1e-8))
      z.observe("y", Normal(a, 1e-9), [2e-9, 4e-9])
      z.latent("b", Normal(20, 1e-5))
    }.fit().description
    let lines = text.split(separator: "\n")
    #expect(lines[1].contains("2.99e-9") && lines[1].contains("e-10"))
    #expect(lines[2].contains("0.00001") && !lines[2].contains("0.0000 "))
  }

  @Test("terms in a plate count as observations do; other data are seen in part as well")
  func plates() throws {
    let y = Value((0..<40).map { Double($0 % 5) })
    let options = MinibatchOptions()
    let observed = Model { z in
      let m = z.latent("m", Normal(0, 10))
      z.plate(size: 40, subset: 10) { z.observe("y", Normal(m, 1), y[$0]) }
    }
    let added = Model { z in
      let m = z.latent("m", Normal(0, 10))
      z.plate(size: 40, subset: 10) { z.add(Normal(m, 1).logDensity(of: y[$0])) }
    }
    // The exact sd is 1 / sqrt(40.01).
    let exact = 0.1581
    for model in [observed, added] {
      let posterior = try model.fit(minibatches: options)
      #expect((posterior["m"].standardDeviation / exact - 1).magnitude < 0.2)
    }
    let moved = try observed.observing(["y": y + 7]).fit(minibatches: options)
    #expect((moved["m"].mean - 9).magnitude < 0.1)
    let problem = Self.problem(of: {
      _ = try Model { z in
        z.plate(size: 40, subset: 10) {
          let t = z.latent("t", Normal(0, 1), count: $0.count)
          z.observe("y", Normal(t, 1), y[$0])
        }
      }.fit(minibatches: options)
    })
    #expect(
      problem
        == "latent \"t\": its shape is [10] where a step sees a part of the examples, else [40]; "
        + "minibatches fit latent variables that all examples share")
  }
}

/// Counts runs of a closure, on any thread.
private final class Counter: Sendable {
  private let runs = Atomic(0)
  func next() -> Int { runs.add(1, ordering: .relaxed).newValue }
}
