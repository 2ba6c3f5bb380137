// SPDX-License-Identifier: Apache-2.0

import Formats
import Foundation
import TestSupport
import Testing

private let hasSciPy = Python.has("numpy, scipy.sparse, scipy.io")

@Suite(
  "Files as NumPy and SciPy write them",
  .enabled(if: hasSciPy, "no Python with NumPy and SciPy ($PYTHON, else python3)"))
struct NumPyFileTests {
  /// Each array in its own type and order, and once more as `<f8`, `expected`.
  private static let script = """
    import sys
    import numpy as np, scipy.sparse as sp, scipy.io
    from numpy.lib import format
    folder = sys.argv[1]
    base = np.arange(24).reshape(2, 3, 4)
    np.save(folder + '/expected.npy', base.astype('<f8'))
    for kind in ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8']:
        for order in '<>':
            array = base.astype(order + kind)
            name = folder + '/a-' + kind + ('l' if order == '<' else 'b')
            np.save(name + '-c.npy', array)
            np.save(name + '-f.npy', np.asfortranarray(array))
            for version in [(2, 0), (3, 0)]:
                with open(name + '-v%d.npy' % version[0], 'wb') as file:
                    format.write_array(file, array, version)
    np.savez(folder + '/stored.npz', base, name=base)
    np.savez_compressed(folder + '/packed.npz', base, name=base)
    dense = np.array([[0, 2, 0, 1], [0, 0, 0, 0], [3.5, 0, 0, -1]])
    np.save(folder + '/dense.npy', dense)
    for kind in ['csr', 'csc', 'coo', 'bsr']:
        for way in ['matrix', 'array']:
            matrix = getattr(sp, '%s_%s' % (kind, way))(dense)
            sp.save_npz('%s/sparse-%s-%s.npz' % (folder, kind, way), matrix)
    scipy.io.mmwrite(folder + '/coordinate.mtx', sp.coo_matrix(dense))
    scipy.io.mmwrite(folder + '/array.mtx', dense)
    """

  private func dense(_ rows: SparseRows) -> [Double] {
    var numbers = [Double](repeating: 0, count: rows.shape[0] * rows.shape[1])
    for place in rows.values.indices {
      let (row, column) = rows.position(of: place)
      numbers[row * rows.shape[1] + column] = rows.values[place]
    }
    return numbers
  }

  @Test("every type, order of bytes and of axes, version, archive and sparse format")
  func files() throws {
    try withTemporaryFolder { folder in
      try #require(try Python.run(Self.script, [folder]) == 0)
      let expected = try NPY.read("\(folder)/expected.npy")
      let names = try Files.list(folder).filter { $0.hasPrefix("a-") }
      #expect(names.count == 11 * 2 * 4)
      for name in names {
        let array = try NPY.read("\(folder)/\(name)")
        #expect(array.shape == [2, 3, 4] && array.elements.doubles == expected.elements.doubles)
      }
      for name in ["stored", "packed"] {
        let file = try NPZ("\(folder)/\(name).npz")
        #expect(file.names.sorted() == ["arr_0", "name"])
        #expect(try file.shape("name") == [2, 3, 4])
        #expect(try file.array("name").elements.doubles == expected.elements.doubles)
      }
      let numbers = try NPY.read("\(folder)/dense.npy").elements.doubles
      for kind in ["csr", "csc", "coo"] {
        for way in ["matrix", "array"] {
          let rows = try SparseRows(NPZ("\(folder)/sparse-\(kind)-\(way).npz"))
          #expect(rows.shape == [3, 4] && dense(rows) == numbers, "\(kind) \(way)")
        }
      }
      let message = sentence { _ = try SparseRows(NPZ("\(folder)/sparse-bsr-matrix.npz")) }
      #expect(message?.contains("format 'bsr'") == true, "\(message ?? "no error")")
      guard case .sparse(let rows) = try MatrixMarket.read("\(folder)/coordinate.mtx"),
        case .dense(let shape, let all) = try MatrixMarket.read("\(folder)/array.mtx")
      else {
        Issue.record("not the forms that were written")
        return
      }
      #expect(dense(rows) == numbers && shape == [3, 4] && all == numbers)
    }
  }
}
