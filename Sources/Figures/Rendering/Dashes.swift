// SPDX-License-Identifier: Apache-2.0

/// Cuts a line into dashes by arc length.
package enum Dashes {
  /// The dashes of a polyline, `on` long and `off` apart; the first starts at the first point.
  package static func cut(_ line: [Point], on: Double, off: Double) -> [[Point]] {
    precondition(on > 0 && off > 0, "a dash pattern needs positive lengths, not \(on) and \(off)")
    guard let first = line.first else { return [] }
    var dashes: [[Point]] = [[first]]
    var isOn = true
    var remaining = on
    for (a, b) in zip(line, line.dropFirst()) {
      let (dx, dy) = (b.x - a.x, b.y - a.y)
      let length = (dx * dx + dy * dy).squareRoot()
      var travelled = 0.0
      while length - travelled > remaining {
        travelled += remaining
        let point = Point(a.x + dx * travelled / length, a.y + dy * travelled / length)
        if isOn { dashes[dashes.count - 1].append(point) } else { dashes.append([point]) }
        isOn.toggle()
        remaining = isOn ? on : off
      }
      remaining -= length - travelled
      if isOn { dashes[dashes.count - 1].append(b) }
    }
    return dashes
  }
}
