// SPDX-License-Identifier: Apache-2.0

#if HDF5
  import Formats
  import Foundation
  import TestSupport
  import Testing

  private let hasModules = Python.has("h5py, anndata")

  @Suite(
    "HDF5 and AnnData files as h5py and anndata write them",
    .enabled(if: hasModules, "no Python with h5py and anndata ($PYTHON, else python3)"))
  struct HDF5Tests {
    private static let arrays = """
      import sys, h5py, numpy as np
      folder = sys.argv[1]
      with h5py.File(folder + '/a.h5', 'w') as f:
          values = np.arange(6).reshape(2, 3)
          for name in 'f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 >f4 >f8 >i2 >u4'.split():
              f['g/' + name.replace('>', 'big_')] = values.astype(name)
          f['bool'] = values % 2 == 0
          f.create_dataset('packed', data=np.arange(10000.0).reshape(100, 100), chunks=(7, 9),
                           compression='gzip', shuffle=True)
          f['scalar'] = np.float64(2.5)
          f['empty'] = np.zeros((0, 3))
          f['unicode'] = ['a', 'é', '']
          f['fixed'] = np.array([b'ab', b'c', b'abc'])
          f['large'] = np.array([1, 2**63], 'u8')
          f['complex'] = np.array([1j])
          f['elsewhere'] = h5py.ExternalLink('other.h5', 'x')
          f['around'] = h5py.SoftLink('/g')
      data = open(folder + '/a.h5', 'rb').read()
      open(folder + '/cut.h5', 'wb').write(data[:len(data) // 2])
      open(folder + '/text.h5', 'wb').write(b'hello')
      """

    private func withArrays(_ body: (HDF5File, String) throws -> Void) throws {
      try withTemporaryFolder { folder in
        try #require(try Python.run(Self.arrays, [folder]) == 0)
        try body(HDF5File("\(folder)/a.h5"), folder)
      }
    }

    @Test("numbers of every type, order of bytes and packing")
    func numbers() throws {
      try withArrays { file, _ in
        for name in ["f2", "f4", "big_f4"] {
          let array = try file.array("g/" + name)
          #expect(array == NPY(shape: [2, 3], .float32([0, 1, 2, 3, 4, 5])), "\(name)")
        }
        for name in ["f8", "big_f8"] {
          let array = try file.array("g/" + name)
          #expect(array == NPY(shape: [2, 3], .float64([0, 1, 2, 3, 4, 5])), "\(name)")
        }
        for name in ["i1", "i2", "i4", "i8", "u2", "u4", "u8", "big_i2", "big_u4"] {
          let array = try file.array("g/" + name)
          #expect(array == NPY(shape: [2, 3], .integers([0, 1, 2, 3, 4, 5])), "\(name)")
        }
        #expect(try file.array("g/u1") == NPY(shape: [2, 3], .uint8([0, 1, 2, 3, 4, 5])))
        #expect(try file.array("bool") == NPY(shape: [2, 3], .uint8([1, 0, 1, 0, 1, 0])))
        #expect(
          try file.array("packed")
            == NPY(shape: [100, 100], .float64((0..<10_000).map { Double($0) })))
        #expect(try file.array("scalar") == NPY(shape: [], .float64([2.5])))
        #expect(try file.array("empty") == NPY(shape: [0, 3], .float64([])))
        #expect(try file.texts("unicode") == ["a", "é", ""])
        #expect(try file.texts("fixed") == ["ab", "c", "abc"])
        #expect(file.contents["complex"] == .other && file.contents["g"] == .group)
        #expect(file.contents["elsewhere"] == nil && file.contents["around"] == nil)
      }
    }

    @Test("what is damaged, absent or too large is refused in a sentence")
    func faults() throws {
      try withArrays { file, folder in
        let large = sentence { _ = try file.array("large") }
        #expect(large?.contains("9223372036854775808") == true, "\(large ?? "no error")")
        let absent = sentence { _ = try file.array("x") }
        #expect(absent?.contains("holds no array 'x'; it holds bool") == true, "\(absent ?? "")")
        for name in ["cut.h5", "text.h5"] {
          let message = sentence { _ = try HDF5File("\(folder)/\(name)") }
          #expect(message?.contains("no HDF5 file that libhdf5 reads") == true, "\(message ?? "")")
        }
      }
    }

    private static let tables = """
      import sys, h5py, numpy as np, scipy.sparse as sp, pandas as pd, anndata
      folder = sys.argv[1]
      x = np.array([[0, 1, 0], [2, 0, 3], [0, 0, 0], [0, 4, 0]], 'f4')
      obs = pd.DataFrame({'kind': pd.Categorical(['b', 'a', 'b', 'c']), 'age': [1.5, 2, 3, 4],
                          'gap': pd.Categorical(['b', None, 'b', 'c']), 'text': list('yxyx')},
                         index=list('1234'))
      for name, matrix in [('dense', x), ('csr', sp.csr_matrix(x)), ('csc', sp.csc_matrix(x))]:
          a = anndata.AnnData(matrix, obs=obs)
          a.layers['twice'] = sp.csr_matrix(2 * x)
          a.write_h5ad(folder + '/%s.h5ad' % name, compression='gzip')
      with h5py.File(folder + '/old.h5ad', 'w') as f:
          m = sp.csr_matrix(x)
          g = f.create_group('X')
          g['data'], g['indices'], g['indptr'] = m.data, m.indices, m.indptr
          g.attrs['h5sparse_format'], g.attrs['h5sparse_shape'] = 'csr', m.shape
          f['obs/kind'] = np.array([1, 0, 1, 2], 'i1')
          f['obs/__categories/kind'] = ['a', 'b', 'c']
          f.create_group('var')
      with h5py.File(folder + '/wrong.h5ad', 'w') as f:
          g = f.create_group('X')
          g['data'], g['indices'], g['indptr'] = [1.0], [9], [0, 1]
          g.attrs['encoding-type'], g.attrs['shape'] = 'csr_matrix', (1, 3)
          f.create_group('var'); f.create_group('obs')
      """

    @Test("X, layers and columns of obs, of files new and old")
    func annData() throws {
      try withTemporaryFolder { folder in
        try #require(try Python.run(Self.tables, [folder]) == 0)
        func table(_ name: String) throws -> AnnData {
          try #require(try AnnData(HDF5File("\(folder)/\(name).h5ad")))
        }
        func rows(_ scale: Double = 1) -> SparseRows {
          SparseRows(
            rows: [0, 1, 1, 3], columns: [1, 0, 2, 1], values: [1, 2, 3, 4].map { $0 * scale },
            shape: [4, 3])
        }
        guard case .dense(let dense) = try table("dense").matrix("X") else {
          Issue.record("X is not dense")
          return
        }
        #expect(dense == NPY(shape: [4, 3], .float32([0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 4, 0])))
        for (name, matrix, scale) in [
          ("csr", "X", 1.0), ("csc", "X", 1), ("old", "X", 1), ("dense", "layers/twice", 2),
        ] {
          guard case .sparse(let found) = try table(name).matrix(matrix) else {
            Issue.record("\(matrix) of \(name) is not sparse")
            return
          }
          #expect(found == rows(scale), "\(name)")
        }
        for name in ["csr", "old"] {
          let column = try table(name).column("kind")
          #expect(column == .levels([1, 0, 1, 2], names: ["a", "b", "c"]), "\(name)")
        }
        let cells = try table("csr")
        #expect(try cells.column("text") == .levels([1, 0, 1, 0], names: ["x", "y"]))
        #expect(try cells.column("age") == .numbers(NPY(shape: [4], .float64([1.5, 2, 3, 4]))))
        let gap = sentence { _ = try cells.column("gap") }
        #expect(gap?.contains("no category in row 1") == true, "\(gap ?? "no error")")
        let absent = sentence { _ = try cells.column("sex") }
        #expect(absent?.contains("it holds age, gap, kind, text") == true, "\(absent ?? "")")
        let layer = sentence { _ = try cells.matrix("layers/x") }
        #expect(layer?.contains("it holds X, layers/twice") == true, "\(layer ?? "no error")")
        let wrong = sentence { _ = try table("wrong").matrix("X") }
        #expect(wrong?.contains("index 9 at place 0") == true, "\(wrong ?? "no error")")
      }
    }
  }
#endif
