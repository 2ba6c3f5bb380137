// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
public import VariationalInference

extension Binarization: ExpressibleByArgument {}
extension Activation: ExpressibleByArgument {}
extension ProductPrecision: ExpressibleByArgument {}

extension DatasetSplit: ExpressibleByArgument {
  /// Its name, or "valid" as in the names of files.
  public init?(argument: String) {
    self.init(rawValue: argument == "valid" ? "validation" : argument)
  }
}

/// `--threads`, the same for every command.
struct ThreadOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: """
      Threads to compute on. Results do not depend on it. (default: the CPUs that this process may use)
      """)
  var threads: Int?

  func validate() throws { try require(threads, "--threads", atMost: 256) }

  func makeWorkers(profile: Profile? = nil) -> WorkerPool {
    WorkerPool(count: threads ?? WorkerPool.availableProcessors, profile: profile)
  }
}

/// Widths separated by commas: "512,256"; "none" for no layer.
struct LayerWidths {
  let widths: [Int]

  init(_ widths: [Int]) { self.widths = widths }

  init(parsing argument: String) throws {
    if argument == "none" {
      widths = []
      return
    }
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let widths = parts.compactMap { $0 }
    guard widths.count == parts.count, widths.allSatisfy({ (1...1_000_000).contains($0) }) else {
      throw ValidationError("widths from 1 to 1000000 are expected, as in 512,256, or none")
    }
    guard widths.count <= Self.most else {
      throw ValidationError("\(widths.count) layers: at most \(Self.most) are expected")
    }
    self.widths = widths
  }

  /// So many layers a model's file may have.
  private static let most = 1000
}

/// So many epochs a run may have: far beyond any, and the number of its steps is still a number.
let mostEpochs = 1_000_000_000

/// Refuses a number that is not positive, or so large that it can only be a slip, as wrong usage.
func require(_ value: Int?, _ option: String, atMost most: Int = 1_000_000) throws {
  if let value, !(1...most).contains(value) {
    throw ValidationError("\(option) \(value): a number from 1 to \(most) is expected")
  }
}

/// Refuses the empty path, which would be the root of the file system, as wrong usage.
func require(_ path: String?, _ option: String) throws {
  if path?.isEmpty == true { throw ValidationError("\(option) '': a path is expected") }
}

enum BinarizeHelp {
  static let text: ArgumentHelp = """
    How grey levels become data: 'none' uses them as they are, which makes the objective a \
    cross-entropy on grey levels, not a normalised density; 'dynamic' draws each pixel anew every \
    epoch with its grey level as probability; 'threshold' cuts at half grey; 'static' takes data \
    that were published binarised, as static-mnist, and refuses grey ones.
    """
}
