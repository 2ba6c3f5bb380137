// SPDX-License-Identifier: Apache-2.0

/// Escaping for XML.
package enum XML {
  /// Text that may stand between tags or inside a quoted attribute. Characters that XML 1.0
  /// forbids become the replacement character: a stray control character must not spoil the file.
  package static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result += " "
      case "\u{0}"..<" ", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}

/// Bytes as text (RFC 4648), for pictures inside an SVG.
package enum Base64 {
  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// The padded encoding on one line.
  package static func encode(_ bytes: [UInt8]) -> String {
    var result: [UInt8] = []
    result.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let padded = Array(group) + [0, 0]
      let word = Int(padded[0]) << 16 | Int(padded[1]) << 8 | Int(padded[2])
      for place in 0..<4 {
        let digit = alphabet[word >> (18 - 6 * place) & 63]
        result.append(place <= group.count ? digit : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// Coordinates: at most two decimals, no exponent, no superfluous zeros.
package enum SVGNumber {
  package static func text(_ value: Double) -> String {
    let hundredths = Int64((value * 100).rounded())
    var result = hundredths < 0 ? "-" : ""
    result += String(hundredths.magnitude / 100)
    let rest = hundredths.magnitude % 100
    if rest == 0 { return result }
    result += rest < 10 ? ".0" : "."
    return result + String(rest % 10 == 0 && rest >= 10 ? rest / 10 : rest)
  }

  static func pair(_ point: Point) -> String { text(point.x) + "," + text(point.y) }
}
