// SPDX-License-Identifier: Apache-2.0

extension TrainingOptions {
  /// In words, what of the way a model is trained is not the default; nil where all of it is.
  package var words: String? {
    var parts: [String] = []
    if let optimiser = optimiser as? AdamW {
      parts.append("AdamW, weight decay \(optimiser.weightDecay.words)")
    }
    parts += [learningRateSchedule.words(peak: optimiser.learningRate, epochs: epochs)]
      .compactMap { $0 }
    if let limit = gradientNormLimit {
      parts.append("gradients of the mean per example limited to norm \(limit.words)")
    }
    if let average {
      parts.append(
        "parameters averaged over steps, decay \(average.decay.words): evaluations, pictures and"
          + " the saved model have the average")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

extension LearningRateSchedule {
  /// Nil where the rate is the optimiser's throughout, or goes by stages alone.
  fileprivate func words(peak: Double, epochs: Int) -> String? {
    let warmUp = warmUpEpochs > 0 ? "rising for \(epochWords(warmUpEpochs))" : nil
    let course = [warmUp, fall].compactMap { $0 }
    if course.isEmpty { return nil }
    let rate = stages.isEmpty ? "learning rate \(peak.words)" : "learning rate"
    return "\(rate), \(course.joined(separator: ", then "))" + (rest(epochs) ?? "")
  }

  private var fall: String? {
    switch shape {
    case .constant, .stages: nil
    case .linear(let final, let epochs):
      "falling in a line to \(final.words) at the end of epoch \(epochs)"
    case .cosine(let final, let epochs):
      "falling as a cosine to \(final.words) at the end of epoch \(epochs)"
    }
  }

  /// What the rate is in epochs after the schedule's.
  private func rest(_ epochs: Int) -> String? {
    guard let end, epochs > end.epochs else { return nil }
    return end.rate == 0
      ? " and 0 after it, where no parameter moves" : " and \(end.rate.words) after it"
  }
}

extension KLRelaxation {
  /// What is maximised and what is reported; nil where it is the ELBO.
  var words: String? {
    let warmUp =
      warmUpEpochs > 0
      ? "a KL weight that rises from 0 to 1 over \(epochWords(warmUpEpochs))" : nil
    let free =
      freeNats > 0
      ? "the KL of each latent dimension counted as at least \(freeNats.words) nats" : nil
    let parts = [warmUp, free].compactMap { $0 }
    if parts.isEmpty { return nil }
    return "trained with " + parts.joined(separator: " and with ")
      + ", while all numbers shown are of the ELBO"
  }
}

private func epochWords(_ count: Double) -> String {
  count == 1 ? "1 epoch" : "\(count.words) epochs"
}

extension Double {
  /// "10", "0.5".
  fileprivate var words: String {
    self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)"
  }
}
