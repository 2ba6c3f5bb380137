// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension DescribedAutoencoder {
  /// A model of the same likelihood that predicts, whatever z is, the mean of each column of `data`
  /// (of counts that are given a total, its share of it), with noise as wide as the columns vary
  /// about it: what any model should be better than.
  ///
  /// q(z | x) is the prior, so that the ELBO is log p(x) itself, and so is every L_K.
  ///
  /// - Parameter data: Training data, with the fields that the model reads; of more than 50 million
  ///   numbers, examples that are spread over all.
  /// - Returns: A model of the same shape.
  package func predictingMeans(of data: any Dataset) -> Self {
    let moments = ColumnMoments(data, architecture.fields)
    let bias = "decoder.fc\(architecture.decoderHidden.count + 1).bias"
    var values: [String: [Double]] = [:]
    switch likelihoodKind {
    case .bernoulli: values[bias] = moments.all.map(\.logit)
    case .gaussian:
      values[bias] = moments.all.map(\.mean)
      values["decoder.log_variance"] = [log(moments.all.meanVariance)]
    case .general(let likelihood, _):
      values[bias] = likelihood.groups.flatMap { group in
        group.constantOutputs(group.standardised(moments.all[group.columns]))
      }
      for (number, group) in likelihood.groups.enumerated() {
        let own = group.ownConstants(group.standardised(moments.all[group.columns]))
        for (name, numbers) in zip(likelihood.parameterNames(ofGroup: number), own) {
          values["decoder.\(name)"] = numbers
        }
      }
    }
    return mappingParameters { name, old in
      guard let numbers = values[name] else { return .zeros(old.shape) }
      return Tensor(numbers.map { Scalar($0) }, shape: old.shape)
    }
  }
}

extension DataLikelihood.Group {
  /// Moments of the numbers that the networks see.
  fileprivate func standardised(_ columns: ArraySlice<ColumnMoment>) -> [ColumnMoment] {
    if standards.isEmpty { return Array(columns) }
    return zip(columns, standards).map { column, standard in
      var column = column
      column.sum = (column.sum - standard.location * column.totals) / standard.scale
      column.squares /= standard.scale * standard.scale
      column.magnitudes /= standard.scale
      return column
    }
  }

  /// The outputs of a decoder that does not look at z.
  fileprivate func constantOutputs(_ columns: [ColumnMoment]) -> [Double] {
    let first: [Double] =
      switch law {
      case .bernoulli, .discretisedLogistic: columns.map(\.logit)
      case .continuousBernoulli: columns.map(\.continuousLogit)
      case .gaussian, .studentT, .laplace: columns.map(\.mean)
      case .poisson, .negativeBinomial, .zeroInflatedNegativeBinomial, .multinomial, .categorical:
        columns.map { log($0.positiveMean) }
      case .binomial: zip(columns, sizes).map { $0.logit(outOf: Double($1)) }
      }
    if outputs == columns.count { return first }
    // Few zeros more than the counts' own; a discretised logistic's second outputs begin at -2.
    if law == .zeroInflatedNegativeBinomial { return first + columns.map { _ in -4 } }
    let start = law == .discretisedLogistic ? -2.0 : 0
    return first + columns.map { log(scale($0)) - start }
  }

  /// The values of ``DataLikelihood/Group/ownParameters``.
  fileprivate func ownConstants(_ columns: [ColumnMoment]) -> [[Double]] {
    switch law {
    case .gaussian, .studentT, .laplace, .discretisedLogistic:
      let scales = columns.map { log(scale($0)) }
      let squares = columns.reduce(0) { $0 + scale($1) * scale($1) }
      let one = log(squares / Double(columns.count)) / 2
      return (noise == .output ? [] : [noise == .one ? [one] : scales])
        + (law == .studentT ? [[2]] : [])
    case .negativeBinomial, .zeroInflatedNegativeBinomial:
      return [columns.map { log($0.dispersion) }]
    default: return []
    }
  }

  /// The law's scale at which it has the column's deviation.
  private func scale(_ column: ColumnMoment) -> Double {
    switch law {
    case .laplace: max(column.meanMagnitude, 1e-6)
    // Its variance is scale^2 nu / (nu - 2) with nu = exp(2).
    case .studentT: column.deviation * 0.854
    // Its variance is scale^2 pi^2 / 3; a level is 1/255 wide.
    case .discretisedLogistic: max(column.deviation, 1.0 / 512) * 0.5513
    default: column.deviation
    }
  }
}

/// What is known of one column: sums over its observed numbers x, of which m is predicted.
private struct ColumnMoment {
  /// The weights of the observed numbers.
  var count = 0.0
  /// Of x.
  var sum = 0.0
  /// Of the totals of those rows; of ones where there are no totals.
  var totals = 0.0
  /// Of (x - m)^2, |x - m| and m^2.
  var (squares, magnitudes, predictions) = (0.0, 0.0, 0.0)

