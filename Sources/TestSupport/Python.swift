// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Python beside the tests, of `PYTHON` or the first in the path: what others write is read here.
package enum Python {
  /// Runs a script with arguments.
  ///
  /// - Returns: Its exit status.
  /// - Throws: Where the program cannot be started.
  package static func run(_ script: String, _ arguments: [String] = []) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let program = ProcessInfo.processInfo.environment["PYTHON"] ?? "python3"
    process.arguments = [program, "-c", script] + arguments
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }

  /// Whether there is a Python with some modules, as "numpy, scipy.sparse".
  package static func has(_ modules: String) -> Bool { (try? run("import \(modules)")) == 0 }
}
