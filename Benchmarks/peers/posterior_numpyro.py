# SPDX-License-Identifier: Apache-2.0
"""A posterior of posteriordb by NumPyro: a full-covariance Gaussian (AutoMultivariateNormal) fitted
by SVI, 10,000 steps of Adam at a rate of 0.01 with one draw each, in 64 bits; then 4,000 draws of
it. Predictors are as they come, as in the other programs.

    python posterior_numpyro.py NAME path/to/data.json [--steps N] [--rate R] [--seed S]

Prints one JSON object: mean and sd of every parameter, the mean loss of the last tenth of the steps
and seconds from the first import on. `check_numpyro.py` holds the densities against check values.
"""

import time

STARTED = time.perf_counter()

import argparse
import json

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.experimental.ode import odeint
from numpyro import deterministic, factor, sample
from numpyro.distributions import constraints
from numpyro.infer import SVI, Trace_ELBO, init_to_median, init_to_uniform
from numpyro.infer.autoguide import AutoMultivariateNormal

numpyro.enable_x64()


def flat(name, support=constraints.real, size=None):
    return sample(name, dist.ImproperUniform(support, (), () if size is None else (size,)))


def flat_regression(x, y):
    beta, sigma = flat("beta", size=x.shape[1]), flat("sigma", constraints.positive)
    sample("y", dist.Normal(x @ beta, sigma), obs=y)


def design(*columns):
    return jnp.stack([jnp.ones_like(columns[0]), *columns], axis=1)


def earn_height(d):
    flat_regression(design(d["height"]), d["earn"])


def logearn_height(d):
    flat_regression(design(d["height"]), jnp.log(d["earn"]))


SIZES = ("diam1", "diam2", "canopy_height", "total_height", "density")


def mesquite(d):
    flat_regression(design(*(d[size] for size in SIZES), d["group"]), d["weight"])


def logmesquite(d):
    logs = (jnp.log(d[size]) for size in SIZES)
    flat_regression(design(*logs, d["group"]), jnp.log(d["weight"]))


def nes(d):
    ages = [jnp.where(d["age_discrete"] == group, 1.0, 0.0) for group in (2, 3, 4)]
    x = design(d["real_ideo"], d["race_adj"], *ages, d["educ1"], d["gender"], d["income"])
    flat_regression(x, d["partyid7"])


def kidscore(*names):
    def model(d):
        x = design(*(jnp.prod(jnp.stack([d[n] for n in name.split("*")]), 0) for name in names))
        beta = flat("beta", size=x.shape[1])
        sigma = sample("sigma", dist.HalfCauchy(2.5))
        sample("y", dist.Normal(x @ beta, sigma), obs=d["kid_score"])
    return model


def kilpisjarvi(d):
    alpha = sample("alpha", dist.Normal(d["pmualpha"], d["psalpha"]))
    beta = sample("beta", dist.Normal(d["pmubeta"], d["psbeta"]))
    sigma = flat("sigma", constraints.positive)
    sample("y", dist.Normal(alpha + beta * d["x"], sigma), obs=d["y"])


def blr(d):
    beta = sample("beta", dist.Normal(0, 10).expand([5]).to_event(1))
    sigma = sample("sigma", dist.HalfNormal(10))
    sample("y", dist.Normal(d["X"] @ beta, sigma), obs=d["y"])


def diamonds(d):
    x = d["X"][:, 1:]
    b = sample("b", dist.Normal(0, 1).expand([24]).to_event(1))
    intercept = sample("Intercept", dist.StudentT(3, 8, 10))
    sigma = sample("sigma", dist.FoldedDistribution(dist.StudentT(3, 0, 10)))
    sample("y", dist.Normal(intercept + (x - x.mean(0)) @ b, sigma), obs=d["Y"])


def logistic(x, y, divisor=1.0):
    def model(d):
        alpha, beta = flat("alpha"), flat("beta", size=1)
        sample("y", dist.Bernoulli(logits=alpha + beta[0] * d[x] / divisor), obs=d[y])
    return model


