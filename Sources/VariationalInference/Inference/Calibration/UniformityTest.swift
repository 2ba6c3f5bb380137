// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Whether N numbers are independent and uniform on (0, 1), by their empirical distribution
/// function at all places z[k] = k / K at once, K = N, or 100 for more.
///
///     N F(z[k]) ~ Binomial(N, z[k])
///     gamma = min over k of min(1, 2 P(X <= N F(z[k])), 2 P(X >= N F(z[k])))
///
/// The counts at one place after the other are a Markov chain, so the law of gamma is known
/// exactly: no part of this is simulated.
///
/// - Source: Säilynoja, Bürkner and Vehtari, "Graphical test for discrete uniformity and its
///   applications in goodness-of-fit evaluation and multiple sample comparison", Statistics and
///   Computing 32 (2022), arXiv:2103.10522, sections 2.1 and 2.2.
package struct UniformityTest: Sendable {
  /// N.
  package let count: Int
  /// z[k], in ascending order, without 0 and 1.
  package let places: [Double]
  /// min(1, 2 P(X <= x), 2 P(X >= x)) at each place, for x from 0 to N.
  private let twoSided: [[Double]]
  private let logFactorials: [Double]

  /// - Parameter count: N, at least 1.
  package init(count: Int) {
    precondition(count >= 1, "\(count) numbers have no distribution")
    self.count = count
    let parts = max(2, min(count, 100))
    places = (1..<parts).map { Double($0) / Double(parts) }
    var sum = 0.0
    let logs =
      [0]
      + (1...count).map { (n: Int) -> Double in
        sum += log(Double(n))
        return sum
      }
    logFactorials = logs
    twoSided = places.map { z in
      let masses = (0...count).map { Self.mass($0, of: count, log(z), log1p(-z), logs) }
      var (lower, upper) = (masses, masses)
      for x in 1...count {
        lower[x] += lower[x - 1]
        upper[count - x] += upper[count - x + 1]
      }
      return zip(lower, upper).map { min(1, 2 * min($0, $1)) }
    }
  }

  /// The counts at each place whose two-sided tail probability is above gamma; nil where none is.
  package func bounds(_ gamma: Double) -> [ClosedRange<Int>?] {
    // Equal probabilities, summed in another order, count as equal.
    let limit = gamma * (1 + 1e-9)
    return twoSided.map { tails in
      guard let low = tails.firstIndex(where: { $0 > limit }),
        let high = tails.lastIndex(where: { $0 > limit })
      else { return nil }
      return low...high
    }
  }

  /// The probability that gamma is above a number.
  ///
  /// - Parameters:
  ///   - gamma: The number.
  ///   - distribution: P(u <= z) of each of the N independent numbers; z where nil.
  /// - Returns: From 0 to 1.
  package func probability(
    above gamma: Double, _ distribution: ((Double) -> Double)? = nil
  ) -> Double {
    // The probability of each count at a place, with all counts before it within their bounds.
    var (first, states, reached) = (0, [1.0], 0.0)
    for (z, bound) in zip(places, bounds(gamma)) {
      guard let bound else { return 0 }
      let total = distribution?(z) ?? z
      let share = reached < 1 ? min(max((total - reached) / (1 - reached), 0), 1) : 0
      let (hit, miss) = (log(share), log1p(-share))
      var next = [Double](repeating: 0, count: bound.count)
      for (index, probability) in states.enumerated() where probability > 0 {
        let x = first + index
        let least = max(x, bound.lowerBound)
        if least > bound.upperBound { break }
        for y in least...bound.upperBound {
          next[y - bound.lowerBound] +=
            probability * Self.mass(y - x, of: count - x, hit, miss, logFactorials)
        }
      }
      (first, states, reached) = (bound.lowerBound, next, total)
    }
    return states.reduce(0, +)
  }

  /// The largest gamma that uniform numbers stay above with at least a probability: that of a band
  /// which holds the whole empirical distribution function.
  package func gamma(holding probability: Double) -> Double {
    // At the lower end by Bonferroni's inequality.
    var (low, high) = ((1 - probability) / Double(places.count), 1.0)
    for _ in 0..<20 {
      let middle = (low * high).squareRoot()
      if self.probability(above: middle) >= probability { low = middle } else { high = middle }
    }
    return low
  }

  /// The probability that uniform numbers give a gamma as small as that of some numbers.
  package func pValue(of numbers: [Double]) -> Double {
    precondition(numbers.count == count, "\(numbers.count) numbers in a test of \(count)")
    let sorted = numbers.sorted()
    var (gamma, reached) = (1.0, 0)
    for (z, tails) in zip(places, twoSided) {
      while reached < count, sorted[reached] <= z { reached += 1 }
      gamma = min(gamma, tails[reached])
    }
    return min(max(1 - probability(above: gamma), 0), 1)
  }

  /// The binomial probability of k out of n, of a probability given by its logarithms.
  private static func mass(
    _ k: Int, of n: Int, _ hit: Double, _ miss: Double, _ logFactorials: [Double]
  ) -> Double {
    let hits = k == 0 ? 0 : Double(k) * hit
    let misses = n == k ? 0 : Double(n - k) * miss
    return exp(logFactorials[n] - logFactorials[k] - logFactorials[n - k] + hits + misses)
  }
}

// MARK: - What would be seen

extension UniformityTest {
  /// How likely numbers are refused, where the truths' normal scores, standard normal if
  /// calibrated, are N(shift, scale^2): shift = (right mean - reported mean) / reported sd, scale =
  /// right sd / reported sd.
  ///
  /// - Parameters:
  ///   - gamma: Numbers with a smaller one are refused.
  ///   - shift: 0 if calibrated.
  ///   - scale: 1 if calibrated.
  /// - Returns: From 0 to 1.
  func power(_ gamma: Double, shift: Double = 0, scale: Double = 1) -> Double {
    1
      - probability(above: gamma) {
        erfc((shift - $0.normalQuantile) / scale * 0.5.squareRoot()) / 2
      }
  }

  /// The smallest effect, from none to a largest, that is refused with a probability of 0.9; nil
  /// where none is.
  private func smallest(_ largest: Double, _ power: (Double) -> Double) -> Double? {
    guard power(largest) >= Self.power else { return nil }
    var (low, high) = (0.0, largest)
    for _ in 0..<12 {
      let middle = (low + high) / 2
      if power(middle) >= Self.power { high = middle } else { low = middle }
    }
    return high
  }

  /// With what probability errors are to be seen.
  static let power = 0.9
  /// Errors beyond a factor of e^3, or 4 sd, are not looked for.
  private static let largestLogScale = 3.0
  private static let largestShift = 4.0

  /// The errors that numbers with a smaller gamma than this show with a probability of 0.9.
  func resolution(_ gamma: Double) -> Calibration.Resolution {
    let most = Self.largestLogScale
    return Calibration.Resolution(
      narrow: smallest(most) { power(gamma, scale: exp($0)) }.map { exp(-$0) },
      wide: smallest(most) { power(gamma, scale: exp(-$0)) }.map { exp($0) },
      shift: smallest(Self.largestShift) { power(gamma, shift: $0) })
  }
}

extension Double {
  /// The standard normal quantile of this probability.
  var normalQuantile: Double { Tensor<Double>(self).normalQuantile().scalars[0] }
}
