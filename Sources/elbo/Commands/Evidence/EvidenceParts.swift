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
struct Duration: ExpressibleByArgument {
  let seconds: Double

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
    let unit = argument.last.flatMap { units[$0] }
    guard let number = Double(unit == nil ? argument[...] : argument.dropLast()),
      number > 0, number.isFinite
    else { return nil }
    seconds = number * (unit ?? 1)
    // A year: what is longer is a slip.
    if seconds > 8760 * 3600 { return nil }
  }
}
