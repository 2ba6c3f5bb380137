// SPDX-License-Identifier: Apache-2.0

package import Tensors

/// Examples of a data set as a step saw them, random parts drawn, kept so that the step can be
/// repeated without the data set: the examples keep the numbers that they had there.
package struct RecordedBatch: Dataset {
  /// The name of the data set.
  package let name: String
  /// Which part of it.
  package let split: String
  /// Its number of examples, not that of the batch.
  package let count: Int
  /// The fields that were in use.
  package let fields: [DataField]
  /// What a log-probability of the data means.
  package let meaning: String
  /// The numbers of the examples, in the order of the batch.
  package let examples: [Int]
  /// The rows of each field, by its name.
  package let rows: [String: [Double]]
  private let places: [Int: Int]

  /// A batch that was written down.
  ///
  /// - Precondition: Each field has a row for each example.
  package init(
    name: String, split: String, count: Int, meaning: String, examples: [Int],
    fields: [(name: String, width: Int, rows: [Double])]
  ) {
    for field in fields {
      precondition(
        field.rows.count == examples.count * field.width,
        "\(field.rows.count) numbers of field '\(field.name)' for \(examples.count) examples")
    }
    (self.name, self.split, self.count, self.meaning) = (name, split, count, meaning)
    self.examples = examples
    self.fields = fields.map { DataField($0.name, shape: [$0.width]) }
    rows = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.rows) })
    places = Dictionary(zip(examples, examples.indices)) { first, _ in first }
  }

  /// Some examples of a data set, in one of its rounds.
  init<Scalar: TensorScalar>(
    _ examples: [Int], of data: any Dataset, _ uses: [FieldUse], round: DataRound,
    as type: Scalar.Type
  ) {
    let fields = uses.compactMap { data.field($0.name) }.map { field in
      let rows = Tensor<Scalar>(shape: [examples.count, field.width]) {
        data.write(field, of: examples, round: round, to: $0)
      }
      return (name: field.name, width: field.width, rows: rows.doubles)
    }
    self.init(
      name: data.name, split: data.split, count: data.count, meaning: data.meaning,
      examples: examples, fields: fields)
  }

  /// Copies rows.
  ///
  /// - Precondition: The examples are of the batch.
  package func write<Scalar: TensorScalar>(
    _ field: DataField, of examples: [Int], round: DataRound,
    to rows: UnsafeMutableBufferPointer<Scalar>
  ) {
    guard let all = self.rows[field.name] else {
      preconditionFailure("a recorded batch has no field '\(field.name)'")
    }
    let width = field.width
    for (row, example) in examples.enumerated() {
      guard let place = places[example] else {
        preconditionFailure("example \(example) is not in the recorded batch")
      }
      for column in 0..<width {
        rows[row * width + column] = Scalar(all[place * width + column])
      }
    }
  }

  /// "recorded": it is compared with nothing.
  package func fingerprint() -> String { "recorded" }

  /// All of it.
  package func prefix(_ maximum: Int) -> RecordedBatch { self }
}
