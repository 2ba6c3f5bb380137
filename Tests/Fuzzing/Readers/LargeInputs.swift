// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

extension FuzzReader {
  /// A large file, made when it is asked for.
  package struct LargeInput: Sendable {
    package let name: String
    package let bytes: @Sendable () -> [UInt8]
  }

  /// Files of some megabytes that take as much memory for a byte as their format allows:
  /// libFuzzer's inputs are too small to show it. Inputs as ``file(from:)`` takes them.
  package var largeInputs: [LargeInput] {
    switch self {
    case .idx:
      [
        LargeInput(name: "bytes that are signed") {
          [0, 0, 9, 1, 1, 0, 0, 0] + [UInt8](repeating: 1, count: 1 << 24)
        },
        LargeInput(name: "zeros, packed") {
          Gzip.compress([0, 0, 8, 1, 2, 0, 0, 0] + [UInt8](repeating: 0, count: 1 << 25))
        },
      ]
    case .gzip:
      [
        LargeInput(name: "zeros") { Gzip.compress([UInt8](repeating: 0, count: 1 << 27)) },
        LargeInput(name: "members without contents") {
          let member = Gzip.compress([])
          return (0..<1 << 18).flatMap { _ in member }
        },
      ]
    case .safetensors: Self.largeHeaders
    case .model:
      [
        LargeInput(name: "one pixel and 300,000 hidden units") {
          let wide = 300_000
          func tensor(_ name: String, _ shape: [Int]) -> Safetensors.Tensor {
            Safetensors.Tensor(
              name: name, shape: shape, [Float](repeating: 0, count: shape.reduce(1, *)))
          }
          return Safetensors.encoded([
            tensor("encoder.fc1.weight", [wide, 1]), tensor("encoder.fc1.bias", [wide]),
            tensor("encoder.fc_mu.weight", [1, wide]), tensor("encoder.fc_mu.bias", [1]),
            tensor("encoder.fc_logvar.weight", [1, wide]), tensor("encoder.fc_logvar.bias", [1]),
            tensor("decoder.fc1.weight", [wide, 1]), tensor("decoder.fc1.bias", [wide]),
            tensor("decoder.fc2.weight", [1, wide]), tensor("decoder.fc2.bias", [1]),
          ])
        }
      ]
    case .npy:
      [("|i1", 1), ("|b1", 1), ("<i2", 2), ("<f2", 2), ("<f8", 8)].flatMap { type, width in
        ["False", "True"].map { order in
          LargeInput(name: "\(type), column by column: \(order)") {
            let count = (1 << 24) / width
            return Self.header(
              "{'descr': '\(type)', 'fortran_order': \(order), 'shape': (2, \(count / 2)), }")
              + [UInt8](repeating: 0, count: 1 << 24)
          }
        }
      }
    case .npz:
      [
        LargeInput(name: "zeros") {
          let array = NPY(shape: [1 << 12, 1 << 12], .uint8([UInt8](repeating: 0, count: 1 << 24)))
          return ZIPWriter.archive([("x.npy", array.encoded(), true)])
        },
        LargeInput(name: "many members") {
          ZIPWriter.archive((0..<30_000).map { ("\($0).npy", [], false) })
        },
      ]
    case .sparse: []
    case .png:
      [
        LargeInput(name: "100 million pixels") {
          (try? PNG.encode(
            [UInt8](repeating: 0, count: 100_000_000), width: 10_000, height: 10_000,
            format: .grey))
            ?? []
        }
      ]
    case .jpeg: []
    case .csv:
      [
        LargeInput(name: "commas") { Array(("a\n" + String(repeating: ",", count: 1 << 23)).utf8) },
        LargeInput(name: "columns") {
          Array((0..<300_000).map { String($0, radix: 36) + "x" }.joined(separator: ",").utf8)
            + [UInt8(ascii: "\n")]
        },
        LargeInput(name: "rows of a digit") {
          Array(("a\n" + String(repeating: "1\n", count: 1 << 22)).utf8)
        },
        LargeInput(name: "quotes") {
          Array(("a\n\"" + String(repeating: "\"\"", count: 1 << 22) + "\"\n").utf8)
        },
      ]
    case .mtx:
      [
        LargeInput(name: "places of a pattern, symmetric") {
          Array(
            ("%%MatrixMarket matrix coordinate pattern symmetric\n9 9 2000000\n"
              + String(repeating: "2 1\n", count: 2_000_000)).utf8)
        },
        LargeInput(name: "digits, symmetric") {
          Array(
            ("%%MatrixMarket matrix array integer symmetric\n2000 2000\n"
              + String(repeating: "1\n", count: 2_001_000)).utf8)
        },
        LargeInput(name: "rows without numbers") {
          Array("%%MatrixMarket matrix coordinate pattern general\n2097152 1 1\n1 1\n".utf8)
        },
      ]
    case .json: Self.largeValues
    case .data:
      [
        LargeInput(name: "digits") {
          Array(("{\"x\":[" + String(repeating: "1,", count: 1 << 22) + "1]}").utf8)
        },
        LargeInput(name: "rows of a digit") {
          Array(("{\"x\":[" + String(repeating: "[1],", count: 1 << 21) + "[1]]}").utf8)
        },
      ]
    case .run:
      Self.largeValues + [
        LargeInput(name: "a record beyond its limit") {
          Array(("{\"a\":\"" + String(repeating: "x", count: 1 << 24) + "\"}").utf8)
        }
      ]
    case .metrics:
      [
        LargeInput(name: "epochs") {
          let line = Self.epoch + "\n"
          return Array(String(repeating: line, count: 1 << 16).utf8)
        },
        LargeInput(name: "one line") {
          Array(("[" + String(repeating: "1,", count: 1 << 23) + "1]").utf8)
        },
      ]
    }
  }

