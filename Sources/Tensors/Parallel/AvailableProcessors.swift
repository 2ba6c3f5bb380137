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
      ProcessorLimits.affinity(reading: text(of:)), ProcessorLimits.quota(reading: text(of:)),
    ]
    return max(limits.reduce(online) { min($0, $1 ?? .max) }, 1)
  }

  /// What is in a small file of the system; nil where it cannot be read. Files under `/proc` state no
  /// size, so it is read to its end.
  private static func text(of path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { _ = close(file) }
    var (bytes, part) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
    while true {
      let count = read(file, &part, part.count)
      if count < 0 { return nil }
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += part[..<count]
    }
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
    guard let groups = text("/proc/self/cgroup"), let mounts = text("/proc/self/mountinfo") else {
      return nil
    }
    return folders(groups: groups, mounts: mounts).compactMap { folder in
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

  /// The folders of the process's groups that limit CPU time, and of the groups above them.
  private static func folders(groups: String, mounts: String) -> [String] {
    let paths = groupPaths(groups)
    return mounts.split(whereSeparator: \.isNewline).flatMap { line -> [String] in
      guard let mount = Mount(line), let path = mount.isVersion2 ? paths.version2 : paths.version1
      else { return [] }
      return mount.folders(to: path)
    }
  }

  /// The group's path in each version, from lines such as "0::/user.slice" and "4:cpu,cpuacct:/docker/1f".
  private static func groupPaths(_ text: String) -> (version1: String?, version2: String?) {
    var paths: (version1: String?, version2: String?)
    for line in text.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      if fields[0] == "0", fields[1].isEmpty { paths.version2 = String(fields[2]) }
      if fields[1].split(separator: ",").contains("cpu") { paths.version1 = String(fields[2]) }
    }
    return paths
  }

  /// A place where control groups that limit CPU time are mounted.
  private struct Mount {
    let isVersion2: Bool
    /// The group that is seen at `point`: not the topmost one within some containers.
    let root: String
    let point: String

    /// From a line of `/proc/self/mountinfo`: number, parent, device, root, point, options, any number
    /// of fields, "-", type, source, options of the type. Nil for other mounts.
    init?(_ line: Substring) {
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else {
        return nil
      }
      switch fields[dash + 1] {
      case "cgroup2": isVersion2 = true
      case "cgroup" where fields[dash + 3].split(separator: ",").contains("cpu"):
        isVersion2 = false
      default: return nil
      }
      (root, point) = (String(fields[3]), String(fields[4]))
    }

    /// The folders from `point` down to the group at `path`; `point` alone where the group lies outside
    /// what is mounted.
    func folders(to path: String) -> [String] {
      let names = path.split(separator: "/")
      let above = root.split(separator: "/")
      guard names.starts(with: above), !names.contains("..") else { return [point] }
      return names.dropFirst(above.count).reduce(into: [point]) { folders, name in
        folders.append("\(folders[folders.count - 1])/\(name)")
      }
    }
  }
}
