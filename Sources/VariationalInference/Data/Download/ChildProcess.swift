// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  // The environment passed on is a C variable, which Swift cannot know to be constant.
  @preconcurrency import Glibc
#elseif canImport(Musl)
  @preconcurrency import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A program running beside this one, with the same environment (proxies, certificates).
struct ChildProcess {
  private let identifier: pid_t

  /// Starts a program without input and output.
  ///
  /// - Parameters:
  ///   - program: A path, or a name looked for where the system looks for programs.
  ///   - arguments: Those after the name.
  ///   - path: The file that gets its error messages.
  ///   - descriptor: An open file it inherits, and thereby the lock on that file.
  /// - Returns: The running program, which must be waited for.
  /// - Throws: `DownloadFault`.
  static func start(
    _ program: String, _ arguments: [String], errorsTo path: String, keeping descriptor: Int32
  ) throws -> ChildProcess {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    // The copy is inherited where the original is not.
    posix_spawn_file_actions_adddup2(&actions, descriptor, 9)
    var attributes = signalAttributes()
    defer { posix_spawnattr_destroy(&attributes) }
    var identifier: pid_t = 0
    var words = ([program] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    let code = posix_spawnp(
      &identifier, program, &actions, &attributes, &words, inheritedEnvironment)
    if code == ENOENT { throw DownloadFault.programMissing }
    guard code == 0 else {
      let reason = String(cString: strerror(code)).lowercased()
      throw DownloadFault.failed(
        code: code, status: nil, words: "'\(program)' could not be started (\(reason))")
    }
    return ChildProcess(identifier: identifier)
  }

  /// Waits for the end of the program, and calls `whileWaiting` every `milliseconds`.
  ///
  /// - Returns: The code it ended with, or 128 and the signal that ended it.
  /// - Throws: What `whileWaiting` throws; the program has then been stopped.
  func wait(milliseconds: Int, whileWaiting: () throws -> Void) throws -> Int32 {
    while true {
      if let code = result(flags: WNOHANG) { return code }
      do {
        try whileWaiting()
      } catch {
        kill(identifier, SIGTERM)
        _ = result(flags: 0)
        throw error
      }
      var time = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
      nanosleep(&time, nil)
    }
  }

  /// The code of the ended program, or nil while it runs.
  private func result(flags: Int32) -> Int32? {
    var status: Int32 = 0
    var answer: pid_t
    repeat { answer = waitpid(identifier, &status, flags) } while answer < 0 && errno == EINTR
    if answer == 0 { return nil }
    // Someone else has collected it, so its code is lost: the caller checks what it has done.
    guard answer == identifier else { return 0 }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}

#if canImport(Darwin)
  private typealias SpawnAttributes = posix_spawnattr_t?
#else
  private typealias SpawnAttributes = posix_spawnattr_t
#endif

/// Signals as a fresh process has them: threads of a pool block nearly all, and a child would
/// inherit that and outlive every attempt to stop it.
private func signalAttributes() -> SpawnAttributes {
  #if canImport(Darwin)
    var attributes: posix_spawnattr_t?
  #else
    var attributes = posix_spawnattr_t()
  #endif
  posix_spawnattr_init(&attributes)
  var none = sigset_t()
  sigemptyset(&none)
  posix_spawnattr_setsigmask(&attributes, &none)
  var restored = sigset_t()
  sigemptyset(&restored)
  for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&restored, signal) }
  posix_spawnattr_setsigdefault(&attributes, &restored)
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
  return attributes
}

private var inheritedEnvironment: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? {
  #if canImport(Darwin)
    return _NSGetEnviron().pointee
  #else
    return environ
  #endif
}
