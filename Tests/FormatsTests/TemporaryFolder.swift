// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs `body` with the path of a new folder, and removes the folder with all it holds afterwards.
func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = try makeTemporaryFolder()
  defer { removeFolder(folder) }
  return try body(folder)
}

/// The path of a new folder, for tests that wait; they call `removeFolder` themselves.
func makeTemporaryFolder() throws -> String {
  var template = Array("/tmp/elbo-test-XXXXXX".utf8CString)
  let made = mkdtemp(&template) != nil
  try #require(made, "no temporary folder could be made: \(String(cString: strerror(errno)))")
  return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Removes a folder with all it holds.
func removeFolder(_ folder: String) {
  chmod(folder, 0o755)
  for name in (try? Files.list(folder)) ?? [] {
    let path = "\(folder)/\(name)"
    if Files.isFolder(path) { removeFolder(path) } else { unlink(path) }
  }
  rmdir(folder)
}

/// The folder beside the package that holds data too large to ship, or nil where it is absent.
///
/// Found from this file's place: PACKAGE/Tests/FormatsTests/TemporaryFolder.swift.
let sharedFolder: String? = {
  let package = (0..<3).reduce(#filePath) { path, _ in Files.parent(of: path) }
  let folder = "\(Files.parent(of: package))/shared"
  return Files.isFolder(folder) ? folder : nil
}()

/// The sentence of the error that `body` throws, or nil where it throws none.
func sentence(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}
