// SPDX-License-Identifier: Apache-2.0

internal import Formats

extension DataFile {
  /// The parts that a folder of pictures has as sub-folders; else it is divided picture by picture, so that
  /// crops of one picture fall into one part.
  func pictures(_ reading: DataReading) throws -> DataRead {
    let folder = PictureFolder(path)
    let splits = folder.splits
    if splits[.train] != nil, splits[.test] != nil {
      let train = try folder.load(reading.pictureOptions, split: .train)
      let test = try folder.load(reading.pictureOptions, split: .test)
      let validation =
        try splits[.validation] == nil
        ? nil : folder.load(reading.pictureOptions, split: .validation)
      return DataRead(
        DatasetSplits(train: train.data, validation: validation?.data, test: test.data),
        notes: [train, test].flatMap(\.notes), numbers: [:],
        names: [.train: train.names, .test: test.names, .validation: validation?.names ?? []],
        groups: train.source)
    }
    let loaded = try folder.load(reading.pictureOptions)
    let division = try reading.division(
      of: loaded.data.count, groups: loaded.source, in: path)
    let numbers = division.numbers.mapValues(loaded.inTurns)
    func part(_ split: DatasetSplit) -> ImageDataset? {
      guard let examples = numbers[split], !examples.isEmpty else { return nil }
      return loaded.data.selecting(examples, split: split.rawValue)
    }
    guard let train = part(.train), let test = part(.test) else {
      throw DatasetError.noExamples(data: loaded.data.name)
    }
    return DataRead(
      DatasetSplits(train: train, validation: part(.validation), test: test),
      notes: loaded.notes + [division.words(seed: reading.seed)], numbers: numbers,
      names: numbers.mapValues { $0.map { loaded.names[$0] } },
      groups: numbers[.train]?.map { loaded.source[$0] })
  }

  /// Every picture in the order of names; nil where the folder comes in parts.
  func pictureRows(_ reading: DataReading) throws -> RowsRead? {
    let folder = PictureFolder(path)
    if !folder.splits.isEmpty { return nil }
    let loaded = try folder.load(reading.pictureOptions)
    let all = Array(0..<loaded.data.count)
    return RowsRead(loaded.data.selecting(all, split: "all"), names: loaded.names)
  }
}

extension DataReading {
  fileprivate var pictureOptions: PictureOptions {
    PictureOptions(
      size: size.map { ($0[0], $0[1]) }, fit: fit, patches: patches, grey: isGrey, colour: isColour,
      seed: seed)
  }
}

extension LoadedPictures {
  /// The pictures take turns, crop by crop: so the first crops, which figures show, are of several.
  fileprivate func inTurns(_ examples: [Int]) -> [Int] {
    var turns: [Int: Int] = [:]
    let ranked = examples.map { example in
      let turn = turns[source[example], default: 0]
      turns[source[example]] = turn + 1
      return (turn, example)
    }
    return ranked.sorted { $0 < $1 }.map(\.1)
  }

  /// What was found and what was left out, at most ten lines of the latter.
  fileprivate var notes: [String] {
    let pictures = Set(source).count
    let crops = data.count == pictures ? "" : ", \(data.count.counted("crop"))"
    let labels = labelNames.map { "; labels \($0.prefix(10).joined(separator: ", "))" } ?? ""
    let inFolders = names.count { Files.hasFolder($0) }
    let isMixed = labelNames == nil && inFolders > 0 && inFolders < names.count
    let mixed = isMixed ? ["sub-folders are no labels here, as pictures lie beside them"] : []
    let most = 10
    let left = skipped.count - most
    return ["\(pictures.counted("picture"))\(crops)\(labels)"] + mixed
      + skipped.prefix(most).map { "skipped \($0)" }
      + (left > 0 ? ["skipped \(left) more \(left.noun("file"))"] : [])
  }
}
