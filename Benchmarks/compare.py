#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times a training epoch of elbo and of its peers side by side and prints ratios of medians.

    Benchmarks/compare.py --data path/to/mnist [--rounds 3] [--peers python] [--sweep]

The programs take turns, each in a process of its own, so that a machine whose speed drifts treats
all alike. The first epoch of each process is warm-up and does not count. The rate of a large matrix
product is measured before every process of elbo, and its median taken. --sweep goes through batches,
widths and latent sizes, or through those given after it. Results go to
Benchmarks/results/<machine>.json, under "comparisons" or "sweep", in the place of earlier ones of the
same sizes and threads.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(HERE, "..", ".build", "release")
SWEEP = ["32,400,20", "128,400,20", "512,400,20", "4096,400,20", "128,128,20", "128,2048,20",
         "128,400,2", "128,400,200"]


def elbo(data, epochs, sizes, threads):
    with tempfile.TemporaryDirectory() as folder:
        run = os.path.join(folder, "run")
        subprocess.run(
            [os.path.join(BUILD, "elbo"), "train", "--data", data, "--epochs", str(epochs),
             "--output", run, "--no-figures", "--threads", str(threads),
             "--batch-size", str(sizes["batch"]), "--hidden", str(sizes["hidden"]),
             "--latent", str(sizes["latent"])],
            check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in open(os.path.join(run, "metrics.jsonl"))]
    return [line["seconds"] for line in lines], -lines[-1]["train"]["elbo"]


def peer(python, script, extra):
    def run(data, epochs, sizes, threads):
        command = [python, os.path.join(HERE, "peers", script), data, "--epochs", str(epochs),
                   "--batch", str(sizes["batch"]), "--hidden", str(sizes["hidden"]),
                   "--latent", str(sizes["latent"]), "--threads", str(threads), *extra]
        output = subprocess.check_output(command, text=True)
        lines = [json.loads(line) for line in output.splitlines()]
        return [line["seconds"] for line in lines], lines[-1]["loss"]
    return run


def machine():
    text = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    name = re.search(r"model name\s*: (.*)", text)
    return {"cpu": name.group(1) if name else platform.processor(), "cores": os.cpu_count(),
            "system": platform.platform()}


def slug(machine):
    return re.sub(r"[^a-z0-9]+", "-", machine["cpu"].lower()).strip("-")


def store(change):
    """Applies a change to the results of this machine, and writes them as a whole."""
    path = os.path.join(HERE, "results", slug(machine()) + ".json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    results = {}
    if os.path.exists(path):
        with open(path) as file:
            results = json.load(file)
    change(results)
    with open(path + ".part", "w") as file:
        json.dump(results, file, indent=1)
    os.replace(path + ".part", path)
    print(f"wrote {os.path.relpath(path)}\n", flush=True)


def replacing(section, entry):
    """The change that puts a comparison into a list, instead of one of the same sizes and threads."""
    def key(entry):
        return entry["sizes"], entry["threads"]

    def change(results):
        entries = results.setdefault(section, [])
        places = [i for i, other in enumerate(entries) if key(other) == key(entry)]
        if places:
            entries[places[0]] = entry
        else:
            entries.append(entry)
    return change


def limits(threads):
    return json.loads(subprocess.check_output(
        [os.path.join(BUILD, "machine-limits"), str(threads)], text=True))["threads"]


def flops_per_image(sizes, pixels=784):
    """Multiply-adds of all products, forward and backward; the first layer needs no input gradient."""
    hidden, latent = sizes["hidden"], sizes["latent"]
    first = pixels * hidden
    others = 2 * hidden * latent + latent * hidden + hidden * pixels
    return 2 * (2 * first + 3 * others)


def compare(programs, options, text):
    """Times all programs at one set of sizes, prints the medians and stores them."""
    sizes = dict(zip(("batch", "hidden", "latent"), map(int, text.split(","))))
    seconds, losses, rates = {name: [] for name in programs}, {}, []
    for round_number in range(options.rounds):
        rates.append(limits(options.threads))
        for name, run in programs.items():
            times, losses[name] = run(options.data, options.epochs, sizes, options.threads)
            seconds[name] += times[1:]
            print(f"round {round_number + 1}: {name}: "
                  + " ".join(f"{t:.2f}" for t in times) + " s", flush=True)
    rates.append(limits(options.threads))

    rate = statistics.median(r[str(options.threads)]["matrix_gflops"] for r in rates)
    work = flops_per_image(sizes) * 60000 / 1e9
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    print(f"\nbatch, hidden, latent {text}; large matrix product, {options.threads} threads: "
          f"{rate:.0f} GFLOP/s; an epoch is {work:.0f} GFLOP, floor {work / rate:.2f} s")
    for name, median in medians.items():
        print(f"{name:30} median {median:6.2f} s  ({min(seconds[name]):.2f} to "
              f"{max(seconds[name]):.2f})  {work / median / rate:5.0%} of the matrix rate  "
              f"elbo / it = {medians['elbo'] / median:.2f}", flush=True)
    entry = {"machine": machine(), "sizes": sizes, "threads": options.threads,
             "rounds": options.rounds, "epochs": options.epochs, "limits": rates,
             "seconds_per_epoch": seconds, "medians": medians,
             "last_loss": losses, "gflop_per_epoch": work}
    store(replacing("comparisons" if options.sweep is None else "sweep", entry))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--peers", help="a Python with torch, jax and numpy", default=None)
    parser.add_argument("--sizes", default="128,400,20", help="batch,hidden,latent")
    parser.add_argument("--sweep", nargs="*", metavar="SIZES", help="all sizes, or these")
    parser.add_argument("--only", help="names with semicolons between them", default=None)
    options = parser.parse_args()

    programs = {"elbo": elbo}
    if options.peers:
        programs["PyTorch, the article's loop"] = peer(options.peers, "torch_vae.py", [])
        programs["PyTorch, fused Adam"] = peer(
            options.peers, "torch_vae.py", ["--variant", "fused"])
        programs["JAX, one scan per epoch"] = peer(options.peers, "jax_vae.py", [])
    if options.only:
        programs = {k: v for k, v in programs.items() if k in options.only.split(";")}
    for sizes in [options.sizes] if options.sweep is None else options.sweep or SWEEP:
        compare(programs, options, sizes)


if __name__ == "__main__":
    main()
