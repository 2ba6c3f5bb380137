// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Why a data set could not be loaded or downloaded: one sentence for the user.
///
/// The wording of all of them is in this file. Faults inside a single file (missing, truncated, not
/// in the right format) have sentences of the same kind, from the module that reads the file.
public enum DatasetError: Error, Equatable, Sendable {
  /// There is no such folder.
  case missingFolder(path: String)
  /// The folder holds no images for a part; `names` are those looked for, `found` what is there.
  case missingImages(folder: String, split: DatasetSplit, names: [String], found: [String])
  /// Several sets lie in one folder, and none is named.
  case severalSets(folder: String, names: [String])
  /// A file of images is not of three dimensions (count, rows, columns).
  case notImages(path: String, dimensions: [Int])
  /// A file of labels is not of one dimension.
  case notLabels(path: String, dimensions: [Int])
  /// A file holds no image, or images without pixels.
  case noImages(path: String, dimensions: [Int])
  /// Images and labels differ in number.
  case countsDiffer(images: String, imageCount: Int, labels: String, labelCount: Int)
  /// Two parts of a data set have images of different sizes (rows, columns).
  case sizesDiffer(folder: String, train: [Int], other: DatasetSplit, otherSize: [Int])
  /// A pixel is grey where only 0 and 255 are expected; images are counted from 0.
  case notBinary(data: String, split: String, image: Int, byte: UInt8)

  /// A folder without a picture that can be read: sentences on damaged ones, names of other files.
  case noPictures(folder: String, damaged: [String], others: [String])
  /// A folder of pictures does not come with this part; `names` are those looked for.
  case missingPart(folder: String, split: DatasetSplit, names: [String])
  /// Two pictures of different sizes (rows, columns) where no size is given.
  case pictureSizesDiffer(
    folder: String, first: String, size: [Int], other: String, otherSize: [Int])
  /// More sub-folders with pictures than labels can be told apart.
  case tooManyLabels(folder: String, found: Int)
  /// Patches of pictures need a size.
  case patchesWithoutSize(folder: String)
  /// Pictures have fewer different patches than are asked for.
  case tooFewPatches(folder: String, size: [Int], found: Int, expected: Int)
  /// Images (rows, columns, channels) that would take more memory than is allowed, in bytes.
  case picturesTooLarge(folder: String, count: Int, size: [Int], limit: Int)

  /// The data have no example.
  case noExamples(data: String)
  /// A model reads a field that the data do not have; `there` are those that they have.
  case missingField(data: String, field: String, role: FieldUse.Role, there: [String])
  /// A model takes another number of numbers of a field than the data have.
  case misfit(data: String, field: String, found: Int, expected: Int)
  /// A file of an array holds a number that is not of the field's kind, the first at an example.
  case notOfKind(path: String, field: String, example: Int, found: Double, expected: String)
  /// A number of an example is infinite or not a number.
  case notFinite(data: String, field: String, example: Int, found: Double)
  /// The same of an example of a batch, whose data are not at hand.
  case notFiniteInBatch(field: String, example: Int, found: Double)
  /// A file of an array whose shape is not (count, ...) of the field.
  case otherShape(path: String, field: String, found: [Int], expected: [Int])

  /// A data set that nobody offers for download in a form that can be checked.
  case noMirror(source: String, folder: String, files: [String])
  /// The program that downloads is not installed.
  case downloaderMissing(program: String, source: String, folder: String, files: [String])
  /// No mirror delivered a file; each attempt is a URL and what happened there.
  case notDownloaded(source: String, attempts: [String], folder: String, files: [String])
  /// A file in the cache is not the published one.
  case notAsPublished(path: String, expected: String, found: String)
}

