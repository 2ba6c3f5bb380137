// SPDX-License-Identifier: Apache-2.0

import Figures
import Formats
import TestSupport
import Testing
import VariationalInference

@Suite("Pictures of a run")
struct ModelFiguresTests {
  /// Coloured bars: each of the three colours has bars of its own.
  private func colourBars(_ count: Int, split: String) -> ImageDataset {
    let channels = (0..<3).map { ImageDataset.bars(count: count, side: 4, seed: UInt64($0 + 5)) }
    let pixels = (0..<count * 16).flatMap { pixel in channels.map { $0.pixels[pixel] } }
    return ImageDataset(
      name: "colour bars", split: split, height: 4, width: 4, channels: 3, pixels: pixels,
      labels: (0..<count).map { UInt8($0 % 2) })
  }

  private func model(
    data: Int, _ fields: AutoencoderFields = AutoencoderFields()
  ) -> VariationalAutoencoder<Float> {
    var generator = SplitMix64(seed: 2)
    return VariationalAutoencoder(
      .init(data: data, hidden: [20], latent: 3, fields: fields), using: &generator)
  }

  private func figures(
    _ model: VariationalAutoencoder<Float>, _ test: any Dataset
  ) -> ModelFigures<VariationalAutoencoder<Float>> {
    ModelFigures(model: model, test: test, seed: 4, subtitle: "a test")
  }

  /// The sheet of images that a grid draws first, red, green, blue and opacity of each pixel.
  private func sheet(_ grid: ImageGrid) throws -> Pixels {
    let sheets = grid.canvas.marks.compactMap { mark -> Pixels? in
      guard case .image(let pixels, _) = mark else { return nil }
      return pixels
    }
    return try #require(sheets.first)
  }

