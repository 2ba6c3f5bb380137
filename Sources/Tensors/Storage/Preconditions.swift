// SPDX-License-Identifier: Apache-2.0

/// Ends the process with a sentence where a caller broke a contract. Swift's own function of this name,
/// which this one stands before, says nothing in an optimised build: a wrong shape would be a trap
/// without a cause.
@inline(__always)
package func precondition(
  _ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String = String(),
  file: StaticString = #file, line: UInt = #line
) {
  if !condition() { preconditionFailure(message(), file: file, line: line) }
}

/// Ends the process with a sentence, in an optimised build too.
package func preconditionFailure(
  _ message: @autoclosure () -> String = String(), file: StaticString = #file, line: UInt = #line
) -> Never {
  fatalError(message(), file: file, line: line)
}
