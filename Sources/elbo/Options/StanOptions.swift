// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Formats
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The library that takes Stan programs, and how long it may think.
struct StanOptions: ParsableArguments {
  @Option(
    help: """
      The library that compiles Stan programs. (default: $ELBO_STAN_LIBRARY, else where `make stan` \
      puts it)
      """, completion: .file())
  var stanLibrary: String?

  @Option(
    parsing: .unconditional,
    help: "Seconds that one call into the Stan library may take before the command gives up.")
  var stanTimeout = 120

  @Flag(help: "Report generated quantities of a Stan program too.")
  var generated = false

  func validate() throws {
    try require(stanLibrary, "--stan-library")
    try require(stanTimeout, "--stan-timeout", atMost: 1_000_000)
  }

  /// Whether an argument is a Stan program, or a library that BridgeStan compiled from one.
  static func isStan(_ model: String) -> Bool { model.hasSuffix(".stan") || isLibrary(model) }
  private static func isLibrary(_ model: String) -> Bool {
    model.hasSuffix(".so") || model.hasSuffix(".dylib")
  }

  /// The density of a Stan program.
  ///
  /// - Parameters:
  ///   - model: The path of a program, or of a compiled one.
  ///   - data: The path of its data.
  ///   - seed: Of its random numbers.
  ///   - workers: Evaluate many points at once.
  /// - Returns: The density of the program given its data.
  /// - Throws: ``NoStanLibrary``, or `StanError` for a fault of the library, the program or the data.
  func density(
    _ model: String, data: String?, seed: UInt64, workers: WorkerPool
  ) throws -> StanDensity {
    let data = try data.map(StanData.init(path:)) ?? StanData()
    if Self.isLibrary(model) {
      let compiled = try opened(model)
      return try StanDensity(
        compiled: compiled, data: data, generated: generated, seed: seed, threads: workers)
    }
    let program = try StanProgram(path: model)
    return try StanDensity(
      program, data: data, library: library(), generated: generated, seed: seed, threads: workers)
  }

  /// The library that compiles.
  func library() throws -> StanLibrary {
    if let stanLibrary { return try opened(stanLibrary) }
    if let value = getenv("ELBO_STAN_LIBRARY"), value.pointee != 0 {
      return try opened(String(cString: value))
    }
    guard let folder = Self.folder else { throw NoStanLibrary(place: nil) }
    let place = "\(folder)/\(Self.fileName)"
    guard Files.exists(place) else { throw NoStanLibrary(place: place) }
    return try opened(place)
  }

  private func opened(_ path: String) throws -> StanLibrary {
    let library = try StanLibrary(path: path)
    StanGuard.watch(timeout: stanTimeout)
    library.listen { StanGuard.hear($0) }
    return library
  }

  private static var fileName: String {
    #if os(macOS)
      "libstanli.dylib"
    #else
      "libstanli.so"
    #endif
  }

  /// Where `make stan` puts it: in the user's cache, never in the working folder.
  private static var folder: String? {
    let cache = DataSource.cacheFolder
    return cache.hasPrefix("/") ? "\(cache)/stan" : nil
  }
}

/// There is no library that takes Stan programs.
struct NoStanLibrary: Error, CustomStringConvertible {
  let place: String?

  var description: String {
    let looked = place.map { " at \($0.shown(limit: 300))" } ?? ""
    return """
      no Stan library\(looked): run `make stan` once in Elbo's folder, which fetches it, or name one with \
      --stan-library or ELBO_STAN_LIBRARY
      """
  }
}
