// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing
import VariationalInference

@Suite("Codes and pictures of a model")
struct PictureTests {
  private let model = smallModel(Float.self)
  private let images = ImageDataset.bars(count: 300)

  @Test("codes are the posterior's of each image, for any number of threads")
  func encode() throws {
    let codes = try model.encode(images, workers: WorkerPool(count: 1))
    let grey = Tensor(images.pixels.map { Float($0) / 255 }, shape: [300, 64])
    let q = model.posterior(given: grey)
    // Rows in blocks of 256, which round alike; the rest of 44 rows does too.
    #expect(codes.mean.scalars == q.mean.scalars)
    #expect(codes.logVariance.scalars == q.logVariance.scalars)
    let drawn = try images.binarized(.dynamic)
    let other = try model.encode(drawn, workers: WorkerPool(count: 3))
    let same = try model.encode(drawn, workers: WorkerPool(count: 2))
    #expect(other.mean.scalars == same.mean.scalars && other.mean.scalars != codes.mean.scalars)
  }

  @Test("draws of codes have their means and variances; the first do not depend on the others")
  func draws() throws {
    let codes = try model.encode(images, workers: WorkerPool(count: 1))
    let draws = codes.draws(50, seed: 3)
    let n = model.latentDimension
    #expect(draws.shape == [300, 50, n])
    let fewer = codes.draws(20, seed: 3)
    #expect(fewer.scalars == draws.slice(0..<20, along: 1).scalars)
    #expect(codes.draws(50, seed: 4).scalars != draws.scalars)
    let mean = codes.mean.doubles
    let deviation = (codes.logVariance * 0.5).exp().doubles
    var errors: [Double] = []
    for (index, value) in draws.doubles.enumerated() {
      let place = index / (50 * n) * n + index % n
      errors.append((value - mean[place]) / deviation[place])
    }
    let checks = standardNormalChecks(errors)
    #expect(checks.allSatisfy { $0.isWithin(4) }, "\(checks)")
  }

  @Test("samples are probabilities, repeat for a seed and differ between seeds")
  func sample() {
    let pictures = model.sample(count: 20, seed: 3)
    #expect(pictures.shape == [20, 64])
    #expect(pictures.scalars.allSatisfy { $0 > 0 && $0 < 1 })
    #expect(model.sample(count: 20, seed: 3).scalars == pictures.scalars)
    #expect(model.sample(count: 20, seed: 4).scalars != pictures.scalars)
    #expect(model.decode(.zeros([2, 3])).shape == [2, 64])
    // The same draws; products of fewer rows may round otherwise, by 24 + 3 roundings at most.
    let fewer = model.sample(count: 5, seed: 3)
    #expect(relativeError(fewer.doubles, Array(pictures.doubles.prefix(5 * 64))) < 27 * 0x1p-24)
  }

  @Test("intensities become the nearest byte, and what is outside is clamped")
  func greyBytes() {
    let x = Tensor<Double>([0, 1, 0.5, 0.4999 / 255, 0.5001 / 255, -3, 7, .nan, .infinity])
    #expect(x.greyBytes == [0, 255, 128, 0, 1, 0, 255, 0, 255])
    #expect(Tensor<Float>((0...255).map { Float($0) / 255 }).greyBytes == Array(0...255))
  }
}

@Suite("Principal components")
struct PrincipalComponentsTests {
  /// Points on a line of direction (3, 4) / 5 at -2, 0 and 4, beside a centre: variance 28 / 3.
  @Test("of points on a line")
  func line() {
    let points = [-2.0, 0, 4].flatMap { [1 + $0 * 0.6, 2 + $0 * 0.8] }
    let components = PrincipalComponents(Tensor(points, shape: [3, 2]))
    #expect(relativeError(components.directions[0], [0.6, 0.8]) < 1e-14)
    #expect(relativeError(components.variances, [28.0 / 3, 0]) < 1e-14)
    let t = components.coordinates(of: Tensor(points, shape: [3, 2]), along: 0)
    #expect(relativeError(t, [-2.0, 0, 4].map { $0 - 2.0 / 3 }) < 1e-14)
  }

  /// The variance along each direction is that of the coordinates along it; n - 1 = 199 degrees of
  /// freedom, and some 200 roundings of 1e-16.
  @Test(
    "variances are those of the coordinates, in falling order, along directions at right angles")
  func variances() {
    let points = Tensor<Double>.pseudoRandom([200, 4], seed: 1)
      .matrixProduct(.pseudoRandom([4, 4], seed: 2))
    let components = PrincipalComponents(points)
    #expect(components.variances == components.variances.sorted(by: >))
    for direction in 0..<4 {
      let t = components.coordinates(of: points, along: direction)
      let variance = t.reduce(0) { $0 + $1 * $1 } / 199
      #expect(relativeError([components.variances[direction]], [variance]) < 1e-12)
      for other in 0..<direction {
        let product = zip(components.directions[direction], components.directions[other])
          .reduce(0) { $0 + $1.0 * $1.1 }
        #expect(product.magnitude < 1e-14)
      }
    }
  }

  @Test("of a single point: no variance")
  func single() {
    let components = PrincipalComponents(Tensor([1, 2], shape: [1, 2]))
    #expect(components.mean == [1, 2] && components.variances == [0, 0])
  }
}
