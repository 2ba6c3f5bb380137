// SPDX-License-Identifier: Apache-2.0

internal import Formats

/// Why a file of arrays could not become a data set: one sentence for the user.
public enum ArrayFileError: Error, Sendable, Equatable {
  /// The array has no axis, or no example, or examples without numbers.
  case noExamples(path: String, shape: [Int])
  /// A number is infinite, or not a number where none may be missing; rows and columns from 0.
  case notFinite(path: String, row: Int, column: Int, found: Double)
  /// No member of an archive, or several, could be the data.
  case unclear(path: String, candidates: [String], members: [String])
  /// Labels are no whole numbers from 0 to 65,535; rows from 0.
  case label(path: String, row: Int, found: Double)
  /// Labels are not one for each example.
  case labelCount(path: String, found: [Int], expected: Int)
  /// Two parts of the data have examples of other shapes.
  case shapesDiffer(path: String, train: [Int], other: DatasetSplit, otherShape: [Int])
  /// Images of a size were asked for, and the array does not hold them as bytes.
  case noImages(path: String, shape: [Int], size: [Int])
  /// A file is of HDF5, and the package is built without its trait HDF5.
  case withoutHDF5(path: String)
  /// A file is neither an array nor a matrix.
  case unknown(path: String, beginning: [UInt8])
}

extension ArrayFileError: CustomStringConvertible {
  /// One sentence, without a full stop.
  public var description: String {
    switch self {
    case .noExamples(let path, let shape):
      "'\(path)' holds an array of shape \(words(shape)) where (count, ...) is expected, at least one"
        + " example of at least one number; choose another file"
    case .notFinite(let path, let row, let column, let found):
      "'\(path)' holds \(found) in row \(row), column \(column) (counted from 0), where a finite number"
        + " is expected; leave the row out\(found.isNaN ? ", or let numbers be missing" : "")"
    case .unclear(let path, let candidates, let members):
      candidates.isEmpty
        ? "'\(path)' holds no array of two or more axes (its members: \(shownList(members))); save one"
          + " of (count, ...)"
        : "'\(path)' holds several arrays that could be the data (\(shownList(candidates))); name one"
          + " of them, or call them x_train and x_test"
    case .label(let path, let row, let found):
      "'\(path)' holds the label \(found) in row \(row) (counted from 0), where a whole number from 0 to"
        + " 65535 is expected; number the classes from 0"
    case .labelCount(let path, let found, let expected):
      "'\(path)' holds labels of shape \(words(found)) for \(expected) examples; one for each is"
        + " expected, in the same order"
    case .shapesDiffer(let path, let train, let other, let otherShape):
      "in '\(path)' the train examples are \(words(train)) but the \(other.rawValue) examples are"
        + " \(words(otherShape)); take both from the same data set"
    case .noImages(let path, let shape, let size):
      "'\(path)' holds an array of shape \(words(shape)) where bytes (uint8) of"
        + " count x \(size.reduce(1, *)), or 3 times as many, are expected for images of \(words(size));"
        + " give their own --size, or leave it out"
    case .withoutHDF5(let path):
      "'\(path)' is an HDF5 file, which this elbo is built without; build it where libhdf5 is installed"
        + " (libhdf5-dev, brew hdf5) with: swift build -c release --traits HDF5"
    case .unknown(let path, let beginning):
      "'\(path)' \(words(beginning)), as no file of arrays does: .npy (93 4e 55 4d),"
        + " .npz (50 4b 03 04), Matrix Market (%%MatrixMarket, also packed by gzip), HDF5 (89 48 44 46); save it with numpy.save"
    }
  }

  private func words(_ beginning: [UInt8]) -> String {
    if beginning.isEmpty { return "is empty" }
    let bytes = beginning.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return "begins with the bytes \(bytes.joined(separator: " "))"
  }

  private func words(_ shape: [Int]) -> String {
    shape.isEmpty ? "()" : shape.map(String.init).joined(separator: " x ")
  }
}
