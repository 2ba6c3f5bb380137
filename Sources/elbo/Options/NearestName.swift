// SPDX-License-Identifier: Apache-2.0

/// The one of some names that is most like a text; nil where none is like it, or there are none.
///
/// Like are texts that become each other by replacing, adding or leaving out at most a third of the
/// letters (Levenshtein's distance), and a name that the text begins or is a part of.
func nearestName(to text: String, among names: [String]) -> String? {
  let wanted = text.lowercased()
  let distances = names.map { (name: $0, distance: editDistance(wanted, $0.lowercased())) }
  guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
  if nearest.distance <= max(1, wanted.count / 3) { return nearest.name }
  return wanted.count > 2 ? names.first { $0.lowercased().contains(wanted) } : nil
}

private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for (i, letter) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, other) in b.enumerated() {
      let replaced = diagonal + (letter == other ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
    }
  }
  return row[b.count]
}
