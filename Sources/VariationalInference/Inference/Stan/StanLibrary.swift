// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A shared library with BridgeStan's C interface, opened at run time: a program that BridgeStan compiled, or
/// `libstanli`, which has Stan's compiler and functions and takes any program.
///
///     let library = try StanLibrary(path: "libstanli.so")
///     let density = try StanDensity(
///       StanProgram(path: "eight_schools.stan"), data: StanData(path: "eight_schools.json"),
///       library: library)
///     print(try density.posterior())
///
/// Its code runs inside this process: open only what you would run. It stays open.
///
/// - Source: Roualdes, Ward, Carpenter, Seyboldt and Axen, "BridgeStan: efficient in-memory access to the
///   methods of a Stan model", JOSS 8 (2023), doi:10.21105/joss.05236.
public final class StanLibrary: Sendable {
  /// Where it was found.
  public let path: String
  /// The version of the interface: `2.9.0`.
  public let version: String
  /// Whether it compiles programs; else it is one.
  public var compiles: Bool { compiler != nil }

  let functions: Functions
  private let compiler: Compiler?

  /// The interface that is spoken here. Its second version gave random numbers to the caller.
  private static let interface: Int32 = 2

  /// - Parameter path: The file. A path without a folder is one of the working folder, so that the
  ///   system's search path plays no part.
  /// - Throws: ``StanError`` for a file that is no such library, or one of another version.
  public init(path: String) throws {
    self.path = path
    // A pipe would be waited for.
    guard Files.isRegular(path) else {
      throw StanError("no Stan library at '\(path.shown(limit: 300))'")
    }
    let explicit = path.contains("/") ? path : "./\(path)"
    guard let handle = dlopen(explicit, RTLD_NOW | RTLD_LOCAL) else {
      let reason = dlerror().map { String(cString: $0) } ?? "unknown reason"
      throw StanError(
        "'\(path.shown(limit: 300))' cannot be opened as a shared library: "
          + StanError.bounded(reason))
    }
    let symbols = Symbols(handle: handle, path: path)
    guard let major = symbols.number("bs_major_version") else {
      throw StanError(
        """
        '\(path.shown(limit: 300))' is no Stan library: it lacks 'bs_major_version' of BridgeStan's C \
        interface, version \(Self.interface)
        """)
    }
    let parts = ["bs_minor_version", "bs_patch_version"].map { symbols.number($0) ?? 0 }
    version = "\(major).\(parts[0]).\(parts[1])"
    guard major == Self.interface else {
      throw StanError(
        """
        '\(path.shown(limit: 300))' speaks version \(version) of BridgeStan's C interface; version \
        \(Self.interface) is expected
        """)
    }
    functions = try Functions(symbols)
    compiler = symbols.has("stanli_build_id") ? try Compiler(symbols) : nil
  }

  /// Where something goes on inside a library now: compiling, or one of a density's calls.
  public enum Work: Int, Sendable {
    case nothing, compiling, reading, density, quantities

    /// The end of a sentence: "while ...".
    public var words: String {
      switch self {
      case .nothing: "outside a Stan library"
      case .compiling: "compiling the program"
      case .reading: "reading the data"
      case .density: "evaluating the log-density"
      case .quantities: "computing parameters and generated quantities"
      }
    }
  }

  private static let work = Atomic(Work.nothing.rawValue)
  private static let calls = Atomic(0)
  private static let inside = Atomic(0)

  /// What was begun last, how many calls have begun or ended so far, and whether one is under way: a
  /// number that stands still while one is under way tells of an endless loop.
  public static var activity: (work: Work, calls: Int, isInside: Bool) {
    (
      Work(rawValue: work.load(ordering: .relaxed)) ?? .nothing,
      calls.load(ordering: .relaxed), inside.load(ordering: .relaxed) > 0
    )
  }

  static func noting<Result, Failure: Error>(
    _ kind: Work, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    work.store(kind.rawValue, ordering: .relaxed)
    inside.add(1, ordering: .relaxed)
    calls.add(1, ordering: .relaxed)
    defer {
      calls.add(1, ordering: .relaxed)
      inside.subtract(1, ordering: .relaxed)
    }
    return try body()
  }

  // MARK: Messages of programs

  private static let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

  /// Hands what programs `print` to a listener; without one it is dropped. A library would write it to
  /// standard output.
  ///
  /// - Parameter listener: Called from any thread with some text; nil for none.
  public func listen(_ listener: (@Sendable (String) -> Void)?) {
    Self.listener.withLock { $0 = listener }
    functions.setPrintCallback?(
      { text, count in
        guard let text, count > 0 else { return }
        let bytes = UnsafeRawBufferPointer(start: text, count: count)
        let listener = StanLibrary.listener.withLock { $0 }
        listener?(String(decoding: bytes, as: UTF8.self))
      }, nil)
  }

  // MARK: Compiling

  /// Translates a program. The compiler serves one caller at a time, so others wait.
  ///
  /// - Parameters:
  ///   - source: The text of the program.
  ///   - name: What it is called.
  ///   - folder: Where included files are; nil for nowhere.
  /// - Returns: A member of the data by which the library knows the program: `"__stanli": {...}`.
  /// - Throws: ``StanError`` with the compiler's message.
  func translated(_ source: String, name: String, folder: String?) throws -> JSONValue.Member {
    guard let compiler else {
      throw StanError(
        """
        '\(path.shown(limit: 300))' is one compiled program and takes no other: give it as MODEL, \
        or a library that compiles
        """)
    }
    let translation = try Self.noting(.compiling) {
      try compiler.translation(of: source, name: name, folder: folder)
    }
    return JSONValue.Member(
      "__stanli",
      .object([
        JSONValue.Member("build_id", .string(compiler.build)),
        JSONValue.Member("mir", .string(translation)),
        JSONValue.Member("name", .string(name)),
      ]))
  }
}

