#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Training on an array larger than elbo keeps in memory, against one that it reads in.

    Benchmarks/large_array.py --folder /some/disk [--gigabytes 4] [--rounds 3]

Two .npy files of one law and width are written into the folder, once, and removed at the end unless
--keep is given: 0.2 GB and --gigabytes. Runs take turns: the small file, the large one with its
pages in the system's cache, and the large one after the system was asked to forget them. Each is
stopped after --seconds of training. Printed are examples a second (the median of the rounds and the
range), and the peak of memory that is the process's own (RssAnon) apart from pages of files. Linux
alone. Results go to Benchmarks/results/<machine>.json, under "large_array".
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time

import numpy

from compare import BUILD, machine, store

ELBO = os.path.join(BUILD, "elbo")
WIDTH = 784


def write(path, gigabytes):
    """Rows of twenty factors and noise, in blocks."""
    count = int(gigabytes * 1e9 / (4 * WIDTH))
    if os.path.exists(path) and os.path.getsize(path) > 4 * WIDTH * count:
        return
    generator = numpy.random.default_rng(0)
    loadings = generator.standard_normal((20, WIDTH)).astype("f4") / 4
    array = numpy.lib.format.open_memmap(path, mode="w+", dtype="<f4", shape=(count, WIDTH))
    for start in range(0, count, 10_000):
        rows = len(array[start:start + 10_000])
        array[start:start + rows] = (
            generator.standard_normal((rows, 20), dtype="f4") @ loadings
            + generator.standard_normal((rows, WIDTH), dtype="f4") / 2)
    array.flush()


def warm(path):
    with open(path, "rb") as file:
        while file.read(1 << 24):
            pass


def forget(path):
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def megabytes(process):
    text = open(f"/proc/{process}/status").read()
    return int(re.search(r"RssAnon:\s*(\d+)", text).group(1)) / 1024


def train(path, options, folder):
    """Examples a second between the first and the last batch shown, seconds until the first, and
    the peak of RssAnon in MB."""
    started = time.monotonic()
    process = subprocess.Popen(
        [ELBO, "train", "--data", path, "--likelihood", "gaussian", "--epochs", "1000", "--output",
         os.path.join(folder, "run"), "--overwrite", "--no-figures", "--threads",
         str(options.threads), "--json"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    peak, shown, rates = 0, [], []

    def watch():
        nonlocal peak
        while process.poll() is None:
            try:
                peak = max(peak, megabytes(process.pid))
            except (OSError, AttributeError):
                return
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for line in process.stdout:
        match = re.match(r"epoch (\d+)/\d+, batch (\d+)/(\d+)", line)
        if match:
            epoch, batch, batches = map(int, match.groups())
            shown.append((time.monotonic(), epoch, batch))
        elif line.startswith("{"):
            whole = json.loads(line)
            rates.append((whole["examples_per_second"] * whole["seconds"], whole["seconds"]))
        if shown and time.monotonic() - shown[0][0] > options.seconds:
            process.send_signal(signal.SIGINT)
            break
    process.stdout.read()
    process.wait()
    watcher.join()
    # Of the epoch that was stopped, where it was shown more than once.
    own = [(at, batch) for at, epoch, batch in shown if epoch > len(rates)]
    if len(own) > 1:
        rates.append((128 * (own[-1][1] - own[0][1]), own[-1][0] - own[0][0]))
    rate = sum(examples for examples, _ in rates) / sum(seconds for _, seconds in rates)
    return {"rate": rate, "start": shown[0][0] - started, "own_megabytes": peak}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True, help="where the two files have room")
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--keep", action="store_true", help="leave the files there")
    options = parser.parse_args()
    small, large = (os.path.join(options.folder, name) for name in ("small.npy", "large.npy"))
    write(small, 0.2)
    write(large, options.gigabytes)
    ways = {"in memory, 0.2 GB": (small, warm),
            f"in its file, {options.gigabytes:g} GB, warm": (large, warm),
            f"in its file, {options.gigabytes:g} GB, cold": (large, forget)}
    runs = {name: [] for name in ways}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            for name, (path, prepare) in ways.items():
                prepare(path)
                runs[name].append(train(path, options, folder))
                print(name, json.dumps(runs[name][-1]), flush=True)
    if not options.keep:
        os.remove(small)
        os.remove(large)
    medians = {name: statistics.median(run["rate"] for run in own) for name, own in runs.items()}
    first = next(iter(medians.values()))
    for name, own in runs.items():
        print(f"{name:30} {medians[name]:8.0f} rows/s ({min(run['rate'] for run in own):.0f} to "
              f"{max(run['rate'] for run in own):.0f}), {medians[name] / first:.2f} of the first; "
              f"begins after {statistics.median(run['start'] for run in own):.1f} s; "
              f"{max(run['own_megabytes'] for run in own):.0f} MB of its own")
    store(lambda results: results.update(
        large_array={"machine": machine(), "threads": options.threads, "runs": runs}))


if __name__ == "__main__":
    main()
