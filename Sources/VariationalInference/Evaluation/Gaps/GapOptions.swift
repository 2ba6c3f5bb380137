// SPDX-License-Identifier: Apache-2.0

/// How far the search for the best posterior of an image goes.
public struct GapOptions: Sendable, Equatable {
  /// Draws of each image in each step.
  public var drawsPerStep = 8
  /// Steps between two judgements of an image.
  public var stepsPerWindow = 100
  /// Steps after which an image is given up, its search not converged.
  public var maximumSteps = 2_000
  /// An image stops when a window improves its bound by no more than this many nats, with one
  /// standard error added to the improvement.
  public var tolerance = 0.02
  /// Draws on which windows are compared, the same for all windows of an image.
  public var selectionDraws = 64
  /// Fresh draws on which bounds are reported, the same for q and each q*.
  public var boundDraws = 1_000

  /// The defaults.
  public init() {}

  /// Adam's rates for Gaussians, one after the other: an image that stops improving goes on with the
  /// next. In units of the standard deviations of q, as the parameters are.
  package var gaussianRates = [0.04, 0.01, 0.0025]
  /// Those for the networks of a flow.
  package var flowRates = [0.003, 0.001, 0.0003]
}

/// The families among which the best posterior of an image is sought, each of which contains those
/// before it.
public enum PosteriorFamily: String, Sendable, CaseIterable {
  /// Normal, with independent coordinates.
  case diagonal
  /// Normal, with any covariance.
  case fullCovariance = "full covariance"
  /// A normal distribution bent by coupling steps.
  case flow
}
