// SPDX-License-Identifier: Apache-2.0

public import VariationalInference

/// The variational autoencoder as a program of one image: the same p(x, z) as that of
/// ``VariationalAutoencoder``, with a decoder that is learned.
///
/// Shows latent variables of each example, whose q(z | x) an encoder gives:
///
///     let guide = AmortizedGuide(
///       DiagonalFamily(), dimension: model.dimension, reads: model.reads, hidden: [64],
///       using: &generator)
///     let trainer = try Trainer(model.guided(by: guide), data: digits, options: options)
///
/// - Parameters:
///   - images: Binary ones; field "x".
///   - latent: The number of dimensions of z.
///   - decoder: From so many numbers to as many as an image has pixels.
/// - Returns: p(x, z) of each image.
/// - Throws: ``ModelError`` where sizes do not fit.
public func autoencoderProgram(
  _ images: any Dataset, latent: Int, decoder: BernoulliDecoder<Double>
) throws -> ProgramJointDensity<BernoulliDecoder<Double>> {
  try ProgramJointDensity(images, reads: [FieldUse("x", .data)], learning: decoder) {
    z, image, decoder in
    let code = z.latent("z", Normal(0, 1), count: latent, .nonCentred)
    let logits = decoder.logits(decoder.hidden(code))
    z.observe("x", Bernoulli(logits: logits), image["x"])
  }
}
