// SPDX-License-Identifier: Apache-2.0

internal import Formats

// p(x | z) in files: a list of laws in the order of their columns.
//
//     [{"law":"gaussian","columns":4,"noise":"column","units":[1.5,2,0.1,3]},
//      {"law":"categorical","columns":3,"classes":[3]}]
extension DataLikelihood {
  var json: JSONValue {
    .array(
      groups.map { group in
        var json: JSONValue = [
          "law": .string(group.law.rawValue), "columns": JSONValue(group.columns.count),
        ]
        if group.law.hasNoise { json["noise"] = .string(group.noise.rawValue) }
        if !group.sizes.isEmpty {
          json[group.law == .binomial ? "trials" : "classes"] = .array(
            group.sizes.map { JSONValue($0) })
        }
        if !group.units.isEmpty { json["units"] = .array(group.units.map { .number($0) }) }
        if !group.standards.isEmpty {
          json["locations"] = .array(group.standards.map { .number($0.location) })
          json["scales"] = .array(group.standards.map { .number($0.scale) })
        }
        return json
      })
  }

  /// - Throws: ``ConfigurationError`` where entries are missing or do not fit each other.
  init(_ configuration: JSONValue, isGivenTotal: Bool) throws {
    let entries = configuration["likelihood"]?.arrayValue ?? []
    func misfit(_ expected: String) -> ConfigurationError {
      ConfigurationError(key: "likelihood", in: configuration, expected: expected)
    }
    guard (1...Self.mostGroups).contains(entries.count) else {
      throw misfit("a list of 1 to \(Self.mostGroups) laws")
    }
    var end = 0
    let groups = try entries.map { entry in
      let law: Law = try entry.choice("law")
      let count = try entry.size("columns")
      let sizes =
        switch law {
        case .categorical: try Self.sizes("classes", in: entry)
        case .binomial: try Self.sizes("trials", in: entry)
        default: [Int]()
        }
      switch law {
      case .categorical where sizes.reduce(0, +) != count:
        throw misfit("classes that sum to the \(count) columns of their law")
      case .binomial where sizes.count != count:
        throw misfit("a number of trials for each of \(count) columns")
      default: break
      }
      let units = entry["units"]?.arrayValue.map { $0.compactMap(\.doubleValue) } ?? []
      guard entry["units"] == nil || units.count == count,
        units.allSatisfy({ $0 > 0 && $0.isFinite })
      else { throw misfit("a positive unit for each of \(count) columns") }
      let locations = entry["locations"]?.arrayValue.map { $0.compactMap(\.doubleValue) } ?? []
      let scales = entry["scales"]?.arrayValue.map { $0.compactMap(\.doubleValue) } ?? []
      let isStandardised = entry["locations"] != nil || entry["scales"] != nil
      guard
        !isStandardised
          || law.isReal && locations.count == count && scales.count == count
            && locations.allSatisfy(\.isFinite) && scales.allSatisfy({ $0 > 0 && $0.isFinite })
      else { throw misfit("a location and a positive scale for each of \(count) columns of reals") }
      let standards = zip(locations, scales).map { Group.Standard(location: $0, scale: $1) }
      defer { end += count }
      guard count <= 1_000_000_000 - end else { throw misfit("fewer columns") }
      return Group(
        law, end..<end + count, noise: try entry.choice("noise", default: .column), sizes: sizes,
        units: units, standards: standards)
    }
    let isOfTotals = groups.count == 1 && groups[0].law.takesTotal
    guard !isGivenTotal || isOfTotals, isGivenTotal || groups.allSatisfy({ $0.law != .multinomial })
    else { throw misfit("a law of counts exactly where the model reads a total") }
    self.init(groups, isGivenTotal: isGivenTotal)
  }

  private static func sizes(_ key: String, in entry: JSONValue) throws -> [Int] {
    guard let list = entry[key]?.arrayValue, case let sizes = list.compactMap(\.intValue),
      sizes.count == list.count, sizes.allSatisfy({ (1...1_000_000_000).contains($0) })
    else {
      throw ConfigurationError(
        key: key, in: entry, expected: "a list of whole numbers of at least 1")
    }
    return sizes
  }

  private static var mostGroups: Int { 100_000 }
}
