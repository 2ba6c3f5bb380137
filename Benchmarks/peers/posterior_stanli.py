# SPDX-License-Identifier: Apache-2.0
"""A Stan program of PosteriorModels/Stan by stanli: NUTS or Pathfinder, with Stan's own settings.

    python posterior_stanli.py NAME path/to/data.json --method nuts|pathfinder [--seed S]

NUTS is 4 chains of 1,000 draws after 1,000 of warm-up, on as many threads as there are CPUs;
Pathfinder is one path and 1,000 draws (the library has neither more paths nor resampling). Prints
one JSON object: mean and sd of every parameter and transformed parameter, the largest R-hat and the
number of divergences of NUTS, seconds from the first import on.
"""

import time

STARTED = time.perf_counter()

import argparse
import ctypes
import json
import os

import numpy as np
import stanli

PROGRAMS = os.path.join(
    os.path.dirname(os.path.abspath(__file__)), "..", "PosteriorModels", "Stan")


def is_parameter(name):
    return not name.split("[")[0].endswith("_rep")


def nuts(model, seed):
    fit = model.sample(chains=4, warmup=1000, samples=1000, seed=seed, refresh=0)
    summary = fit.summary([name for name in fit.names if is_parameter(name)])
    parameters = [{"name": name, "mean": summary[name]["mean"], "sd": summary[name]["sd"]}
                  for name in summary.names]
    return {"parameters": parameters, "rhat": float(np.nanmax(summary.r_hat)),
            "divergences": int(fit.divergences.sum())}


def pathfinder(model, seed):
    """The draws that `sample(pathfinder_init={})` would start its chains from, as many as asked."""
    library, doubles = stanli._lib, ctypes.POINTER(ctypes.c_double)

    def pointer(array):
        return array.ctypes.data_as(doubles)

    draws, error = np.empty((1000, model.n_unconstrained)), ctypes.create_string_buffer(4096)
    iterations, elbo_draws, history, radius = 1000, 25, 5, 2.0
    status = library.stanli_pathfinder_inits(
        model._m, seed, 1, len(draws), iterations, elbo_draws, history, radius, pointer(draws),
        None, None, error, len(error))
    if status != 0:
        raise SystemExit(f"Pathfinder failed: {error.value.decode()}")
    names, has_all = model._column_names()
    values = np.empty((len(draws), len(names)))
    library.stanli_constrain.argtypes = library.stanli_wa_row.argtypes
    values_of = library.stanli_wa_row if has_all else library.stanli_constrain
    for draw, row in zip(draws, values):
        if values_of(model._m, pointer(draw), pointer(row)) != 0:
            raise SystemExit("a draw of Pathfinder has no values")
    return {"parameters": [
        {"name": name, "mean": column.mean(), "sd": column.std(ddof=1)}
        for name, column in zip(names, values.T) if is_parameter(name)]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", metavar="NAME")
    parser.add_argument("data")
    parser.add_argument("--method", choices=["nuts", "pathfinder"], required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    model = stanli.Model(
        stan_file=os.path.join(PROGRAMS, options.name + ".stan"), data=options.data)
    result = {"nuts": nuts, "pathfinder": pathfinder}[options.method](model, options.seed)
    print(json.dumps({**result, "seconds": time.perf_counter() - STARTED}, default=float))


if __name__ == "__main__":
    main()