extension DatasetError: CustomStringConvertible {
  /// One sentence, without a full stop.
  public var description: String {
    switch self {
    case .missingFolder(let path):
      "the data folder '\(path)' does not exist; check its name"
    case .missingImages(let folder, let split, let names, let found):
      "the folder '\(folder)' holds no \(split) images; none of these files is in it: "
        + names.joined(separator: ", ") + "; there is: \(shownList(found, limit: 10));"
        + " put them there or name another folder"
    case .severalSets(let folder, let names):
      "the folder '\(folder)' holds several data sets; name one of them: "
        + names.prefix(10).map { "'\($0)'" }.joined(separator: ", ")
        + (names.count > 10 ? " and \(names.count - 10) more" : "")
    case .notImages(let path, let dimensions):
      "'\(path)' holds an array of \(words(dimensions)) where images (count x rows x columns, and 1 or 3"
        + " numbers of a pixel) are expected; check that it is the file of images"
    case .notLabels(let path, let dimensions):
      "'\(path)' holds an array of \(words(dimensions)) where labels (one dimension) are expected;"
        + " check that it is the file of labels"
    case .noImages(let path, let dimensions):
      "'\(path)' holds no pixels (\(words(dimensions))); at least one image is needed"
    case .countsDiffer(let images, let imageCount, let labels, let labelCount):
      "'\(images)' holds \(imageCount.counted("image")) but"
        + " '\(labels)' holds \(labelCount.counted("label")); take both"
        + " from the same data set"
    case .sizesDiffer(let folder, let train, let other, let otherSize):
      "in '\(folder)' the train images are \(words(train)) but the \(other) images are"
        + " \(words(otherSize)); take both from the same data set"
    case .notBinary(let data, let split, let image, let byte):
      "the \(split) images of '\(data)' are not binary (image \(image) has a pixel of \(byte) where"
        + " only 0 and 255 are expected); binarise them by 'dynamic' or 'threshold', or take data that"
        + " were published binarised, as static-mnist"
    case .noPictures, .missingPart, .pictureSizesDiffer, .tooManyLabels, .patchesWithoutSize,
      .tooFewPatches, .picturesTooLarge:
      pictureSentence
    case .noExamples(let data):
      "the data '\(data)' have no example; at least one is needed"
    case .missingField(let data, let field, let role, let there):
      "the data '\(data)' have no field '\(field)', which the model reads as its \(role.rawValue);"
        + " there are: \(there.joined(separator: ", ")); name the field so, or take other data"
    case .misfit(let data, let field, let found, let expected):
      "field '\(field)' of the data '\(data)' has \(found.counted("number")) per example where"
        + " the model takes \(expected); choose data or model to fit"
    case .notOfKind(let path, let field, let example, let found, let expected):
      "'\(path)' holds \(found) at example \(example), where field '\(field)' takes \(expected); mend"
        + " the file or choose another kind of field"
    case .notFinite(let data, let field, let example, let found):
      "field '\(field)' of the data '\(data)' is \(found) at example \(example) (counted from 0); leave"
        + " such examples out, or call the number missing by a mask"
    case .notFiniteInBatch(let field, let example, let found):
      "field '\(field)' of a batch is \(found) at example \(example) of its data (counted from 0);"
        + " leave such examples out, or call the number missing by a mask"
    case .otherShape(let path, let field, let found, let expected):
      "'\(path)' holds an array of \(words(found)) where field '\(field)' takes"
        + " \((["count"] + expected.map(String.init)).joined(separator: " x ")); choose another file or shape"
    case .noMirror(let source, let folder, let files):
      "\(source) has no download that this program could check;" + byHand(folder, files)
        + ", or name the folder that holds them"
    case .downloaderMissing(let program, let source, let folder, let files):
      "\(source) cannot be downloaded because the program '\(program)' was not found; install it, or"
        + byHand(folder, files)
    case .notDownloaded(let source, let attempts, let folder, let files):
      "\(source) could not be downloaded (\(attempts.joined(separator: "; "))); try again later, or"
        + byHand(folder, files)
    case .notAsPublished(let path, let expected, let found):
      notAsPublished(path, DatasetSource.publisher(of: expected), found)
    }
  }

  private func notAsPublished(_ path: String, _ source: DatasetSource?, _ found: String) -> String {
    let other = DatasetSource.publisher(of: found)
    return "'\(path)' is not the published file\(source.map { " of \($0.name)" } ?? "")"
      + (other.map { " but one of \($0.name)" } ?? " (its contents have the SHA-256 \(found))")
      + (source?.mirrors.isEmpty == true
        ? "; put the published one in its place"
        : "; delete it and it is downloaded anew")
      + ", or name its folder as --data '\(Files.parent(of: path))' to take what it holds"
  }

  private var pictureSentence: String {
    switch self {
    case .noPictures(let folder, let damaged, let others):
      "the folder '\(folder)' holds no picture that can be read; looked for files that begin as"
        + " PNG or JPEG, in it and its sub-folders, and found \(found(damaged, others)); name the"
        + " folder that holds the pictures, or convert them"
    case .missingPart(let folder, let split, let names):
      "the folder '\(folder)' has no sub-folder of \(split) pictures; none of these is in it: "
        + names.joined(separator: ", ") + "; name it so or read the folder as a whole"
    case .pictureSizesDiffer(let folder, let first, let size, let other, let otherSize):
      "in '\(folder)' the picture '\(first)' has \(words(size)) pixels (height x width) but"
        + " '\(other)' has \(words(otherSize)); give one size for all by --size, as --size 32x32"
    case .tooManyLabels(let folder, let found):
      "'\(folder)' has \(found) sub-folders with pictures where at most 256 can be labels; join"
        + " some, or move all into one sub-folder to read them without labels"
    case .patchesWithoutSize(let folder):
      "patches of the pictures in '\(folder)' need a size; give it by --size, as --size 32x32"
    case .tooFewPatches(let folder, let size, let found, let expected):
      "the pictures in '\(folder)' have \(found) different patches of \(words(size)) pixels where"
        + " \(expected) are asked for; ask for fewer or for smaller ones"
    case .picturesTooLarge(let folder, let count, let size, let limit):
      "\(count) images of \(words(size)) bytes from '\(folder)' are more than the \(limit) bytes"
        + " that are held in memory; give a smaller --size or fewer patches"
    default: ""
    }
  }

