// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser

/// The words of the command line as bytes.
enum Arguments {
  /// Refuses words that are no UTF-8: mended, they would be the names of other files.
  static func check() throws {
    for number in 1..<max(1, Int(CommandLine.argc)) {
      guard let word = CommandLine.unsafeArgv[number] else { continue }
      if String(validatingCString: word) == nil {
        throw ValidationError(
          "argument \(number), '\(shown(word))', is no UTF-8 text; rename the file or folder")
      }
    }
  }

  /// Its bytes, those beyond ASCII as \xE9.
  private static func shown(_ word: UnsafePointer<CChar>) -> String {
    var text = ""
    var place = word
    while place.pointee != 0 && text.utf8.count < 200 {
      let byte = UInt8(bitPattern: place.pointee)
      text +=
        (0x20..<0x7f).contains(byte)
        ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
      place += 1
    }
    return text
  }
}