  @Test("colour images are learnt as they are: three numbers a pixel")
  func colour() throws {
    let (train, test) = (colourBars(200, split: "train"), colourBars(40, split: "test"))
    let trainer = try Trainer(
      model(data: 48), data: train,
      options: TrainingOptions(epochs: 60, batchSize: 20, optimiser: Adam(learningRate: 1e-2)),
      workers: WorkerPool(count: 2))
    let pool = WorkerPool(count: 1)
    let before = try trainer.model.evaluate(on: test, workers: pool).mean.elbo
    try finish(trainer)
    let after = try trainer.model.evaluate(on: test, workers: pool).mean.elbo
    // 48 log 2 = 33 nats at first, of which nothing goes where nothing is learnt.
    #expect(after > before + 4, "\(before) to \(after)")
    // As evaluated, so of a flat array of the same numbers.
    let flat = ArrayDataset(
      name: "flat",
      columns: [DataColumn(DataField("x", shape: [48], kind: .grey), test.pixels)])
    #expect(
      try trainer.model.evaluate(on: flat, workers: pool).elbo
        == trainer.model.evaluate(on: test, workers: pool).elbo)
  }

  @Test("reconstructions show the images in their colours, above the decoder's means")
  func reconstructions() throws {
    let test = colourBars(40, split: "test")
    let model = model(data: 48)
    let figure = try figures(model, test).reconstructions(count: 5)
    let batch = try model.batch(of: test, 0..<5, seed: 4)
    let intensities = model.decode(model.posterior(given: batch).mean, batch)
    #expect(figure.count == 10 && figure.columns == 5 && intensities.shape == [5, 48])
    #expect(figure.summary.contains("colour images of 4 by 4"))
    let sheet = try sheet(figure)
    #expect(sheet.channels == 4)
    func shown(_ image: Int, row: Int, pixel: Int) -> [UInt8] {
      let (x, y) = (image * (4 + figure.gap) + pixel % 4, row * (4 + figure.gap) + pixel / 4)
      let place = (y * sheet.width + x) * 4
      return Array(sheet.bytes[place..<place + 4])
    }
    let decoded = intensities.greyBytes
    for image in 0..<5 {
      for pixel in 0..<16 {
        let own = Array(test.image(at: image))[3 * pixel..<3 * pixel + 3]
        #expect(shown(image, row: 0, pixel: pixel) == own + [255])
        let place = image * 48 + 3 * pixel
        #expect(shown(image, row: 1, pixel: pixel) == decoded[place..<place + 3] + [255])
      }
    }
    #expect(Set(test.pixels).count > 2 && decoded[0] != decoded[1], "the colours differ")
  }

  @Test(
    "draws from the prior are of the images' size; under conditions those of the first examples")
  func samples() throws {
    let test = colourBars(40, split: "test")
    let grid = try figures(model(data: 48), test).samples(count: 9)
    #expect(
      grid.count == 9 && grid.columns == 3 && grid.summary.contains("colour images of 4 by 4"))
    let conditional = model(data: 48, AutoencoderFields(conditions: [.init("label", width: 2)]))
    let drawn = try figures(conditional, test).samples(count: 4)
    let batch = try conditional.batch(of: test, 0..<4, seed: 4)
    let expected = conditional.sample(count: 4, batch, seed: 4).greyBytes
    let sheet = try sheet(drawn)
    #expect(Array(sheet.bytes[..<3]) == Array(expected[..<3]))
    #expect(
      conditional.sample(count: 4, try conditional.batch(of: test, 1..<5)).scalars
        != conditional.sample(count: 4, batch).scalars)
  }

  private let epochs = [
    EpochMetrics(
      epoch: 1, seconds: 1, train: MeanTerms(reconstruction: 20, kl: 2),
      test: MeanTerms(reconstruction: 21, kl: 2)),
    EpochMetrics(
      epoch: 2, seconds: 1, train: MeanTerms(reconstruction: 18, kl: 3),
      test: MeanTerms(reconstruction: 19, kl: 3)),
  ]

  private func files(_ figures: ModelFigures<VariationalAutoencoder<Float>>) throws -> [String] {
    try withTemporaryFolder { folder in
      let faults = try figures.writeAll(
        epochs, to: "\(folder)/figures", workers: WorkerPool(count: 2))
      #expect(faults == [])
      return try Files.list("\(folder)/figures").sorted()
    }
  }

  @Test("all figures are written, those of images where the data are images")
  func written() throws {
    let all = ["curves", "latent", "reconstructions", "samples"].flatMap {
      ["\($0).png", "\($0).svg"]
    }
    #expect(try files(figures(model(data: 48), colourBars(40, split: "test"))) == all)
    let numbers = ArrayDataset(
      name: "numbers",
      columns: [
        DataColumn(DataField("x", shape: [48]), Tensor<Float>.pseudoRandom([20, 48]).scalars)
      ])
    #expect(
      try files(figures(model(data: 48), numbers)) == [
        "curves.png", "curves.svg", "latent.png", "latent.svg",
      ])
  }

  @Test("posterior means are coloured by label where there is one")
  func latentPlane() throws {
    let test = colourBars(40, split: "test")
    let plane = try figures(model(data: 48), test).latentPlane(
      count: 30, workers: WorkerPool(count: 1))
    #expect(plane.title.contains("30 test images") && plane.x.count == 30)
    #expect(plane.classes == (0..<30).map { $0 % 2 })
    let bare = ImageDataset(
      name: "bare", split: "test", height: 4, width: 4, channels: 3, pixels: test.pixels)
    #expect(
      try figures(model(data: 48), bare).latentPlane(workers: WorkerPool(count: 1)).classes == [])
  }

  @Test("a picture that cannot be drawn takes neither the others nor the run along")
  func faults() throws {
    let test = colourBars(40, split: "test")
    try withTemporaryFolder { folder in
      // Where a folder should be, there is a file.
      try AtomicFile.write([], to: "\(folder)/figures")
      let faults = try figures(model(data: 48), test).writeAll(
        epochs, to: "\(folder)/figures", workers: WorkerPool(count: 1))
      #expect(faults.map(\.name) == ["reconstructions", "samples", "curves", "latent"])
      #expect("\(faults[0])".hasPrefix("the picture 'reconstructions' was not drawn: "))
      // A decoder of undefined numbers: the curves are drawn all the same.
      let whole = model(data: 48)
      let broken = whole.replacingParameters(
        with: whole.parameters.map { Tensor<Float>(repeating: .nan, shape: $0.shape) })
      let others = try figures(broken, test).writeAll(
        epochs, to: "\(folder)/broken", workers: WorkerPool(count: 1))
      #expect(others.map(\.name) == ["reconstructions", "samples", "latent"])
      #expect("\(others[2])".contains("posterior means that are infinite or undefined"))
      #expect(try Files.list("\(folder)/broken").sorted() == ["curves.png", "curves.svg"])
    }
  }

  @Test("asked to end, the work ends before the next picture, and every file is whole")
  func interrupted() throws {
    let test = colourBars(40, split: "test")
    let figures = figures(model(data: 48), test)
    let pool = WorkerPool(count: 1)
    var calls = 0
    try withTemporaryFolder { folder in
      let faults = try figures.writeAll(epochs, to: "\(folder)/all", workers: pool) {
        calls += 1
        return true
      }
      let all = try Files.list("\(folder)/all").sorted()
      #expect(faults == [] && calls > all.count / 2, "asked at least once for each picture")
      for last in 0..<calls {
        var asked = 0
        #expect(throws: CancellationError.self) {
          try figures.writeAll(epochs, to: "\(folder)/\(last)", workers: pool) {
            asked += 1
            return asked <= last
          }
        }
        #expect(asked == last + 1, "nothing is asked, or done, after the answer")
        let there =
          Files.exists("\(folder)/\(last)") ? try Files.list("\(folder)/\(last)").sorted() : []
        #expect(there.count % 2 == 0 && Set(there).isSubset(of: all))
        for file in there {
          #expect(try readFile("\(folder)/\(last)/\(file)") == readFile("\(folder)/all/\(file)"))
        }
      }
    }
  }

  @Test(
    "pictures of 1 x 100,000 and of 600 x 500 pixels are drawn, reduced",
    arguments: [
      (1, 100_000), (600, 500),
    ])
  func large(_ height: Int, _ width: Int) throws {
    let pixels = [UInt8](unsafeUninitializedCapacity: 3 * height * width) { buffer, count in
      for index in 0..<(3 * height * width) {
        buffer.initializeElement(at: index, to: UInt8(truncatingIfNeeded: index / 7))
      }
      count = 3 * height * width
    }
    let test = ImageDataset(
      name: "large", split: "test", height: height, width: width, channels: 1, pixels: pixels,
      labels: [0, 1, 0])
    var generator = SplitMix64(seed: 2)
    let model = VariationalAutoencoder<Float>(
      .init(data: height * width, hidden: [2], latent: 2), using: &generator)
    let figures = figures(model, test)
    for grid in [try figures.reconstructions(), try figures.samples()] {
      #expect(grid.size.width < 1300 && grid.size.height < 1300, "\(grid.size)")
      #expect(grid.caption.contains("reduced to"))
    }
  }

  @Test("curves show the later epochs, the best one, and the validation part where there is one")
  func curves() throws {
    let elbos = [-165.0, -121, -115, -112, -110, -109, -107, -108]
    func terms(_ elbo: Double) -> MeanTerms { MeanTerms(reconstruction: -elbo - 20, kl: 20) }
    let epochs = elbos.enumerated().map { index, elbo in
      EpochMetrics(
        epoch: index + 1, seconds: 1, train: terms(elbo), test: terms(elbo),
        validation: terms(elbo - 1))
    }
    let panel = try #require(epochs.curves(subtitle: "", noun: "row").panels.first)
    #expect(panel.yLabel == "nats per row" && panel.marksCuts)
    #expect(panel.series.map(\.name) == ["train", "test", "validation"])
    #expect(panel.mark?.x == 7 && panel.mark?.series == "validation")
    // Epochs 5 to 8 go from -111 to -107, and the axis 8 nats lower, with 6 % of air.
    let range = try #require(panel.yRange)
    #expect(abs(range.lowerBound - (-119 - 0.72)) < 1e-9 && abs(range.upperBound + 106.28) < 1e-9)
    let unvalidated = epochs.map {
      EpochMetrics(epoch: $0.epoch, seconds: 1, train: $0.train, test: $0.test)
    }
    let other = try #require(unvalidated.curves(subtitle: "").panels.first)
    #expect(other.series.count == 2 && other.mark?.series == "test")
  }
}
