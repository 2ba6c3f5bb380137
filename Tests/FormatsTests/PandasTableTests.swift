// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing

private let hasPandas = Python.has("pandas")

@Suite(
  "Tables as pandas writes and reads them",
  .enabled(if: hasPandas, "no Python with pandas ($PYTHON, else python3)"))
struct PandasTableTests {
  /// Writes a table of awkward texts in many ways, and what pandas reads of each.
  private static let script = """
    import csv, json, random, sys
    import pandas as pd
    folder = sys.argv[1]
    random.seed(4)
    letters = ['a', 'b', ',', ';', '\\t', '"', '\\n', ' ', 'é', '0', '.5', '😀', "'", '']
    def text(): return ''.join(random.choice(letters) for _ in range(random.randrange(6)))
    names = ['plain', 'a,b', 'say "x"', 'ü', 'two words']
    rows = [['r%d' % i] + [text() for _ in names[1:]] for i in range(200)]
    frame = pd.DataFrame(rows, columns=names)
    ways = {
        'comma.csv': {}, 'tab.tsv': dict(sep='\\t'), 'semicolon.csv': dict(sep=';'),
        'all.csv': dict(quoting=csv.QUOTE_ALL), 'windows.csv': dict(lineterminator='\\r\\n'),
        'mark.csv': dict(encoding='utf-8-sig'), 'packed.csv.gz': dict(compression='gzip'),
    }
    for name, options in ways.items():
        path = folder + '/' + name
        frame.to_csv(path, index=False, **options)
        read = pd.read_csv(path, dtype=str, keep_default_na=False, na_filter=False,
                           sep=options.get('sep', ','), encoding=options.get('encoding', 'utf-8'))
        expected = [list(read.columns)] + read.values.tolist()
        json.dump(expected, open(path + '.json', 'w'), ensure_ascii=False)
    """

  @Test("the same cells, however the table was written")
  func cells() throws {
    try withTemporaryFolder { folder in
      try #require(try Python.run(Self.script, [folder]) == 0)
      let names = try Files.list(folder).filter { !$0.hasSuffix(".json") }
      #expect(names.count == 7)
      for name in names {
        let path = "\(folder)/\(name)"
        let json = try JSONValue.parse(readFile(path + ".json"), path: path)
        let expected = (json.arrayValue ?? []).map { row in
          (row.arrayValue ?? []).map { $0.stringValue ?? "" }
        }
        // The header's comma within quotes is no separator, and pandas quotes only what it must.
        let table = try DelimitedText(path)
        var cells = [table.columns]
        try table.forEachRow { row, _ in
          cells.append(row.map { String(decoding: $0, as: UTF8.self) })
        }
        #expect(cells == expected, "\(name)")
      }
    }
  }
}
