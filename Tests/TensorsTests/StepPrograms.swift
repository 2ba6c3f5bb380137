// SPDX-License-Identifier: Apache-2.0

import Tensors
import TestSupport

/// Functions of parameters and rows, each a way in which a parameter can be used. All share one list
/// of parameters, most of which a program leaves unused.
enum StepProgram: String, CaseIterable, Sendable {
  /// Linear layers alone: every weight gradient waits for the second phase.
  case layers
  /// A parameter multiplied elementwise, whose gradient is summed over shards.
  case elementwise
  /// One layer applied twice: two deferred gradients of one weight.
  case tied
  /// One weight in a layer and in a product: a deferred and a summed gradient.
  case layerAndProduct
  /// A layer whose bias is a constant: its weight waits alone.
  case frozenBias
  /// A layer whose bias is computed from a parameter: its weight waits, its bias does not.
  case computedBias
  /// A layer whose weight is computed from a parameter, so that it cannot wait, nor can its bias.
  case computedWeight
  /// Layers without a bias.
  case noBias
  /// Several rows of a layer for each row of the batch.
  case severalRowsEach
  /// Examples weighted by 1 in the first rows and otherwise later on.
  case weighted
  /// A constant vector, not rows of the batch, through a layer.
  case constantVector
  /// Constant rows, as many as a shard may have, through a layer.
  case constantRows
  /// Rows that are themselves a parameter, as many as a shard may have, through layers.
  case pseudoInputs
  /// Several draws for each row of the batch, which meet the row's own values: `[batch, K, n]` and back.
  case draws
  /// Nothing depends on any parameter.
  case constant
  /// A term that is there once, of parameters that all rows share.
  case globalTerm
  /// A term that is there once, of layers that all rows share.
  case globalLayers

  static let inputs = 20
  static let hidden = 12
  static let outputs = 6

  enum Parameter: Int, CaseIterable {
    case w1, b1, w2, b2, square, squareBias, scale, narrow, narrowBias, offset, pseudo

    var shape: [Int] {
      switch self {
      case .w1: [hidden, inputs]
      case .b1, .squareBias: [hidden]
      case .w2: [outputs, hidden]
      case .b2, .scale: [outputs]
      case .square: [hidden, hidden]
      case .narrow: [hidden, inputs / 5]
      case .narrowBias: [hidden]
      case .offset: []
      case .pseudo: [32, inputs]
      }
    }
  }

  static func parameters<Scalar>(_ type: Scalar.Type) -> [Tensor<Scalar>] {
    Parameter.allCases.map {
      .pseudoRandom($0.shape, .uniform(-0.4...0.4), seed: UInt64($0.rawValue + 50))
    }
  }

  /// Rows of the batch: grey levels, and in the last column a weight of the row.
  static func data<Scalar>(_ batch: Int, _ type: Scalar.Type) -> Tensor<Scalar> {
    let grey = Tensor<Scalar>.pseudoRandom([batch, inputs - 1], .uniform(0...1), seed: 60)
    let weights = (0..<batch).map { $0 < 16 ? Scalar(1) : Scalar(0.5) }
    return .concatenated([grey, Tensor(weights, shape: [batch, 1])], along: 1)
  }

