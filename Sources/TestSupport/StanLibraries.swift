// SPDX-License-Identifier: Apache-2.0

internal import Foundation

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Libraries with BridgeStan's C interface for tests.
package enum StanLibraries {
  /// A real library that compiles programs, where one is at hand: at `ELBO_STAN_LIBRARY`, or where
  /// `make stan` puts it.
  package static let real: String? = {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? "\(environment["HOME"] ?? "")/.cache"
    let places = [environment["ELBO_STAN_LIBRARY"], "\(cache)/elbo/stan/libstanli.so"]
    return places.compactMap { $0 }.first { FileManager.default.fileExists(atPath: $0) }
  }()

  /// The path of the Stan program of a posterior of posteriordb.
  package static func program(_ name: String) -> String {
    package.appending(path: "Benchmarks/PosteriorModels/Stan/\(name).stan").path
  }

  /// PACKAGE/Sources/TestSupport/StanLibraries.swift
  private static let package = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in
    url.deletingLastPathComponent()
  }

  /// Compiles `Tests/Fixtures/StanLibrary.c` into a folder with the compiler beside Swift's.
  ///
  /// - Parameters:
  ///   - folder: Where it goes.
  ///   - macros: What the library lacks, as the source lists.
  /// - Returns: The path of the library.
  /// - Throws: What clang says of it.
  package static func fake(in folder: String, _ macros: [String] = []) throws -> String {
    let path = "\(folder)/fake-\(macros.joined(separator: "-").replacing("=", with: "")).so"
    // A library that is open must not be written over.
    if FileManager.default.fileExists(atPath: path) { return path }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      ["clang", "-shared", "-fPIC", "-O1", "-o", path]
      + macros.map { "-D\($0)" }
      + [package.appending(path: "Tests/Fixtures/StanLibrary.c").path]
    let output = Pipe()
    process.standardError = output
    try process.run()
    let said = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CompilerError(message: String(decoding: said, as: UTF8.self))
    }
    return path
  }

  /// What a function without arguments of a fake library says.
  package static func number(_ function: String, of path: String) -> Int32? {
    guard let handle = dlopen(path, RTLD_NOW), let symbol = dlsym(handle, function) else {
      return nil
    }
    return unsafeBitCast(symbol, to: (@convention(c) () -> Int32).self)()
  }

  private struct CompilerError: Error, CustomStringConvertible {
    let message: String
    var description: String { "clang does not compile StanLibrary.c: \(message)" }
  }
}
