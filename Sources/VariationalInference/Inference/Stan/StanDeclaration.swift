// SPDX-License-Identifier: Apache-2.0

/// A variable that a block declares.
struct StanDeclaration {
  let name: String
  /// As it is written before the name: `array[3] vector<lower=0>[2]`.
  let type: String

  /// The word that says what it is, arrays left aside: `vector`.
  var kind: Substring {
    var rest = Substring(type)
    if rest.hasPrefix("array") {
      var depth = 0
      for place in rest.indices {
        if rest[place] == "[" { depth += 1 }
        if rest[place] == "]" {
          depth -= 1
          if depth == 0 {
            rest = rest[rest.index(after: place)...]
            break
          }
        }
      }
    }
    return rest.drop { $0 == " " || $0 == "\n" }.prefix { $0.isLetter || $0 == "_" }
  }
  /// Whether it is one number.
  var isScalar: Bool { type.hasPrefix("real") && !type.contains("[") }
  /// The bounds as they are written, empty where there is none; nil without any.
  var bounds: (lower: String, upper: String)? {
    guard let open = type.firstIndex(of: "<"), let close = type.lastIndex(of: ">") else {
      return nil
    }
    let parts = type[type.index(after: open)..<close].filter { $0 != " " }
      .split(separator: ",")
    func bound(_ word: String) -> String {
      parts.first { $0.hasPrefix(word) }.map { String($0.dropFirst(word.count)) } ?? ""
    }
    let (lower, upper) = (bound("lower="), bound("upper="))
    return lower.isEmpty && upper.isEmpty ? nil : (lower, upper)
  }
}

extension StanText {
  /// What a block declares at its beginning.
  func declared(in title: String) -> [StanDeclaration] {
    guard let block = block(title) else { return [] }
    return parts(block, at: ";").flatMap { statement -> [StanDeclaration] in
      let statement = trimmed(statement)
      guard let first = name(at: statement.lowerBound), Self.types.contains(self[first]) else {
        return []
      }
      var type: String?
      return parts(statement, at: ",", angles: true).compactMap { part in
        let head = trimmed(parts(part, at: "=", angles: true)[0])
        guard let last = names(in: head).last, last.upperBound == head.upperBound else {
          return nil
        }
        if type == nil { type = self[trimmed(head.lowerBound..<last.lowerBound)] }
        return StanDeclaration(name: self[last], type: type ?? "")
      }
    }
  }

  /// The variable that a statement sets, and the names in what it is set to.
  func assignment(_ statement: Range<Int>) -> (name: String, from: [String])? {
    let all = names(in: statement)
    guard let first = all.first else { return nil }
    let isDeclared = Self.types.contains(self[first])
    let sides = parts(statement, at: "=", angles: isDeclared)
    guard sides.count > 1 else { return nil }
    let left = names(in: sides[0])
    guard let name = isDeclared ? left.last : left.first else { return nil }
    return (self[name], names(in: sides[1].lowerBound..<statement.upperBound).map { self[$0] })
  }

  private static let types: Set<String> = [
    "int", "real", "complex", "vector", "row_vector", "matrix", "complex_vector",
    "complex_row_vector", "complex_matrix", "array", "tuple", "simplex", "ordered",
    "positive_ordered", "unit_vector", "sum_to_zero_vector", "sum_to_zero_matrix",
    "column_stochastic_matrix", "row_stochastic_matrix", "cholesky_factor_corr",
    "cholesky_factor_cov", "corr_matrix", "cov_matrix",
  ]
}
