// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing
import VariationalInference

/// Reads a table of this text.
private func read(
  _ text: String, _ options: TableOptions = TableOptions(), schema: TableSchema? = nil,
  name: String = "t.csv"
) throws -> Table {
  try withTemporaryFolder { folder in
    try AtomicFile.write(Array(text.utf8), to: "\(folder)/\(name)")
    return try TableFile("\(folder)/\(name)").read(options, schema: schema)
  }
}

/// The numbers of a field, row by row.
private func rows(_ data: ArrayDataset, _ name: String) throws -> [Double] {
  let field = try #require(data.field(name))
  return Tensor<Double>(shape: [data.count, field.width]) {
    data.write(field, of: Array(0..<data.count), round: .evaluation(seed: 0), to: $0)
  }.scalars
}

/// A table of one column "a" of these cells, beside a real one.
private func column(_ cells: [String], _ options: TableOptions = TableOptions()) throws
  -> TableColumn
{
  let lines = cells.enumerated().map { "\($1),\(Double($0) * 0.5)" }
  return try #require(
    try read("a,z\n" + lines.joined(separator: "\n"), options).columns.first)
}

@Suite("Columns of a table are told apart")
struct TableKindTests {
  @Test(
    "kinds by the cells",
    arguments: [
      (["0", "1", "1"], .binary, ["0", "1"]), (["1.0", "0.0", ""], .binary, ["0.0", "1.0"]),
      (["1", "2", "2"], .binary, ["1", "2"]), (["1", "-1", "NA"], .binary, ["-1", "1"]),
      (["yes", "no", "yes"], .binary, ["no", "yes"]),
      (["False", "True", "?"], .binary, ["False", "True"]),
      (["m", "f", "m"], .binary, ["f", "m"]), (["on", "off"], .binary, ["off", "on"]),
      (["b", "a", "c"], .category, ["a", "b", "c"]), (["b", "b"], .category, ["b"]),
      (["10", "9", "x"], .category, ["10", "9", "x"]),
      (["3", "0", "7", "7"], .count, []), (["3", "0", "7", "None"], .count, []),
      (["3.0", "0.0", "7.0"], .real, []), (["3", "-1", "7"], .real, []),
      (["2003", "1999", "2021"], .real, []), (["0.5", "1", "2"], .real, []),
      (["0", "5"], .real, []), (["4", "4"], .real, []), (["1e3", "2", "3"], .real, []),
    ] as [([String], TableColumn.Kind, [String])])
  func told(_ cells: [String], _ kind: TableColumn.Kind, _ levels: [String]) throws {
    let column = try column(cells)
    #expect(column.kind == kind && column.levels == levels)
  }

  @Test("numbers of patients are no counts; counts of which some agree are")
  func identifiers() throws {
    #expect(try column((1...30).map { "\($0)" }).kind == .real)
    #expect(try column((1...30).map { "\($0 / 2)" }).kind == .count)
  }

  @Test("a kind that is given counts, for one column or for all")
  func given() throws {
    let options = TableOptions(kinds: ["a": .category])
    #expect(try column(["2", "10", "2", "x"], options).levels == ["10", "2", "x"])
    #expect(try column(["2", "10", "2"], options).levels == ["2", "10"])
    #expect(try column(["0", "1"], TableOptions(kind: .real)).kind == .real)
    #expect(try column(["2000", "1999", "3"], TableOptions(kinds: ["a": .count])).kind == .count)
    #expect(try column(["7", "3"], TableOptions(kinds: ["a": .binary])).levels == ["3", "7"])
    #expect(try column(["0", "0"], TableOptions(kinds: ["a": .binary])).levels == ["0", "1"])
    #expect(
      try column(["0", "1"], TableOptions(kinds: ["a": .count], kind: .real)).kind == .count)
  }

  @Test("a decimal comma is one where semicolons separate")
  func decimalComma() throws {
    let table = try read("a;b\n1,5;2,25\n-0,5;1\n", TableOptions(standardises: false))
    #expect(try rows(table.dataset(table.schema()), "x") == [1.5, 2.25, -0.5, 1])
  }
}

@Suite("Tables as data sets")
struct TableTests {
  private let text = """
    age,colour,smokes,visits,group,w
    20.5,red,no,3,a,1
    NA,blue,yes,0,b,2
    30.5,,no,12,a,0.5
    40.5,red,?,4,c,1
    20.5,green,yes,,b,0
    """
  private let options = TableOptions(label: "group", weight: "w")

