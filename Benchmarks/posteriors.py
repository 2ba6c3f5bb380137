#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times real posteriors from the shell to the answer: elbo, NUTS, Pathfinder and NumPyro, in turns.

    Benchmarks/posteriors.py --elbo path/to/elbo --posteriors ../shared/posteriordb --python PYTHON

PYTHON has numpyro, jax and stanli. What counts is the wall time of the whole process, its start and
imports, the compilation of the program and the summaries included; the programs take turns, and the
median of the rounds is shown, with the largest error of a mean in sd of the reference. elbo, NUTS
and Pathfinder read the same Stan programs and take densities from the same library. Results go to
Benchmarks/results/<machine>.json, under "posteriors", in the place of earlier ones of those names.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time

from compare import HERE, machine, store

PROGRAMS = os.path.join(HERE, "PosteriorModels", "Stan")
PEERS = {"NUTS": ("posterior_stanli.py", "--method", "nuts"),
         "Pathfinder": ("posterior_stanli.py", "--method", "pathfinder"),
         "NumPyro": ("posterior_numpyro.py",)}
METHODS = ["elbo", *PEERS]


def command(method, name, data, options):
    if method == "elbo":
        return [options.elbo, "posterior", os.path.join(PROGRAMS, name + ".stan"),
                "--data", data, "--json"]
    script, *more = PEERS[method]
    return [options.python, os.path.join(HERE, "peers", script), name, data, *more]


def environment(python):
    """The library of stanli for elbo too, unless the user has named another."""
    variables = dict(os.environ)
    if "ELBO_STAN_LIBRARY" not in variables:
        program = "import stanli; print(stanli._lib._name)"
        variables["ELBO_STAN_LIBRARY"] = subprocess.check_output(
            [python, "-c", program], text=True).strip()
    return variables


def run(arguments, variables, seconds):
    """Wall time and answer of a process; the answer is a sentence where it has none."""
    start = time.perf_counter()
    try:
        process = subprocess.run(
            arguments, capture_output=True, text=True, env=variables, timeout=seconds)
    except subprocess.TimeoutExpired:
        return seconds, f"not done after {seconds} s"
    except OSError as error:
        raise SystemExit(f"cannot run {arguments[0]}: {error.strerror}")
    wall = time.perf_counter() - start
    if process.returncode != 0:
        lines = process.stderr.strip().splitlines() or ["without a word"]
        return wall, f"exit status {process.returncode}: {lines[-1]}"
    try:
        answer = json.loads(process.stdout)
        return wall, {**answer, "parameters": {p["name"]: p for p in answer["parameters"]}}
    except (ValueError, KeyError, TypeError):
        return wall, "the answer is not JSON with parameters by name"


def mean_error(answer, reference):
    """The largest |mean - reference mean| / reference sd; not a number where a mean is missing."""
    errors = []
    for name in reference["names"]:
        true, found = reference["parameters"][name], answer["parameters"].get(name, {}).get("mean")
        errors.append(math.nan if found is None else abs(found - true["mean"]) / true["sd"])
    return math.nan if any(map(math.isnan, errors)) else max(errors)


def time_posterior(name, options, variables):
    """Times all methods on a posterior; what they took, and how far off they were."""
    folder = os.path.join(options.posteriors, name)
    with open(os.path.join(folder, "reference.json")) as file:
        reference = json.load(file)
    entry = {method: {"seconds": [], "inner_seconds": [], "mean_errors": []}
             for method in options.methods}
    for _ in range(options.rounds):
        for method in options.methods:
            result = entry[method]
            arguments = command(method, name, os.path.join(folder, "data.json"), options)
            wall, answer = run(arguments, variables, options.timeout)
            if isinstance(answer, str):
                result["failure"] = answer
                print(f"{name}: {method}: {answer}", file=sys.stderr, flush=True)
                continue
            result["seconds"].append(wall)
            result["inner_seconds"].append(answer.get("seconds"))
            error = mean_error(answer, reference)
            result["mean_errors"].append(None if math.isnan(error) else error)
            for key in ("verdict", "rhat", "divergences"):
                if key in answer:
                    result[key] = answer[key]
    return entry


def median(result):
    """The median time, where no round failed."""
    return None if "failure" in result else statistics.median(result["seconds"])


def ratio(entry, method):
    """How many times as long as elbo, or None."""
    both = [median(entry[m]) if m in entry else None for m in ("elbo", method)]
    return None if None in both else both[1] / both[0]


def shown(value, form=".3g"):
    return "-" if value is None else format(value, form)


def row(name, entry, methods):
    times, errors = [], []
    for method in methods:
        taken, ratios = median(entry[method]), ratio(entry, method)
        many = f" ({shown(ratios)})" if method != "elbo" and ratios is not None else ""
        times.append("failed" if taken is None else shown(taken) + many)
        known = [error for error in entry[method]["mean_errors"] if error is not None]
        errors.append(shown(max(known, default=None), ".2g"))
    verdict = [entry["elbo"].get("verdict", "-")] if "elbo" in methods else []
    return "| " + " | ".join([name, *times, *errors, *verdict]) + " |"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--elbo", required=True, help="the command")
    parser.add_argument("--posteriors", required=True, help="a folder of posteriordb's data")
    parser.add_argument("--python", required=True, help="a Python with numpyro, jax and stanli")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", help="names with commas between them")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=METHODS)
    parser.add_argument("--timeout", type=float, default=1800, help="seconds for each process")
    options = parser.parse_args()

    names = sorted(file[:-5] for file in os.listdir(PROGRAMS) if file.endswith(".stan"))
    if options.only:
        wanted = options.only.split(",")
        unknown = set(wanted) - set(names)
        if unknown:
            raise SystemExit("no such posterior: " + ", ".join(sorted(unknown)))
        names = [name for name in names if name in wanted]
    variables = environment(options.python)
    heads = [f"{m}, s" if m == "elbo" else f"{m}, s (x elbo)" for m in options.methods]
    heads += [f"error, {m}" for m in options.methods]
    heads += ["verdict"] if "elbo" in options.methods else []
    print("| posterior | " + " | ".join(heads) + " |\n" + "| --- " * (len(heads) + 1) + "|")
    entries = {}
    for name in names:
        entries[name] = time_posterior(name, options, variables)
        print(row(name, entries[name], options.methods), flush=True)

    print()
    for method in options.methods:
        ratios = [r for entry in entries.values() if (r := ratio(entry, method)) is not None]
        if method != "elbo" and ratios:
            print(f"{method} takes {statistics.median(ratios):.3g} times as long as elbo, the "
                  f"median of {len(ratios)} of {len(names)} ({min(ratios):.3g} to "
                  f"{max(ratios):.3g})")
    for entry in entries.values():
        entry.update(machine=machine(), rounds=options.rounds)
    store(lambda results: results.setdefault("posteriors", {}).update(entries))
    # A peer that fails is a result; elbo answers or the comparison is not one.
    failed = [name for name, entry in entries.items() if "failure" in entry.get("elbo", {})]
    if failed:
        raise SystemExit("elbo failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
