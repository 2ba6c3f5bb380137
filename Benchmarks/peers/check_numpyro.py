#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the densities of `posterior_numpyro.py` against the check values of MODELS.md.

    python Benchmarks/peers/check_numpyro.py ../shared/posteriordb

Needs numpyro, jax, scipy and stanli; prints a table; exits with 1 if a log joint is too far off.
"""

import json
import os
import sys

import jax.numpy as jnp
import numpy as np
from numpyro.infer.util import log_density
from posterior_numpyro import MODELS

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from stan_programs import LOG_2, check_values, point

# Laws here that integrate to one where the reference merely restricts: the log joint is larger.
LARGER = {
    "arK-arK": LOG_2, "arma-arma11": LOG_2, "eight_schools-eight_schools_centered": LOG_2,
    "eight_schools-eight_schools_noncentered": LOG_2, "garch-garch11": LOG_2,
    "gp_pois_regr-gp_pois_regr": LOG_2, "gp_pois_regr-gp_regr": 2 * LOG_2,
    # Normal laws cut at 0: -2 log Phi(2) - 2 log Phi(1).
    "hudson_lynx_hare-lotka_volterra": 0.391533376704827,
    "kidiq-kidscore_interaction": LOG_2, "kidiq-kidscore_momiq": LOG_2,
    "low_dim_gauss_mix-low_dim_gauss_mix": 2 * LOG_2, "sblrc-blr": LOG_2, "sblri-blr": LOG_2,
}


def main(folder):
    checks, failed = check_values(), []
    print("| posterior | log joint | less the check |\n| --- | --- | --- |")
    for name, model in MODELS.items():
        data, reference = (json.load(open(os.path.join(folder, name, file)))
                           for file in ("data.json", "reference.json"))
        data = {key: jnp.asarray(value, float) for key, value in data.items()}
        p = point(name, reference)
        if name == "garch-garch11":
            alpha1, beta1 = p.pop("alpha1"), p.pop("beta1")
            p["parts"] = [alpha1, beta1, 1 - alpha1 - beta1]
        p = {key: jnp.asarray(np.array(value, float)) for key, value in p.items()}
        value = float(log_density(model, (data,), {}, p)[0])
        error = value - checks[name] - LARGER.get(name, 0)
        # The solver of the differential equation has tolerances of 1e-6.
        if abs(error) > (1e-3 if name == "hudson_lynx_hare-lotka_volterra" else 1e-6):
            failed.append(name)
        print(f"| {name} | {value:.6f} | {error:.1e} |", flush=True)
    if failed:
        raise SystemExit("too far off: " + ", ".join(failed))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "../shared/posteriordb")
