// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("Notes on columns that are constant")
struct ConstantColumnTests {
  /// Column 1 is constant, column 2 where it was observed, column 3 was never observed.
  private let data = ArrayDataset(
    name: "four",
    columns: [
      DataColumn(DataField("x", shape: [4]), [0.5, 2, 3, 0, 1, 2, 0, 0, 0.25, 2, 3, 0]),
      DataColumn(
        DataField("mask", shape: [4], kind: .binary), [1, 1, 1, 0, 1, 1, 0, 0, 1, 1, 1, 0]),
    ])

  private func notes(
    _ law: DataLikelihood.Law, _ noise: DataLikelihood.Noise = .column, table: TableSchema? = nil,
    on data: (any Dataset)? = nil
  ) -> [String] {
    AutoencoderLikelihood.general(DataLikelihood(law, columns: 4, noise: noise), table)
      .notes(on: data ?? self.data)
  }

  @Test("a learned noise of their own is warned of, by the names of the columns")
  func columns() {
    let note = notes(.gaussian)
    #expect(note.count == 1)
    #expect(note[0].hasPrefix("columns 1, 2 (counted from 0) are the same in every training row"))
    #expect(note[0].hasSuffix("leave them out of the file, or take --noise one"))
    #expect(notes(.laplace, .output) == note && notes(.studentT) == note)
    let table = TableSchema(columns: ["a", "b", "c", "d"].map { TableColumn($0, .real) })
    let named = notes(.gaussian, table: table)
    #expect(named[0].hasPrefix("columns 'b', 'c' are") && named[0].contains("(--columns)"))
  }

  @Test("laws that have a bound, and a noise shared with other columns, are not")
  func bounded() {
    #expect(notes(.gaussian, .one) == [])
    #expect(notes(.discretisedLogistic) == [] && notes(.poisson) == [])
    #expect(AutoencoderLikelihood.gaussian.notes(on: data) == [])
    let moving = ArrayDataset(
      name: "moving", columns: [DataColumn(DataField("x", shape: [4]), (0..<12).map(Double.init))])
    #expect(notes(.gaussian, on: moving) == [])
    let still = ArrayDataset(
      name: "still",
      columns: [DataColumn(DataField("x", shape: [4]), [Double](repeating: 7, count: 12))])
    #expect(
      notes(.gaussian, .one, on: still).first?.hasPrefix("columns 0, 1, 2 and 1 more") == true)
    #expect(notes(.gaussian, .one, on: still).first?.contains("--noise") == false)
  }

  @Test("of groups, each by its own law")
  func groups() {
    let likelihood = DataLikelihood([.init(.bernoulli, 0..<2), .init(.gaussian, 2..<4)])
    let note = AutoencoderLikelihood.general(likelihood).notes(on: data)
    #expect(note.first?.hasPrefix("column 2 (counted from 0) is") == true)
  }
}
