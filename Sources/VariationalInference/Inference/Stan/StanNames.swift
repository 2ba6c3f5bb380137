// SPDX-License-Identifier: Apache-2.0

/// Numbers by name as Stan orders them, first index fastest, and their place here, last index fastest.
package struct StanNames {
  /// As people write them: `theta[1]`, `L[1,2]`.
  package let names: [String]
  /// The place in Stan's order of each.
  package let places: [Int]

  /// - Parameter stan: The names as a library lists them: `L.1.1`, `L.2.1`.
  package init(_ stan: [String]) {
    var (names, places): ([String], [Int]) = ([], [])
    let parts = stan.map(Self.part)
    var start = 0
    while start < parts.count {
      let first = parts[start]
      var end = start + 1
      while end < parts.count, parts[end].base == first.base,
        parts[end].indices.count == first.indices.count
      { end += 1 }
      let shape = first.indices.indices.map { axis in
        parts[start..<end].map { $0.indices[axis] }.max() ?? 0
      }
      let order = (start..<end).sorted {
        parts[$0].indices.lexicographicallyPrecedes(parts[$1].indices)
      }
      let written = ElementNames.of(first.base, shape)
      let isWhole = written.count == order.count
      for (element, place) in order.enumerated() {
        names.append(isWhole ? written[element] : stan[place])
        places.append(place)
      }
      start = end
    }
    (self.names, self.places) = (names, places)
  }

  /// A name as people write it, `L[1,2]` for `L.1.2`.
  package static func written(_ name: String) -> String {
    let part = part(name)
    if part.indices.isEmpty { return name }
    return "\(part.base)[\(part.indices.map { "\($0)" }.joined(separator: ","))]"
  }

  /// `L.1.2` is element [1, 2] of L. What looks otherwise, as a part of a tuple, stands for itself.
  private static func part(_ name: String) -> (base: String, indices: [Int]) {
    let words = name.split(separator: ".", omittingEmptySubsequences: false)
    let indices = words.dropFirst().compactMap { Int($0) }
    guard indices.count == words.count - 1 else { return (name, []) }
    return (String(words[0]), indices)
  }
}
