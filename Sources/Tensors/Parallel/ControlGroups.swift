// SPDX-License-Identifier: Apache-2.0

/// Linux's control groups, by which containers limit processors and memory.
///
/// - Source: Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/cgroups.rst.
package enum ControlGroups {
  /// The folders of the process's groups of a controller, and of the groups above them, as far as
  /// they can be seen, from the topmost down. Both versions may be mounted at once.
  ///
  /// - Parameters:
  ///   - controller: "cpu" or "memory".
  ///   - text: Answers with the text of the file at a path, or nil where there is none.
  /// - Returns: The folders, each with whether it is of version 2.
  package static func folders(
    of controller: Substring, reading text: (String) -> String?
  ) -> [(path: String, isVersion2: Bool)] {
    guard let groups = text("/proc/self/cgroup"), let mounts = text("/proc/self/mountinfo") else {
      return []
    }
    let paths = groupPaths(groups, controller)
    return mounts.split(whereSeparator: \.isNewline).flatMap { line -> [(String, Bool)] in
      guard let mount = Mount(line, controller),
        let path = mount.isVersion2 ? paths.version2 : paths.version1
      else { return [] }
      return mount.folders(to: path).map { ($0, mount.isVersion2) }
    }
  }

  /// The group's path in each version, from lines such as "0::/user.slice" and "4:cpu,cpuacct:/docker/1f".
  private static func groupPaths(
    _ text: String, _ controller: Substring
  ) -> (version1: String?, version2: String?) {
    var paths: (version1: String?, version2: String?)
    for line in text.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      if fields[0] == "0", fields[1].isEmpty { paths.version2 = String(fields[2]) }
      if fields[1].split(separator: ",").contains(controller) { paths.version1 = String(fields[2]) }
    }
    return paths
  }

  /// A place where control groups of a controller are mounted.
  private struct Mount {
    let isVersion2: Bool
    /// The group that is seen at `point`: not the topmost one within some containers.
    let root: String
    let point: String

    /// From a line of `/proc/self/mountinfo`: number, parent, device, root, point, options, any number
    /// of fields, "-", type, source, options of the type. Nil for other mounts.
    init?(_ line: Substring, _ controller: Substring) {
      let fields = line.split(separator: " ", omittingEmptySubsequences: false)
      guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3 else {
        return nil
      }
      switch fields[dash + 1] {
      case "cgroup2": isVersion2 = true
      case "cgroup" where fields[dash + 3].split(separator: ",").contains(controller):
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
