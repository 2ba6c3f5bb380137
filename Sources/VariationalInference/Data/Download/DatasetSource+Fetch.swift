// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// What a download is doing; reported about ten times a second.
public enum DownloadProgress: Sendable, Equatable {
  /// Another process downloads into the same folder; this one waits and then uses its files.
  case waiting(folder: String)
  /// Bytes of a file have arrived; `total` is known once the server has answered.
  case receiving(file: String, number: Int, fileCount: Int, bytes: Int, total: Int?)
}

extension DatasetSource {
  /// The folder of this data set in the cache, after downloading what is not there yet.
  ///
  /// A file gets its name only when it is whole and its SHA-256 is right; what has arrived of it so
  /// far is kept as `.part` and continued, now or by the next call. Of two processes one downloads
  /// and the other waits.
  ///
  /// - Parameters:
  ///   - cacheFolder: The folder of all cached data sets; made where it is missing.
  ///   - downloader: The program that downloads, and its patience.
  ///   - progress: Told what happens; if it throws, the download stops and the error is passed on.
  /// - Returns: The folder, from which the images can be loaded.
  /// - Throws: `DatasetError` with the names of folder and files, for those who have no network.
  public func fetch(
    into cacheFolder: String, using downloader: Downloader = Downloader(),
    progress: (DownloadProgress) throws -> Void = { _ in }
  ) throws -> IDXFolder {
    let folder = folder(in: cacheFolder)
    if isCached(in: cacheFolder) { return folder }
    try Files.createFolder(folder.path)
    let lock = try FileLock.wait(path: "\(folder.path)/.lock") {
      try progress(.waiting(folder: folder.path))
    }
    for (index, file) in files.enumerated() where !isPresent(file, in: folder) {
      let job = FileDownload(
        file: file, folder: folder.path, downloader: downloader, lock: lock)
      try run(job) { bytes, total in
        try progress(
          .receiving(
            file: file.name, number: index + 1, fileCount: files.count, bytes: bytes,
            total: total))
      }
    }
    return folder
  }

  /// Tries the mirrors in turn.
  private func run(_ job: FileDownload, progress: (Int, Int?) throws -> Void) throws {
    var attempts: [String] = []
    for mirror in mirrors {
      let url = "\(mirror)\(job.file.name).gz"
      do {
        return try job.run(from: url, progress: progress)
      } catch DownloadFault.programMissing {
        throw DatasetError.downloaderMissing(
          program: job.downloader.program, source: name, folder: job.folder,
          files: files.map(\.name))
      } catch let fault as DownloadFault {
        attempts.append("\(url): \(fault)")
      }
    }
    if mirrors.isEmpty {
      throw DatasetError.noMirror(source: name, folder: job.folder, files: files.map(\.name))
    }
    throw DatasetError.notDownloaded(
      source: name, attempts: attempts, folder: job.folder, files: files.map(\.name))
  }
}

/// One file on its way into the cache.
private struct FileDownload {
  let file: DatasetSource.File
  let folder: String
  let downloader: Downloader
  let lock: FileLock

  private var part: String { "\(folder)/\(file.name).gz.part" }

  /// Downloads, checks and stores the file; continues an earlier `.part`.
  func run(from url: String, progress: (_ bytes: Int, _ total: Int?) throws -> Void) throws {
    var isResumed = (Files.size(part) ?? 0) > 0
    // Whole already, if the last process was stopped just before it could use it.
    if isResumed, let contents = try? checkedContents() { return try store(contents) }
    while true {
      do {
        try downloader.download(
          url, to: part, atMost: 2 * file.byteCount + 4096, lock: lock, progress: progress)
        return try store(checkedContents())
      } catch let fault as DownloadFault where isResumed && fault.blamesPart {
        // The beginning came from another file or server: once more, from the first byte.
        try Files.remove(part)
        isResumed = false
      } catch let fault as DownloadFault {
        if fault.blamesPart { try Files.remove(part) }
        throw fault
      }
    }
  }

  /// The unpacked contents of the `.part`, if they are the published ones.
  private func checkedContents() throws -> [UInt8] {
    var contents = try readFile(part)
    do {
      // A server may have unpacked the file on the way.
      if contents.count != file.byteCount || Gzip.isGzip(contents) {
        contents = try Gzip.decompress(contents, path: part, limit: file.byteCount)
      }
    } catch let error as FormatError {
      throw DownloadFault.damaged(words: "\(error.fault)")
    }
    let found = SHA256.hexadecimal(of: contents)
    guard found == file.sha256 else { throw DownloadFault.otherContents(sha256: found) }
    return contents
  }

  private func store(_ contents: [UInt8]) throws {
    try AtomicFile.write(contents, to: "\(folder)/\(file.name)")
    try Files.remove(part)
  }
}

extension DownloadFault {
  /// Whether the bytes received so far are of no use for another try.
  fileprivate var blamesPart: Bool {
    switch self {
    case .damaged, .otherContents: true
    // The server cannot continue (33, 36), or has nothing from there on (416).
    case .failed(let code, let status, _): code == 33 || code == 36 || status == 416
    case .programMissing: false
    }
  }
}
