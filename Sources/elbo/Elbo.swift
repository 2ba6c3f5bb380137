// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import VariationalInference

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

@main
struct Elbo: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "elbo",
    abstract:
      "Variational inference: fit a posterior or train a variational autoencoder, judge it, look at it.",
    discussion: """
      Begin with:

        elbo train                        learn from built-in digits, no download
        elbo train --data mnist           learn from MNIST
        elbo train --data my.csv          learn from a table, an array or a folder of pictures
        elbo evaluate runs/<run>          the ELBO on the test part
        elbo compare runs/*               runs side by side
        elbo replay runs/<run>            where the numbers of a run that diverged went
        elbo score runs/<run> -o s.csv    how probable each example is: scores of anomaly
        elbo evidence runs/<run>          how far that is from log p(x), and why
        elbo impute runs/<run> --data gaps.csv -o filled.csv   fill what is missing
        elbo sample runs/<run>            pictures of draws from the prior
        elbo explain                      the derivation of the ELBO, with numbers
        elbo posterior eight_schools      a posterior, its evidence and a verdict
        elbo posterior model.stan --data data.json   the same of a Stan program

      Values are in nats, of images per image. The evidence lower bound (ELBO) is maximised; \
      reconstruction and KL are costs: elbo = -reconstruction - kl.
      """,
    version: ElboVersion.current,
    subcommands: [
      Train.self, Evaluate.self, CompareRuns.self,
      Score.self, Impute.self, Evidence.self, Explain.self,
      PosteriorCommand.self,
      CompareModels.self, Reconstruct.self, Sample.self, Encode.self, Decode.self, Reproduce.self,
      Replay.self,
    ])

  static func main() {
    Terminal.holdClosedStreams()
    // A file that outgrows `ulimit -f` is then a failed write, which says so, and no silent end.
    signal(SIGXFSZ, SIG_IGN)
    do {
      try Arguments.check()
      var command = try parseAsRoot()
      try command.run()
      // Losing some of the output would be losing the result.
      try Terminal.finish()
    } catch {
      Ending.end(error, arguments: Array(CommandLine.arguments.dropFirst()))
    }
  }
}
