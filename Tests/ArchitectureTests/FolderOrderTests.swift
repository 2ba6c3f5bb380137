// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The folders of a target in an order in which none names a type of a later one. A new folder takes its
/// place here.
private let folderOrders = [
  "Tensors": ["Storage", "Random", "Kernels", "Parallel", "Autodiff", "Operations", "Steps"],
  "VariationalInference": [
    "Data", "Distributions", "Programs", "Networks", "Families", "Models", "Objectives",
    "Optimisers", "Inference", "Training", "Checkpoints", "Evaluation", "Runs",
  ],
]

@Suite("Folders without circles")
struct FolderOrderTests {
  /// PACKAGE/Tests/ArchitectureTests/FolderOrderTests.swift
  private static let package = (0..<3).reduce(URL(filePath: #filePath)) { url, _ in
    url.deletingLastPathComponent()
  }

  /// The sources of a target, by their path from the target's folder.
  private func sources(of target: String) throws -> [SourceFile] {
    let root = Self.package.appending(path: "Sources/\(target)")
    let paths = try FileManager.default.subpathsOfDirectory(atPath: root.path)
    return try paths.filter { $0.hasSuffix(".swift") }.sorted().map {
      SourceFile(path: $0, text: try String(contentsOf: root.appending(path: $0), encoding: .utf8))
    }
  }

  @Test("no folder names a type of a later one", arguments: folderOrders.keys.sorted())
  func order(_ target: String) throws {
    let folders = try #require(folderOrders[target])
    let arrows = backwardArrows(in: try sources(of: target), folders: folders)
    #expect(arrows.isEmpty, "\(arrows.joined(separator: "\n"))")
  }

  @Test("every folder has its place in the order", arguments: folderOrders.keys.sorted())
  func folders(_ target: String) throws {
    let found = Set(try sources(of: target).map(\.folder))
    #expect(found.sorted() == folderOrders[target]?.sorted())
  }

  /// A target of two folders, with an early file that is to be judged.
  private func arrows(_ text: String) -> [String] {
    let late = """
      public struct Late<Value> {
        enum Inner {}
      }
      package protocol Rule { associatedtype Value }
      private struct Hidden {}
      public typealias Shared = Int
      """
    return backwardArrows(
      in: [
        SourceFile(path: "Early/A.swift", text: text),
        SourceFile(path: "Early/B.swift", text: "struct Shared {}"),
        SourceFile(path: "Next/Deeper/C.swift", text: late),
      ], folders: ["Early", "Next"])
  }

  @Test(
    "each name of a type of a later folder is an arrow",
    arguments: [
      ("\nlet x: Late<Int>", ["Early/A.swift:2 names Late, declared in Next/Deeper/C.swift:1"]),
      ("var y = Inner.x", ["Early/A.swift:1 names Inner, declared in Next/Deeper/C.swift:2"]),
      (
        "extension Rule {\n}\nfunc f(_ r: any Rule) {}",
        [
          "Early/A.swift:1 names Rule, declared in Next/Deeper/C.swift:4",
          "Early/A.swift:3 names Rule, declared in Next/Deeper/C.swift:4",
        ]
      ),
      (
        "/* a\n*/ let z = [Late]()",
        ["Early/A.swift:2 names Late, declared in Next/Deeper/C.swift:1"]
      ),
    ])
  func found(_ text: String, _ expected: [String]) { #expect(arrows(text) == expected) }

  @Test(
    "what is no such name is none",
    arguments: [
      "// Late", "/// See ``Late``.", "let a = 1  // as Late",
      "let b = \"a Late \\\"one\\\", Late\"",
      "/* Late\n Rule */", "let c = \"\"\"\n  Late\n  \"\"\"", "private enum Late {}\nlet d: Late",
      "func e<Value>(_ v: Value) {}", "let f: Hidden", "let g: Shared", "let h: Latest",
      "let late = 1",
    ])
  func innocent(_ text: String) { #expect(arrows(text) == []) }

  @Test("an arrow forward is none")
  func forward() {
    let files = [
      SourceFile(path: "Early/A.swift", text: "struct Early {}"),
      SourceFile(path: "Next/B.swift", text: "let x: Early"),
    ]
    #expect(backwardArrows(in: files, folders: ["Early", "Next"]) == [])
    #expect(backwardArrows(in: files, folders: ["Next", "Early"]).count == 1)
  }
}