  /// A value for each row, `[rows]`, or a constant for each.
  func perRow<Scalar>(_ x: Tensor<Scalar>, _ parameters: [Tensor<Scalar>]) -> Tensor<Scalar> {
    func parameter(_ name: Parameter) -> Tensor<Scalar> { parameters[name.rawValue] }
    func hidden(_ x: Tensor<Scalar>) -> Tensor<Scalar> { Self.hidden(x, parameters) }
    func square(_ h: Tensor<Scalar>) -> Tensor<Scalar> { Self.square(h, parameters) }
    func logits(_ h: Tensor<Scalar>) -> Tensor<Scalar> {
      h.linear(weight: parameter(.w2), bias: parameter(.b2))
    }
    func score(_ logits: Tensor<Scalar>) -> Tensor<Scalar> {
      x.slice(0..<Self.outputs, along: 1).bernoulliLogProbability(logits: logits)
    }
    let rows = x.shape[0]
    switch self {
    case .layers, .globalLayers: return score(logits(hidden(x)))
    case .elementwise, .globalTerm:
      return score(logits(hidden(x)) * parameter(.scale) + parameter(.offset))
    case .tied: return score(logits(square(square(hidden(x)))))
    case .layerAndProduct:
      let h = hidden(x)
      return score(logits(square(h) + h.matrixProduct(parameter(.square))))
    case .frozenBias:
      let bias = parameter(.b1).detached
      return score(logits(x.linear(weight: parameter(.w1), bias: bias, activation: .tanh)))
    case .computedBias:
      let bias = parameter(.b1).tanh()
      return score(logits(x.linear(weight: parameter(.w1), bias: bias, activation: .relu)))
    case .computedWeight:
      let weight = parameter(.w1) * 2
      return score(logits(x.linear(weight: weight, bias: parameter(.b1), activation: .tanh)))
    case .noBias:
      let h = x.linear(weight: parameter(.w1), activation: .relu)
      return score(h.linear(weight: parameter(.w2)))
    case .severalRowsEach:
      let parts = x.reshaped(to: [rows, 5, Self.inputs / 5])
        .linear(weight: parameter(.narrow), bias: parameter(.narrowBias), activation: .tanh)
      return score(logits(parts.mean(along: 1)))
    case .weighted:
      return score(logits(hidden(x)))
        * x.slice(Self.inputs - 1..<Self.inputs, along: 1)
        .reshaped(to: [rows])
    case .constantVector:
      let vector = Tensor<Scalar>.pseudoRandom([Self.inputs], seed: 61)
      return score(logits(hidden(x) * hidden(vector)))
    case .constantRows:
      let others = Tensor<Scalar>.pseudoRandom([32, Self.inputs], seed: 62)
      return score(logits(hidden(x) * hidden(others).mean(along: 0)))
    case .pseudoInputs:
      let others = square(hidden(parameter(.pseudo)))
      return score(logits(hidden(x) * others.mean(along: 0)))
    case .draws:
      let parts = x.reshaped(to: [rows * 5, Self.inputs / 5])
        .linear(weight: parameter(.narrow), bias: parameter(.narrowBias), activation: .tanh)
        .reshaped(to: [rows, 5, Self.hidden])
      let joint = parts * hidden(x).reshaped(to: [rows, 1, Self.hidden])
      return score(
        logits(square(joint.reshaped(to: [rows * 5, Self.hidden])))
          .reshaped(to: [rows, 5, Self.outputs]).logMeanExp(along: 1))
    case .constant: return x.sum(along: 1)
    }
  }

  /// What there is once beside the rows.
  func once<Scalar>(_ parameters: [Tensor<Scalar>]) -> Tensor<Scalar>? {
    func parameter(_ name: Parameter) -> Tensor<Scalar> { parameters[name.rawValue] }
    switch self {
    case .globalTerm:
      return parameter(.scale).squared().sum() * -3 + parameter(.offset).exp()
    case .globalLayers:
      return Self.square(Self.hidden(parameter(.pseudo), parameters), parameters).sum(along: 1)
    default: return nil
    }
  }

  private static func hidden<Scalar>(
    _ x: Tensor<Scalar>, _ parameters: [Tensor<Scalar>]
  ) -> Tensor<Scalar> {
    x.linear(
      weight: parameters[Parameter.w1.rawValue], bias: parameters[Parameter.b1.rawValue],
      activation: .relu)
  }

  private static func square<Scalar>(
    _ h: Tensor<Scalar>, _ parameters: [Tensor<Scalar>]
  ) -> Tensor<Scalar> {
    h.linear(
      weight: parameters[Parameter.square.rawValue],
      bias: parameters[Parameter.squareBias.rawValue], activation: .tanh)
  }
}