  private static var largeValues: [LargeInput] {
    func input(_ name: String, _ text: @escaping @Sendable () -> String) -> LargeInput {
      LargeInput(name: name) { Array(text().utf8) }
    }
    return [
      input("digits") { "[" + String(repeating: "1,", count: 499_000) + "1]" },
      input("more digits than are read") { "[" + String(repeating: "1,", count: 1 << 23) + "1]" },
      input("lists of one") { "[" + String(repeating: "[1],", count: 400_000) + "1]" },
      input("objects of one") { "[" + String(repeating: "{\"\":1},", count: 400_000) + "1]" },
      input("keys") {
        "{" + (0..<400_000).map { "\"\(String($0, radix: 36))\":0" }.joined(separator: ",") + "}"
      },
      input("escapes") { "\"" + String(repeating: "\\n", count: 1 << 22) + "\"" },
      input("one number") { String(repeating: "1", count: 1 << 22) },
    ]
  }

  private static var largeHeaders: [LargeInput] {
    func input(_ name: String, _ text: @escaping @Sendable () -> String) -> LargeInput {
      LargeInput(name: name) {
        let header = Array(text().utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) } + header
      }
    }
    let none = #"{"dtype":"U8","shape":[0],"data_offsets":[0,0]}"#
    return [
      input("tensors") {
        "{" + (0..<1_500_000).map { "\"\($0)\":\(none)" }.joined(separator: ",") + "}"
      },
      input("as many tensors as are read") {
        "{" + (0..<130_000).map { "\"\($0)\":\(none)" }.joined(separator: ",") + "}"
      },
      input("axes of one tensor") {
        #"{"a":{"dtype":"U8","data_offsets":[0,1],"shape":["#
          + String(repeating: "1,", count: 49_000_000) + "1]}}"
      },
      input("metadata") {
        #"{"__metadata__":{"#
          + (0..<9_000_000).map { "\"\(String($0, radix: 36))\":\"\"" }.joined(separator: ",")
          + "}}"
      },
      input("one string with escapes") {
        #"{"__metadata__":{"a":""# + String(repeating: "\\n", count: 49_000_000) + "\"}}"
      },
      input("a long name") {
        "{\"" + String(repeating: "x", count: 99_000_000) + "\":\(none)}"
      },
      input("lists of lists") { "{\"a\":" + String(repeating: "[[],", count: 24_000_000) },
    ]
  }
}
