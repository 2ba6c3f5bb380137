// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

#if !HDF5
  @Suite("HDF5 files where the package is built without libhdf5")
  struct HDF5RefusalTests {
    @Test("they are refused in a sentence that says how to build")
    func refusal() throws {
      try withTemporaryFolder { folder in
        let start: [UInt8] = [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
        for name in ["cells.h5ad", "arrays.h5", "nameless"] {
          try AtomicFile.write(start + [0, 0], to: "\(folder)/\(name)")
          let message = sentence {
            _ = try DataFile("\(folder)/\(name)").read(DataReading())
          }
          #expect(
            message?.hasSuffix("with: swift build -c release --traits HDF5") == true,
            "\(message ?? "no error")")
        }
      }
    }
  }
#endif
