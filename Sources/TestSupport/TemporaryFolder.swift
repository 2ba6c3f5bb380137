// SPDX-License-Identifier: Apache-2.0

internal import Formats

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Runs `body` with the path of a new folder, and removes the folder with all it holds afterwards.
package func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = try makeTemporaryFolder()
  defer { removeFolder(folder) }
  return try body(folder)
}

/// The path of a new folder, for tests that wait; they call `removeFolder` themselves.
package func makeTemporaryFolder() throws -> String {
  var template = Array("/tmp/elbo-test-XXXXXX".utf8CString)
  guard mkdtemp(&template) != nil else {
    throw FileError.folderNotCreated(path: "/tmp", reason: String(cString: strerror(errno)))
  }
  return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Removes a folder with all it holds; of a symbolic link the link alone, never what it points to.
package func removeFolder(_ folder: String) {
  if isSymbolicLink(folder) {
    unlink(folder)
    return
  }
  chmod(folder, 0o755)
  for name in (try? Files.list(folder)) ?? [] {
    let path = "\(folder)/\(name)"
    if Files.isFolder(path) { removeFolder(path) } else { unlink(path) }
  }
  rmdir(folder)
}

private func isSymbolicLink(_ path: String) -> Bool {
  var information = stat()
  return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFLNK
}

/// The sentence of the error that `body` throws, or nil where it throws none.
package func sentence(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}
