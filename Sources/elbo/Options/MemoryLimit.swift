// SPDX-License-Identifier: Apache-2.0

internal import Tensors

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// How much more memory this process may take, and what says so.
struct MemoryLimit {
  let bytes: Double
  /// As in "there are 3.1 GB left of ...".
  let source: String

  /// The smallest of all limits at this moment; nil where nothing is known.
  ///
  /// - Parameter text: Answers with the text of a file of the system, or nil.
  /// - Returns: The limit with the least room.
  static func current(reading text: (String) -> String? = SystemFile.text(of:)) -> MemoryLimit? {
    (resources(reading: text) + groups(reading: text) + machine(reading: text))
      .min { $0.bytes < $1.bytes }
  }

  /// What `ulimit` leaves of addresses (-v) and of data (-d).
  private static func resources(reading text: (String) -> String?) -> [MemoryLimit] {
    let sizes = fields(text("/proc/self/status"))
    func left(
      _ key: Substring, _ name: String, _ read: (inout rlimit) -> Int32
    ) -> MemoryLimit? {
      var limit = rlimit()
      // Where there is no limit it is the largest number of its type.
      guard read(&limit) == 0, limit.rlim_cur < rlim_t(Int64.max), let used = sizes[key] else {
        return nil
      }
      return MemoryLimit(bytes: max(Double(limit.rlim_cur) - used, 0), source: name)
    }
    #if canImport(Glibc)
      let (addresses, data) = (
        __rlimit_resource_t(RLIMIT_AS.rawValue), __rlimit_resource_t(RLIMIT_DATA.rawValue)
      )
    #else
      let (addresses, data) = (RLIMIT_AS, RLIMIT_DATA)
    #endif
    return [
      left("VmSize", "the limit of addresses (ulimit -v)") { getrlimit(addresses, &$0) },
      left("VmData", "the limit of data (ulimit -d)") { getrlimit(data, &$0) },
    ].compactMap { $0 }
  }

  /// What the process's control groups, and those above them, leave; what they hold of files that
  /// nobody uses counts as free.
  ///
  /// - Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst.
  private static func groups(reading text: (String) -> String?) -> [MemoryLimit] {
    func number(_ path: String) -> Double? {
      text(path).flatMap { Double($0.prefix { !$0.isNewline }) }
    }
    func left(_ folder: String, _ limit: String, _ usage: String, _ key: String) -> MemoryLimit? {
      // "max" is no number; version 1 says none by a number of about 2^63.
      guard let limit = number("\(folder)/\(limit)"), limit < 1e18 else { return nil }
      let unused = statistic(key, text("\(folder)/memory.stat"))
      let used = max((number("\(folder)/\(usage)") ?? 0) - unused, 0)
      return MemoryLimit(
        bytes: max(limit - used, 0), source: "the limit of its container (\(folder))")
    }
    return ControlGroups.folders(of: "memory", reading: text).compactMap { folder, isVersion2 in
      isVersion2
        ? left(folder, "memory.max", "memory.current", "inactive_file")
        : left(
          folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
    }
  }

  /// What the machine has free, caches and swap included; all that it has where it does not tell.
  private static func machine(reading text: (String) -> String?) -> [MemoryLimit] {
    let sizes = fields(text("/proc/meminfo"))
    if let available = sizes["MemAvailable"] {
      return [
        MemoryLimit(
          bytes: available + (sizes["SwapFree"] ?? 0), source: "the memory of this machine")
      ]
    }
    let pages = Double(sysconf(Int32(_SC_PHYS_PAGES)))
    let size = Double(sysconf(Int32(_SC_PAGESIZE)))
    return pages > 0 && size > 0
      ? [MemoryLimit(bytes: pages * size, source: "the memory of this machine")] : []
  }

  /// Bytes by name, from lines such as "VmSize:    1234 kB".
  private static func fields(_ text: String?) -> [Substring: Double] {
    var sizes: [Substring: Double] = [:]
    for line in text?.split(whereSeparator: \.isNewline) ?? [] {
      let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" })
      guard parts.count == 3, parts[2] == "kB", let number = Double(parts[1]) else { continue }
      sizes[parts[0]] = 1024 * number
    }
    return sizes
  }

  /// A number of lines such as "inactive_file 4096"; 0 where there is none.
  private static func statistic(_ key: String, _ text: String?) -> Double {
    for line in text?.split(whereSeparator: \.isNewline) ?? [] {
      let parts = line.split(separator: " ")
      if parts.count == 2, parts[0] == key { return Double(parts[1]) ?? 0 }
    }
    return 0
  }
}
