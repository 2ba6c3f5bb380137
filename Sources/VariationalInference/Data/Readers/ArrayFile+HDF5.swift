// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension ArrayFile {
  #if HDF5
    /// AnnData's matrix with columns of obs, or arrays of any other HDF5 file.
    func hdf5(_ reader: ArrayPartReader) throws -> Contents {
      let file = try HDF5File(path)
      guard let table = try AnnData(file) else {
        let labels = try labels.map { name in
          file.names.contains(name)
            ? (try file.array(name), file.place(name)) : (try NPY.read(name), name)
        }
        return try archive(file, reader, labels: labels)
      }
      let name = member ?? "X"
      let labels = try labels.map { name in
        table.hasColumn(name) || !Files.exists(name)
          ? (try Self.labels(table.column(name)), table.place(name)) : (try NPY.read(name), name)
      }
      let data: any Dataset
      switch try table.matrix(name) {
      case .dense(let array):
        data = try reader.dataset(array, path: file.place(name), split: .train, labels: labels)
      case .sparse(let rows):
        data = try reader.dataset(rows, path: file.place(name), labels: labels)
      }
      return .undivided(try adding(conditions, of: table, to: data))
    }

    private static func labels(_ column: AnnData.Column) -> NPY {
      switch column {
      case .levels(let numbers, _): NPY(shape: [numbers.count], .integers(numbers))
      case .numbers(let array): array
      }
    }

    /// Fields that the model is given: levels as categories, numbers as they are.
    private func adding(
      _ names: [String], of table: AnnData, to data: any Dataset
    ) throws -> any Dataset {
      guard let arrays = data as? ArrayDataset else { return data }
      var columns = arrays.columns
      for name in names where data.field(name) == nil {
        let column = try table.column(name)
        let values = Self.labels(column)
        guard values.shape == [data.count] else {
          throw ArrayFileError.labelCount(
            path: table.place(name), found: values.shape, expected: data.count)
        }
        switch column {
        case .levels(let numbers, let levels):
          columns.append(
            DataColumn(DataField(name, kind: .category(classes: levels.count)), numbers))
        case .numbers:
          let numbers = values.elements.doubles
          if let row = numbers.firstIndex(where: { !$0.isFinite }) {
            throw ArrayFileError.notFinite(
              path: table.place(name), row: row, column: 0, found: numbers[row])
          }
          columns.append(DataColumn(DataField(name, shape: [1]), numbers))
        }
      }
      return ArrayDataset(name: arrays.name, split: arrays.split, columns: columns)
    }
  #else
    /// Refuses the file.
    func hdf5(_ reader: ArrayPartReader) throws -> Contents {
      throw ArrayFileError.withoutHDF5(path: path)
    }
  #endif
}
