// SPDX-License-Identifier: Apache-2.0

import CGuardPages
import Testing

/// Decoders of pictures on files and pixels beside a page that may not be touched.
@Suite("Guard pages of pictures")
struct GuardedPictureTests {
  @Test(
    "PNG files whole, cut short and changed", arguments: [ElboGuardAfter, ElboGuardBefore],
    [0, 2, 3, 4, 6] as [UInt8])
  func png(side: ElboGuardSide, kind: UInt8) {
    for depth in kind == 3 ? [1, 4, 8] : kind == 0 ? [1, 2, 8, 16] : [8, 16] {
      let channels = [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][kind]!
      var file = HandWrittenPNG(
        kind: kind, depth: depth, height: 3, width: 9,
        samples: (0..<27 * channels).map { $0 % (1 << min(depth, 2)) })
      if kind == 3 { file.palette = [UInt8](repeating: 9, count: 12) }
      for isInterlaced in [false, true] {
        file.isInterlaced = isInterlaced
        let bytes = file.bytes
        #expect(elbo_guarded_picture(side, bytes, bytes.count) == 1)
        for count in 1..<bytes.count {
          #expect(elbo_guarded_picture(side, bytes, count) == 0 || count > bytes.count - 12)
        }
      }
    }
  }
}
