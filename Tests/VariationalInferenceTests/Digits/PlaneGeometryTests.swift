// SPDX-License-Identifier: Apache-2.0

import Testing
import VariationalInference

@Suite("Plane geometry without a mathematics library")
struct PlaneGeometryTests {
  @Test(
    "sine and cosine of known angles",
    arguments: [
      (0.0, 0.0, 1.0), (30, 0.5, 0.866_025_403_784_438_6),
      (45, 0.707_106_781_186_547_5, 0.707_106_781_186_547_5), (90, 1, 0), (-90, -1, 0),
      (120, 0.866_025_403_784_438_6, -0.5), (-150, -0.5, -0.866_025_403_784_438_6),
      (180, 0, -1), (10, 0.173_648_177_666_930_35, 0.984_807_753_012_208),
    ])
  func knownAngles(degrees: Double, sine: Double, cosine: Double) {
    let found = sineAndCosine(degrees: degrees)
    // Series error 1e-15; 16 roundings of partial sums below 1 add at most 16 · 1.1e-16 = 2e-15.
    #expect(abs(found.sine - sine) < 3e-15)
    #expect(abs(found.cosine - cosine) < 3e-15)
  }
}
