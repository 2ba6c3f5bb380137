// SPDX-License-Identifier: Apache-2.0

internal import Testing

/// The elements of two lists side by side, for a comparison one by one.
///
/// `zip` stops at the end of the shorter list: a comparison of nothing with something cannot fail.
/// Here lists of different lengths are recorded as an issue.
package func pairs<A: Collection, B: Collection>(
  _ a: A, _ b: B, fileID: String = #fileID, filePath: String = #filePath, line: Int = #line,
  column: Int = #column
) -> Zip2Sequence<A, B> {
  if a.count != b.count {
    Issue.record(
      "\(a.count) values beside \(b.count)",
      sourceLocation: SourceLocation(
        fileID: fileID, filePath: filePath, line: line, column: column))
  }
  return zip(a, b)
}