def eight_schools_centred(d):
    mu, tau = sample("mu", dist.Normal(0, 5)), sample("tau", dist.HalfCauchy(5))
    theta = sample("theta", dist.Normal(mu, tau).expand([8]).to_event(1))
    sample("y", dist.Normal(theta, d["sigma"]), obs=d["y"])


def eight_schools_noncentred(d):
    mu, tau = sample("mu", dist.Normal(0, 5)), sample("tau", dist.HalfCauchy(5))
    theta_raw = sample("theta_raw", dist.Normal(0, 1).expand([8]).to_event(1))
    theta = deterministic("theta", mu + tau * theta_raw)
    sample("y", dist.Normal(theta, d["sigma"]), obs=d["y"])


def autoregression(d):
    y, order = d["y"], int(d["K"])
    past = jnp.stack([y[order - 1 - k:len(y) - 1 - k] for k in range(order)], axis=1)
    alpha = sample("alpha", dist.Normal(0, 10))
    beta = sample("beta", dist.Normal(0, 10).expand([order]).to_event(1))
    sigma = sample("sigma", dist.HalfCauchy(2.5))
    sample("y", dist.Normal(alpha + past @ beta, sigma), obs=y[order:])


def arma(d):
    mu = sample("mu", dist.Normal(0, 10))
    phi, theta = sample("phi", dist.Normal(0, 2)), sample("theta", dist.Normal(0, 2))
    sigma = sample("sigma", dist.HalfCauchy(2.5))

    def step(carry, y):
        before, error = carry
        error = y - (mu + phi * before + theta * error)
        return (y, error), error

    _, errors = jax.lax.scan(step, (mu, jnp.zeros_like(mu)), d["y"])
    sample("errors", dist.Normal(0, sigma), obs=errors)


def garch(d):
    mu, alpha0 = flat("mu"), flat("alpha0", constraints.positive)
    # Uniform on the triangle.
    parts = sample("parts", dist.Dirichlet(jnp.ones(3)))
    alpha1, beta1 = deterministic("alpha1", parts[0]), deterministic("beta1", parts[1])

    def step(variance, y):
        return alpha0 + alpha1 * (y - mu) ** 2 + beta1 * variance, variance

    first = d["sigma1"] ** 2 * jnp.ones_like(mu)
    _, variances = jax.lax.scan(step, first, d["y"])
    sample("y", dist.Normal(mu, jnp.sqrt(variances)), obs=d["y"])


def covariance(d, diagonal):
    rho, alpha = sample("rho", dist.Gamma(25, 4)), sample("alpha", dist.HalfNormal(2))
    squares = (d["x"][:, None] - d["x"]) ** 2
    return alpha**2 * jnp.exp(-squares / (2 * rho**2)) + diagonal * jnp.eye(len(d["x"]))


def poisson_process(d):
    factor_of_covariance = jnp.linalg.cholesky(covariance(d, 1e-10))
    f_raw = sample("f_raw", dist.Normal(0, 1).expand([11]).to_event(1))
    f = deterministic("f", factor_of_covariance @ f_raw)
    sample("k", dist.Poisson(jnp.exp(f)), obs=d["k"])


def process(d):
    sigma = sample("sigma", dist.HalfNormal(1))
    sample("y", dist.MultivariateNormal(0, covariance(d, sigma)), obs=d["y"])


def hidden_markov(d):
    rows = [sample(name, dist.Dirichlet(jnp.ones(2))) for name in ("theta1", "theta2")]
    mu = flat("mu", constraints.positive_ordered_vector, 2)
    factor("prior of mu", dist.Normal(jnp.array([3.0, 10]), 1).log_prob(mu).sum())
    emissions = dist.Normal(mu, 1).log_prob(d["y"][:, None])
    log_transition = jnp.log(jnp.stack(rows))

    def step(a, emission):
        return emission + jax.nn.logsumexp(a[:, None] + log_transition, axis=0), None

    a, _ = jax.lax.scan(step, emissions[0], emissions[1:])
    factor("y", jax.nn.logsumexp(a))


