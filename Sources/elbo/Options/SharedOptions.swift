// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension Binarization: ExpressibleByArgument {}
extension Activation: ExpressibleByArgument {}

/// `--threads`, the same for every command.
struct ThreadOptions: ParsableArguments {
  @Option(help: "Threads to compute on. Results do not depend on it. (default: all cores)")
  var threads: Int?

  func validate() throws {
    try require(threads ?? 1, atLeast: 1, "--threads")
    if let threads, threads > 256 { throw ValidationError("--threads \(threads): at most 256.") }
  }

  func makeWorkers() -> WorkerPool {
    WorkerPool(count: threads ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  }
}

/// Widths separated by commas: "512,256".
struct LayerWidths: ExpressibleByArgument {
  let widths: [Int]

  init(_ widths: [Int]) { self.widths = widths }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let widths = parts.compactMap { $0 }
    guard widths.count == parts.count, widths.allSatisfy({ (1...1_000_000).contains($0) }) else {
      return nil
    }
    self.widths = widths
  }

  var defaultValueDescription: String { widths.map(String.init).joined(separator: ",") }
}

/// Refuses a number below its smallest sensible value, as wrong usage.
func require(_ value: Int, atLeast least: Int, _ option: String) throws {
  if value < least {
    throw ValidationError("\(option) \(value): a number of at least \(least) is expected.")
  }
}

enum BinarizeHelp {
  static let text: ArgumentHelp = """
    How grey levels become data: 'none' uses them as they are, which makes the objective a \
    cross-entropy on grey levels, not a normalised density; 'dynamic' draws each pixel anew every \
    epoch with its grey level as probability; 'threshold' cuts at half grey.
    """
}
