// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing
import VariationalInference

@Suite("Data by name")
struct ModelDataTests {
  private func withFile(_ text: String, _ body: (String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/data"
      try text.write(toFile: path, atomically: true, encoding: .utf8)
      try body(path)
    }
  }

  private func error(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no error"
    } catch { return "\(error)" }
  }

  @Test("JSON as CmdStan writes it: numbers, nested arrays, names of what is not finite")
  func json() throws {
    try withFile(
      """
      {"N": 3, "y": [1, 2.5, -3e2], "X": [[1, 2], [3, 4], [5, 6]], "b": true,
       "m": ["NaN", "-Inf"], "e": []}
      """
    ) { path in
      let data = try ModelData(json: path)
      #expect(data.names == ["N", "y", "X", "b", "m", "e"])
      #expect(try data.integer("N") == 3)
      #expect(data["y"].numbers == [1, 2.5, -300])
      #expect(data["X"].shape == [3, 2] && data["X"].numbers == [1, 2, 3, 4, 5, 6])
      #expect(data["b"].numbers == [1] && data["e"].shape == [0])
      #expect(data["m"].numbers[0].isNaN && data["m"].numbers[1] == -.infinity)
      #expect(error { _ = try data.integers("y") }.contains("element 1 is 2.5, which is not whole"))
      #expect(error { _ = try data.integer("X") }.contains("6 numbers where one is expected"))
      #expect(
        error { _ = try data.integer("q") }.contains("there is no 'q' in '\(path)'; there are N"))
    }
  }

  @Test(
    "a JSON file that holds something else is told",
    arguments: [
      ("[1]", "is no JSON object"), (#"{"a": "text"}"#, "holds under 'a'"),
      (#"{"a": [[1], [2, 3]]}"#, "rows have equal lengths"),
      (#"{"a": {"b": 1}}"#, "holds under 'a'"),
      (#"{"a": ["0x10"]}"#, "holds under 'a'"),
    ])
  func wrongJSON(_ text: String, _ words: String) throws {
    try withFile(text) { path in
      #expect(error { _ = try ModelData(json: path) }.contains(words))
    }
  }

  @Test("columns of a CSV file, the others may hold texts")
  func csv() throws {
    try withFile("x,name,y\n1,a,2\n 3 ,b,4e1\n") { path in
      let data = try ModelData(csv: path, columns: ["y", "x"])
      #expect(data["x"].numbers == [1, 3] && data["y"].numbers == [2, 40])
      #expect(
        error { _ = try ModelData(csv: path) }
          .contains("has 'a' in column 'name', row 1; expected a number"))
      #expect(
        error { _ = try ModelData(csv: path, columns: ["z"]) }
          .contains("has no column 'z'; there are x, name, y"))
      #expect(error { _ = try ModelData(csv: "absent.csv") }.contains("absent.csv"))
    }
  }
}
