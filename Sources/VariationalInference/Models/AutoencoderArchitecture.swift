// SPDX-License-Identifier: Apache-2.0

/// The widths of a variational autoencoder's layers, what is between them, and the fields that it reads.
public struct AutoencoderArchitecture: Sendable, Equatable {
  /// Numbers of an example, such as its pixels.
  public var data: Int
  /// Hidden layers of the encoder, in the order of the data.
  public var hidden: [Int]
  /// Hidden layers of the decoder, in the order of the data.
  public var decoderHidden: [Int]
  /// Dimensions of z.
  public var latent: Int
  /// After every hidden layer.
  public var activation: Activation
  /// What is read of each example.
  public var fields: AutoencoderFields

  /// The article's sizes, unless others are given; the decoder mirrors the encoder. Without hidden
  /// layers the model is linear.
  public init(
    data: Int = 784, hidden: [Int] = [400], decoderHidden: [Int]? = nil, latent: Int = 20,
    activation: Activation = .relu, fields: AutoencoderFields = AutoencoderFields()
  ) {
    self.data = data
    self.hidden = hidden
    self.decoderHidden = decoderHidden ?? hidden.reversed()
    self.latent = latent
    self.activation = activation
    self.fields = fields
  }

  /// Whether there is a hidden layer, and so an activation that matters.
  public var hasHiddenLayers: Bool { !hidden.isEmpty || !decoderHidden.isEmpty }

  /// The fields that the model reads.
  public var reads: [FieldUse] {
    [FieldUse(fields.data, .data, width: data)]
      + fields.conditions.map { FieldUse($0.name, .condition, width: $0.width) }
      + [
        fields.total.map { FieldUse($0, .condition, width: 1) },
        fields.weight.map { FieldUse($0, .weight) },
        fields.mask.map { FieldUse($0, .mask, width: data) },
      ].compactMap { $0 }
  }

  /// The inputs of the encoder: the data and the conditions.
  var encoderInputs: Int { data + fields.conditionWidth }

  /// The inputs of the decoder: z and the conditions.
  var decoderInputs: Int { latent + fields.conditionWidth }
}

/// The names of the fields that an autoencoder reads.
public struct AutoencoderFields: Sendable, Equatable {
  /// A field on which both networks depend.
  public struct Condition: Sendable, Equatable {
    /// The field's name.
    public var name: String
    /// How many numbers it has for each example: ``DataField/width``.
    public var width: Int

    /// The condition that is the field `name`.
    public init(_ name: String, width: Int) {
      self.name = name
      self.width = width
    }
  }

  /// x.
  public var data: String
  /// c in p(x | z, c) and q(z | x, c), joined in this order.
  public var conditions: [Condition]
  /// How often each example counts; nil for once each.
  public var weight: String?
  /// What was observed of x; nil for all.
  public var mask: String?
  /// The sum of each row of counts, which p(x | z) is given; the networks do not see it. Nil where there
  /// is none.
  public var total: String?

  /// x is the field "x", with nothing beside it, unless names are given.
  public init(
    data: String = "x", conditions: [Condition] = [], weight: String? = nil, mask: String? = nil,
    total: String? = nil
  ) {
    self.data = data
    self.conditions = conditions
    self.weight = weight
    self.mask = mask
    self.total = total
  }

  var conditionWidth: Int { conditions.reduce(0) { $0 + $1.width } }
}

extension AutoencoderFields {
  /// The data with the totals of their rows, a mask of ones and weights of 1, where the model reads them
  /// and the data have none.
  package func complete(_ data: any Dataset) -> any Dataset {
    guard var arrays = data as? ArrayDataset else { return data }
    if let mask, arrays.field(mask) == nil, let x = arrays.field(self.data) {
      let ones = [UInt8](repeating: 1, count: arrays.count * x.width)
      arrays = ArrayDataset(
        name: arrays.name, split: arrays.split,
        columns: arrays.columns + [
          DataColumn(DataField(mask, shape: [x.width], kind: .binary), ones)
        ])
    }
    if let weight, arrays.field(weight) == nil {
      let ones = [UInt8](repeating: 1, count: arrays.count)
      arrays = ArrayDataset(
        name: arrays.name, split: arrays.split,
        columns: arrays.columns + [DataColumn(DataField(weight), ones)])
    }
    if total != nil, arrays.field("total") == nil { arrays = arrays.addingTotals() }
    return arrays
  }

  /// The same of all parts.
  package func complete(_ data: DatasetSplits) -> DatasetSplits {
    DatasetSplits(
      train: complete(data.train), validation: data.validation.map(complete),
      test: complete(data.test))
  }
}
