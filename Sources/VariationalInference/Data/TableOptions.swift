// SPDX-License-Identifier: Apache-2.0

/// Which columns of a table are what.
public struct TableOptions: Sendable, Equatable {
  /// The names of the columns that are data, in the order in which "x" is to have them; nil for all
  /// that are nothing else.
  public var columns: [String]?
  /// The name of the column of labels.
  public var label: String?
  /// A file of labels: a table of one column, or `.npy`.
  public var labelFile: String?
  /// The name of the column of weights.
  public var weight: String?
  /// A file of weights: a table of one column, or `.npy`.
  public var weightFile: String?
  /// The names of the columns that are conditions; the label may be one of them.
  public var conditions: [String]
  /// The kinds of columns by name, where they are not to be told from the cells.
  public var kinds: [String: TableColumn.Kind]
  /// The kind of every other column of "x"; nil for what the cells tell.
  public var kind: TableColumn.Kind?
  /// Whether reals are standardised: minus the mean, then divided by the standard deviation, of the
  /// observed numbers of the training part.
  public var standardises: Bool

  /// What is asked for; by default all columns are data, of kinds that their cells tell.
  public init(
    columns: [String]? = nil, label: String? = nil, labelFile: String? = nil,
    weight: String? = nil, weightFile: String? = nil, conditions: [String] = [],
    kinds: [String: TableColumn.Kind] = [:], kind: TableColumn.Kind? = nil,
    standardises: Bool = true
  ) {
    self.columns = columns
    self.label = label
    self.labelFile = labelFile
    self.weight = weight
    self.weightFile = weightFile
    self.conditions = conditions
    self.kinds = kinds
    self.kind = kind
    self.standardises = standardises
  }
}
