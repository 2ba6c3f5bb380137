// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// Data too large to ship with the package: `../shared` from its root, found from this file's place.
/// Tests that need it are skipped where it is absent.
package enum SharedData {
  /// The path of a file or folder of the shared data, whether or not it is there.
  package static func path(_ name: String) -> String {
    // PACKAGE/Sources/TestSupport/SharedData.swift
    let package = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in
      url.deletingLastPathComponent()
    }
    return package.deletingLastPathComponent().appending(path: "shared/\(name)").path
  }

  /// Whether a file or folder of the shared data is there.
  package static func holds(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: path(name))
  }
}
