// SPDX-License-Identifier: Apache-2.0

/// Why a data set could not be loaded or downloaded: one sentence for the user.
///
/// The wording of all of them is in this file. Faults inside a single file (missing, truncated, not
/// in the right format) have sentences of the same kind, from the module that reads the file.
public enum DatasetError: Error, Equatable, Sendable {
  /// There is no such folder.
  case missingFolder(path: String)
  /// The folder holds no images for a part; `names` are those looked for.
  case missingImages(folder: String, split: DatasetSplit, names: [String])
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
    case .missingImages(let folder, let split, let names):
      "the folder '\(folder)' holds no \(split) images; none of these files is in it: "
        + names.joined(separator: ", ") + "; put them there or name another folder"
    case .notImages(let path, let dimensions):
      "'\(path)' holds an array of \(words(dimensions)) where images (count x rows x columns) are"
        + " expected; check that it is the file of images"
    case .notLabels(let path, let dimensions):
      "'\(path)' holds an array of \(words(dimensions)) where labels (one dimension) are expected;"
        + " check that it is the file of labels"
    case .noImages(let path, let dimensions):
      "'\(path)' holds no pixels (\(words(dimensions))); at least one image is needed"
    case .countsDiffer(let images, let imageCount, let labels, let labelCount):
      "'\(images)' holds \(imageCount) images but '\(labels)' holds \(labelCount) labels; take both"
        + " from the same data set"
    case .sizesDiffer(let folder, let train, let other, let otherSize):
      "in '\(folder)' the train images are \(words(train)) but the \(other) images are"
        + " \(words(otherSize)); take both from the same data set"
    case .notBinary(let data, let split, let image, let byte):
      "the \(split) images of '\(data)' are not binary (image \(image) has a pixel of \(byte) where"
        + " only 0 and 255 are expected); binarise them by 'dynamic' or 'threshold', or take data that"
        + " were published binarised, as static-mnist"
    case .noExamples(let data):
      "the data '\(data)' have no example; at least one is needed"
    case .missingField(let data, let field, let role, let there):
      "the data '\(data)' have no field '\(field)', which the model reads as its \(role.rawValue);"
        + " there are: \(there.joined(separator: ", ")); name the field so, or take other data"
    case .misfit(let data, let field, let found, let expected):
      "field '\(field)' of the data '\(data)' has \(found) numbers per example where the model takes"
        + " \(expected); choose data or model to fit"
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
      "'\(path)' is not the published file (SHA-256 \(found) where \(expected) is expected); delete"
        + " it to download it anew"
    }
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
  /// What arrived is not a whole gzip file.
  case damaged(words: String)
  /// What arrived is whole but not the published data.
  case otherContents(sha256: String)
}

extension DownloadFault: CustomStringConvertible {
  var description: String {
    switch self {
    case .programMissing: "the program was not found"
    case .failed(5, _, _), .failed(6, _, _): "there is no network or no such host"
    case .failed(7, _, _): "the server cannot be reached"
    case .failed(18, _, _), .failed(52, _, _), .failed(56, _, _): "the connection broke off"
    case .failed(22, let status?, _): "the server answered \(status)"
    case .failed(23, _, _): "the disk is full or the folder is read-only"
    case .failed(28, _, _): "the server was too slow or silent"
    case .failed(63, _, _): "what the server sends is too large to be the file"
    case .failed(let code, _, ""): "the download program ended with code \(code)"
    case .failed(_, _, let words): words
    case .damaged(let words): "what arrived \(words)"
    case .otherContents(let sha256):
      "what arrived is not the published data, its SHA-256 being \(sha256)"
    }
  }
}
