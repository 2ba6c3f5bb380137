#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures what the command costs around an epoch, and how it scales.

    Benchmarks/command.py --data path/to/mnist [--installed path/to/elbo]

Start-up, the time from the shell to the end of the first epoch, evaluation, peak memory, installed
size, one thread against two. Medians with the least and the most; results go to
Benchmarks/results/<machine>.json, under "command".
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import tempfile
import time

from compare import BUILD, machine, store

ELBO = os.path.join(BUILD, "elbo")


def seconds(arguments, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([ELBO, *arguments], check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return times


def train(data, folder, *options):
    """Trains into a folder; the seconds of each epoch and the peak resident size in MB."""
    arguments = [ELBO, "train", "--data", data, "--output", folder, "--overwrite", "--no-figures"]
    process = subprocess.Popen([*arguments, *options], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"elbo train {' '.join(options)} failed")
    lines = [json.loads(line) for line in open(os.path.join(folder, "metrics.jsonl"))]
    return [line["seconds"] for line in lines], usage.ru_maxrss / 1024


def installed_megabytes(command):
    """The command and every library it loads, but the C library and its loader."""
    listing = subprocess.check_output(["ldd", command], text=True)
    libraries = set(re.findall(r"=> (/\S+)", listing))
    own = [p for p in libraries if not re.search(r"/lib(c|m|dl|rt|pthread)\.so", p)]
    return sum(os.path.getsize(os.path.realpath(p)) for p in [command, *own]) / 1e6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--installed", default=ELBO, help="the command whose size is measured")
    options = parser.parse_args()
    result = {"machine": machine()}

    def report(name, values, unit):
        result[name] = {"unit": unit, "values": values}
        spread = f" ({min(values):.3g} to {max(values):.3g})" if len(values) > 1 else ""
        print(f"{name:42} {statistics.median(values):8.3g} {unit}{spread}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        report("start-up, elbo --version", [1000 * t for t in seconds(["--version"], 20)], "ms")
        first = ["train", "--data", options.data, "--epochs", "1", "--no-figures",
                 "--output", run, "--overwrite"]
        report("shell to the end of the first epoch", seconds(first, 3), "s")
        report("evaluate, 10,000 images, whole process",
               seconds(["evaluate", run, "--data", options.data], 5), "s")
        _, peak = train(options.data, run, "--epochs", "2")
        report("peak memory, MNIST", [peak], "MB")
        for epochs in (10, 200):
            _, peak = train("digits", run, "--epochs", str(epochs), "--hidden", "8", "--latent", "2",
                            "--batch-size", "4096")
            report(f"peak memory, tiny model, {epochs} epochs", [peak], "MB")
        for batch in (128, 512):
            times = {}
            for _ in range(3):
                for threads in (1, 2):
                    epochs, _ = train(options.data, run, "--epochs", "3", "--batch-size", str(batch),
                                      "--threads", str(threads))
                    times.setdefault(threads, []).extend(epochs[1:])
            for threads in (1, 2):
                report(f"epoch, batch {batch}, threads {threads}", times[threads], "s")
            ratio = statistics.median(times[1]) / statistics.median(times[2])
            report(f"one thread to two, batch {batch}", [ratio], "x")
    report("installed size with libraries", [installed_megabytes(options.installed)], "MB")
    store(lambda results: results.update(command=result))


if __name__ == "__main__":
    main()
