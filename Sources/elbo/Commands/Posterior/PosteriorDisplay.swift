// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization
internal import VariationalInference

/// Shows on a terminal how far a fit is that takes longer than a moment.
final class PosteriorDisplay: Sendable {
  private let isSilent: Bool
  private let started = Clock.seconds
  private let lastDrawn = Mutex(0.0)
  private let firstSimulation = Mutex<Double?>(nil)

  init(isSilent: Bool) { self.isSilent = isSilent }

  /// What was asked of the density so far in the present part of the fit.
  func show(_ count: Fit.Count) {
    if isSilent || !Terminal.isInteractive { return }
    let now = Clock.seconds
    let isDue = lastDrawn.withLock { last in
      guard now - started > 1, now - last > 0.1 else { return false }
      last = now
      return true
    }
    if isDue {
      Terminal.redraw(
        "\(count.stage): \(count.gradients.grouped) \(count.gradients.noun("gradient")), "
          + "\(count.densities.grouped) \(count.densities.noun("density", plural: "densities")), "
          + "\(Int(now - started)) s")
    }
  }

  /// How many simulations of a calibration are done.
  func show(simulation done: Int, of count: Int) {
    if isSilent || !Terminal.isInteractive { return }
    let now = Clock.seconds
    let begun = firstSimulation.withLock { first in
      first = first ?? now
      return first ?? now
    }
    // The first one ends when it is counted: the others tell how long one takes.
    let each = done > 1 ? (now - begun) / Double(done - 1) : 0
    let left = done > 1 ? ", \(Int(each * Double(count - done)) + 1) s left" : ""
    Terminal.redraw("simulation \(done) of \(count)\(left)")
  }

  func end() { if !isSilent { Terminal.clearLine() } }
}
