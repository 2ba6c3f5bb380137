// SPDX-License-Identifier: Apache-2.0

internal import Formats
internal import VariationalInference

/// The epochs of a run as rows of a table, of those columns that fit into the window.
struct EpochTable {
  /// An epoch as it is shown.
  struct Row {
    let metrics: EpochMetrics
    /// Whether none before it was better.
    let isBest: Bool
    /// Seconds to the end of the whole run.
    let secondsLeft: Double
  }

  private struct Column {
    let title: String
    let width: Int
    /// The column with the highest number is left out first; 0 stays.
    let rank: Int
    let cell: (Row) -> String

    init(
      _ title: String, atLeast least: Int, rank: Int, _ cell: @escaping (Row, Int) -> String
    ) {
      let width = max(title.count, least)
      (self.title, self.width, self.rank) = (title, width, rank)
      self.cell = { cell($0, width) }
    }
  }

  private let columns: [Column]
  /// What the mark means, before the first row.
  private let legend: String
  /// The titles above the last row.
  private var shownTitles: [String] = []

  /// - Parameters:
  ///   - epochs: Of the whole run.
  ///   - objective: What it is called, "ELBO" or "L_5".
  ///   - part: What the best epoch is chosen by.
  ///   - noun: What an example is called, "image".
  ///   - showsTimeLeft: Whether no live line shows it.
  init(
    epochs: Int, objective: String, part: BestEpoch.Part, noun: String, showsTimeLeft: Bool
  ) {
    legend = "* best epoch so far, by the \(part.rawValue) part"
    let digits = "\(epochs)".count
    func terms(
      _ title: String, rank: Int, _ value: @escaping (EpochMetrics) -> Double?
    ) -> Column {
      Column(title, atLeast: 9, rank: rank) { row, width in
        value(row.metrics).map { Self.number($0, width: width) } ?? ""
      }
    }
    let isByTest = part == .test
    var columns = [
      Column("epoch", atLeast: 2 * digits + 3, rank: 0) { row, width in
        let number = "\(row.metrics.epoch)/\(epochs)".leading(width - 2)
        return (row.isBest ? "* " : "  ") + number
      },
      terms("train \(objective)", rank: 3) { $0.train.objective },
      terms("train rec.", rank: 10) { $0.train.reconstruction },
      terms("train KL", rank: 9) { $0.train.kl },
      terms("test \(objective)", rank: isByTest ? 0 : 2) { $0.test.objective },
    ]
    if objective != "ELBO" { columns.append(terms("test ELBO", rank: 6) { $0.test.elbo }) }
    columns += [
      terms("test rec.", rank: 5) { $0.test.reconstruction },
      terms("test KL", rank: 4) { $0.test.kl },
    ]
    if !isByTest { columns.append(terms("validation", rank: 0) { $0.validation?.objective }) }
    columns += [
      Column("seconds", atLeast: 7, rank: 7) {
        Self.number($0.metrics.seconds ?? 0, width: $1)
      },
      Column("\(noun)s/s", atLeast: 9, rank: 8) { row, _ in
        row.metrics.rate.map { Int($0).grouped } ?? ""
      },
    ]
    if showsTimeLeft {
      columns.append(Column("left", atLeast: 8, rank: 1) { row, _ in Clock.words(row.secondsLeft) })
    }
    self.columns = columns
  }

  /// The lines of one more epoch: itself, and the titles where the row above has others.
  mutating func lines(_ row: Row, width: Int) -> [String] {
    let fitting = fitting(width)
    let titles = fitting.map(\.title)
    var lines: [String] = []
    if titles != shownTitles {
      if shownTitles.isEmpty { lines.append(legend) }
      lines.append(join(fitting) { $0.title })
      shownTitles = titles
    }
    return lines + [join(fitting) { $0.cell(row) }]
  }

  /// One column less than there are, as some terminals go on to the next line after the last.
  private func fitting(_ width: Int) -> [Column] {
    var fitting = columns
    while fitting.reduce(-Self.gap, { $0 + $1.width + Self.gap }) >= width,
      let least = fitting.indices.max(by: { fitting[$0].rank < fitting[$1].rank }),
      fitting[least].rank > 0
    {
      fitting.remove(at: least)
    }
    return fitting
  }

  private static let gap = 2

  private func join(_ columns: [Column], _ text: (Column) -> String) -> String {
    columns.map { text($0).leading($0.width) }
      .joined(separator: String(repeating: " ", count: Self.gap))
  }

  /// With as many decimals, two at most, as the width allows; else with a power of ten.
  private static func number(_ value: Double, width: Int) -> String {
    for decimals in [2, 1, 0] {
      let text = value.fixed(decimals)
      if text.count <= width { return text }
    }
    var (mantissa, power) = (value, 0)
    while mantissa.magnitude >= 9.995 {
      mantissa /= 10
      power += 1
    }
    return "\(mantissa.fixed(2))e\(power)"
  }
}