  /// "2 damaged pictures (the first: 'a.png' is ...) and 3 other files (b.txt, c.gif, d.md)".
  private func found(_ damaged: [String], _ others: [String]) -> String {
    func counted(_ count: Int, _ thing: String, _ which: String) -> String? {
      count == 0 ? nil : "\(count.counted(thing)) (\(which))"
    }
    let parts = [
      counted(damaged.count, "damaged picture", "the first: \(damaged.first ?? "")"),
      counted(
        others.count, "other file",
        others.prefix(5).joined(separator: ", ")
          + (others.count > 5 ? " and \(others.count - 5) more" : "")),
    ].compactMap { $0 }
    return parts.isEmpty ? "no file" : parts.joined(separator: " and ")
  }

  private func words(_ dimensions: [Int]) -> String {
    dimensions.isEmpty ? "no dimensions" : dimensions.map(String.init).joined(separator: " x ")
  }

  private func byHand(_ folder: String, _ files: [String]) -> String {
    " put \(files.joined(separator: ", ")) (plain or with .gz) into '\(folder)' by hand"
  }
}

/// What happened at one URL.
enum DownloadFault: Error, Equatable {
  /// The program could not be started because there is none of that name.
  case programMissing
  /// The program ended with this code; `status` is the server's last answer, `words` the program's.
  case failed(code: Int32, status: Int?, words: String)
  /// The server sends the page of another address, which is no web page or a step down to HTTP.
  case forbiddenRedirect(to: String)
  /// The server sends one in a circle.
  case redirectLoop(at: String)
  /// More redirects than are followed.
  case tooManyRedirects(Int)
  /// The head of an answer does not end.
  case headTooLong
  /// More bytes than the file can have.
  case tooLong(limit: Int)
  /// No byte arrived, and nothing was wrong.
  case empty
  /// What arrived is not a whole gzip file.
  case damaged(words: String)
  /// What arrived is whole but not the published data.
  case otherContents(sha256: String)
}

extension DownloadFault: CustomStringConvertible {
  var description: String {
    switch self {
    case .programMissing: "the program was not found"
    case .forbiddenRedirect(let place) where place.lowercased().hasPrefix("http:"):
      "the server redirects from https down to '\(place.shown(limit: 200))', which is not followed"
    case .forbiddenRedirect(let place):
      "the server redirects to '\(place.shown(limit: 200))', which is not followed"
    case .redirectLoop(let place):
      "the server redirects in a circle, to '\(place.shown(limit: 200))' again"
    case .tooManyRedirects(let count): "the server redirects more than \(count) times"
    case .headTooLong: "the head of the server's answer does not end"
    case .tooLong(let limit):
      "what the server sends is too large to be the file, which has at most \(limit) bytes"
    case .empty: "the server's answer is empty"
    case .failed(5, _, _): "the name of the proxy was not found"
    case .failed(6, _, _): "the name of the server was not found; is there a network?"
    case .failed(7, _, ""): "the server cannot be reached"
    case .failed(7, _, let words): "the server cannot be reached (\(words))"
    case .failed(52, _, _): "the server hung up without an answer"
    case .failed(56, let status?, _) where status >= 400: "the proxy answered \(status)"
    case .failed(56, _, let words) where words.contains("CONNECT"): "the proxy refused (\(words))"
    case .failed(18, _, _), .failed(55, _, _), .failed(56, _, _), .failed(92, _, _):
      "the connection broke off"
    case .failed(22, let status?, _): "the server answered \(status)"
    case .failed(63, _, _): "what the server sends is too large to be the file"
    case .failed(35, _, let words), .failed(51, _, let words), .failed(58, _, let words),
      .failed(59, _, let words), .failed(60, _, let words), .failed(77, _, let words),
      .failed(83, _, let words), .failed(91, _, let words):
      "no secure connection was made (\(words))"
    case .failed(let code, _, ""): "the download program ended with code \(code)"
    case .failed(_, _, let words): words
    case .damaged(let words): "what arrived \(words)"
    case .otherContents(let sha256):
      "what arrived is not the published data, its SHA-256 being \(sha256)"
    }
  }
}

extension DownloadFault {
  /// Whether another try may succeed.
  var mayPass: Bool {
    switch self {
    case .failed(56, let status?, _) where status >= 400: false
    case .failed(18, _, _), .failed(55, _, _), .failed(56, _, _), .failed(92, _, _): true
    case .failed(22, let status?, _): [408, 429, 500, 502, 503, 504].contains(status)
    default: false
    }
  }
}
