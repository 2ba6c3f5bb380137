// SPDX-License-Identifier: Apache-2.0

import Formats
import TestSupport
import Testing
import VariationalInference

/// Independent standard normal coordinates, with a matrix among their values, and a value that is
/// undefined.
private struct MatrixDensity: LogDensity {
  let dimension = 6
  var coordinateNames: [String] { (1...6).map { "u[\($0)]" } }
  var matrixNames: [String] { (1...2).flatMap { i in (1...3).map { "L[\(i),\($0)]" } } }
  var quantityNames: [String] { matrixNames + ["a.b", "a:b", "undefined", "lost[2]"] }
  var parameterNames: [String] { matrixNames + ["a.b"] }
  var unknownConstant: String? { "as it is a test" }

  func logDensities(at points: Tensor<Double>) -> Tensor<Double> {
    points.squared().sum(along: -1) * -0.5
  }

  func logDensitiesWithGradients(
    at points: Tensor<Double>
  ) -> (values: Tensor<Double>, gradients: Tensor<Double>) {
    (logDensities(at: points), -points)
  }

  /// Of the matrix 10 times the element's number, plus a coordinate.
  func quantities(at points: Tensor<Double>) -> Tensor<Double> {
    let rows = points.shape[0]
    let numbers = points.scalars
    var values: [Double] = []
    for row in 0..<rows {
      for place in 0..<6 { values.append(10 * Double(place) + numbers[row * 6 + place]) }
      values += [1, 2, .nan, 3]
    }
    return Tensor(values, shape: [rows, 10])
  }
}

@Suite("A posterior as JSON and as files")
struct PosteriorFilesTests {
  private let posterior: Posterior<MatrixDensity>
  private let files: [String: [UInt8]]

  init() throws {
    posterior = try MatrixDensity().posterior(FitOptions(seed: 5, draws: 1000))
    let all = PosteriorFiles(posterior: posterior, model: "matrix").all
    files = Dictionary(
      uniqueKeysWithValues: (all.draws + all.others).map { ($0.name, $0.contents) })
  }

