// SPDX-License-Identifier: Apache-2.0

/// The one of some names that is most like a text; nil where none is like it, or there are none.
///
/// Like are texts that become each other by replacing, adding or leaving out letters or exchanging
/// neighbours, at most a third of them (Damerau and Levenshtein's distance), and a name that the
/// text begins or is a part of.
func nearestName(to text: String, among names: [String]) -> String? {
  let wanted = text.lowercased()
  let distances = names.map { (name: $0, distance: editDistance(wanted, $0.lowercased())) }
  guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
  if nearest.distance <= max(1, wanted.count / 3) { return nearest.name }
  return wanted.count > 2 ? names.first { $0.lowercased().contains(wanted) } : nil
}

private func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var (before, row) = ([Int](), Array(0...b.count))
  for (i, letter) in a.enumerated() {
    var next = [i + 1]
    for (j, other) in b.enumerated() {
      let replaced = row[j] + (letter == other ? 0 : 1)
      var least = min(replaced, row[j + 1] + 1, next[j] + 1)
      if i > 0, j > 0, letter == b[j - 1], other == a[i - 1] {
        least = min(least, before[j - 1] + 1)
      }
      next.append(least)
    }
    (before, row) = (row, next)
  }
  return row[b.count]
}
