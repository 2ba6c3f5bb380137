// SPDX-License-Identifier: Apache-2.0

/// How grey levels become the data of a Bernoulli likelihood.
///
/// With `none`, grey levels between 0 and 1 are used as they are: the objective is then a
/// cross-entropy, not a log-density, and its values do not compare with published log-likelihoods.
public enum Binarization: String, Sendable, CaseIterable {
  /// Grey levels byte / 255.
  case none
  /// Each pixel drawn anew every epoch, 1 with its grey level as probability.
  case dynamic
  /// 1 from byte 128 on, else 0.
  case threshold
  /// Pixels that were drawn once by others and published, as in `static-mnist`: only bytes 0 and 255
  /// are accepted, see ``ImageDataset/binarized(_:)``.
  case `static`

  /// What a value of the objective means under this choice, for records and help.
  ///
  /// - Parameter isBinary: Whether the data have bytes 0 and 255 alone, on which `none` is no
  ///   cross-entropy of grey levels.
  /// - Returns: A few words.
  public func meaning(isBinary: Bool) -> String {
    switch self {
    case .none where isBinary: "log-probability of pixels that are binary as they come"
    case .none: "cross-entropy on grey levels (not a normalised density)"
    case .dynamic: "log-probability of pixels drawn anew every epoch"
    case .threshold: "log-probability of pixels cut at half grey"
    case .static: "log-probability of pixels binarised once and published so"
    }
  }
}
