// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension WorkerPool {
  /// The CPUs that this process may use at this moment: those that the system lets this thread run on
  /// (`taskset`, cpusets), and no more than the CPU time that its container is given, rounded up. At
  /// least 1.
  ///
  /// More threads than that would only take turns: the meetings of a step would wait for threads that
  /// are not running.
  public static var availableProcessors: Int {
    let online = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let limits = [
      ProcessorLimits.affinity(reading: SystemFile.text(of:)),
      ProcessorLimits.quota(reading: SystemFile.text(of:)),
    ]
    return max(limits.reduce(online) { min($0, $1 ?? .max) }, 1)
  }
}

/// What Linux says in its files of the CPUs that this process may use. Each function is given a function
/// that answers with the text of the file at a path, or nil where there is none.
package enum ProcessorLimits {
  /// The bits set in a line such as "Cpus_allowed:   ff,00000003", one for each CPU that this thread may
  /// run on; nil where there is none.
  package static func affinity(reading text: (String) -> String?) -> Int? {
    let lines = text("/proc/thread-self/status")?.split(whereSeparator: \.isNewline)
    guard let line = lines?.first(where: { $0.hasPrefix("Cpus_allowed:") }) else { return nil }
    let bits = line.drop { $0 != ":" }.reduce(0) { $0 + ($1.hexDigitValue?.nonzeroBitCount ?? 0) }
    return bits > 0 ? bits : nil
  }

  /// The smallest quota of the process's group and of the groups above it, as far as they can be seen,
  /// rounded up; nil where none is set.
  ///
  /// Version 2 of control groups states quota and period in `cpu.max`, version 1 in two files; both may
  /// be mounted at once. A quota of 150 ms in each 100 ms is rounded up to 2 CPUs.
  ///
  /// - Source: Linux, Documentation/admin-guide/cgroup-v2.rst and scheduler/sched-bwc.rst.
  package static func quota(reading text: (String) -> String?) -> Int? {
    ControlGroups.folders(of: "cpu", reading: text).compactMap { folder, _ in
      let (both, quota, period) = (
        text("\(folder)/cpu.max"), text("\(folder)/cpu.cfs_quota_us"),
        text("\(folder)/cpu.cfs_period_us")
      )
      return processors(both ?? "\(quota ?? "") \(period ?? "")")
    }.min()
  }

  /// Quota over period of "150000 100000", rounded up; nil for "max 100000", "-1 100000" and what is no
  /// such text.
  private static func processors(_ text: String) -> Int? {
    let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
    guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0
    else { return nil }
    return (quota - 1) / period + 1
  }
}