/// Symbols of an open library.
struct Symbols {
  let handle: UnsafeMutableRawPointer
  let path: String

  func has(_ name: String) -> Bool { dlsym(handle, name) != nil }

  /// A number that the library exports.
  func number(_ name: String) -> Int32? {
    dlsym(handle, name)?.assumingMemoryBound(to: Int32.self).pointee
  }

  /// A function of the library; its type is the one that the interface's header gives.
  func function<Function>(_ name: String) throws -> Function {
    guard let symbol = dlsym(handle, name) else {
      throw StanError(
        """
        '\(path.shown(limit: 300))' lacks '\(name)', which a library of its kind has: take another \
        version
        """)
    }
    return unsafeBitCast(symbol, to: Function.self)
  }
}

extension StanLibrary {
  typealias Text = UnsafePointer<CChar>?
  typealias Message = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
  typealias Doubles = UnsafePointer<Double>?
  typealias Output = UnsafeMutablePointer<Double>?

  /// The functions of BridgeStan's C interface that are used here.
  struct Functions: Sendable {
    let construct: @Sendable @convention(c) (Text, UInt32, Message) -> OpaquePointer?
    let destruct: @Sendable @convention(c) (OpaquePointer?) -> Void
    let freeMessage: @Sendable @convention(c) (UnsafeMutablePointer<CChar>?) -> Void
    let info: @Sendable @convention(c) (OpaquePointer?) -> Text
    let names: @Sendable @convention(c) (OpaquePointer?, Bool, Bool) -> Text
    let unconstrainedNames: @Sendable @convention(c) (OpaquePointer?) -> Text
    let unconstrainedCount: @Sendable @convention(c) (OpaquePointer?) -> Int32
    let constrain:
      @Sendable @convention(c) (
        OpaquePointer?, Bool, Bool, Doubles, Output, OpaquePointer?, Message
      ) -> Int32
    let density:
      @Sendable @convention(c) (OpaquePointer?, Bool, Bool, Doubles, Output, Message) -> Int32
    let gradient:
      @Sendable @convention(c) (OpaquePointer?, Bool, Bool, Doubles, Output, Output, Message)
        -> Int32
    let makeGenerator: @Sendable @convention(c) (UInt32, Message) -> OpaquePointer?
    let freeGenerator: @Sendable @convention(c) (OpaquePointer?) -> Void
    let setPrintCallback:
      (
        @Sendable @convention(c) (
          (@convention(c) (Text, Int) -> Void)?, Message
        ) -> Int32
      )?

    init(_ symbols: Symbols) throws {
      construct = try symbols.function("bs_model_construct")
      destruct = try symbols.function("bs_model_destruct")
      freeMessage = try symbols.function("bs_free_error_msg")
      info = try symbols.function("bs_model_info")
      names = try symbols.function("bs_param_names")
      unconstrainedNames = try symbols.function("bs_param_unc_names")
      unconstrainedCount = try symbols.function("bs_param_unc_num")
      constrain = try symbols.function("bs_param_constrain")
      density = try symbols.function("bs_log_density")
      gradient = try symbols.function("bs_log_density_gradient")
      makeGenerator = try symbols.function("bs_rng_construct")
      freeGenerator = try symbols.function("bs_rng_destruct")
      // Came with version 2.1.
      setPrintCallback =
        symbols.has("bs_set_print_callback") ? try symbols.function("bs_set_print_callback") : nil
    }

    /// Calls a function of the interface and takes the message that it leaves.
    func catching<Result>(_ body: (Message) -> Result) -> (result: Result, message: String?) {
      var message: UnsafeMutablePointer<CChar>?
      let result = body(&message)
      defer { if message != nil { freeMessage(message) } }
      return (result, message.map { String(cString: $0) })
    }
  }

  /// Stan's compiler inside `libstanli`.
  private struct Compiler: Sendable {
    /// What a translation is marked with: one build takes no other's.
    let build: String
    private let translate:
      @Sendable @convention(c) (
        Text, UnsafePointer<Text>?, Int, Int32, UnsafeMutablePointer<CChar>?, Int
      ) -> UnsafeMutablePointer<CChar>?
    private let free: @Sendable @convention(c) (UnsafeMutablePointer<CChar>?) -> Void
    private static let turn = Mutex<Void>(())

    init(_ symbols: Symbols) throws {
      let build: @convention(c) () -> Text = try symbols.function("stanli_build_id")
      self.build = build().map { String(cString: $0) } ?? ""
      translate = try symbols.function("stanli_stan_to_mir_with_opts")
      free = try symbols.function("stanli_string_free")
      let hasCompiler: @convention(c) () -> Int32 = try symbols.function(
        "stanli_has_embedded_stanc")
      guard hasCompiler() != 0 else {
        throw StanError(
          "'\(symbols.path.shown(limit: 300))' was built without Stan's compiler: take another build"
        )
      }
    }

    func translation(of source: String, name: String, folder: String?) throws -> String {
      let room = 1 << 14
      var message = [CChar](repeating: 0, count: room)
      let text: String? = Self.turn.withLock { _ in
        let result = (folder ?? "").withCString { folderText in
          withUnsafePointer(to: Optional(folderText)) {
            translate(source, $0, folder == nil ? 0 : 1, 0, &message, room)
          }
        }
        defer { free(result) }
        return result.map { String(cString: $0) }
      }
      if let text { return text }
      let found = String(
        decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw StanError(
        "'\(name.shown(limit: 300))' does not compile: "
          + StanError.listing(found.isEmpty ? "the compiler does not say why" : found)
          .replacing("'string', line", with: "line"))
    }
  }
}
