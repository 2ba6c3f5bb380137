#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the Stan programs of PosteriorModels/Stan against formulas in NumPy and SciPy.

    python3 Benchmarks/stan_programs.py ../shared/posteriordb     # needs numpy, scipy and stanli

For each posterior: the log joint of the program with all constants and without log Jacobians, at
the point where the check value of MODELS.md holds; its differences from that value and from the
formula; and, 0.02 away in each unconstrained coordinate, the largest difference of the program's
gradient from central differences of the formula, relative to the gradient. Exits with 1 if any is
too large.
"""

import ctypes
import json
import os
import re
import sys

import numpy as np
import stanli
from scipy import integrate, special, stats

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = os.path.join(HERE, "PosteriorModels", "Stan")
MODELS = os.path.join(HERE, "PosteriorModels")
LOG_2 = np.log(2)


def normal(y, mean, sd):
    return np.sum(stats.norm.logpdf(y, mean, sd))


def cauchy(x, scale):
    return stats.cauchy.logpdf(x, 0, scale)


def regression(*names, y, log_of=(), prior=lambda p: 0.0):
    """y ~ N(beta[1] + beta[2] a + ..., sigma^2); products as "a*b", logarithms of some data."""
    def column(d, name):
        value = np.prod([np.asarray(d[part], float) for part in name.split("*")], axis=0)
        return np.log(value) if name in log_of else value

    def joint(d, p):
        x = np.column_stack([np.ones(len(d[y]))] + [column(d, name) for name in names])
        return prior(p) + normal(column(d, y), x @ p["beta"], p["sigma"])
    return joint


def nes(d, p):
    ages = [np.array(d["age_discrete"]) == group for group in (2, 3, 4)]
    columns = [d["real_ideo"], d["race_adj"], *ages, d["educ1"], d["gender"], d["income"]]
    x = np.column_stack([np.ones(d["N"]), *columns])
    return normal(d["partyid7"], x @ p["beta"], p["sigma"])


def blr(d, p):
    prior = normal(p["beta"], 0, 10) + normal(p["sigma"], 0, 10)
    return prior + normal(d["y"], np.array(d["X"]) @ p["beta"], p["sigma"])


def kilpisjarvi(d, p):
    prior = normal(p["alpha"], d["pmualpha"], d["psalpha"])
    prior += normal(p["beta"], d["pmubeta"], d["psbeta"])
    return prior + normal(d["y"], p["alpha"] + p["beta"] * np.array(d["x"]), p["sigma"])


def diamonds(d, p):
    x = np.array(d["X"])[:, 1:]
    prior = normal(p["b"], 0, 1) + stats.t.logpdf(p["Intercept"], 3, 8, 10)
    prior += stats.t.logpdf(p["sigma"], 3, 0, 10)
    return prior + normal(d["Y"], p["Intercept"] + (x - x.mean(axis=0)) @ p["b"], p["sigma"])


def logistic(x, y, divisor=1.0):
    def joint(d, p):
        eta = p["alpha"] + p["beta"][0] * np.array(d[x]) / divisor
        return np.sum(np.array(d[y]) * eta - np.logaddexp(0, eta))
    return joint


def eight_schools(d, p):
    prior = normal(p["mu"], 0, 5) + cauchy(p["tau"], 5)
    if "theta_raw" in p:
        prior, theta = prior + normal(p["theta_raw"], 0, 1), p["mu"] + p["tau"] * p["theta_raw"]
    else:
        prior, theta = prior + normal(p["theta"], p["mu"], p["tau"]), p["theta"]
    return prior + normal(d["y"], theta, d["sigma"])


def autoregression(d, p):
    y, k = np.array(d["y"]), d["K"]
    mean = p["alpha"] + sum(p["beta"][i] * y[k - 1 - i:len(y) - 1 - i] for i in range(k))
    prior = normal(p["alpha"], 0, 10) + normal(p["beta"], 0, 10) + cauchy(p["sigma"], 2.5)
    return prior + normal(y[k:], mean, p["sigma"])


def arma(d, p):
    before, error, errors = p["mu"], 0.0, []
    for y in d["y"]:
        error = y - p["mu"] - p["phi"] * before - p["theta"] * error
        errors.append(error)
        before = y
    prior = normal(p["mu"], 0, 10) + normal([p["phi"], p["theta"]], 0, 2) + cauchy(p["sigma"], 2.5)
    return prior + normal(errors, 0, p["sigma"])


def garch(d, p):
    variances = [d["sigma1"] ** 2]
    for y in d["y"][:-1]:
        variances.append(
            p["alpha0"] + p["alpha1"] * (y - p["mu"]) ** 2 + p["beta1"] * variances[-1])
    return normal(d["y"], p["mu"], np.sqrt(variances))


def covariance(d, p, diagonal):
    x = np.array(d["x"], float)
    squares = (x[:, None] - x) ** 2
    return p["alpha"] ** 2 * np.exp(-squares / (2 * p["rho"] ** 2)) + diagonal * np.eye(len(x))


def process_prior(p):
    return stats.gamma.logpdf(p["rho"], 25, scale=1 / 4) + normal(p["alpha"], 0, 2)


def poisson_process(d, p):
    f = np.linalg.cholesky(covariance(d, p, 1e-10)) @ p["f_raw"]
    counts = np.sum(stats.poisson.logpmf(d["k"], np.exp(f)))
    return process_prior(p) + normal(p["f_raw"], 0, 1) + counts


def process(d, p):
    gaussian = stats.multivariate_normal(np.zeros(d["N"]), covariance(d, p, p["sigma"]))
    return process_prior(p) + normal(p["sigma"], 0, 1) + gaussian.logpdf(d["y"])


def hidden_markov(d, p):
    log_transition = np.log([p["theta1"], p["theta2"]])
    emission = stats.norm.logpdf(np.array(d["y"])[:, None], p["mu"], 1)
    a = emission[0]
    for row in emission[1:]:
        a = row + special.logsumexp(a[:, None] + log_transition, axis=0)
    return normal(p["mu"], [3, 10], 1) + special.logsumexp(a)


def lotka_volterra(d, p):
    t, start = p["theta"], p["z_init"]

    def change(_, z):
        return [(t[0] - t[1] * z[1]) * z[0], (-t[2] + t[3] * z[0]) * z[1]]

    z = integrate.solve_ivp(
        change, (0, d["ts"][-1]), start, "DOP853", d["ts"], rtol=1e-11, atol=1e-11).y.T

    def lognormal(x, log_median, sd):
        return normal(np.log(x), log_median, sd) - np.sum(np.log(x))

    prior = normal(t, [1, 0.05, 1, 0.05], [0.5, 0.05, 0.5, 0.05])
    prior += lognormal(p["sigma"], -1, 1) + lognormal(start, np.log(10), 1)
    first = lognormal(d["y_init"], np.log(start), p["sigma"])
    return prior + first + lognormal(d["y"], np.log(z), p["sigma"])


def mixture(d, p):
    parts = stats.norm.logpdf(np.array(d["y"])[:, None], p["mu"], p["sigma"])
    weights = np.array([p["theta"], 1 - p["theta"]])
    prior = normal(p["mu"], 0, 2) + normal(p["sigma"], 0, 2) + stats.beta.logpdf(p["theta"], 5, 5)
    return prior + np.sum(special.logsumexp(parts + np.log(weights), axis=1))


SIZES = ["diam1", "diam2", "canopy_height", "total_height", "density", "group"]


def scale_prior(p):
    return cauchy(p["sigma"], 2.5)


JOINTS = {
    "arK-arK": autoregression,
    "arma-arma11": arma,
    "diamonds-diamonds": diamonds,
    "earnings-earn_height": regression("height", y="earn"),
    "earnings-logearn_height": regression("height", y="earn", log_of=("earn",)),
    "eight_schools-eight_schools_centered": eight_schools,
    "eight_schools-eight_schools_noncentered": eight_schools,
    "garch-garch11": garch,
    "gp_pois_regr-gp_pois_regr": poisson_process,
    "gp_pois_regr-gp_regr": process,
    "hmm_example-hmm_example": hidden_markov,
    "hudson_lynx_hare-lotka_volterra": lotka_volterra,
    "kidiq-kidscore_interaction": regression(
        "mom_hs", "mom_iq", "mom_hs*mom_iq", y="kid_score", prior=scale_prior),
    "kidiq-kidscore_momiq": regression("mom_iq", y="kid_score", prior=scale_prior),
    "kilpisjarvi_mod-kilpisjarvi": kilpisjarvi,
    "low_dim_gauss_mix-low_dim_gauss_mix": mixture,
    "mesquite-logmesquite": regression(
        *SIZES, y="weight", log_of=["weight", *SIZES[:-1]]),
    "mesquite-mesquite": regression(*SIZES, y="weight"),
    "nes1980-nes": nes,
    "nes_logit_data-nes_logit_model": logistic("income", "vote"),
    "sblrc-blr": blr,
    "sblri-blr": blr,
    "wells_data-wells_dist100_model": logistic("dist", "switched", divisor=100),
}


def check_values():
    """The check value of each posterior, as the Swift programs have them."""
    found = {}
    for file in ("Regressions.swift", "OtherModels.swift"):
        with open(os.path.join(MODELS, file)) as text:
            pattern = r'ReferencePosterior\(\s*"([^"]+)"[^{]*?check: (-?[\d.]+)'
            found.update((name, float(value)) for name, value in re.findall(pattern, text.read()))
    return found


def with_constants(code):
    """`x ~ law(a);` as `target += law_lpdf(x | a);`, which drops nothing."""
    def rewritten(match):
        value, law, arguments = match.groups()
        kind = "lpmf" if law in ("poisson_log", "bernoulli_logit") else "lpdf"
        return f"target += {law}_{kind}({value} | {arguments});"
    return re.sub(r"(\w+(?:\[[^\]]*\])?) ~ (\w+)\(([^;]*)\);", rewritten, code)


def point(name, reference):
    """The constrained parameters where the check value holds."""
    if name == "gp_pois_regr-gp_pois_regr":
        return {"rho": 6.0, "alpha": 3.0, "f_raw": np.full(11, 0.5)}
    p = {}
    for full in reference["names"]:
        mean, stem = reference["parameters"][full]["mean"], full.split("[")[0]
        p.setdefault(stem, []).append(mean)
        if "[" not in full:
            p[stem] = mean
    p = {stem: np.array(value) if isinstance(value, list) else value for stem, value in p.items()}
    for simplex in ("theta1", "theta2"):
        if simplex in p:
            p[simplex] = p[simplex] / p[simplex].sum()
    if name.endswith("noncentered"):
        p["theta_raw"] = (p.pop("theta") - p["mu"]) / p["tau"]
    return p


def constrained(model, q):
    """The parameters at an unconstrained point, by name."""
    doubles = ctypes.POINTER(ctypes.c_double)
    q, values = np.ascontiguousarray(q), np.empty(len(model.constrained_names))
    handle = ctypes.c_void_p(model._m)
    stanli._lib.stanli_constrain(
        handle, q.ctypes.data_as(doubles), values.ctypes.data_as(doubles))
    p = {}
    for name, value in zip(model.constrained_names, values):
        stem = name.split("[")[0]
        p[stem] = np.append(p.get(stem, []), value) if "[" in name else value
    return p


def differences(function, q, step=1e-3):
    """The gradient to fourth order."""
    def slope(direction):
        near = function(q + direction) - function(q - direction)
        far = function(q + 2 * direction) - function(q - 2 * direction)
        return (8 * near - far) / (12 * step)
    return np.array([slope(step * row) for row in np.eye(len(q))])


def main(folder):
    checks, failed = check_values(), []
    print("| posterior | D | log joint | less the check | less the formula | gradient |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name, joint in JOINTS.items():
        with open(os.path.join(PROGRAMS, name + ".stan")) as file:
            code = file.read()
        data, reference = (json.load(open(os.path.join(folder, name, file)))
                           for file in ("data.json", "reference.json"))
        blocks = re.sub(r"\ngenerated quantities \{.*", "\n", code, flags=re.S)
        program = stanli.Model(stan_code=code, data=data)
        full = stanli.Model(stan_code=with_constants(blocks), data=data)
        # With nothing in its model block a program has the log Jacobian alone.
        empty = re.sub(r"\nmodel \{.*", "\nmodel {}\n", blocks, flags=re.S)
        jacobian = stanli.Model(stan_code=empty, data=data)

        def formula(q):
            return joint(data, constrained(jacobian, q)) + jacobian.log_prob_grad(q)[0]

        q = program.unconstrain(point(name, reference))
        value = full.log_prob_grad(q)[0] - jacobian.log_prob_grad(q)[0]
        # The reference of diamonds alone has a half-t law that integrates to one.
        check = checks[name] - (LOG_2 if name == "diamonds-diamonds" else 0)
        from_check, from_formula = value - check, value - joint(data, constrained(jacobian, q))
        q = q + 0.02 * (-1) ** np.arange(len(q))
        gradient = program.log_prob_grad(q)[1]
        size = max(1, np.max(np.abs(gradient)))
        error = np.max(np.abs(gradient - differences(formula, q))) / size
        # The solver of the differential equation has tolerances of 1e-6.
        solver = name == "hudson_lynx_hare-lotka_volterra"
        limits = (1e-5, 1e-5, 1e-5) if solver else (1e-6, 1e-7, 1e-7)
        if not all(abs(e) <= limit for e, limit in zip((from_check, from_formula, error), limits)):
            failed.append(name)
        print(f"| {name} | {len(q)} | {value:.6f} | {from_check:.1e} | {from_formula:.1e} "
              f"| {error:.1e} |", flush=True)
    if failed:
        raise SystemExit("too far off: " + ", ".join(failed))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "../shared/posteriordb")
