// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Time as a stopwatch and as words.
enum Clock {
  /// Seconds since some fixed moment; never goes back.
  static var seconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The local time in a `strftime` format.
  static func now(_ format: String) -> String {
    var (stamp, parts) = (time(nil), tm())
    localtime_r(&stamp, &parts)
    return text(format, &parts)
  }

  private static func text(_ format: String, _ parts: inout tm) -> String {
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The time in Greenwich by ISO 8601: "2026-01-31T12:00:00Z".
  static var stamp: String {
    var (stamp, parts) = (time(nil), tm())
    gmtime_r(&stamp, &parts)
    return text("%Y-%m-%dT%H:%M:%SZ", &parts)
  }

  /// 75 as "1 min", 4000 as "1 h 7 min".
  static func duration(_ seconds: Double) -> String {
    let minutes = Int((seconds / 60).rounded(.up))
    return minutes < 60 ? "\(minutes) min" : "\(minutes / 60) h \(minutes % 60) min"
  }

  /// 75 as "1:15", 4000 as "1:06:40".
  static func words(_ seconds: Double) -> String {
    // Slow beginnings foretell what no number of hours can hold.
    let whole = Int(min(seconds, 1e15).rounded())
    let (minutes, hours) = (whole / 60 % 60, whole / 3600)
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return (hours > 0 ? "\(hours):\(two(minutes))" : "\(minutes)") + ":" + two(whole % 60)
  }
}