  var mean: Double { totals > 0 ? sum / totals : 0 }
  /// Above 0, as if half an event more had been seen.
  var positiveMean: Double { (sum + 0.5) / (totals + 1) }
  /// Of the share of ones, as if half a one and half a zero more had been seen.
  var logit: Double { logit(outOf: 1) }

  func logit(outOf trials: Double) -> Double {
    let p = min(max((sum + 0.5) / (count * trials + 1), 1e-7), 1 - 1e-7)
    return log(p / (1 - p))
  }

  var variance: Double { count > 0 ? squares / count : 1 }
  /// Above 0.
  var deviation: Double { max(variance.squareRoot(), 1e-6) }
  var meanMagnitude: Double { count > 0 ? magnitudes / count : 1 }
  /// r of the variance m + m^2 / r, from 0.001 to 10,000.
  var dispersion: Double {
    let excess = squares - sum
    return excess > 0 ? min(max(predictions / excess, 1e-3), 1e4) : 1e4
  }

  /// The logit at which a continuous Bernoulli variable has the mean: 1 / (1 - exp(-l)) - 1 / l.
  var continuousLogit: Double {
    let mean = min(max(mean, 0.002), 0.998)
    var (low, high) = (-600.0, 600.0)
    for _ in 0..<60 {
      let l = (low + high) / 2
      let value = l.magnitude < 1e-4 ? 0.5 + l / 12 : 1 / (1 - exp(-l)) - 1 / l
      if value < mean { low = l } else { high = l }
    }
    return (low + high) / 2
  }
}

extension [ColumnMoment] {
  /// The mean of the variances, above 0.
  fileprivate var meanVariance: Double {
    Swift.max(reduce(0) { $0 + $1.variance } / Double(Swift.max(count, 1)), 1e-12)
  }
}

/// Moments of all columns of x over training examples.
private struct ColumnMoments {
  private(set) var all: [ColumnMoment]

  init(_ data: any Dataset, _ fields: AutoencoderFields) {
    // The mean of pixels that are drawn anew is their grey level.
    var data = data
    if let images = data as? ImageDataset, images.binarization == .dynamic,
      let grey = try? images.binarized(.none)
    {
      data = grey
    }
    let width = data.field(fields.data)?.width ?? 0
    all = [ColumnMoment](repeating: ColumnMoment(), count: width)
    let step = max(1, data.count * width / 50_000_000)
    let examples = Array(stride(from: 0, to: data.count, by: step))
    Self.forEachRow(examples, of: data, fields) { x, mask, weight, total in
      for column in 0..<width where mask.map({ $0[column] != 0 }) ?? true {
        all[column].count += weight
        all[column].sum += weight * Double(x[column])
        all[column].totals += weight * total
      }
    }
    let means = all.map(\.mean)
    Self.forEachRow(examples, of: data, fields) { x, mask, weight, total in
      for column in 0..<width where mask.map({ $0[column] != 0 }) ?? true {
        let prediction = means[column] * total
        let rest = Double(x[column]) - prediction
        all[column].squares += weight * rest * rest
        all[column].magnitudes += weight * rest.magnitude
        all[column].predictions += weight * prediction * prediction
      }
    }
  }

  /// Calls `body` with x, the mask, the weight and the total of each example; 1 where there is no
  /// such field.
  private static func forEachRow(
    _ examples: [Int], of data: any Dataset, _ fields: AutoencoderFields,
    _ body: (UnsafeBufferPointer<Float>, UnsafeBufferPointer<Float>?, Double, Double) -> Void
  ) {
    let names = [fields.data, fields.mask, fields.weight, fields.total]
    let found = names.map { $0.flatMap { data.field($0) } }
    // Of wide rows fewer: a block takes some 16 MB.
    let widest = found.compactMap { $0?.width }.max() ?? 1
    let block = max(1, min(256, examples.count, (1 << 22) / max(widest, 1)))
    var numbers = found.map { [Float](repeating: 1, count: block * ($0?.width ?? 0)) }
    for start in stride(from: 0, to: examples.count, by: block) {
      let rows = Array(examples[start..<min(start + block, examples.count)])
      for (index, field) in found.enumerated() {
        guard let field else { continue }
        numbers[index].withUnsafeMutableBufferPointer {
          data.write(
            field, of: rows, round: .evaluation(seed: 0),
            to: UnsafeMutableBufferPointer(rebasing: $0[..<(rows.count * field.width)]))
        }
      }
      numbers[0].withUnsafeBufferPointer { x in
        numbers[1].withUnsafeBufferPointer { mask in
          for row in rows.indices {
            func part(_ all: UnsafeBufferPointer<Float>, _ width: Int) -> UnsafeBufferPointer<Float>
            {
              UnsafeBufferPointer(rebasing: all[row * width..<(row + 1) * width])
            }
            body(
              part(x, found[0]?.width ?? 0), found[1].map { part(mask, $0.width) },
              found[2] == nil ? 1 : Double(numbers[2][row]),
              found[3] == nil ? 1 : Double(numbers[3][row]))
          }
        }
      }
    }
  }
}
