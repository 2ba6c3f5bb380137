// SPDX-License-Identifier: Apache-2.0

import CFuzzing
import Formats
import FuzzReaders

/// One reader and the file that it is given again and again, in memory where the system has such a
/// place.
struct Session {
  let reader: FuzzReader
  let folder: String
  let path: String

  init(_ reader: FuzzReader, number: Int32) throws {
    let root = Files.isFolder("/dev/shm") ? "/dev/shm" : "/tmp"
    self.reader = reader
    folder = "\(root)/elbo-fuzz-\(number)"
    path = "\(folder)/\(reader.fileName)"
    try Files.createFolder(folder)
  }

  /// Has an input read, and ends the process where a limit is not kept.
  ///
  /// - Returns: The bytes of memory that it took at one time, beside the input itself.
  @discardableResult
  func feed(_ input: [UInt8]) -> Int {
    let bytes = reader.file(from: input)
    guard elbo_write_file(path, bytes, bytes.count) != 0 else { fatalError("\(path): not written") }
    elbo_begin_allocations()
    let begin = elbo_processor_seconds()
    let refusals = reader.refusals(of: bytes, at: path)
    let seconds = elbo_processor_seconds() - begin
    let (peak, limit) = (elbo_peak_allocation(), reader.memoryLimit(bytes.count))
    if peak > limit { fatalError("\(peak) bytes of memory for \(bytes.count), limit \(limit)") }
    // A second, and one for each 16 MB.
    if seconds > 1 + Double(bytes.count) / 0x1p24 {
      fatalError("\(seconds) s of computing for \(bytes.count) bytes")
    }
    for refusal in refusals {
      if let fault = SentenceFault(refusal) { fatalError("\(fault): \(refusal.debugDescription)") }
    }
    return peak
  }

  func end() {
    for name in (try? Files.list(folder)) ?? [] { try? Files.remove("\(folder)/\(name)") }
    elbo_remove_folder(folder)
  }
}
