// SPDX-License-Identifier: Apache-2.0

#if HDF5
  /// A table of cells and genes as AnnData keeps it in an HDF5 file (`.h5ad`): a matrix X, other matrices
  /// of its shape (layers), and columns that describe its rows (obs).
  ///
  /// Read are files of AnnData from 0.6 on: attributes `encoding-type` or `h5sparse_format` of sparse
  /// matrices, categories beside their codes or in `__categories`.
  package struct AnnData: Sendable {
    /// A matrix.
    package enum Matrix: Sendable {
      case dense(NPY)
      case sparse(SparseRows)
    }

    /// A column that describes rows.
    package enum Column: Sendable, Equatable {
      /// For each row the number of its level, from 0.
      case levels([Int], names: [String])
      /// A number for each row.
      case numbers(NPY)
    }

    private let file: HDF5File

    /// The table in a file; nil where the file is none of AnnData.
    ///
    /// - Throws: `FormatError` where the file cannot be opened any more.
    package init?(_ file: HDF5File) throws {
      let isNamed = try file.text(attribute: "encoding-type", of: "") == "anndata"
      guard isNamed || ["X", "obs", "var"].allSatisfy({ file.contents[$0] != nil }) else {
        return nil
      }
      self.file = file
    }

    /// Names that ``matrix(_:)`` takes.
    package var matrices: [String] {
      file.contents.keys.filter {
        $0 == "X" || $0.hasPrefix("layers/") && !$0.dropFirst(7).contains("/")
      }.sorted()
    }

    /// X, `layers/NAME`, `raw/X`, or any other matrix by its name.
    ///
    /// - Throws: `FormatError`, also where there is none of the name.
    package func matrix(_ name: String) throws -> Matrix {
      switch file.contents[name] {
      case .numbers: return .dense(try file.array(name))
      case .group where Self.isSparse(name, in: file):
        return .sparse(try SparseRows(file, group: name))
      default:
        throw file.fault(
          "holds no matrix '\(name.shown())'; it holds \(shownList(matrices))")
      }
    }

    /// Whether there is a column of that name in obs.
    package func hasColumn(_ name: String) -> Bool {
      !name.contains("/") && !["__categories", "_index"].contains(name)
        && file.contents["obs/" + name] != nil
    }

    /// The names of the columns of obs.
    package var columns: [String] {
      file.contents.keys.filter { $0.hasPrefix("obs/") }.map { String($0.dropFirst(4)) }
        .filter(hasColumn).sorted()
    }

    /// How a column of obs is called in an error.
    package func place(_ name: String) -> String { file.place("obs/" + name) }

    /// A column of obs.
    ///
    /// - Throws: `FormatError` where there is none of the name, it holds something else than categories,
    ///   texts or numbers, or a category is missing.
    package func column(_ name: String) throws -> Column {
      let path = "obs/" + name
      guard hasColumn(name) else {
        throw file.fault(
          "holds no column '\(name.shown())' of obs; it holds \(shownList(columns))")
      }
      switch file.contents[path] {
      case .group where file.contents[path + "/codes"] != nil:
        return try levels(path + "/codes", path + "/categories")
      case .numbers where file.contents["obs/__categories/" + name] != nil:
        return try levels(path, "obs/__categories/" + name)
      case .numbers: return .numbers(try file.array(path))
      case .texts:
        let texts = try file.texts(path)
        let names = Set(texts).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        return .levels(texts.map { numbers[$0] ?? 0 }, names: names)
      default:
        throw file.fault(
          "keeps the column '\(name.shown())' of obs in a way that is not read; make it a category, as"
            + " in adata.obs[name].astype('category')")
      }
    }

    private func levels(_ codes: String, _ categories: String) throws -> Column {
      let names: [String]
      switch file.contents[categories] {
      case .texts: names = try file.texts(categories)
      case .numbers:
        let array = try file.array(categories)
        names =
          array.elements.wholeNumbers.map { $0.map(String.init) }
          ?? array.elements.doubles.map { "\($0)" }
      default: throw file.fault("lacks the categories of '\(codes.shown())'; save it again")
      }
      guard let numbers = try file.array(codes).elements.wholeNumbers else {
        throw file.fault("holds codes '\(codes.shown())' that are no whole numbers; save it again")
      }
      if let row = numbers.firstIndex(where: { !names.indices.contains($0) }) {
        throw file.fault(
          numbers[row] == -1
            ? "has no category in row \(row) (counted from 0) of '\(codes.shown())'; leave such rows out,"
              + " or give them a category of their own"
            : "has the code \(numbers[row]) in row \(row) (counted from 0) of '\(codes.shown())', where 0"
              + " to \(names.count - 1) is expected; save it again")
      }
      return .levels(numbers, names: names)
    }

    static func isSparse(_ name: String, in file: HDF5File) -> Bool {
      ["data", "indices", "indptr"].allSatisfy { file.contents["\(name)/\($0)"] != nil }
    }
  }

  extension SparseRows {
    /// The matrix in a group of AnnData's, of compressed rows or columns.
    ///
    /// - Throws: `FormatError` for another format, and where an index is not within the shape.
    package init(_ file: HDF5File, group: String) throws {
      let format =
        try file.text(attribute: "encoding-type", of: group)
        ?? file.text(attribute: "h5sparse_format", of: group) ?? "?"
      let shape =
        try file.wholeNumbers(attribute: "shape", of: group)
        ?? file.wholeNumbers(attribute: "h5sparse_shape", of: group) ?? []
      try self.init(
        format: format.hasSuffix("_matrix") ? String(format.dropLast(7)) : format, shape: shape,
        path: file.place(group)
      ) { try file.array("\(group)/\($0)") }
    }
  }
#endif
