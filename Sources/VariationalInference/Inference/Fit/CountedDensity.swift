// SPDX-License-Identifier: Apache-2.0

package import Tensors

/// A density as the parts of a fit see it: it counts what is asked of it, and says which rows are
/// finite.
package final class CountedDensity {
  let density: any LogDensity
  let dimension: Int
  let names: [String]
  /// Rows at which a gradient or only a density was asked for, by part of the fit, in their order.
  package private(set) var counts: [Fit.Count] = []
  /// Told of each part and before each call.
  let progress: (@Sendable (Fit.Count) -> Void)?

  /// How the ELBO rose.
  private(set) var course: [Fit.CoursePoint] = []
  private var runs = 0

  package init(_ density: any LogDensity, progress: (@Sendable (Fit.Count) -> Void)? = nil) {
    self.density = density
    self.progress = progress
    dimension = density.dimension
    names = density.coordinateNames
    precondition(
      names.count == dimension, "\(names.count) names for \(dimension) coordinates of a density")
  }

  /// All that follows counts for a part of the fit.
  package func begin(_ stage: String) {
    counts.append(Fit.Count(stage: stage))
    progress?(counts[counts.count - 1])
  }

  /// Counts as its own what was asked of another that stands for this density.
  ///
  /// - Parameters:
  ///   - other: The other one.
  ///   - hasSameBound: Whether its ELBO is that of this density.
  func adopt(_ other: CountedDensity, hasSameBound: Bool) {
    if hasSameBound {
      let (before, earlier) = (gradientEvaluations, runs)
      course += other.course.map {
        Fit.CoursePoint(
          stage: $0.stage, run: earlier + $0.run, step: $0.step,
          gradientEvaluations: before + $0.gradientEvaluations, elbo: $0.elbo)
      }
      runs += other.runs
    }
    counts += other.counts
  }

  private var gradientEvaluations: Int { counts.reduce(0) { $0 + $1.gradients } }

  /// The ELBOs that follow are those of a new run of steps.
  func beginRun() { runs += 1 }

  /// Keeps the ELBO of q before a step of the present run.
  ///
  /// - Parameters:
  ///   - elbo: By the draws of the step.
  ///   - step: The number of the step in its run.
  func record(_ elbo: Fit.Estimate, step: Int) {
    course.append(
      Fit.CoursePoint(
        stage: counts[counts.count - 1].stage, run: runs, step: step,
        gradientEvaluations: gradientEvaluations, elbo: elbo))
  }

  /// Counts rows at which the density was asked in another way.
  func count(gradients rows: Int) {
    counts[counts.count - 1].gradients += rows
    progress?(counts[counts.count - 1])
  }

  /// Log-densities and their gradients at rows.
  package struct Evaluation {
    package let values: [Double]
    /// `[rows, D]`.
    package let gradients: Tensor<Double>
    /// Whether a row's value and all of its gradient are finite.
    let isFinite: [Bool]

    init(values: [Double], gradients: Tensor<Double>) {
      self.values = values
      self.gradients = gradients
      if gradients.firstNonFinite == nil {
        isFinite = values.map(\.isFinite)
      } else {
        let n = gradients.shape[1]
        isFinite = gradients.withScalars { g in
          values.indices.map { row in
            values[row].isFinite && (0..<n).allSatisfy { g[row * n + $0].isFinite }
          }
        }
      }
    }

    func gradient(_ row: Int) -> [Double] { gradients.row(row) }
  }

  /// log p and its gradient at rows, `[B, D]`.
  package func gradients(at points: Tensor<Double>) -> Evaluation {
    count(gradients: points.shape[0])
    let (values, gradients) = density.logDensitiesWithGradients(at: points)
    precondition(
      values.shape == [points.shape[0]] && gradients.shape == points.shape,
      "a density gave values \(values.shape), gradients \(gradients.shape) at \(points.shape)")
    return Evaluation(values: values.doubles, gradients: gradients)
  }

  /// log p at rows, `[B, D]`.
  func values(at points: Tensor<Double>) -> [Double] {
    counts[counts.count - 1].densities += points.shape[0]
    progress?(counts[counts.count - 1])
    let values = density.logDensities(at: points)
    precondition(
      values.shape == [points.shape[0]], "a density gave \(values.shape) at \(points.shape)")
    return values.doubles
  }

  /// Draws from the prior.
  func priorDraws(_ count: Int, seed: UInt64) -> Tensor<Double>? {
    density.priorDraws(count, seed: seed)
  }
}
