// SPDX-License-Identifier: Apache-2.0

import PosteriorModels
import VariationalInference

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The same densities as plain loops over numbers, one point at a time, with the gradient by hand: what a
/// program is held against. Constants are left out.
typealias PlainGradient = (UnsafePointer<Double>, UnsafeMutablePointer<Double>) -> Double

/// By the posterior's name; nil where there is none.
func handWritten(_ name: String, _ data: ModelData) throws -> PlainGradient? {
  switch name {
  case "eight_schools-eight_schools_noncentered":
    return eightSchools(data["y"].numbers, data["sigma"].numbers)
  case "kidiq-kidscore_momiq":
    let iq = data["mom_iq"].numbers
    return regression(iq.map { [1, $0] }, data["kid_score"].numbers, scale: 2.5)
  case "earnings-earn_height":
    let height = data["height"].numbers
    return regression(height.map { [1, $0] }, data["earn"].numbers)
  case "nes1980-nes":
    let ages = try data.integers("age_discrete")
    let columns = ["real_ideo", "race_adj", "educ1", "gender", "income"].map { data[$0].numbers }
    let rows = ages.indices.map { n -> [Double] in
      [1, columns[0][n], columns[1][n]] + [2, 3, 4].map { ages[n] == $0 ? 1 : 0 }
        + columns[2...].map { $0[n] }
    }
    return regression(rows, data["partyid7"].numbers)
  case "arK-arK":
    let y = data["y"].numbers
    let rows = (5..<y.count).map { t in [1] + (1...5).map { y[t - $0] } }
    return regression(rows, Array(y[5...]), scale: 2.5, prior: 10)
  case "low_dim_gauss_mix-low_dim_gauss_mix": return mixture(data["y"].numbers)
  case "gp_pois_regr-gp_regr": return process(data["x"].numbers, data["y"].numbers)
  default: return nil
  }
}

/// Coordinates mu, log tau, and the noise of eight effects.
private func eightSchools(_ y: [Double], _ sigma: [Double]) -> PlainGradient {
  { u, g in
    let (mu, tau) = (u[0], exp(u[1]))
    let ratio = tau * tau / 25
    var lp = -0.02 * mu * mu - log1p(ratio) + u[1]
    var (dMu, dTau) = (-0.04 * mu, -2 * tau / 25 / (1 + ratio))
    for j in 0..<8 {
      let e = (y[j] - mu - tau * u[2 + j]) / sigma[j]
      lp -= 0.5 * (u[2 + j] * u[2 + j] + e * e)
      let slope = e / sigma[j]
      dMu += slope
      dTau += slope * u[2 + j]
      g[2 + j] = slope * tau - u[2 + j]
    }
    (g[0], g[1]) = (dMu, dTau * tau + 1)
    return lp
  }
}

/// Coordinates beta and log sigma; sigma ~ Cauchy(0, scale), beta ~ N(0, prior^2), flat where nil.
private func regression(
  _ rows: [[Double]], _ y: [Double], scale: Double? = nil, prior: Double? = nil
) -> PlainGradient {
  let k = rows[0].count
  let x = rows.flatMap { $0 }
  return { u, g in
    let sigma = exp(u[k])
    var squares = 0.0
    for j in 0..<k { g[j] = 0 }
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        for n in y.indices {
          var mean = 0.0
          for j in 0..<k { mean += x[n * k + j] * u[j] }
          let e = y[n] - mean
          squares += e * e
          for j in 0..<k { g[j] += e * x[n * k + j] }
        }
      }
    }
    let precision = 1 / (sigma * sigma)
    var lp = -0.5 * squares * precision - Double(y.count) * u[k] + u[k]
    g[k] = squares * precision - Double(y.count) + 1
    for j in 0..<k { g[j] *= precision }
    if let scale {
      let ratio = sigma * sigma / (scale * scale)
      lp -= log1p(ratio)
      g[k] -= 2 * ratio / (1 + ratio)
    }
    if let prior {
      for j in 0..<k {
        lp -= 0.5 * u[j] * u[j] / (prior * prior)
        g[j] -= u[j] / (prior * prior)
      }
    }
    return lp
  }
}

