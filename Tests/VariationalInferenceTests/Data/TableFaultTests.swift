// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// The sentence with which a table is refused, without its folder; with files of labels and weights
/// beside it.
private func refusal(
  _ text: String, _ options: TableOptions = TableOptions(), schema: TableSchema? = nil,
  beside files: [String: [UInt8]] = [:]
) throws -> String {
  try withTemporaryFolder { folder in
    try AtomicFile.write(Array(text.utf8), to: "\(folder)/t.csv")
    for (name, bytes) in files { try AtomicFile.write(bytes, to: "\(folder)/\(name)") }
    var options = options
    options.labelFile = options.labelFile.map { "\(folder)/\($0)" }
    options.weightFile = options.weightFile.map { "\(folder)/\($0)" }
    do {
      let table = try TableFile("\(folder)/t.csv").read(options, schema: schema)
      _ = try table.schema(fittedTo: [0])
      return "no error"
    } catch {
      return "\(error)".replacing("\(folder)/", with: "")
    }
  }
}

@Suite("What a table may have wrong")
struct TableFaultTests {
  private static let text = "age,group,w\n1.5,a,1\n2.5,b,2\n"
  private static let levels = "g\n" + (0..<101).map { "t\($0)\n" }.joined()

  @Test(
    "is said with file, row and column, what was found, expected, and to do",
    arguments: [
      ("a,b\n", TableOptions(), "'t.csv' has a header but no row; at least one is needed"),
      (
        text, TableOptions(label: "groop"),
        "'t.csv' has no column 'groop'; the nearest is 'group'; there are: age, group, w"
      ),
      (
        text, TableOptions(columns: ["zzzzzz"]),
        "'t.csv' has no column 'zzzzzz'; there are: age, group, w"
      ),
      (text, TableOptions(kinds: ["agee": .real]), "no column 'agee'; the nearest is 'age'"),
      (
        text, TableOptions(columns: ["group"], label: "group"),
        "'t.csv' has its column 'group' asked for as label and as data; choose one"
      ),
      (text, TableOptions(columns: ["age", "age"]), "'age' asked for as data and as data"),
      (text, TableOptions(columns: []), "'t.csv' has no column left that is data"),
      (
        "x,y\n1,2.5\n", TableOptions(conditions: ["x"]),
        "'t.csv' has a column 'x' that cannot be a condition"
      ),
      (
        "a\n1.5\nfoo\n", TableOptions(kind: .real),
        "'t.csv' holds 'foo' in row 2 of column 'a' where a number is expected"
      ),
      (
        "a\n1\n-3\n", TableOptions(kind: .count),
        "'t.csv' holds -3 in row 2 of column 'a' where a count"
      ),
      ("a\n1\n1.5\n", TableOptions(kind: .count), "holds 1.5 in row 2 of column 'a'"),
      ("a\n1\n2\n\n4\n", TableOptions(kind: .binary), "than the two of a binary column (1, 2, 4)"),
      ("a\nu\nv\nw\n", TableOptions(kind: .binary), "of a binary column (u, v, w)"),
      ("a\n1.5\n-inf\n", TableOptions(), "holds '-inf' in row 2 of column 'a', which is infinite"),
      ("a\n1.5\n1e999\n", TableOptions(), "holds '1e999' in row 2 of column 'a'"),
      (
        "a,b\n,1\nNA,2\n", TableOptions(),
        "'t.csv' has no value in column 'a'; all its cells are missing"
      ),
      ("a,b\n,1\n2,2\n", TableOptions(), "no value in column 'a' among its training rows"),
      (
        levels, TableOptions(),
        "has more than 100 different texts in column 'g', the first 't0' in row 1"
      ),
      (
        "g\n" + (0..<200).map { $0 == 150 ? "oops\n" : "\($0).5\n" }.joined(), TableOptions(),
        "more than 100 different texts in column 'g', the first 'oops' in row 151"
      ),
      (
        "a,y\n1.5,u\n2.5,\n", TableOptions(label: "y"),
        "'t.csv' has no label in row 2 of column 'y', where every row needs one"
      ),
      (
        "a,w\n1.5,1\n2.5,-2\n", TableOptions(weight: "w"),
        "'t.csv' holds -2.0 in row 2 of column 'w' where a weight of at least 0 is expected"
      ),
      ("a,w\n1.5,NA\n2.5,1\n", TableOptions(weight: "w"), "has no weight in row 1 of column 'w'"),
      ("a,w\n1.5,0\n2.5,0\n", TableOptions(weight: "w"), "gives every row the weight 0"),
      ("a,c\n1.5,\n2.5,1\n", TableOptions(conditions: ["c"]), "has no condition in row 1"),
    ])
  func sentences(_ text: String, _ options: TableOptions, _ expected: String) throws {
    let sentence = try refusal(text, options)
    #expect(sentence.contains(expected), "\(sentence)")
  }

