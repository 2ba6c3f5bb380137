// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite("Values side by side")
struct PairsTests {
  @Test("lists of different lengths are an issue, whichever is shorter")
  func lengths() {
    #expect(pairs([1, 2], [3, 4]).map { $0 * $1 } == [3, 8])
    withKnownIssue { _ = pairs([1, 2], [3]) }
    withKnownIssue { _ = pairs([], [3]) }
  }
}
