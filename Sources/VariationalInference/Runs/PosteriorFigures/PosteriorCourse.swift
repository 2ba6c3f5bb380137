// SPDX-License-Identifier: Apache-2.0

internal import Figures

extension Posterior {
  /// How the ELBO rose with the steps, beside that of the final q and the evidence.
  func course(subtitle: String) -> LineChart? {
    let runs = CourseRun.all(fit.course)
    guard let range = CourseRun.range(runs, fit) else { return nil }
    let ends = runs.map { $0.reduce(0) { max($0, Double($1.gradientEvaluations)) } }
    let starts = runs.compactMap(\.first).map { Double($0.gradientEvaluations) }
    let (start, end) = (starts.min() ?? 0, ends.max() ?? 1)
    let span = [start < end ? start : 0, end]
    let best = CourseRun.best(runs)
    var series = runs.enumerated().map { index, run in
      CourseRun.series(run, isBest: index == best)
    }
    series.append(level(fit.elbo, "ELBO of q", span, colour: 1))
    series.append(level(fit.logEvidence, "log evidence", span, colour: 2))
    return LineChart(
      title: "ELBO over the steps of the fit", subtitle: subtitle,
      caption: caption(runs, range),
      panels: [
        LineChart.Panel(
          xLabel: "gradient evaluations", yLabel: "ELBO, nats", series: series, yRange: range)
      ], showsLastValues: false)
  }

  private func level(
    _ estimate: Fit.Estimate, _ name: String, _ span: [Double], colour: Int
  ) -> LineChart.Series {
    let (mean, error) = (estimate.mean, estimate.standardError)
    let decimals =
      error > 0 && error.isFinite ? min(max(1 - Decades.floorLog10(error), 0), 4) : 2
    let value = NumberText.fixed(mean, decimals: decimals)
    let hasError = error.isFinite && error > 1e-9 * mean.magnitude
    let words = hasError ? " ± " + NumberText.fixed(error, decimals: decimals) : ""
    func twice(_ value: Double) -> [Double] { [value, value] }
    return LineChart.Series(
      name: "\(name) \(value)\(words)", x: span, y: twice(mean), style: .dashed,
      band: LineChart.Band(lower: twice(mean - 2 * error), upper: twice(mean + 2 * error)),
      color: colour)
  }

  private func caption(_ runs: [[Fit.CoursePoint]], _ range: ClosedRange<Double>) -> String {
    let steps = runs.joined()
    let below = steps.count { $0.elbo.mean < range.lowerBound }
    var sentences = [
      "Of q before each step, by the draws of that step alone; bands are two standard errors, "
        + "numbers have one."
    ]
    if runs.count > 1 {
      sentences.append(
        "\(runs.count) runs of steps, from other starts or for other components, "
          + "the best in colour."
      )
    }
    if below > 0 { sentences.append("\(below) of \(steps.count) points lie below the axis.") }
    if fit.components.count > 1 {
      sentences.append("The final q is a mixture of \(fit.components.count) of them.")
    }
    if let reason = density.unknownConstant {
      sentences.append("All up to a constant, \(reason).")
    }
    return sentences.joined(separator: " ")
  }
}

/// The steps from one start.
enum CourseRun {
  static func all(_ course: [Fit.CoursePoint]) -> [[Fit.CoursePoint]] {
    var runs: [[Fit.CoursePoint]] = []
    for point in course {
      if runs.last?.last?.run == point.run {
        runs[runs.count - 1].append(point)
      } else {
        runs.append([point])
      }
    }
    return runs
  }

  /// The one that ends highest, by two standard errors less than its last estimate.
  static func best(_ runs: [[Fit.CoursePoint]]) -> Int? {
    runs.indices.max { score(runs[$0]) < score(runs[$1]) }
  }

  private static func score(_ run: [Fit.CoursePoint]) -> Double {
    guard let last = run.last, last.elbo.mean.isFinite else { return -.infinity }
    return last.elbo.mean - 2 * last.elbo.standardError
  }

  static func series(
    _ run: [Fit.CoursePoint], isBest: Bool
  ) -> LineChart.Series {
    func edge(_ sign: Double) -> [Double] {
      run.map { $0.elbo.mean + 2 * sign * $0.elbo.standardError }
    }
    return LineChart.Series(
      name: isBest ? "steps" : "", x: run.map { Double($0.gradientEvaluations) },
      y: run.map(\.elbo.mean),
      band: isBest ? LineChart.Band(lower: edge(-1), upper: edge(1)) : nil, color: isBest ? 0 : 9)
  }

  /// From above the evidence down to where the better half of the best run's points lies, and as
  /// much again: first steps may be thousands of nats below. nil where nothing is finite.
  static func range(_ runs: [[Fit.CoursePoint]], _ fit: Fit) -> ClosedRange<Double>? {
    guard let best = best(runs) else { return nil }
    let levels = [fit.elbo, fit.logEvidence].filter { $0.mean.isFinite }
    let ends = levels.flatMap { level -> [Double] in
      let error = level.standardError.isFinite ? level.standardError : 0
      return [level.mean - 2 * error, level.mean + 2 * error]
    }
    let values = runs[best].map(\.elbo.mean).filter(\.isFinite)
    guard !values.isEmpty else { return nil }
    let top = (ends + values).reduce(-Double.infinity) { max($0, $1) }
    let bottom = (ends + [values.median]).reduce(Double.infinity) { min($0, $1) }
    let lowest = values.reduce(bottom) { min($0, $1) }
    let depth = max(2 * (top - bottom), 0.5)
    return Domain.covering([max(lowest, top - depth), top], padding: 0.06)
  }
}
