#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Word counts: an epoch of elbo, whose rows are sparse, against the same model dense in PyTorch,
and the test perplexity of both.

    Benchmarks/counts.py --data path/to/newsgroups.npz --peers python [--rounds 3] [--seeds 3]

The last 1,500 rows are the test part. The programs take turns, each in a process of its own; the
first epoch of each process is warm-up, and what counts is the median. Perplexity is exp(-ELBO /
words) of the test rows after --judged epochs, with a draw of q each; for the multinomial law also
without log T! - sum of log x!, that of words in their order, as papers on topics give it. elbo
learns one row less than PyTorch: a run has a test part of its own. --law leaves out what it does
not name. Results go to Benchmarks/results/<machine>.json, under "counts".
"""

import argparse
import csv
import json
import math
import os
import statistics
import subprocess
import tempfile

import numpy
from scipy import sparse, special

from compare import BUILD, HERE, machine, store

ELBO = os.path.join(BUILD, "elbo")
LAWS = ["multinomial", "negative-binomial"]


class Counts:
    """The matrix, and its two parts as files."""

    def __init__(self, path, test, folder):
        self.path, self.test = path, test
        counts = sparse.load_npz(path).tocsr()
        self.train_rows = counts.shape[0] - test
        self.files = [os.path.join(folder, name) for name in ("train.npz", "test.npz")]
        sparse.save_npz(self.files[0], counts[:-test])
        sparse.save_npz(self.files[1], counts[-test:])
        held_out = counts[-test:].toarray().astype(float)
        self.words = held_out.sum()
        self.ways = float((special.gammaln(held_out.sum(1) + 1)
                           - special.gammaln(held_out + 1).sum(1)).sum())

    def perplexities(self, elbo, law):
        bound = [math.exp(-elbo / self.words)]
        return bound + ([math.exp(-(elbo - self.ways) / self.words)] if law == LAWS[0] else [])


def elbo(counts, law, epochs, seed, threads, judged, folder):
    run = os.path.join(folder, "run")
    subprocess.run(
        [ELBO, "train", "--data", counts.files[0], "--likelihood", law, "--epochs", str(epochs),
         "--fractions", f"{counts.train_rows - 1},0,1", "--seed", str(seed), "--output", run,
         "--overwrite", "--no-figures", "--threads", str(threads)],
        check=True, stdout=subprocess.DEVNULL)
    seconds = [json.loads(line)["seconds"] for line in open(os.path.join(run, "metrics.jsonl"))]
    if not judged:
        return seconds, None
    scores = os.path.join(folder, "scores.csv")
    subprocess.run([ELBO, "score", run, "--data", counts.files[1], "--importance-samples", "1",
                    "--seed", str(seed), "--output", scores], check=True, stdout=subprocess.DEVNULL)
    return seconds, sum(float(row["elbo"]) for row in csv.DictReader(open(scores)))


def torch(python, variant):
    def run(counts, law, epochs, seed, threads, judged, folder):
        output = subprocess.check_output(
            [python, os.path.join(HERE, "peers", "torch_counts.py"), counts.path, "--law", law,
             "--epochs", str(epochs), "--seed", str(seed), "--threads", str(threads),
             "--test", str(counts.test), "--variant", variant], text=True)
        lines = [json.loads(line) for line in output.splitlines()]
        return [line["seconds"] for line in lines], lines[-1]["test"]
    return run


def timed(programs, counts, law, options, folder):
    """Seconds of the epochs after the first, by program, in turns."""
    seconds = {name: [] for name in programs}
    for _ in range(options.rounds):
        for name, run in programs.items():
            seconds[name] += run(
                counts, law, options.epochs, 0, options.threads, False, folder)[0][1:]
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"\n{law}, an epoch of {counts.train_rows} rows, {options.threads} threads")
    for name, median in medians.items():
        print(f"{name:24} median {median:6.3f} s ({min(seconds[name]):.3f} to "
              f"{max(seconds[name]):.3f})  it / elbo = {median / medians['elbo']:.2f}", flush=True)
    return seconds


def judged(programs, counts, law, options, folder):
    """Test perplexities by program, one for each seed."""
    result = {}
    print(f"\n{law}, test perplexity after {options.judged} epochs, {options.seeds} seeds")
    for name, run in programs.items():
        result[name] = []
        for seed in range(options.seeds):
            bound = run(counts, law, options.judged, seed, options.threads, True, folder)[1]
            result[name].append(counts.perplexities(bound, law))
        for place, values in enumerate(zip(*result[name])):
            what = ["", " of words in order"][place]
            print(f"{name + what:36} {numpy.mean(values):8.3f}  ("
                  + ", ".join(f"{value:.3f}" for value in values) + ")", flush=True)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True, help="counts as scipy.sparse.save_npz writes them")
    parser.add_argument("--peers", required=True, help="a Python with torch and scipy")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--judged", type=int, default=20, help="epochs before the perplexity")
    parser.add_argument("--test", type=int, default=1500)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--law", choices=LAWS, action="append")
    options = parser.parse_args()
    programs = {"elbo": elbo, "PyTorch, dense": torch(options.peers, "plain"),
                "PyTorch, dense, lean": torch(options.peers, "lean")}
    result = {"machine": machine(), "threads": options.threads, "seconds": {}, "perplexity": {}}
    with tempfile.TemporaryDirectory() as folder:
        counts = Counts(options.data, options.test, folder)
        for law in options.law or LAWS:
            if options.rounds:
                result["seconds"][law] = timed(programs, counts, law, options, folder)
            if options.seeds:
                two = {name: programs[name] for name in ("elbo", "PyTorch, dense, lean")}
                result["perplexity"][law] = judged(two, counts, law, options, folder)
    store(lambda results: results.update(counts=result))


if __name__ == "__main__":
    main()
