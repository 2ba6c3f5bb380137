// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing

@Suite("Temporary folders")
struct TemporaryFolderTests {
  @Test("removing one removes a link in it, not what the link points to")
  func links() throws {
    try withTemporaryFolder { outside in
      try AtomicFile.write([1], to: "\(outside)/kept")
      let inside = try makeTemporaryFolder()
      try FileManager.default.createSymbolicLink(
        atPath: "\(inside)/link", withDestinationPath: outside)
      removeFolder(inside)
      #expect(!Files.exists(inside))
      #expect(Files.exists("\(outside)/kept"))
    }
  }
}