/// Coordinates mu[0], log(mu[1] - mu[0]), log sigma[0], log sigma[1], logit theta.
private func mixture(_ y: [Double]) -> PlainGradient {
  { u, g in
    let mu = (u[0], u[0] + exp(u[1]))
    let sigma = (exp(u[2]), exp(u[3]))
    let theta = 1 / (1 + exp(-u[4]))
    let offsets = (log(theta) - u[2], log1p(-theta) - u[3])
    var lp = -0.125 * (mu.0 * mu.0 + mu.1 * mu.1 + sigma.0 * sigma.0 + sigma.1 * sigma.1)
    lp += 4 * (log(theta) + log1p(-theta)) + u[1] + u[2] + u[3] + log(theta) + log1p(-theta)
    var d = (mu0: -mu.0 / 4, mu1: -mu.1 / 4, s0: 0.0, s1: 0.0, theta: 0.0)
    for value in y {
      let e = ((value - mu.0) / sigma.0, (value - mu.1) / sigma.1)
      let a = (offsets.0 - 0.5 * e.0 * e.0, offsets.1 - 0.5 * e.1 * e.1)
      let top = max(a.0, a.1)
      let w = (exp(a.0 - top), exp(a.1 - top))
      let total = w.0 + w.1
      lp += top + log(total)
      let p = (w.0 / total, w.1 / total)
      d.mu0 += p.0 * e.0 / sigma.0
      d.mu1 += p.1 * e.1 / sigma.1
      d.s0 += p.0 * (e.0 * e.0 - 1)
      d.s1 += p.1 * (e.1 * e.1 - 1)
      d.theta += p.0 - theta
    }
    g[0] = d.mu0 + d.mu1
    g[1] = d.mu1 * (mu.1 - mu.0) + 1
    g[2] = d.s0 - sigma.0 * sigma.0 / 4 + 1
    g[3] = d.s1 - sigma.1 * sigma.1 / 4 + 1
    g[4] = d.theta + 5 * (1 - 2 * theta)
    return lp
  }
}

/// Coordinates log rho, log alpha, log sigma; C = alpha^2 exp(-d^2 / 2 rho^2) + sigma I. With a = C^-1 y,
/// the derivative by a parameter is (a^T dC a - tr C^-1 dC) / 2.
private func process(_ x: [Double], _ y: [Double]) -> PlainGradient {
  let n = x.count
  return { u, g in
    let (rho, alpha, sigma) = (exp(u[0]), exp(u[1]), exp(u[2]))
    var kernel = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0..<n {
        let r = (x[i] - x[j]) / rho
        kernel[i * n + j] = alpha * alpha * exp(-0.5 * r * r)
      }
    }
    var l = kernel
    for i in 0..<n { l[i * n + i] += sigma }
    var logDeterminant = 0.0
    for j in 0..<n {
      for i in j..<n {
        var sum = l[i * n + j]
        for k in 0..<j { sum -= l[i * n + k] * l[j * n + k] }
        l[i * n + j] = i == j ? sum.squareRoot() : sum / l[j * n + j]
      }
      logDeterminant += log(l[j * n + j])
    }
    // The inverse, column by column.
    var inverse = [Double](repeating: 0, count: n * n)
    for column in 0..<n {
      var b = [Double](repeating: 0, count: n)
      b[column] = 1
      for i in 0..<n {
        for k in 0..<i { b[i] -= l[i * n + k] * b[k] }
        b[i] /= l[i * n + i]
      }
      for i in (0..<n).reversed() {
        for k in i + 1..<n { b[i] -= l[k * n + i] * b[k] }
        b[i] /= l[i * n + i]
      }
      for i in 0..<n { inverse[i * n + column] = b[i] }
    }
    let a = (0..<n).map { i in (0..<n).reduce(0.0) { $0 + inverse[i * n + $1] * y[$1] } }
    var lp = -logDeterminant
    for i in 0..<n { lp -= 0.5 * a[i] * y[i] }
    var (dRho, dAlpha, dSigma) = (0.0, 0.0, 0.0)
    for i in 0..<n {
      for j in 0..<n {
        let weight = 0.5 * (a[i] * a[j] - inverse[i * n + j]) * kernel[i * n + j]
        let r = (x[i] - x[j]) / rho
        dRho += weight * r * r
        dAlpha += 2 * weight
      }
      dSigma += 0.5 * (a[i] * a[i] - inverse[i * n + i]) * sigma
    }
    lp += 24 * u[0] - 4 * rho - alpha * alpha / 8 - sigma * sigma / 2 + u[0] + u[1] + u[2]
    g[0] = dRho + 25 - 4 * rho
    g[1] = dAlpha - alpha * alpha / 4 + 1
    g[2] = dSigma - sigma * sigma + 1
    return lp
  }
}
