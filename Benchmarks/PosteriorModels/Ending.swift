// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Ends a measurement with a sentence on standard error.
package func end(_ sentence: String, status: Int32) -> Never {
  let line = Array("Error: \(sentence)\n".utf8)
  _ = write(STDERR_FILENO, line, line.count)
  exit(status)
}

/// Runs a measurement; what is wrong with its files ends it with a sentence.
package func measuring(_ body: () throws -> Void) {
  do { try body() } catch { end("\(error)", status: 1) }
}
