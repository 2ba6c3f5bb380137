// SPDX-License-Identifier: Apache-2.0

/// Bounds on one quantity, a rung each: how far is the ELBO from log p(x), seen from both sides?
///
/// Each rung shows an estimate and an interval of two standard errors. Where the best lower and
/// the best upper bound leave room, that room is shaded: the quantity lies there.
package struct LadderChart: Figure {
  /// Which side of the quantity an estimate lies on, in expectation.
  package enum Kind: Sendable {
    case lower
    case upper
    /// The quantity itself, exact or estimated without a known sign of the error.
    case value
  }

  /// One rung.
  package struct Bound: Sendable {
    package var name: String
    package var estimate: Double
    /// Of the estimate; 0 if it is exact.
    package var standardError: Double
    package var kind: Kind

    package init(_ name: String, _ estimate: Double, standardError: Double = 0, kind: Kind) {
      precondition(!(standardError < 0), "the standard error of \(name) is \(standardError)")
      self.name = name
      self.estimate = estimate
      self.standardError = standardError
      self.kind = kind
    }

    var isDrawable: Bool { Domain.isDrawable(estimate) }
    /// Half the length of the interval drawn: two standard errors where they are known.
    var reach: Double { Domain.isDrawable(standardError) ? 2 * standardError : 0 }
  }

  package var title: String
  package var subtitle: String
  package var caption: String
  package var bounds: [Bound]
  /// The unit of the axis, e.g. `nats per image`.
  package var unit: String
  /// What is bounded, e.g. `log p(x)`.
  package var quantity: String
  /// Width of the body in figure points.
  package var bodyWidth: Double

  package init(
    title: String = "", subtitle: String = "", caption: String = "", bounds: [Bound],
    unit: String = "nats per image", quantity: String = "log p(x)", bodyWidth: Double = 680
  ) {
    self.title = title
    self.subtitle = subtitle
    self.caption = caption
    self.bounds = bounds
    self.unit = unit
    self.quantity = quantity
    self.bodyWidth = bodyWidth
  }

  /// The highest lower bound.
  var bestLower: Double? {
    bounds.filter { $0.kind == .lower && $0.isDrawable }.map(\.estimate).max()
  }

  /// The lowest upper bound.
  var bestUpper: Double? {
    bounds.filter { $0.kind == .upper && $0.isDrawable }.map(\.estimate).min()
  }

  /// The quantity itself, if a rung gives it.
  var value: Double? { bounds.first { $0.kind == .value && $0.isDrawable }?.estimate }

  package var summary: String {
    let rungs = bounds.map { bound in
      let error = bound.standardError
      return "\(bound.name) \(NumberText.fixed(bound.estimate, decimals: 2))"
        + (error == 0 ? "" : " ± \(NumberText.fixed(2 * error, decimals: 2))")
    }
    return "Bounds on \(quantity) in \(unit), with two standard errors: "
      + rungs.joined(separator: ", ") + "."
  }

  package var size: Size {
    let width = bodyWidth + 2 * Style.margin
    let words = Words(of: self, width: width)
    let body = LadderLayout.height(of: self)
    return Size(
      width: width,
      height: (body + words.headHeight + words.footHeight + 2 * Style.margin).rounded(.up))
  }

  package func draw(into canvas: inout Canvas) {
    let words = Words(of: self, width: canvas.size.width)
    words.draw(into: &canvas)
    let body = words.body(of: canvas.size)
    guard let layout = LadderLayout(self, body: body) else {
      canvas.noData(in: body)
      return
    }
    layout.draw(into: &canvas)
  }
}
