# SPDX-License-Identifier: Apache-2.0
"""Microseconds of one gradient by stan-math, for seven posteriors of posteriordb, through stanli
(`pip install stanli numpy`): the same densities as `posterior-speed` times.

    python3 Benchmarks/stan_gradients.py ../shared/posteriordb
"""

import ctypes
import json
import sys
import time

import numpy as np
import stanli

REGRESSION = """
data {{ int N; int K; matrix[N, K] X; vector[N] y; }}
parameters {{ vector[K] beta; real<lower=0> sigma; }}
model {{ {priors} y ~ normal(X * beta, sigma); }}
"""

EIGHT_SCHOOLS = """
data { int J; vector[J] y; vector<lower=0>[J] sigma; }
parameters { vector[J] z; real mu; real<lower=0> tau; }
model {
  z ~ normal(0, 1); mu ~ normal(0, 5); tau ~ cauchy(0, 5);
  y ~ normal(mu + tau * z, sigma);
}
"""

MIXTURE = """
data { int N; vector[N] y; }
parameters { ordered[2] mu; array[2] real<lower=0> sigma; real<lower=0, upper=1> theta; }
model {
  sigma ~ normal(0, 2); mu ~ normal(0, 2); theta ~ beta(5, 5);
  for (n in 1:N)
    target += log_mix(theta, normal_lpdf(y[n] | mu[1], sigma[1]), normal_lpdf(y[n] | mu[2], sigma[2]));
}
"""

PROCESS = """
data { int N; array[N] real x; vector[N] y; }
parameters { real<lower=0> rho; real<lower=0> alpha; real<lower=0> sigma; }
model {
  matrix[N, N] cov = gp_exp_quad_cov(x, alpha, rho) + diag_matrix(rep_vector(sigma, N));
  rho ~ gamma(25, 4); alpha ~ normal(0, 2); sigma ~ normal(0, 1);
  y ~ multi_normal_cholesky(rep_vector(0, N), cholesky_decompose(cov));
}
"""


def regression(columns, y, priors=""):
    x = np.column_stack(columns)
    data = {"N": x.shape[0], "K": x.shape[1], "X": x.tolist(), "y": list(map(float, y))}
    return REGRESSION.format(priors=priors), data


def programs(folder):
    def read(name):
        with open(f"{folder}/{name}/data.json") as file:
            return json.load(file)

    yield "eight_schools-eight_schools_noncentered", EIGHT_SCHOOLS, read(
        "eight_schools-eight_schools_noncentered")
    d = read("kidiq-kidscore_momiq")
    one = np.ones(d["N"])
    yield "kidiq-kidscore_momiq", *regression(
        [one, d["mom_iq"]], d["kid_score"], "sigma ~ cauchy(0, 2.5);")
    d = read("earnings-earn_height")
    yield "earnings-earn_height", *regression([np.ones(d["N"]), d["height"]], d["earn"])
    d = read("nes1980-nes")
    ages = np.array(d["age_discrete"])
    columns = [np.ones(d["N"]), d["real_ideo"], d["race_adj"]]
    columns += [(ages == group).astype(float) for group in (2, 3, 4)]
    columns += [d["educ1"], d["gender"], d["income"]]
    yield "nes1980-nes", *regression(columns, d["partyid7"])
    d = read("arK-arK")
    y, k = np.array(d["y"]), d["K"]
    lags = [y[k - lag:len(y) - lag] for lag in range(1, k + 1)]
    yield "arK-arK", *regression(
        [np.ones(len(y) - k)] + lags, y[k:], "beta ~ normal(0, 10); sigma ~ cauchy(0, 2.5);")
    yield "low_dim_gauss_mix-low_dim_gauss_mix", MIXTURE, read(
        "low_dim_gauss_mix-low_dim_gauss_mix")
    yield "gp_pois_regr-gp_regr", PROCESS, read("gp_pois_regr-gp_regr")


def microseconds(model):
    """The least of several runs, in calls of the C function alone."""
    pointer = ctypes.POINTER(ctypes.c_double)
    n = model.n_unconstrained
    q, gradient = np.full(n, 0.1), np.empty(n)
    value = ctypes.c_double()
    arguments = (
        model._m, q.ctypes.data_as(pointer), ctypes.byref(value), gradient.ctypes.data_as(pointer))
    call = stanli._lib.stanli_grad
    calls, best = 2000, float("inf")
    for _ in range(7):
        start = time.perf_counter()
        for _ in range(calls):
            call(*arguments)
        best = min(best, (time.perf_counter() - start) / calls * 1e6)
    return best


print("| posterior | D | us a gradient |")
print("| --- | --- | --- |")
for name, code, data in programs(sys.argv[1] if len(sys.argv) > 1 else "../shared/posteriordb"):
    model = stanli.Model(stan_code=code, data=data)
    print(f"| {name} | {model.n_unconstrained} | {microseconds(model):.2f} |", flush=True)