def lotka_volterra(d):
    means, spreads = jnp.array([1, 0.05, 1, 0.05]), jnp.array([0.5, 0.05, 0.5, 0.05])
    theta = sample("theta", dist.TruncatedNormal(means, spreads, low=0).to_event(1))
    start = sample("z_init", dist.LogNormal(jnp.log(10), 1).expand([2]).to_event(1))
    sigma = sample("sigma", dist.LogNormal(-1, 1).expand([2]).to_event(1))

    def change(z, t, theta):
        return jnp.stack([
            (theta[0] - theta[1] * z[1]) * z[0], (theta[3] * z[0] - theta[2]) * z[1]])

    times = jnp.concatenate([jnp.zeros(1), d["ts"]])
    z = odeint(change, start, times, theta, rtol=1e-6, atol=1e-6, mxstep=1000)
    sample("y_init", dist.LogNormal(jnp.log(start), sigma), obs=d["y_init"])
    sample("y", dist.LogNormal(jnp.log(z[1:]), sigma), obs=d["y"])


def mixture(d):
    mu = flat("mu", constraints.ordered_vector, 2)
    factor("prior of mu", dist.Normal(0, 2).log_prob(mu).sum())
    sigma = sample("sigma", dist.HalfNormal(2).expand([2]).to_event(1))
    theta = sample("theta", dist.Beta(5, 5))
    parts = dist.Normal(mu, sigma)
    weights = dist.Categorical(jnp.stack([theta, 1 - theta]))
    sample("y", dist.MixtureSameFamily(weights, parts), obs=d["y"])


MODELS = {
    "arK-arK": autoregression,
    "arma-arma11": arma,
    "diamonds-diamonds": diamonds,
    "earnings-earn_height": earn_height,
    "earnings-logearn_height": logearn_height,
    "eight_schools-eight_schools_centered": eight_schools_centred,
    "eight_schools-eight_schools_noncentered": eight_schools_noncentred,
    "garch-garch11": garch,
    "gp_pois_regr-gp_pois_regr": poisson_process,
    "gp_pois_regr-gp_regr": process,
    "hmm_example-hmm_example": hidden_markov,
    "hudson_lynx_hare-lotka_volterra": lotka_volterra,
    "kidiq-kidscore_interaction": kidscore("mom_hs", "mom_iq", "mom_hs*mom_iq"),
    "kidiq-kidscore_momiq": kidscore("mom_iq"),
    "kilpisjarvi_mod-kilpisjarvi": kilpisjarvi,
    "low_dim_gauss_mix-low_dim_gauss_mix": mixture,
    "mesquite-logmesquite": logmesquite,
    "mesquite-mesquite": mesquite,
    "nes1980-nes": nes,
    "nes_logit_data-nes_logit_model": logistic("income", "vote"),
    "sblrc-blr": blr,
    "sblri-blr": blr,
    "wells_data-wells_dist100_model": logistic("dist", "switched", divisor=100),
}


def summaries(draws):
    """Mean and sd of every number, named as in Stan."""
    for name, values in draws.items():
        values = np.asarray(values)
        for place in np.ndindex(values.shape[1:]):
            column = values[(slice(None), *place)]
            index = "[" + ",".join(str(i + 1) for i in place) + "]" if place else ""
            yield {"name": name + index, "mean": column.mean(), "sd": column.std(ddof=1)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=MODELS, metavar="NAME")
    parser.add_argument("data")
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    model = MODELS[options.name]
    with open(options.data) as file:
        data = {key: jnp.asarray(value, float) for key, value in json.load(file).items()}

    # Random starts, as by default, but for the differential equation, which has no solution there.
    start = init_to_median if model is lotka_volterra else init_to_uniform
    guide = AutoMultivariateNormal(model, init_loc_fn=start)
    svi = SVI(model, guide, numpyro.optim.Adam(options.rate), Trace_ELBO())
    fit, draw = jax.random.split(jax.random.key(options.seed))
    result = svi.run(fit, options.steps, data, progress_bar=False, stable_update=True)
    draws = guide.sample_posterior(draw, result.params, sample_shape=(4000,))
    loss = float(result.losses[-options.steps // 10:].mean())
    print(json.dumps({
        "parameters": list(summaries(draws)), "loss": loss,
        "seconds": time.perf_counter() - STARTED}))


if __name__ == "__main__":
    main()
