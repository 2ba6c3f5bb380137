// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

/// Parts separated by commas: "iwae,ais".
struct EvidenceParts: ExpressibleByArgument {
  let parts: Set<EvidencePart>

  static let all = EvidenceParts(parts: Set(EvidencePart.allCases))

  private init(parts: Set<EvidencePart>) { self.parts = parts }

  init?(argument: String) {
    let names = argument.split(separator: ",", omittingEmptySubsequences: false)
    let parts = names.compactMap { EvidencePart(rawValue: String($0)) }
    guard parts.count == names.count else { return nil }
    self.parts = Set(parts)
  }

  var defaultValueDescription: String {
    EvidencePart.allCases.map(\.rawValue).joined(separator: ",")
  }
}

/// A time: "90s", "10m", "1h", or seconds without a letter.
struct Duration {
  let seconds: Double

  /// In hours: what is longer is a slip.
  private static let most = 1000.0

  init(parsing argument: String) throws {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    let unit = argument.last.flatMap { units[$0] }
    let number = Double(unit == nil ? argument[...] : argument.dropLast())
    guard let seconds = number.map({ $0 * (unit ?? 1) }), seconds > 0,
      seconds <= Self.most * 3600
    else {
      throw ValidationError(
        "a time of at most \(Int(Self.most))h is expected, as 90s, 10m or 1h")
    }
    self.seconds = seconds
  }
}