  private func json(_ name: String) throws -> JSONValue {
    try JSONValue.parse(String(decoding: try #require(files[name]), as: UTF8.self))
  }

  /// Names and numbers of the table of draws.
  private func draws() throws -> (names: [String], rows: [[Double]], comments: [Substring]) {
    let text = String(decoding: try #require(files["draws.csv"]), as: UTF8.self)
    let lines = text.split(separator: "\n")
    let table = lines.filter { !$0.hasPrefix("#") }.map { $0.split(separator: ",") }
    return (
      table[0].map(String.init), try table.dropFirst().map { try $0.map { try number($0) } },
      lines.filter { $0.hasPrefix("#") }
    )
  }

  private func number(_ text: Substring) throws -> Double { try #require(Double(text)) }

  @Test("the object has what the fit has, and null for what is undefined")
  func object() throws {
    let object = try json("posterior.json")
    let fit = posterior.fit
    #expect(object == (try JSONValue.parse(posterior.json(model: "matrix").pretty)))
    #expect(object["model"]?.stringValue == "matrix" && object["dimension"]?.intValue == 6)
    // Values that are constant or undefined say nothing against q.
    #expect(object["verdict"]?.stringValue == "use", "\(fit.reasons)")
    #expect(object["seed"]?.stringValue == "5")
    #expect(object["family"]?.stringValue == "automatic" && object["draws"]?.intValue == 1000)
    #expect(object["version"]?.stringValue == ElboVersion.current)
    let undefined = "`undefined` is not a number in 1000 of 1000 draws, and has no moments"
    for (key, texts) in [
      ("reasons", fit.reasons), ("advice", fit.advice), ("notes", fit.notes + [undefined]),
    ] {
      #expect(object[key]?.arrayValue?.compactMap(\.stringValue) == texts)
    }
    for (key, value) in [("elbo", fit.elbo), ("log_evidence", fit.logEvidence)] {
      #expect(object[key]?["estimate"]?.doubleValue == value.mean)
      #expect(object[key]?["standard_error"]?.doubleValue == value.standardError)
      #expect(object[key]?["up_to_a_constant"]?.boolValue == true)
    }
    #expect(object["relative_ess"]?.doubleValue == fit.check.relativeEffectiveSampleSize)
    #expect(object["log_weight_sd"]?.doubleValue == fit.check.logWeightDeviation)
    #expect(object["khat"] == fit.check.shape.map(JSONValue.number) ?? .null)
    #expect(object["gradient_evaluations"]?.intValue == fit.gradientEvaluations)
    #expect(object["density_evaluations"]?.intValue == fit.densityEvaluations)
    #expect(object["seconds"]?.doubleValue == posterior.seconds)
    let parameters = try #require(object["parameters"]?.arrayValue)
    #expect(parameters.map { $0["name"]?.stringValue } == MatrixDensity().quantityNames)
    let row = posterior.rows[4]
    let numbers: [String: Double] = [
      "mean": row.mean, "sd": row.standardDeviation, "mcse_mean": try #require(row.meanError),
      "q5": row.quantiles.low, "q50": row.quantiles.median, "q95": row.quantiles.high,
      "q_mean": row.surrogate.mean, "q_sd": row.surrogate.standardDeviation,
    ]
    for (key, value) in numbers { #expect(parameters[4][key]?.doubleValue == value, "\(key)") }
    for key in numbers.keys { #expect(parameters[8][key] == .null, "\(key)") }
  }

  @Test("draws: a matrix down its columns, the posterior's own draws, log p and log q")
  func table() throws {
    let (names, rows, comments) = try draws()
    #expect(
      names == [
        "lp__", "lp_approx__", "L.1.1", "L.2.1", "L.1.2", "L.2.2", "L.1.3", "L.2.3", "a_b", "a_b_",
        "undefined", "lost_2_",
      ])
    #expect(rows.count == posterior.fit.draws.weights.count)
    for (column, element) in [0, 3, 1, 4, 2, 5].enumerated() {
      let own = posterior.draws["L"].draws[element]
      let written = rows.map { $0[column + 2] }
      #expect(written.sorted() == own.sorted())
      #expect(written != own, "mirror images lie side by side")
    }
    for row in rows.prefix(20) {
      var square = 0.0
      for (column, element) in [0, 3, 1, 4, 2, 5].enumerated() {
        let u: Double = row[column + 2] - 10 * Double(element)
        square += u * u
      }
      #expect((row[0] + square / 2).magnitude < 1e-10)
      // q is the density itself, but normalised: log p - log q is 3 log 2 pi = 5.5136.
      let ratio: Double = row[0] - row[1]
      #expect((ratio - 5.5136).magnitude < 0.1)
      #expect(row[10].isNaN)
    }
    for line in ["# model = matrix", "# method = pathfinder", "# verdict = use", "#   seed = 5"] {
      #expect(comments.contains { $0 == line }, "\(line)")
    }
  }

  @Test("starts of chains: parameters alone, the first index outermost, of one draw each")
  func starts() throws {
    let draws = posterior.draws["L"].draws
    for number in 1...4 {
      let object = try json("inits_\(number).json")
      #expect(object.members?.map(\.key) == ["L", "a.b"])
      #expect(object["a.b"]?.doubleValue == 1)
      let matrix: [Double?] = (0..<6).map { object["L"]?[$0 / 3]?[$0 % 3]?.doubleValue }
      #expect(object["L"]?.arrayValue?.count == 2 && object["L"]?[0]?.arrayValue?.count == 3)
      let row = try #require(draws[0].firstIndex { $0 == matrix[0] })
      #expect(matrix == draws.map { $0[row] })
    }
    #expect(Set((1...4).map { files["inits_\($0).json"] }).count == 4)
  }

  /// 1000 mirrored draws are 500 independent squares: their mean has the error
  /// sqrt(2 / 500) = 0.063.
  @Test("the inverse metric is the covariance of unconstrained coordinates, by 5 errors")
  func metric() throws {
    let metric = try #require(try json("inverse_metric.json")["inv_metric"]?.arrayValue)
    let diagonal = try #require(
      try json("inverse_metric_diagonal.json")["inv_metric"]?.arrayValue)
    #expect(metric.count == 6 && diagonal.count == 6)
    for i in 0..<6 {
      for j in 0..<6 {
        let element: Double = try #require(metric[i][j]?.doubleValue)
        let expected: Double = i == j ? 1 : 0
        #expect((element - expected).magnitude < 5 * 0.063)
        #expect(element == metric[j][i]?.doubleValue)
      }
      #expect(metric[i][i] == diagonal[i])
    }
  }

  @Test("the summary has the table's numbers, and nan for those that are undefined")
  func summary() throws {
    let table = try CSV.parse(try #require(files["summary.csv"]), path: "summary.csv")
    #expect(
      table.columns == ["name", "mean", "mcse_mean", "sd", "q5", "q50", "q95", "q_mean", "q_sd"])
    #expect(table.rows.map { $0[0] } == MatrixDensity().quantityNames)
    #expect(Double(table.rows[4][1]) == posterior.rows[4].mean)
    #expect(Double(table.rows[4][8]) == posterior.rows[4].surrogate.standardDeviation)
    #expect(table.rows[8].dropFirst().allSatisfy { $0 == "nan" })
  }

  @Test("a folder takes no files of others away, and is refused if it holds any")
  func folder() throws {
    try withTemporaryFolder { path in
      let folder = PosteriorFolder("\(path)/new/")
      try folder.check(overwriting: false)
      let names = try folder.write(posterior, model: "matrix", overwriting: false)
      // Of each picture the name is that of the SVG; two PNGs are beside it.
      let pictures = names.filter { $0.hasSuffix(".svg") }.map { String($0.dropLast(4)) }
      let all = names + pictures.flatMap { ["\($0).png", "\($0)-dark.png"] }
      #expect(try Files.list("\(path)/new") == all.sorted())
      #expect(names.count == 9 + pictures.count && pictures.contains("marginals"))
      try AtomicFile.write([1], to: "\(path)/new/other")
      let found = sentence { try folder.check(overwriting: false) }
      #expect(found?.contains("not empty") == true && found?.contains("--overwrite") == true)
      #expect(throws: RunError.self) {
        try folder.write(posterior, model: "matrix", overwriting: false)
      }
      _ = try folder.write(posterior, model: "again", overwriting: true)
      #expect(try readFile("\(path)/new/other") == [1])
      let text = String(decoding: try readFile("\(path)/new/draws.csv"), as: UTF8.self)
      #expect(text.contains("# model = again\n"))
      // A folder where a file should go: nothing stays of the rest.
      try Files.remove("\(path)/new/posterior.json")
      try Files.createFolder("\(path)/new/posterior.json")
      #expect(throws: FileError.self) {
        try folder.write(posterior, model: "matrix", overwriting: true)
      }
    }
  }
}
