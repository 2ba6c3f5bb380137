// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@Suite("elbo reproduce iwae-table1")
struct ReproduceTests {
  let workspace: Workspace

  init() throws {
    workspace = try Workspace()
    try workspace.writeImages(train: 60, test: 20)
  }

  private func reproduce(_ output: String, _ more: String...) throws -> Outcome {
    try workspace.elbo(
      ["reproduce", "iwae-table1", "--data", "data", "-o", output, "--importance-samples", "10"]
        + more)
  }

  private func results(_ run: String) throws -> [[String: Any]] {
    try #require(try workspace.json("\(run)/result.json")["results"] as? [[String: Any]])
  }

  @Test("a run of fewer stages is continued by the same command, to the bits of a run in one go")
  func continued() throws {
    let first = try reproduce("run", "--k", "5", "--stages", "1")
    expectSuccess(first)
    #expect(first.output.contains("no number was published for k = 5 and the data 'data'"))
    #expect(first.output.contains("epochs to train: 1, about"))
    #expect(first.output.contains("end of stage 1 of 8:"))
    expectSuccess(try reproduce("run", "--k", "5", "--stages", "2", "--threads", "3"))
    expectSuccess(try reproduce("whole", "--k", "5", "--stages", "2"))
    #expect(
      try workspace.bytes("run/state.safetensors") == workspace.bytes("whole/state.safetensors"))
    let (both, whole) = (try results("run"), try results("whole"))
    #expect(both.map { $0["epochs"] as? Int } == [1, 4])
    #expect(whole.count == 1)
    func likelihood(_ result: [String: Any]?) -> Double? {
      (result?["negative_log_likelihood"] as? [String: Any])?["estimate"] as? Double
    }
    #expect(likelihood(both.last) == likelihood(whole.last) && likelihood(both.last) != nil)
    #expect(likelihood(both.first) != likelihood(both.last))
    let ends = try #require(both.last?["ends_of_stages"] as? [[String: Any]])
    #expect(ends.map { $0["epoch"] as? Int } == [1, 4])
    let protocols = try #require(both.last?["protocol"] as? [String: Any])
    #expect(protocols["importance_samples"] as? Int == 10)
    #expect(both.last?["published"] is NSNull, "the data are not MNIST")
  }

  @Test("k = 1 is trained on the ELBO, with the settings of the paper")
  func record() throws {
    expectSuccess(try reproduce("run", "--k", "1", "--stages", "1"))
    let json = try workspace.json("run/run.json")
    let training = try #require(json["training"] as? [String: Any])
    #expect(training["objective"] as? String == "evidence lower bound")
    #expect(training["epsilon"] as? Double == 1e-4)
    #expect(training["batch_size"] as? Int == 20)
    let stages = try #require(training["learning_rate_stages"] as? [[String: Any]])
    #expect(stages.map { $0["epochs"] as? Int } == [1, 3, 9, 27, 81, 243, 729, 2187])
    for (stage, entry) in stages.enumerated() {
      // Written to 16 digits.
      let rate = try #require(entry["learning_rate"] as? Double)
      #expect(abs(rate / (1e-3 * pow(10, -Double(stage) / 7)) - 1) < 1e-15)
    }
    let model = try #require(json["model"] as? [String: Any])
    #expect(model["hidden"] as? [Int] == [200, 200] && model["latent"] as? Int == 50)
    #expect(model["activation"] as? String == "tanh")
  }

  @Test("another experiment's folder, fewer stages than were run and odd numbers are refused")
  func refusals() throws {
    expectSuccess(try reproduce("run", "--stages", "2"))
    let before = try workspace.contents("run")
    expectRefusal(try reproduce("run", "--k", "5"), ["'run'", "other settings", "--output"])
    expectRefusal(try reproduce("run", "--seed", "1"), ["'run'", "other settings"])
    expectRefusal(try reproduce("run", "--stages", "1"), status: 64, ["epoch 4", "--stages"])
    expectRefusal(try reproduce("data"), ["'data'", "not empty"])
    expectRefusal(try reproduce("new", "--stages", "9"), status: 64, ["--stages 9", "8"])
    expectRefusal(try reproduce("new", "--gradient", "dreg"), status: 64, ["k = 1"])
    #expect(try workspace.contents("run") == before)
  }
}
