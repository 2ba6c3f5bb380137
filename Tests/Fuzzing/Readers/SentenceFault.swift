// SPDX-License-Identifier: Apache-2.0

/// What a refusal must not be: it is shown on a terminal, and quotes what a file says.
package enum SentenceFault: Equatable, Sendable {
  case tooLong(characters: Int)
  case controlCharacter

  /// The characters of a sentence at most, beside the path.
  package static let limit = 600

  /// The fault of a sentence; nil where there is none.
  package init?(_ sentence: String) {
    if sentence.unicodeScalars.contains(where: { scalar in
      // Two lines of Python follow the sentence on a PyTorch file.
      scalar != "\n"
        && [.control, .format, .lineSeparator].contains(scalar.properties.generalCategory)
    }) {
      self = .controlCharacter
    } else if sentence.count > Self.limit {
      self = .tooLong(characters: sentence.count)
    } else {
      return nil
    }
  }
}
