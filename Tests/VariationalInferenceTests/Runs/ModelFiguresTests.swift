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
    let (figure, intensities) = try figures(model(data: 48), test).reconstructions(count: 5)
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
      try figures.writeAll(epochs, to: "\(folder)/figures", workers: WorkerPool(count: 2))
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
}
