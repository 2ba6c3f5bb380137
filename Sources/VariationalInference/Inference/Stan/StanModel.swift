// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization

/// A program with its data, inside a library: a handle, and the calls on it.
///
/// `@unchecked`: the handle is never changed. A library built for threads serves calls from many; calls into
/// one that is not take turns.
final class StanModel: @unchecked Sendable {
  private let library: StanLibrary
  private let handle: OpaquePointer
  /// Whether calls need not take turns.
  let servesThreads: Bool
  private let turn = Turn()
  /// Whether the density is asked for without the constants of `~`: libstanli knows no other.
  private let dropsConstants: Bool

  /// - Throws: ``StanError`` with the library's message where the data do not fit.
  init(
    _ library: StanLibrary, text: String, data: StanData, name: String, seed: UInt64
  ) throws {
    self.library = library
    dropsConstants = library.compiles
    let functions = library.functions
    let (handle, message) = StanLibrary.noting(.reading) {
      functions.catching { functions.construct(text, UInt32(truncatingIfNeeded: seed), $0) }
    }
    guard let handle else {
      let reason = StanError.bounded(message ?? "the library does not say why")
      let program = "'\(name.shown(limit: 100))'"
      throw StanError(
        data.names.isEmpty
          ? "the program \(program) cannot begin, and no data were given: \(reason)"
          : "the program \(program) does not begin with \(data.source): \(reason)")
    }
    self.handle = handle
    let info = functions.info(handle).map { String(cString: $0) } ?? ""
    servesThreads = info.contains("STAN_THREADS=true")
  }

  deinit { library.functions.destruct(handle) }

  /// Unconstrained coordinates.
  var dimension: Int { Int(library.functions.unconstrainedCount(handle)) }

  /// Their names in Stan's order, as `theta.1.2`.
  var coordinateNames: [String] { Self.list(library.functions.unconstrainedNames(handle)) }

  /// The names of parameters, and of transformed parameters and generated quantities if asked for, in Stan's
  /// order.
  func names(transformed: Bool, generated: Bool) -> [String] {
    Self.list(library.functions.names(handle, transformed, generated))
  }

  private static func list(_ text: StanLibrary.Text) -> [String] {
    guard let text, text.pointee != 0 else { return [] }
    return String(cString: text).split(separator: ",").map(String.init)
  }

  /// log p at a point, the Jacobian included, and its gradient if there is room for it.
  ///
  /// - Returns: The library's message where there is no density.
  func density(
    at point: UnsafePointer<Double>, value: UnsafeMutablePointer<Double>,
    gradient: UnsafeMutablePointer<Double>? = nil
  ) -> String? {
    let functions = library.functions
    let (code, message) = taken(.density) {
      functions.catching { message in
        gradient.map {
          functions.gradient(handle, dropsConstants, true, point, value, $0, message)
        } ?? functions.density(handle, dropsConstants, true, point, value, message)
      }
    }
    return code == 0 ? nil : message ?? "the library does not say why"
  }

  /// Values of ``names(transformed:generated:)`` at a point.
  ///
  /// - Returns: The library's message where it has none.
  func quantities(
    at point: UnsafePointer<Double>, transformed: Bool, generated: Bool,
    generator: OpaquePointer?, values: UnsafeMutablePointer<Double>
  ) -> String? {
    let functions = library.functions
    let (code, message) = taken(.quantities) {
      functions.catching {
        functions.constrain(handle, transformed, generated, point, values, generator, $0)
      }
    }
    return code == 0 ? nil : message ?? "the library does not say why"
  }

  /// Hands a generator of random numbers to `body`, one that no other call uses; none without a seed.
  func withGenerator<Result>(seed: UInt32?, _ body: (OpaquePointer?) -> Result) -> Result {
    guard let seed else { return body(nil) }
    let functions = library.functions
    let generator = functions.catching { functions.makeGenerator(seed, $0) }.result
    defer { functions.freeGenerator(generator) }
    return body(generator)
  }

  private func taken<Result>(_ work: StanLibrary.Work, _ body: () -> Result) -> Result {
    StanLibrary.noting(work) { servesThreads ? body() : turn.taken(body) }
  }
}

/// One call at a time.
private final class Turn: Sendable {
  private let lock = Mutex<Void>(())

  func taken<Result>(_ body: () -> Result) -> Result { lock.withLock { _ in body() } }
}