  @Test("bytes that are no UTF-8 are said with their place")
  func encoding() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/t.csv"
      try AtomicFile.write(Array("a\nx\n".utf8) + [0xE9, 0x0A], to: path)
      #expect(throws: TableError(path: path, .notText(row: 2, column: "a"))) {
        try TableFile(path).read()
      }
    }
  }

  @Test("new rows: levels never seen, and columns that are not there")
  func newRows() throws {
    let schema = TableSchema(columns: [
      TableColumn("a", .real), TableColumn("g", .category, levels: ["u", "v"]),
    ])
    #expect(
      try refusal("a,g\n1,u\n2,w\n", schema: schema).hasPrefix(
        "'t.csv' holds 'w' in row 2 of column 'g' where one of u, v is expected"))
    #expect(
      try refusal("a,b\n1,u\n", schema: schema).hasPrefix(
        "'t.csv' lacks the column g, which the model reads; there are: a, b;"))
    #expect(try refusal("a,g\nhi,u\n", schema: schema).contains("'hi' in row 1 of column 'a'"))
    #expect(try refusal("g,a\nu,1\n", schema: schema) == "no error")
  }

  @Test("labels and weights from files of their own")
  func files() throws {
    let labels = Array("kind\nu\nv\n".utf8)
    let weights = NPY(shape: [2], .float32([0.5, 2])).encoded()
    let options = TableOptions(columns: ["age"], labelFile: "l.csv", weightFile: "w.npy")
    try withTemporaryFolder { folder in
      try AtomicFile.write(Array(Self.text.utf8), to: "\(folder)/t.csv")
      try AtomicFile.write(labels, to: "\(folder)/l.csv")
      try AtomicFile.write(weights, to: "\(folder)/w.npy")
      let table = try TableFile("\(folder)/t.csv").read(
        TableOptions(
          columns: ["age"], labelFile: "\(folder)/l.csv", weightFile: "\(folder)/w.npy"))
      let data = table.dataset(try table.schema())
      #expect(
        table.labelNames == ["u", "v"] && data.fields.map(\.name) == ["x", "label", "weight"])
      let bytes = try TableFile("\(folder)/t.csv").read(
        TableOptions(columns: ["age"], labelFile: "\(folder)/w.npy"))
      #expect(bytes.labelNames == ["0.5", "2"])
    }
    func sentence(_ labels: String, _ weights: NPY) throws -> String {
      try refusal(
        Self.text, options,
        beside: ["l.csv": Array(labels.utf8), "w.npy": weights.encoded()])
    }
    let good = NPY(shape: [2], .float64([1, 2]))
    #expect(
      try sentence("l\nu\nv\nu\n", good)
        == "'l.csv' holds 3 labels where 't.csv' has 2 rows; take both from the same data")
    #expect(try sentence("l,m\nu,v\n", good).hasPrefix("'l.csv' holds 2 columns where one column"))
    #expect(
      try sentence("l\nu\nv\n", NPY(shape: [1, 2], .float64([1, 2]))).hasPrefix(
        "'w.npy' holds an array of 1 x 2 where one column of weights is expected"))
    #expect(
      try sentence("l\nu\nv\n", NPY(shape: [2], .float64([1, -2]))).contains(
        "'w.npy' holds -2.0 in row 2"))
    #expect(
      try sentence("l\nu\nv\n", NPY(shape: [2], .float64([.nan, 2]))).contains(
        "'w.npy' has no weight in row 1"))
  }
}

@Suite("The four tables of shared data")
struct SharedTableTests {
  @Test(
    "rows, columns, kinds and labels",
    .enabled(if: SharedData.holds("tables"), "no ../shared/tables"),
    arguments: [
      ("cardio", 1831, 176, "21 columns: 21 real; 1,831 rows, no cell missing"),
      ("ionosphere", 351, 126, "33 columns: 32 real, 1 binary; 351 rows, no cell missing"),
      ("letter", 1600, 100, "32 columns: 32 real; 1,600 rows, no cell missing"),
      ("arrhythmia", 452, 66, "274 columns: 210 real, 64 binary; 452 rows, no cell missing"),
    ])
  func tables(_ name: String, _ rows: Int, _ outliers: Int, _ line: String) throws {
    let file = TableFile(SharedData.path("tables/\(name).csv"))
    let table = try file.read(TableOptions(label: "outlier"))
    #expect(table.name == name && table.count == rows && table.describe().first == line)
    let schema = try table.schema()
    let data = table.dataset(schema)
    let label = Tensor<Double>(shape: [rows, 2]) {
      data.write(data.fields[1], of: Array(0..<rows), round: .evaluation(seed: 0), to: $0)
    }.scalars
    #expect(stride(from: 1, to: 2 * rows, by: 2).reduce(0) { $0 + label[$1] } == Double(outliers))
    // Standardised: mean 0 and variance 1 of each real column that varies.
    let width = schema.width
    let x = Tensor<Double>(shape: [rows, width]) {
      data.write(data.fields[0], of: Array(0..<rows), round: .evaluation(seed: 0), to: $0)
    }.scalars
    for (column, range) in zip(schema.columns, schema.ranges) where column.kind == .real {
      let values = (0..<rows).map { x[$0 * width + range.lowerBound] }
      let mean = values.reduce(0, +) / Double(rows)
      let square = values.reduce(0) { $0 + $1 * $1 } / Double(rows)
      #expect(abs(mean) < 1e-9, "\(column.name)")
      #expect(abs(square - 1) < 1e-9 || values.allSatisfy { $0 == 0 }, "\(column.name)")
    }
  }
}
