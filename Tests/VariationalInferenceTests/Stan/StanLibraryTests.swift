// SPDX-License-Identifier: Apache-2.0

import Formats
import Synchronization
import TestSupport
import Testing
import VariationalInference

/// What libraries do that no real one does on demand.
@Suite("Stan libraries") struct StanLibraryTests {
  private static let program = """
    data { int N; }
    parameters { vector[N] x; }
    model { x ~ normal(0, 1); }
    """

  private func density(
    _ folder: String, behaving words: String = "", count: Int = 2, generated: Bool = false,
    threads: WorkerPool = WorkerPool(count: 2)
  ) throws -> StanDensity {
    let library = try StanLibrary(path: StanLibraries.fake(in: folder, ["COMPILES"]))
    return try StanDensity(
      StanProgram("\(Self.program) // \(words)"), data: StanData(json: "{\"N\": \(count)}"),
      library: library, generated: generated, threads: threads)
  }

  @Test("a file that is no library, or one of another kind or version, is told in a sentence")
  func otherFiles() throws {
    try withTemporaryFolder { folder in
      #expect(
        sentence { _ = try StanLibrary(path: "\(folder)/nowhere.so") }
          == "no Stan library at '\(folder)/nowhere.so'")
      let text = "\(folder)/text.so"
      try AtomicFile.write(Array("no library".utf8), to: text)
      let opened = try #require(sentence { _ = try StanLibrary(path: text) })
      #expect(opened.hasPrefix("'\(text)' cannot be opened as a shared library: "))
      let old = try StanLibraries.fake(in: folder, ["MAJOR=1"])
      #expect(
        sentence { _ = try StanLibrary(path: old) }
          == """
          '\(old)' speaks version 1.9.1 of BridgeStan's C interface; version 2 is expected
          """)
      let poor = try StanLibraries.fake(in: folder, ["WITHOUT_GRADIENT"])
      #expect(
        sentence { _ = try StanLibrary(path: poor) }
          == """
          '\(poor)' lacks 'bs_log_density_gradient', which a library of its kind has: take another \
          version
          """)
      let mute = try StanLibraries.fake(in: folder, ["COMPILES", "WITHOUT_COMPILER"])
      #expect(
        sentence { _ = try StanLibrary(path: mute) }
          == "'\(mute)' was built without Stan's compiler: take another build")
    }
  }

  @Test("a library that lacks the interface says so")
  func foreign() throws {
    // The C library of the system is one without any of the functions.
    let message = sentence { _ = try StanLibrary(path: "/lib/x86_64-linux-gnu/libm.so.6") }
    if let message, !message.hasPrefix("no Stan library") {
      #expect(message.contains("it lacks 'bs_major_version'"))
    }
  }

  @Test(
    "programs and data that do not fit are told with the library's message, bounded and escaped")
  func messages() throws {
    try withTemporaryFolder { folder in
      let compile = try #require(sentence { _ = try density(folder, behaving: "does-not-compile") })
      #expect(
        compile == """
          'program' does not compile: Syntax error in line 2, column 4, parsing error:
          \\u{1b}[31m ^
          """)
      let misfit = try #require(sentence { _ = try density(folder, behaving: "data-misfit") })
      #expect(
        misfit == """
          the program 'program' does not begin with 'data': mismatch in dimension declared and found in context; \
          variable name=y
          """)
      let long = try #require(sentence { _ = try density(folder, behaving: "long-message") })
      #expect(long.count < 500 && long.contains("x\\u{1b}x"))
      let library = try StanLibrary(path: StanLibraries.fake(in: folder))
      #expect(
        sentence {
          _ = try StanDensity(
            StanProgram(Self.program), data: StanData(json: "{}"), library: library)
        } == """
          '\(library.path)' is one compiled program and takes no other: give it as MODEL, or a library \
          that compiles
          """)
      #expect(
        sentence { _ = try density(folder, count: 0) }
          == "the program 'program' has no parameters; there is nothing to infer")
    }
  }

  @Test("data that are no object, or claim to be a program, are refused")
  func data() {
    #expect(sentence { _ = try StanData(json: "[1]") }?.contains("is no JSON object") == true)
    #expect(
      sentence { _ = try StanData(json: "{\"__stanli\": 1}") }?.contains("remove it") == true)
  }

  @Test("a density that fails everywhere ends with its own message")
  func failing() throws {
    try withTemporaryFolder { folder in
      let failing = try density(folder, behaving: "fails-density")
      #expect(
        sentence { _ = try failing.posterior() }?.hasSuffix(
          "starts has a finite density: normal_lpdf: Scale parameter is -1, but must be positive!")
          == true)
      let notANumber = try density(folder, behaving: "gives-nan")
      #expect(
        sentence { _ = try notANumber.posterior() }?.hasSuffix(
          "log p is nan where all coordinates are 0") == true)
    }
  }

  @Test("a row whose quantities fail is not a number, and others are not touched")
  func failingQuantities() throws {
    try withTemporaryFolder { folder in
      let density = try density(folder, behaving: "fails-quantities")
      let rows = density.quantities(at: Tensor([-1, 2, 1, 2], shape: [2, 2])).scalars
      #expect(rows[0..<4] == [-1, 2, -2, 4] && rows[4...].allSatisfy(\.isNaN))
    }
  }

  @Test("constants that the compiler drops are kept, but where the programs differ by more")
  func constants() throws {
    try withTemporaryFolder { folder in
      let origin = Tensor<Double>.zeros([1, 2])
      let full = try density(folder)
      #expect(full.unknownConstant == nil)
      #expect(abs(full.logDensities(at: origin).scalars[0] + 1.8378770664093456) < 1e-12)
      let dropped = try density(folder, behaving: "writes-out-wrongly")
      #expect(dropped.unknownConstant == "as the library drops the constants of `~`")
      #expect(dropped.logDensities(at: origin).scalars[0] == 0)
    }
  }

  @Test("a compiled program gives its density in full, and other names by default")
  func compiled() throws {
    try withTemporaryFolder { folder in
      let library = try StanLibrary(path: StanLibraries.fake(in: folder))
      let density = try StanDensity(compiled: library, data: StanData(json: "{\"N\":3}"))
      #expect(density.dimension == 3 && density.coordinateNames == ["x[1]", "x[2]", "x[3]"])
      #expect(density.parameterNames == ["x[1]", "x[2]", "x[3]"])
      #expect(density.quantityNames.count == 6 && density.unknownConstant == nil)
      let (values, gradients) = density.logDensitiesWithGradients(
        at: Tensor([1, 2, 3], shape: [1, 3]))
      #expect(abs(values.scalars[0] + 7 + 3 * 0.9189385332046727) < 1e-12)
      #expect(gradients.scalars == [-1, -2, -3])
      #expect(
        sentence {
          _ = try StanDensity(
            compiled: StanLibrary(path: StanLibraries.fake(in: folder, ["COMPILES"])))
        }?.hasSuffix("compiles programs and is none: give a program to it") == true)
    }
  }

  @Test(
    "calls into a library without threads take turns; others do not have to",
    arguments: [("one-thread", false), ("", true)])
  func threads(words: String, overlap: Bool) throws {
    try withTemporaryFolder { folder in
      let points = Tensor<Double>.standardNormal([64, 2], key: NoiseKey(seed: 3))
      let alone = try density(
        folder, behaving: "slow \(words)", threads: WorkerPool(count: 1))
      let many = try density(
        folder, behaving: "slow \(words)", threads: WorkerPool(count: 4))
      let expected = alone.logDensitiesWithGradients(at: points)
      let path = try StanLibraries.fake(in: folder, ["COMPILES"])
      #expect(StanLibraries.number("fake_most_inside", of: path) == 1)
      let found = many.logDensitiesWithGradients(at: points)
      #expect(found.values.scalars == expected.values.scalars)
      #expect(found.gradients.scalars == expected.gradients.scalars)
      let most = try #require(StanLibraries.number("fake_most_inside", of: path))
      #expect(overlap ? most > 1 : most == 1)
    }
  }

  @Test("generated quantities do not depend on threads, but on the seed")
  func generated() throws {
    try withTemporaryFolder { folder in
      let points = Tensor<Double>.standardNormal([200, 2], key: NoiseKey(seed: 3))
      let path = try StanLibraries.fake(in: folder, ["COMPILES"])
      func draws(threads: Int, seed: UInt64) throws -> [Double] {
        try StanDensity(
          StanProgram("\(Self.program) // slow"), data: StanData(json: "{\"N\":2, \"z\": [1, 2]}"),
          library: StanLibrary(path: path), generated: true, seed: seed,
          threads: WorkerPool(count: threads)
        ).quantities(at: points).scalars
      }
      let first = try draws(threads: 1, seed: 1)
      #expect(try draws(threads: 4, seed: 1) == first)
      #expect(try draws(threads: 1, seed: 2) != first)
      // z is x and standard normal noise.
      let noise = stride(from: 0, to: first.count, by: 6).map { first[$0 + 4] - first[$0] }
      let mean = noise.reduce(0, +) / 200
      #expect(abs(mean) < 4 / 200.0.squareRoot(), "\(mean)")
    }
  }

  @Test("data y are predicted by generated quantities y_rep")
  func predictions() throws {
    try withTemporaryFolder { folder in
      let density = try StanDensity(
        StanProgram(Self.program), data: StanData(json: "{\"N\":2, \"z\": [5, 6], \"x\": [1, 2]}"),
        library: StanLibrary(path: StanLibraries.fake(in: folder, ["COMPILES"])))
      let points = Tensor<Double>.zeros([500, 2])
      let found = try density.predictions(at: points, seed: 1)
      #expect(found.map(\.name) == ["z"] && found[0].observed == [5, 6])
      let drawn = found[0].drawn
      #expect(drawn.shape == [500, 2])
      let mean = drawn.scalars.reduce(0, +) / 1000
      #expect(abs(mean) < 4 / 1000.0.squareRoot(), "\(mean)")
    }
  }

  @Test("the compiler serves one caller at a time")
  func compilerTurns() throws {
    try withTemporaryFolder { folder in
      let path = try StanLibraries.fake(in: folder, ["COMPILES"])
      let library = try StanLibrary(path: path)
      let faults = WorkerPool(count: 4).map(12) { _ -> String in
        let fault = sentence {
          _ = try StanDensity(
            StanProgram(Self.program), data: StanData(json: "{\"N\":2}"), library: library,
            threads: WorkerPool(count: 1))
        }
        return fault ?? "none"
      }
      #expect(faults.allSatisfy { $0 == "none" }, "\(faults)")
      #expect(StanLibraries.number("fake_most_translating", of: path) == 1)
    }
  }

  @Test("what programs print reaches a listener, and nobody without one")
  func printing() throws {
    try withTemporaryFolder { folder in
      let library = try StanLibrary(path: StanLibraries.fake(in: folder, ["COMPILES"]))
      let heard = Heard()
      library.listen { heard.add($0) }
      defer { library.listen(nil) }
      _ = try StanDensity(
        StanProgram("\(Self.program) // prints"), data: StanData(json: "{\"N\":2}"),
        library: library)
      #expect(heard.texts.contains("a message\n"))
    }
  }

  private final class Heard: Sendable {
    private let all = Mutex<[String]>([])
    var texts: [String] { all.withLock { $0 } }
    func add(_ text: String) { all.withLock { $0.append(text) } }
  }
}
