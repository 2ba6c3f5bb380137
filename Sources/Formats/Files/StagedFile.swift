// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A file that is whole and on the disk beside its place, which it takes by `commit()`; else it is
/// removed when this object goes.
///
/// Of several files that belong together, all are staged before the first is committed.
package final class StagedFile {
  private let path: String
  /// Where the path leads.
  private let target: String
  /// What is to be there.
  private var sibling: Sibling?
  /// What a pipe or a device gets when the others are committed.
  private let parts: [[UInt8]]

  /// Writes the concatenation of `parts` beside `path`.
  ///
  /// - Throws: `FileError.notWritten`; nothing is left then.
  package init(_ parts: [[UInt8]], for path: String) throws {
    self.path = path
    if Self.isWrittenThrough(path) {
      (target, sibling, self.parts) = (path, nil, parts)
      return
    }
    self.parts = []
    (target, sibling) = try Self.staged(for: path) { file in
      for part in parts { try file.write(part) }
    }
  }

  /// Writes what `produce` does beside `path`; of a pipe or a device, to it.
  ///
  /// - Throws: `FileError`, or what `produce` throws; nothing is left then.
  init(for path: String, _ produce: (AtomicFile.Parts) throws -> Void) throws {
    (self.path, parts) = (path, [])
    if Self.isWrittenThrough(path) {
      (target, sibling) = (path, nil)
      try Self.writeThrough(path, produce)
    } else {
      (target, sibling) = try Self.staged(for: path, produce)
    }
  }

  private static func staged(
    for path: String, _ produce: (AtomicFile.Parts) throws -> Void
  ) throws -> (String, Sibling) {
    do {
      let target = try POSIX.target(of: path)
      let old = try? FileStatus(of: target)
      if old?.kind == .folder { throw SystemError.isFolder }
      let sibling = try Sibling.made(for: target, isPrivate: old != nil)
      if let old { try sibling.file.take(old) }
      try produce(AtomicFile.Parts { try sibling.file.writeAll($0) })
      try sibling.file.synchronise()
      return (target, sibling)
    } catch let error as SystemError {
      throw FileError.notWritten(path: path, reason: error.reason, kept: Files.exists(path))
    }
  }

  /// Puts the file in its place.
  ///
  /// - Throws: As `AtomicFile.write(_:to:)` does.
  package func commit() throws {
    guard let sibling else {
      if parts.isEmpty { return }
      return try Self.writeThrough(path) { file in
        for part in parts { try file.write(part) }
      }
    }
    self.sibling = nil
    do {
      try sibling.move(to: target)
    } catch let error {
      throw FileError.notWritten(path: path, reason: error.reason, kept: Files.exists(path))
    }
    do {
      try POSIX.synchronise(folder: Files.parent(of: target))
    } catch let error {
      throw FileError.notConfirmed(path: path, reason: error.reason)
    }
  }

  private static func writeThrough(
    _ path: String, _ produce: (AtomicFile.Parts) throws -> Void
  ) throws {
    do {
      let file =
        if let number = ownDescriptor(path) {
          OpenFile(try Descriptor(duplicating: number))
        } else {
          OpenFile(try Descriptor(path, .through))
        }
      try produce(AtomicFile.Parts { try file.descriptor.writeAll($0) })
    } catch let error as SystemError {
      throw FileError.outputNotWritten(path: path, reason: error.reason)
    }
  }

  /// Whether `path` is no file that could be replaced.
  private static func isWrittenThrough(_ path: String) -> Bool {
    if ownDescriptor(path) != nil { return true }
    guard let kind = (try? FileStatus(of: path))?.kind else { return false }
    return kind != .regular && kind != .folder
  }

  /// The number of an open file of this process that the path names, which may be a plain file: it
  /// is open where its writer has come to.
  private static func ownDescriptor(_ path: String) -> Int32? {
    switch path {
    case "/dev/stdout": return 1
    case "/dev/stderr": return 2
    default:
      let folder = Files.parent(of: path)
      return folder == "/dev/fd" || folder == "/proc/self/fd" ? Int32(Files.name(of: path)) : nil
    }
  }
}

/// A descriptor that a closure can hold.
private final class OpenFile {
  let descriptor: Descriptor
  init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}

/// The file beside a place; removed with this object, unless it has been moved there.
private final class Sibling {
  let file: Descriptor
  private let path: String
  private var isThere = true

  private init(_ path: String, _ file: consuming Descriptor) {
    self.path = path
    self.file = file
  }

  // Still under the lock, so this cannot be another writer's.
  deinit { if isThere { try? POSIX.remove(file: path) } }

  /// Locks it. Between making and locking another writer may have taken it for a leftover, and
  /// removes it.
  private func isHeld() throws(SystemError) -> Bool {
    let identity = try file.status().identity
    do {
      try file.lock()
    } catch let error where error == .busy {
      isThere = false
    }
    if (try? FileStatus(ofItself: path))?.identity != identity { isThere = false }
    return isThere
  }

  func move(to target: String) throws(SystemError) {
    try POSIX.rename(path, to: target)
    isThere = false
  }

  /// A new file beside `target`, locked, so that other writers leave it alone.
  static func made(for target: String, isPrivate: Bool) throws(SystemError) -> Sibling {
    let folder = Files.parent(of: target)
    let name = Files.name(of: target)
    // A name may have 255 bytes, with what is put around it.
    let stem =
      name.utf8.count < 200
      ? name : String(String.UnicodeScalarView(name.unicodeScalars.prefix(40)))
    for attempt in 0..<1000 {
      let isUsual = attempt < 3
      let suffix = isUsual ? "tmp" : "\(getpid())-\(attempt).tmp"
      let path = "\(folder)/.\(stem).\(suffix)"
      if isUsual { removeLeftover(path) }
      do {
        let made = Sibling(path, try Descriptor(path, isPrivate ? .createPrivate : .create))
        if try made.isHeld() { return made }
      } catch let error where error == .exists {
        continue
      }
    }
    throw .exists
  }

  /// Removes what a killed process left; never what a living one holds, nor what is no plain file.
  private static func removeLeftover(_ path: String) {
    guard (try? FileStatus(ofItself: path))?.kind == .regular,
      let file = try? Descriptor(path, .existing), (try? file.lock()) != nil,
      let held = try? file.status(), let named = try? FileStatus(ofItself: path),
      held.identity == named.identity
    else { return }
    try? POSIX.remove(file: path)
  }
}