  @Test("numbers, mask, label and weight of each row")
  func fields() throws {
    let table = try read(text, options)
    #expect(table.count == 5 && table.name == "t" && table.missingCells == 4)
    let schema = try table.schema()
    #expect(schema.width == 6 && schema.ranges == [0..<1, 1..<4, 4..<5, 5..<6])
    #expect(
      schema.names == ["age", "colour=blue", "colour=green", "colour=red", "smokes", "visits"])
    #expect(schema.mayMiss && schema.kind == .real && table.labelNames == ["a", "b", "c"])
    let age = schema.columns[0]
    // 20.5, 30.5, 40.5, 20.5: mean 28, variance (56.25 + 6.25 + 156.25 + 56.25) / 4 = 68.75.
    #expect(age.shift == 28 && abs(age.scale - 68.75.squareRoot()) < 1e-14)
    let data = table.dataset(schema)
    let x = try rows(data, "x")
    let s = age.scale
    let expected = [
      -7.5 / s, 0, 0, 1, 0, 3,
      0, 1, 0, 0, 1, 0,
      2.5 / s, 0, 0, 0, 0, 12,
      12.5 / s, 0, 0, 1, 0, 4,
      -7.5 / s, 0, 1, 0, 1, 0,
    ]
    #expect(zip(x, expected).allSatisfy { abs($0 - $1) < 1e-14 }, "\(x)")
    #expect(
      try rows(data, "mask") == [
        1, 1, 1, 1, 1, 1,
        0, 1, 1, 1, 1, 1,
        1, 0, 0, 0, 1, 1,
        1, 1, 1, 1, 0, 1,
        1, 1, 1, 1, 1, 0,
      ])
    #expect(
      try rows(data, "label") == [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0])
    #expect(try rows(data, "weight") == [1, 2, 0.5, 1, 0])
    #expect(data.fields.map(\.name) == ["x", "mask", "label", "weight"])
    #expect(schema.logScales == [log(s), 0, 0, 0, 0, 0])
  }

  @Test("a table without missing cells has no mask; conditions are fields of their own")
  func conditions() throws {
    let table = try read(
      "x1,hour,colour,y\n1.5,6,red,0\n2.5,8,blue,1\n4.5,10,red,1\n",
      TableOptions(label: "y", conditions: ["hour", "colour", "y"], kinds: ["hour": .real]))
    let data = table.dataset(try table.schema())
    #expect(data.fields.map(\.name) == ["x", "label", "hour", "colour", "y"])
    #expect(try rows(data, "colour") == [1, 0, 1])
    #expect(try rows(data, "y") == rows(data, "label"))
    let hours = try rows(data, "hour")
    let expected = 2 / (8.0 / 3).squareRoot()
    #expect(abs(hours[0] + expected) < 1e-14 && hours[1] == 0 && abs(hours[2] - expected) < 1e-14)
  }

  @Test("all binary is binary, all counts are counts")
  func kinds() throws {
    #expect(try read("a,b\n0,1\n1,0\n").schema().kind == .binary)
    #expect(try read("a,b\n0,1\n5,2\n3,9\n").schema().kind == .count)
  }

  @Test("shifts and scales are those of the training part; a constant has scale 1")
  func training() throws {
    let table = try read("a,b\n1.5,4\n3.5,4\n100.5,4\n-7.25,4\n")
    let schema = try table.schema(fittedTo: [0, 1])
    #expect(schema.columns.map(\.shift) == [2.5, 4] && schema.columns.map(\.scale) == [1, 1])
    let test = table.dataset(schema, rows: [2, 3], split: "test")
    #expect(try rows(test, "x") == [98, 0, -9.75, 0] && test.split == "test")
    let division = try DatasetDivision(count: 4, seed: 5)
    let parts = try table.divided(division)
    #expect(parts.schema == (try table.schema(fittedTo: division.train)))
    #expect(parts.train.count == 2 && parts.validation?.count == 1 && parts.test?.count == 1)
    let raw = try read("a,b\n1.5,4\n3.5,4\n", TableOptions(standardises: false))
    #expect(try rows(raw.dataset(raw.schema()), "x") == [1.5, 4, 3.5, 4])
  }

  @Test("large and small numbers are standardised without overflow")
  func extremes() throws {
    let table = try read("a,b\n1e308,1e-300\n-1e308,3e-300\n1e308,1e-300\n-1e308,3e-300\n")
    let schema = try table.schema()
    #expect(abs(schema.columns[0].scale / 1e308 - 1) < 1e-14)
    #expect(abs(schema.columns[1].scale / 1e-300 - 1) < 1e-14)
    #expect(
      try rows(table.dataset(schema), "x").allSatisfy { abs(abs($0) - 1) < 1e-12 })
  }

  @Test("a schema survives JSON, and reads new rows with its levels, shifts and scales")
  func schema() throws {
    let schema = try read(text, options).schema()
    let json = try JSONValue.parse(Array(schema.json.compact.utf8), path: "schema")
    #expect(try TableSchema(json: json) == schema)
    // Other order, a further column, no label.
    let table = try read(
      "note,visits,smokes,colour,age\nhello,2,yes,green,28\nworld,5,no,red,\n", schema: schema)
    let data = table.dataset(try table.schema())
    #expect(try table.schema() == schema)
    #expect(data.fields.map(\.name) == ["x", "mask"])
    #expect(try rows(data, "x") == [0, 0, 1, 0, 1, 2, 0, 0, 0, 1, 0, 5])
    // The label is read where it is known, left out where it is not, and an error where asked for.
    let known = "age,colour,smokes,visits,group\n1,red,no,1,b\n"
    #expect(try read(known, schema: schema).labelNames == ["a", "b", "c"])
    let unlabelled = TableSchema(columns: schema.columns, mayMiss: true)
    let labelled = try read(known, TableOptions(label: "group"), schema: unlabelled)
    #expect(labelled.labelNames == ["b"])
    #expect(try labelled.schema() == unlabelled)
    let other = "age,colour,smokes,visits,group\n1,red,no,1,d\n"
    #expect(try read(other, schema: schema).labelNames == [])
    #expect(throws: TableError.self) {
      try read(other, TableOptions(label: "group"), schema: schema)
    }
  }

  @Test(
    "damaged schemas are refused",
    arguments: [
      "{}", #"{"columns":[]}"#, #"{"columns":[{"kind":"real"}]}"#,
      #"{"columns":[{"name":"a","kind":"odd"}]}"#,
      #"{"columns":[{"name":"a","kind":"real","scale":0}]}"#,
      #"{"columns":[{"name":"a","kind":"count","shift":1}]}"#,
      #"{"columns":[{"name":"a","kind":"category"}]}"#,
      #"{"columns":[{"name":"a","kind":"category","levels":["u","u"]}]}"#,
      #"{"columns":[{"name":"a","kind":"binary","levels":["u"]}]}"#,
      #"{"columns":[{"name":"a","kind":"real"},{"name":"a","kind":"real"}]}"#,
      #"{"columns":[{"name":"a","kind":"real"}],"label":{"name":"b","kind":"real"}}"#,
      #"{"columns":[{"name":"a","kind":"real"}],"conditions":[{"name":"x","kind":"real"}]}"#,
    ])
  func damaged(_ text: String) throws {
    let json = try JSONValue.parse(Array(text.utf8), path: "schema")
    #expect(throws: TableSchemaError.self) { try TableSchema(json: json) }
  }

  @Test("rows of x go back to the cells that they came from")
  func cells() throws {
    let table = try read(text, options)
    let schema = try table.schema()
    let data = table.dataset(schema)
    let (x, mask) = (try rows(data, "x"), try rows(data, "mask"))
    func cells(_ row: Int, isSingle: Bool = true) -> [String] {
      schema.cells(of: Array(x[row * 6..<row * 6 + 6]), isSingle: isSingle) {
        mask[row * 6 + $0] == 1
      }
    }
    for row in 0..<5 { #expect(table.cells(of: row) == cells(row)) }
    #expect(cells(0) == ["20.5", "red", "no", "3"])
    #expect(cells(1) == ["", "blue", "yes", "0"])
    #expect(cells(2) == ["30.5", "", "no", "12"])
    #expect(cells(3) == ["40.5", "red", "", "4"])
    #expect(cells(4) == ["20.5", "green", "yes", ""])
    let means = schema.cells(of: [0, 0.2, 0.5, 0.3, 0.6, 2.6])
    #expect(means == ["28.0", "green", "yes", "2.6"])
    #expect(schema.cells(of: [0, 1, 0, 0, 0, 2.6], roundingCounts: true)[3] == "3")
  }

  @Test("what was read is said in lines")
  func described() throws {
    #expect(
      try read(text, options).describe() == [
        "4 columns: 1 real, 1 count, 1 binary, 1 category; 4 cells of 5 x 4 missing",
        "count: visits", "binary: smokes (no/yes)", "category: colour (3 levels)",
        "label: group, 3 levels: a (2), b (2), c (1)", "weight: w",
      ])
    #expect(
      try read("a,b\n4.5,1\n4.5,2.5\n", TableOptions(conditions: ["b"])).describe() == [
        "1 column: 1 real; 2 rows, no cell missing", "the same in every row: a",
        "conditions: b, real",
      ])
  }
}
