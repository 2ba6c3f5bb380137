// SPDX-License-Identifier: Apache-2.0

package import Formats

/// The folder of a run at work: kept from other processes, and found again where it is renamed.
///
/// A run that is to replace another one begins in `.NAME.new` beside it, marked as such, and takes its
/// name in ``settle()``, when it has something to show. Until then the earlier run is whole. A
/// process that is killed in the exchange leaves one of two things, which ``RunFolder/mend()``
/// completes: a folder in its place that still has the mark, beside what it replaced; or, where the
/// file system takes two steps, the earlier one called `.NAME.old` and none in its place.
package final class RunPlace {
  /// Where the files of the run are; ``find()`` follows the folder.
  package private(set) var folder: RunFolder
  private let held: HeldFolder
  private let claim: FileLock
  private var replaced: Replaced?
  /// The place of the several runs that this is one of.
  private let parent: RunPlace?

  /// A run to be replaced, which nobody may train meanwhile.
  fileprivate struct Replaced {
    let folder: RunFolder
    let held: HeldFolder
    let claims: [FileLock]

    init(_ folder: RunFolder) throws {
      self.folder = folder
      claims = try folder.claimAll()
      held = try HeldFolder(folder.path)
    }
  }

  /// The name of the file that marks a folder whose run is to replace another one.
  static let mark = ".replaces"

  fileprivate init(
    _ folder: RunFolder, replacing earlier: Replaced? = nil, within parent: RunPlace? = nil
  ) throws {
    self.folder = folder
    self.parent = parent
    replaced = earlier
    claim = try folder.claim()
    held = try HeldFolder(folder.path)
  }

  /// Whether the run is to replace another one, and has not done so yet.
  package var isAside: Bool { replaced != nil || parent?.isAside == true }

  /// The run that is whole as long as this one is aside.
  package var earlier: RunFolder? { replaced?.folder ?? parent?.earlier }

  /// Follows the folder where it was renamed.
  ///
  /// - Returns: Whether it was.
  /// - Throws: ``RunError`` where it was removed.
  @discardableResult
  package func find() throws -> Bool {
    try parent?.find()
    let last = parent.map { "\($0.folder.path)/\(Files.name(of: folder.path))" }
    guard let path = held.path(last: last ?? folder.path) else {
      throw RunError.removed(path: folder.path)
    }
    defer { folder = RunFolder(path) }
    return path != folder.path
  }

  /// Takes the name of the run that this one replaces, of which only files of others remain.
  ///
  /// - Throws: `FileError` where the folders cannot change their names; both runs are then whole.
  package func settle() throws {
    if let parent {
      try parent.settle()
      try find()
    }
    guard let earlier = replaced else { return }
    // Asked once: a folder that cannot be renamed now will not be so at the next epoch.
    replaced = nil
    try find()
    let target = earlier.folder
    guard earlier.held.path(last: target.path) == target.path else {
      // The earlier run was moved away or removed: nothing is in the way, or something unknown is.
      if Files.exists(target.path) {
        throw FileError.notReplaced(
          path: target.path, reason: "another folder has come to its place")
      }
      try Files.move(folder.path, to: target.path)
      folder = target
      return try target.unmark()
    }
    let (aside, old) = (folder.path, target.old)
    let isExchanged = try Files.exchange(aside, target.path, aside: old.path)
    folder = target
    // What is killed from here on, the next start completes. The earlier run gets the name of one that is
    // replaced first: nobody should take what is left of it for a run to go on with.
    let isNamed = !isExchanged || (try? Files.move(aside, to: old.path)) != nil
    try (isNamed ? old : RunFolder(aside)).discard(movingOthersTo: target)
    try target.unmark()
  }

  /// Removes a run that has nothing to show and was to replace another one.
  ///
  /// - Parameter always: Whether it is removed where it was to replace none, too.
  package func withdraw(always: Bool = false) {
    if replaced != nil || always { try? folder.discard() }
    parent?.withdraw()
  }
}

extension RunFolder {
  /// Where a run begins that is to replace the one here.
  fileprivate var new: RunFolder { sibling("new") }
  /// What the run here is called on the way, where the exchange takes two steps.
  fileprivate var old: RunFolder { sibling("old") }

  private func sibling(_ ending: String) -> RunFolder {
    let parent = Files.parent(of: path)
    let name = ".\(Files.name(of: path)).\(ending)"
    return RunFolder(parent == "." && !path.hasPrefix("./") ? name : "\(parent)/\(name)")
  }

