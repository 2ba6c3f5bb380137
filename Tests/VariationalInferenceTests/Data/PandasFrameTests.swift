// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing
import VariationalInference

private let hasPandas = Python.has("pandas")

@Suite(
  "Frames that pandas wrote",
  .enabled(if: hasPandas, "no Python with pandas ($PYTHON, else python3)"))
struct PandasFrameTests {
  /// A frame of all kinds with missing cells, and what its columns become.
  private static let script = """
    import json, sys
    import numpy as np, pandas as pd
    folder = sys.argv[1]
    r = np.random.default_rng(5)
    n = 300
    frame = pd.DataFrame({
        'wide': r.standard_t(2, n) * 10.0 ** r.integers(-8, 8, n),
        'narrow': 1e6 + r.normal(size=n), 'seen': r.poisson(3, n), 'flag': r.random(n) < 0.3,
        'site': r.choice(['north', 'east', 'west, far', 'ü'], n),
        'year': r.integers(1950, 2020, n),
    })
    for name, gap in [('wide', 7), ('site', 11)]:
        frame.loc[::gap, name] = None
    frame.to_csv(folder + '/frame.csv', index=False)
    frame.to_csv(folder + '/frame.tsv.gz', index=False, sep='\\t', na_rep='NA')
    x, mask = [], []
    for name in frame:
        column = frame[name]
        seen = column.notna().to_numpy()
        if name in ('wide', 'narrow', 'year'):
            values = column.to_numpy(float)
            parts = [(values - np.nanmean(values)) / np.nanstd(values)]
        elif name == 'site':
            levels = sorted(set(column.dropna()), key=lambda text: text.encode())
            parts = [(column == level).to_numpy(float) for level in levels]
        else:
            parts = [column.to_numpy(float)]
        for part in parts:
            x.append(np.where(seen, part, 0.0))
            mask.append(seen.astype(float))
    json.dump({'x': np.array(x).T.ravel().tolist(), 'mask': np.array(mask).T.ravel().tolist()},
              open(folder + '/expected.json', 'w'))
    """

  @Test("the same numbers and masks")
  func numbers() throws {
    try withTemporaryFolder { folder in
      try #require(try Python.run(Self.script, [folder]) == 0)
      let path = "\(folder)/expected.json"
      let json = try JSONValue.parse(readFile(path), path: path)
      for name in ["frame.csv", "frame.tsv.gz"] {
        let table = try TableFile("\(folder)/\(name)").read()
        #expect(table.name == "frame")
        #expect(
          table.describe().first
            == "6 columns: 3 real, 1 count, 1 binary, 1 category; 71 cells of 300 x 6 missing")
        let data = table.dataset(try table.schema())
        for field in data.fields {
          let expected = (json[field.name]?.arrayValue ?? []).map { $0.doubleValue ?? .nan }
          let found = Tensor<Double>(shape: [300, field.width]) {
            data.write(field, of: Array(0..<300), round: .evaluation(seed: 0), to: $0)
          }.scalars
          try #require(found.count == expected.count && !found.isEmpty)
          // Means of 300 numbers near 10^6 differ by rounding, relative to a spread of 1.
          let largest = zip(found, expected).map { abs($0 - $1) }.max() ?? .nan
          #expect(largest < 1e-8, "\(name), \(field.name): \(largest)")
        }
      }
    }
  }
}
