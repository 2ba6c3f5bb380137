// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// What a download is doing; reported about ten times a second.
public enum DownloadProgress: Sendable, Equatable {
  /// Another process downloads into the same folder; this one waits and then uses its files.
  case waiting(folder: String)
  /// Nothing came from an address, for this reason; the next one is tried.
  case nextMirror(after: String, reason: String)
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
      let job = FileDownload(file: file, folder: folder.path, downloader: downloader)
      try run(job, nextMirror: { try progress(.nextMirror(after: $0, reason: $1)) }) {
        try progress(
          .receiving(
            file: file.name, number: index + 1, fileCount: files.count, bytes: $0, total: $1))
      }
    }
    withExtendedLifetime(lock) {}
    return folder
  }

  /// Tries the mirrors in turn.
  private func run(
    _ job: FileDownload, nextMirror: (String, String) throws -> Void,
    progress: (Int, Int?) throws -> Void
  ) throws {
    var attempts: [String] = []
    for (number, mirror) in mirrors.enumerated() {
      let url = "\(mirror)\(job.file.name).gz"
      do {
        return try job.run(from: url, progress: progress)
      } catch DownloadFault.programMissing {
        throw DatasetError.downloaderMissing(
          program: job.downloader.program, source: name, folder: job.folder,
          files: files.map(\.name))
      } catch let fault as DownloadFault {
        attempts.append("\(url): \(fault)")
        if number + 1 < mirrors.count { try nextMirror(url, "\(fault)") }
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

  private var partPath: String { "\(folder)/\(file.name).gz.part" }
  /// Packing makes random bytes no longer than by some of a thousand.
  private var limit: Int { file.byteCount + file.byteCount / 100 + 4096 }

  /// Downloads, checks and stores the file; continues an earlier `.part`.
  func run(from url: String, progress: (_ bytes: Int, _ total: Int?) throws -> Void) throws {
    let part = try PartFile(partPath)
    if part.size > limit { try part.clear() }
    var isResumed = part.size > 0
    // Whole already, if the last process was stopped just before it could use it.
    if isResumed, let contents = try? checkedContents() { return try store(contents) }
    while true {
      do {
        try downloader.download(url, to: part, atMost: limit, progress: progress)
        return try store(checkedContents())
      } catch let fault as DownloadFault where isResumed && fault.blamesPart {
        // The beginning came from another file or server: once more, from the first byte.
        try part.clear()
        isResumed = false
      } catch let fault as DownloadFault {
        if fault.blamesPart || part.size == 0 { try Files.remove(partPath) }
        throw fault
      }
    }
  }

  /// The unpacked contents of the `.part`, if they are the published ones.
  private func checkedContents() throws -> [UInt8] {
    var contents = try readFile(partPath, limit: limit)
    do {
      // A server may have unpacked the file on the way.
      if contents.count != file.byteCount || Gzip.isGzip(contents) {
        contents = try Gzip.decompress(contents, path: partPath, limit: file.byteCount)
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
    try Files.remove(partPath)
  }
}

extension DownloadFault {
  /// Whether the bytes received so far are of no use for another try.
  fileprivate var blamesPart: Bool {
    switch self {
    case .damaged, .otherContents, .tooLong, .empty: true
    // The server cannot continue (33, 36), or has nothing from there on (416).
    case .failed(let code, let status, _): code == 33 || code == 36 || status == 416
    case .programMissing, .forbiddenRedirect, .redirectLoop, .tooManyRedirects, .headTooLong: false
    }
  }
}