  fileprivate var mark: String { "\(path)/\(RunPlace.mark)" }

  fileprivate func unmark() throws { try Files.remove(mark) }

  /// The run that the one here is to replace.
  private var earlier: RunFolder? {
    let name = Files.name(of: path)
    guard Files.exists(mark), name.hasPrefix("."), name.hasSuffix(".new"), name.count > 5 else {
      return nil
    }
    let own = String(name.dropFirst().dropLast(4))
    let parent = Files.parent(of: path)
    return RunFolder(parent == "." && !path.hasPrefix("./") ? own : "\(parent)/\(own)")
  }

  /// Completes what a process was killed in: a run's taking the place of an earlier one.
  ///
  /// - Throws: `FileError` where a folder cannot be renamed, or a file not be moved.
  package func mend() throws {
    if !Files.exists(path), Files.exists(old.path) {
      try Files.move((Files.exists(new.mark) ? new : old).path, to: path)
    }
    guard Files.exists(mark), earlier == nil else { return }
    let claims = try claimAll()
    for remains in [old, new] where !Files.exists(remains.mark) {
      try remains.discard(movingOthersTo: self)
    }
    try unmark()
    withExtendedLifetime(claims) {}
  }

  /// Makes sure that no two processes train here.
  ///
  /// - Returns: What keeps others out as long as it lives.
  /// - Throws: ``RunError`` where another process trains here.
  fileprivate func claim() throws -> FileLock {
    guard let held = try FileLock(path: lock) else { throw RunError.inUse(path: path) }
    return held
  }

  /// The same for each of the runs of several seeds.
  fileprivate func claimAll() throws -> [FileLock] {
    let runs = try Files.list(path).filter { $0.hasPrefix("seed-") }.map {
      RunFolder("\(path)/\($0)")
    }
    return try [claim()] + runs.filter { Files.exists($0.lock) }.map { try $0.claim() }
  }

  /// The place of a new run.
  ///
  /// - Parameters:
  ///   - overwriting: Whether a folder that holds something may be used. A run in it stays whole until
  ///     ``RunPlace/settle()``; files that elbo did not write stay for good.
  ///   - parent: The place of the several runs that this is one of.
  /// - Returns: The place, whose folder is there and holds no run.
  /// - Throws: ``RunError`` where it holds something and may not be overwritten, or is in use.
  package func begin(overwriting: Bool, within parent: RunPlace? = nil) throws -> RunPlace {
    try mend()
    try check(overwriting: overwriting)
    if holdsRun {
      // Through symbolic links: it is the folder that is replaced, not a link to it.
      let real = Files.realPath(path)
      let isPlain =
        Files.realPath(Files.parent(of: path)) == Files.parent(of: real)
        && Files.name(of: path) == Files.name(of: real)
      let target = isPlain ? self : RunFolder(real)
      if Files.realPath(".") == real || Files.realPath(".").hasPrefix("\(real)/") {
        throw RunError.present(path: path)
      }
      let earlier = try RunPlace.Replaced(target)
      let aside = target.new
      try Files.createFolder(aside.path)
      let place = try RunPlace(aside, replacing: earlier, within: parent)
      do {
        // Of an attempt that was given up.
        try aside.discard(keepingLock: true)
        try AtomicFile.write([], to: aside.mark)
      } catch {
        place.withdraw()
        throw error
      }
      return place
    }
    try Files.createFolder(path)
    let place = try RunPlace(self, within: parent)
    // Under the lock, too: another process may have begun a run here meanwhile.
    try check(overwriting: overwriting)
    try discard(keepingLock: true)
    return place
  }

  /// The place of a run that is taken up where it stopped.
  ///
  /// - Parameter parent: The place of the several runs that this is one of.
  /// - Returns: The place; of a run that was to replace another one, it still is.
  /// - Throws: ``RunError`` where another process trains there.
  package func takeUp(within parent: RunPlace? = nil) throws -> RunPlace {
    try mend()
    guard let earlier else { return try RunPlace(self, within: parent) }
    if Files.exists(earlier.path) {
      return try RunPlace(self, replacing: RunPlace.Replaced(earlier), within: parent)
    }
    let claim = try claim()
    try Files.move(path, to: earlier.path)
    try earlier.unmark()
    withExtendedLifetime(claim) {}
    return try RunPlace(earlier, within: parent)
  }
}
