// SPDX-License-Identifier: Apache-2.0

/// Keeps labels from lying on each other, moving them as little as possible.
package enum LabelStack {
  /// The centres of labels of equal height on a vertical line, each as near as possible to where
  /// it wants to be, none closer than `height` to the next.
  ///
  /// The least sum of squared shifts under the ordering is an isotonic regression of
  /// `wish - rank × height`, solved exactly by pooling neighbours that collide. Then the stack is
  /// kept inside `bounds`; if it is taller than those it overflows rather than overlaps.
  package static func spread(
    _ wishes: [Double], height: Double, within bounds: ClosedRange<Double>
  ) -> [Double] {
    let order = wishes.indices.sorted { (wishes[$0], $0) < (wishes[$1], $1) }
    var blocks: [(sum: Double, count: Int)] = []
    for (rank, index) in order.enumerated() {
      blocks.append((wishes[index] - Double(rank) * height, 1))
      while blocks.count > 1, mean(blocks[blocks.count - 2]) > mean(blocks[blocks.count - 1]) {
        let last = blocks.removeLast()
        blocks[blocks.count - 1].sum += last.sum
        blocks[blocks.count - 1].count += last.count
      }
    }
    // Clamping the regressed offsets keeps their order, hence the distances.
    let lowest = bounds.lowerBound + height / 2
    let highest = bounds.upperBound - height / 2 - Double(max(0, wishes.count - 1)) * height
    let offsets = blocks.flatMap { block in
      repeatElement(max(lowest, min(highest, mean(block))), count: block.count)
    }
    var centers = wishes
    for (rank, index) in order.enumerated() {
      centers[index] = offsets[rank] + Double(rank) * height
    }
    return centers
  }

  private static func mean(_ block: (sum: Double, count: Int)) -> Double {
    block.sum / Double(block.count)
  }

  /// Pushes boxes apart, each pair along the direction in which it overlaps least, until none
  /// overlap. Deterministic; `rounds` bounds the work where there is no room.
  package static func separate(_ boxes: [Rect], within frame: Rect, rounds: Int = 200) -> [Rect] {
    var boxes = boxes
    for _ in 0..<rounds {
      var moved = false
      for i in boxes.indices {
        for j in boxes.indices.dropFirst(i + 1) where boxes[i].overlaps(boxes[j]) {
          push(&boxes, i, j)
          moved = true
        }
      }
      for i in boxes.indices { boxes[i] = boxes[i].moved(inside: frame) }
      if !moved { break }
    }
    return boxes
  }

  private static func push(_ boxes: inout [Rect], _ i: Int, _ j: Int) {
    let (a, b) = (boxes[i], boxes[j])
    let overlapX = min(a.maxX, b.maxX) - max(a.x, b.x)
    let overlapY = min(a.maxY, b.maxY) - max(a.y, b.y)
    if overlapX < overlapY {
      let shift = (a.midX <= b.midX ? 0.5 : -0.5) * (overlapX + 0.01)
      boxes[i].x -= shift
      boxes[j].x += shift
    } else {
      let shift = (a.midY <= b.midY ? 0.5 : -0.5) * (overlapY + 0.01)
      boxes[i].y -= shift
      boxes[j].y += shift
    }
  }
}

extension Rect {
  /// The same rectangle, shifted into `frame` where it fits.
  func moved(inside frame: Rect) -> Rect {
    var rect = self
    rect.x = max(frame.x, min(frame.maxX - width, x))
    rect.y = max(frame.y, min(frame.maxY - height, y))
    return rect
  }
}
