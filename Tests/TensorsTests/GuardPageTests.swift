// SPDX-License-Identifier: Apache-2.0

import CGuardPages
import Testing

/// Kernels in C on operands that end, or begin, where a page lies that may not be touched: one byte
/// too many ends the tests with a fault of memory.
@Suite("Guard pages")
struct GuardPageTests {
  static let sides = [ElboGuardAfter, ElboGuardBefore]

  @Test("kernels of Float stay within their operands", arguments: sides)
  func floats(side: ElboGuardSide) { #expect(elbo_guarded_f32(side) > 10_000) }

  @Test("kernels of Double stay within their operands", arguments: sides)
  func doubles(side: ElboGuardSide) { #expect(elbo_guarded_f64(side) > 10_000) }

  @Test("products, lists and hashes stay within their operands", arguments: sides)
  func products(side: ElboGuardSide) { #expect(elbo_guarded_products(side) > 1000) }

  @Test("a byte beyond an operand ends the process", arguments: [true, false])
  func beyond(isAfter: Bool) async {
    if isAfter {
      await #expect(processExitsWith: .failure) { _ = elbo_read_beyond(ElboGuardAfter) }
    } else {
      await #expect(processExitsWith: .failure) { _ = elbo_read_beyond(ElboGuardBefore) }
    }
  }
}
