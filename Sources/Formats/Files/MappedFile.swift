// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#else
  internal import Darwin
#endif

/// A file as memory: its bytes come from the disk page by page, as they are looked at.
///
/// `@unchecked Sendable`: the memory is only read, and lives as long as the object. The file must not
/// be cut short meanwhile; a reader would then be stopped by the system.
package final class MappedFile: @unchecked Sendable {
  /// All bytes of the file.
  package let bytes: UnsafeRawBufferPointer
  private let mapping: UnsafeMutableRawPointer?

  /// Opens the regular file at `path`.
  ///
  /// - Throws: `FileError` naming the path.
  package init(_ path: String) throws {
    do {
      // Before it is opened: opening a pipe waits for a writer.
      switch try FileStatus(of: path).kind {
      case .folder: throw FileError.isFolder(path: path)
      case .regular: break
      default: throw FileError.notRegular(path: path)
      }
      let file = try Descriptor(path, .read)
      let status = try file.status()
      guard status.size > 0 else {
        (bytes, mapping) = (UnsafeRawBufferPointer(start: nil, count: 0), nil)
        return
      }
      let address = mmap(nil, status.size, PROT_READ, MAP_PRIVATE, file.number, 0)
      guard let address, address != MAP_FAILED else { throw SystemError.last }
      mapping = address
      bytes = UnsafeRawBufferPointer(start: address, count: status.size)
    } catch let error as SystemError where error == .missing {
      throw FileError.missing(path: path)
    } catch let error as SystemError {
      throw FileError.unreadable(path: path, reason: error.reason)
    }
  }

  /// Asks for the pages of a range, which the system then reads while others are worked on.
  package func prefetch(_ range: Range<Int>) {
    guard let mapping, !range.isEmpty else { return }
    let page = Int(getpagesize())
    let start = range.lowerBound / page * page
    madvise(mapping + start, range.upperBound - start, MADV_WILLNEED)
  }

  /// Says that bytes will be looked at in no order: no pages are read but those asked for.
  package func expectRandomAccess() {
    if let mapping { madvise(mapping, bytes.count, MADV_RANDOM) }
  }

  deinit { if let mapping { munmap(mapping, bytes.count) } }
}
