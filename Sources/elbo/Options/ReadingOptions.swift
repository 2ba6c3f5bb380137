// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import VariationalInference

extension PictureFit: ExpressibleByArgument {}
extension DataLikelihood.Law: ExpressibleByArgument {}
extension DataLikelihood.Noise: ExpressibleByArgument {}

/// How the files of `--data` are read, as far as they do not say so themselves.
struct ReadingOptions: ParsableArguments {
  @Option(
    help: "Of pictures: height and width to which they are brought, as in 32x32.",
    transform: PixelSize.init(parsing:))
  var size: PixelSize?

  @Option(help: "How pictures of another shape come to have that size. (default: crop)")
  var fit: PictureFit?

  @Option(
    parsing: .unconditional,
    help: "Take so many random crops of --size from all pictures, instead of each picture once.")
  var patches: Int?

  @Flag(help: "Make colours grey.")
  var grey = false

  @Option(help: "Of an .npz or HDF5 file: the member that is x, as in layers/counts of an .h5ad.")
  var member: String?

  @Option(
    help: "Of tables: the columns to learn, as in a,b,c. (default: all that are nothing else)")
  var columns: String?

  @Option(
    help: "Of tables and .h5ad: the column of labels, which is not learned; or a file of labels.",
    completion: .file())
  var label: String?

  @Option(
    help: "How often each example counts in training: a column of a table, or a file.",
    completion: .file())
  var weight: String?

  @Option(help: "Of tables and .h5ad: columns that are given to both networks, as in age,sex.")
  var condition: String?

  @Option(
    help: ArgumentHelp(
      """
      What columns are where they look like something else: real, count, binary or category, as in \
      age=count,sex=category; one kind alone is that of all other columns.
      """, valueName: "column=kind,..."),
    transform: ColumnKinds.init(parsing:))
  var kinds: [ColumnKinds] = []

  @Flag(
    inversion: .prefixedNo,
    help: "Standardise reals of tables and arrays; bounds are on their own scale.")
  var standardise = true

  @Option(
    help:
      "Shares of training, validation and test part of data that come undivided. (default: 80,10,10)",
    transform: Fractions.init(parsing:))
  var fractions: Fractions?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Take this share of the training part as validation part, as in 0.1, of data that come without \
      one; by --seed.
      """, valueName: "share"))
  var validation: Double?

  func validate() throws {
    if let validation, !(validation > 0 && validation < 1) {
      throw ValidationError(
        "--validation \(validation): a share between 0 and 1 is expected, as in 0.1")
    }
    if validation != nil, fractions != nil {
      throw ValidationError(
        "--fractions says how large the validation part is; leave --validation out")
    }
    try require(patches, "--patches", atMost: 100_000_000)
    if patches != nil, size == nil {
      throw ValidationError("--patches takes a --size, as in 32x32")
    }
    if fit != nil, size == nil { throw ValidationError("--fit takes a --size, as in 32x32") }
    for (value, option) in [(member, "--member"), (label, "--label"), (weight, "--weight")] {
      if value?.isEmpty == true { throw ValidationError("\(option) '': a name is expected") }
    }
  }

  /// The first of these options on the command line.
  var firstGiven: String? {
    let given = [
      ("--size", size != nil), ("--fit", fit != nil), ("--patches", patches != nil),
      ("--grey", grey), ("--member", member != nil), ("--columns", columns != nil),
      ("--label", label != nil), ("--weight", weight != nil), ("--condition", condition != nil),
      ("--kinds", !kinds.isEmpty), ("--no-standardise", !standardise),
      ("--fractions", fractions != nil), ("--validation", validation != nil),
    ]
    return given.first { $0.1 }?.0
  }

  /// The options as the library takes them.
  func reading(seed: UInt64) throws -> DataReading {
    var reading = DataReading()
    reading.size = size.map { [$0.height, $0.width] }
    reading.fit = fit ?? .crop
    (reading.patches, reading.isGrey, reading.member) = (patches, grey, member)
    reading.columns = try columns.map { try Self.names($0, "--columns") }
    // A file is found from any folder; a column's name stays as it is.
    (reading.label, reading.weight) = (
      label.map(DataSource.absoluteFile), weight.map(DataSource.absoluteFile)
    )
    reading.conditions = try condition.map { try Self.names($0, "--condition") } ?? []
    for part in kinds {
      reading.kinds.merge(part.kinds) { $1 }
      reading.kind = part.kind ?? reading.kind
    }
    (reading.standardises, reading.fractions) = (standardise, fractions?.shares)
    (reading.seed, reading.validation) = (seed, validation)
    return reading
  }

  /// The fields that are given to the model.
  func conditionNames(_ table: TableSchema?) throws -> [String] {
    if let table { return table.conditions.map(\.name) }
    return try condition.map { try Self.names($0, "--condition") } ?? []
  }

  private static func names(_ list: String, _ option: String) throws -> [String] {
    let names = list.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if names.contains("") || Set(names).count < names.count {
      throw ValidationError(
        "\(option) '\(list)': different names with commas between them are expected")
    }
    return names
  }
}

/// "32x48": height and width.
struct PixelSize {
  let height: Int
  let width: Int

  init(parsing argument: String) throws {
    let parts = argument.lowercased().split(separator: "x", omittingEmptySubsequences: false)
      .map { Int($0) }
    guard parts.count == 2, let height = parts[0], let width = parts[1],
      (1...4096).contains(height), (1...4096).contains(width)
    else { throw ValidationError("height and width from 1 to 4096 are expected, as in 32x48") }
    (self.height, self.width) = (height, width)
  }
}

/// "age=count,sex=category", or "real" for all others.
struct ColumnKinds {
  private(set) var kinds: [String: TableColumn.Kind] = [:]
  private(set) var kind: TableColumn.Kind?

  init(parsing argument: String) throws {
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let end = part.lastIndex(of: "=")
      let word = end.map { part[part.index(after: $0)...] } ?? part
      guard end != part.startIndex, let kind = TableColumn.Kind(rawValue: String(word)) else {
        throw ValidationError(
          "'\(part)': a column and real, count, binary or category with = between them are expected, "
            + "as in age=count, or one of these kinds for all columns")
      }
      if let end { kinds[String(part[..<end])] = kind } else { self.kind = kind }
    }
  }
}

/// "80,10,10": shares of training, validation and test part.
struct Fractions {
  let shares: [Double]

  init(parsing argument: String) throws {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let shares = parts.compactMap { $0 }
    guard parts.count == 3, shares.count == 3, shares.allSatisfy({ $0 >= 0 && $0.isFinite }),
      shares[0] > 0, shares[2] > 0, shares.reduce(0, +).isFinite
    else {
      throw ValidationError(
        "three shares are expected, of training, validation and test part, as in 80,10,10; only the "
          + "second may be 0")
    }
    self.shares = shares
  }
}
