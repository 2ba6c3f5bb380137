// SPDX-License-Identifier: Apache-2.0

import Formats
import Testing

@Suite("Tables of draws as CmdStan writes them")
struct StanCSVTests {
  @Test("a matrix goes down its columns, and each name finds its element")
  func columnMajor() {
    let elements = StanCSV.elements(of: "L", shape: [2, 3])
    #expect(elements.map(\.name) == ["L.1.1", "L.2.1", "L.1.2", "L.2.2", "L.1.3", "L.2.3"])
    #expect(elements.map(\.place) == [0, 3, 1, 4, 2, 5])
    let cube = StanCSV.elements(of: "a", shape: [2, 2, 2])
    #expect(cube.map(\.name).prefix(4) == ["a.1.1.1", "a.2.1.1", "a.1.2.1", "a.2.2.1"])
    #expect(cube.map(\.place) == [0, 4, 2, 6, 1, 5, 3, 7])
  }

  @Test("numbers, vectors, nothing, and names that a reader would take apart")
  func names() {
    #expect(StanCSV.elements(of: "tau", shape: []).map(\.name) == ["tau"])
    #expect(StanCSV.elements(of: "theta", shape: [2]).map(\.name) == ["theta.1", "theta.2"])
    #expect(StanCSV.elements(of: "none", shape: [0]).isEmpty)
    #expect(StanCSV.elements(of: "a.b,c\"d[1]: \n", shape: []).map(\.name) == ["a_b_c_d_1__ _"])
  }

  @Test("comments, columns, all digits, and numbers that are not finite")
  func encoded() {
    let table = StanCSV(
      header: ["model = m", "of two\nlines"], names: ["lp__", "x"],
      columns: [[-0.1, .nan, .infinity], [1e-300, 2, -.infinity]], footer: ["", " Elapsed"])
    #expect(
      String(decoding: table.encoded(), as: UTF8.self) == """
        # model = m
        # of two lines
        lp__,x
        -0.1,1e-300
        nan,2.0
        inf,-inf
        #\(" ")
        #  Elapsed

        """)
  }

  @Test("a table of texts is read back as it was, quotes and commas included")
  func texts() throws {
    let table = CSV(
      columns: ["name", "a, b"], rows: [["L[1,2]", ""], ["say \"x\"", "two\nlines"], ["", "1"]])
    let bytes = table.encoded()
    #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("name,\"a, b\"\n\"L[1,2]\",\n"))
    #expect(try CSV.parse(bytes, path: "t.csv") == table)
  }
}
