// SPDX-License-Identifier: Apache-2.0

import PosteriorModels
import VariationalInference

// What a gradient costs for many draws at once, on one thread, beside the same density by hand one point at a
// time; and how long a fit takes from the density to the verdict, on all threads.

let folder = CommandLine.arguments.dropFirst().first ?? "../shared/posteriordb"
let only = CommandLine.arguments.dropFirst(2).first
let clock = ContinuousClock()

/// Microseconds of one call: the least of several runs of at least 20 ms, as others use the machine too.
func microseconds(_ body: () -> Void) -> Double {
  body()
  return (0..<7).map { _ in
    let start = clock.now
    var calls = 0
    while clock.now - start < .milliseconds(20) {
      body()
      calls += 1
    }
    let duration = (clock.now - start) / calls
    return Double(duration.components.attoseconds) * 1e-12
  }.min() ?? .nan
}

func shown(_ x: Double) -> String {
  x >= 100 ? "\(x.rounded())" : "\((x * 100).rounded() / 100)"
}

print("| posterior | D | by hand | 1 draw | 16 | 64 | 256 at once | fit, ms | verdict |")
print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
measuring {
  for reference in ReferencePosterior.all where only.map(reference.name.contains) ?? true {
    let model = try reference.model(in: folder)
    let density = try model.density(threads: WorkerPool(count: 1))
    let dimension = density.dimension
    // Near the posterior, where the time of a program with branches is that of a fit.
    let posterior = try model.fit()
    let all = posterior.fit.surrogateDraws
    var cells = [reference.name, "\(dimension)"]
    let data = try ModelData(json: "\(folder)/\(reference.name)/data.json")
    if let byHand = try handWritten(reference.name, data) {
      let numbers = all.scalars
      var gradient = [Double](repeating: 0, count: dimension)
      try check(byHand, density, all.slice(0..<3))
      let calls = 64
      let time = microseconds {
        numbers.withUnsafeBufferPointer { points in
          for row in 0..<calls {
            guard let base = points.baseAddress else { return }
            _ = byHand(base + row * dimension, &gradient)
          }
        }
      }
      cells.append(shown(time / Double(calls)))
    } else {
      cells.append("-")
    }
    for draws in [1, 16, 64, 256] {
      let points = all.slice(0..<draws)
      let time = microseconds { _ = density.logDensitiesWithGradients(at: points) }
      cells.append(shown(time / Double(draws)))
    }
    let times = try (0..<3).map { try model.fit(FitOptions(seed: $0)).seconds * 1000 }.sorted()
    cells += [shown(times[1]), posterior.fit.verdict.rawValue]
    print("| " + cells.joined(separator: " | ") + " |")
  }
}

/// A gradient by hand that is wrong would be no measure.
func check(_ byHand: PlainGradient, _ density: ProgramDensity, _ points: Tensor<Double>) throws {
  let expected = density.logDensitiesWithGradients(at: points).gradients.scalars
  var found = [Double](repeating: 0, count: density.dimension)
  let numbers = points.scalars
  for row in 0..<points.shape[0] {
    numbers.withUnsafeBufferPointer { points in
      if let base = points.baseAddress { _ = byHand(base + row * density.dimension, &found) }
    }
    for (coordinate, name) in density.coordinateNames.enumerated() {
      let other = expected[row * density.dimension + coordinate]
      guard abs(found[coordinate] - other) <= 1e-6 * max(1, abs(other)) else {
        throw WrongGradient(name: name, found: found[coordinate], expected: other)
      }
    }
  }
}

struct WrongGradient: Error {
  let name: String
  let found: Double
  let expected: Double
}
