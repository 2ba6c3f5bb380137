# SPDX-License-Identifier: Apache-2.0
"""The article's variational autoencoder in JAX: the whole epoch is one compiled `lax.scan`."""

import os
import time

import numpy

import common


def main():
    options = common.parser().parse_args()
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: options.threads]))

    import jax
    import jax.numpy as jnp

    def linear(key, inputs, outputs):
        w, b = jax.random.split(key)
        bound = inputs ** -0.5
        return (jax.random.uniform(w, (inputs, outputs), minval=-bound, maxval=bound),
                jax.random.uniform(b, (outputs,), minval=-bound, maxval=bound))

    data, hidden, latent, batch = 784, options.hidden, options.latent, options.batch
    keys = jax.random.split(jax.random.key(0), 6)
    widths = [(data, hidden), (hidden, latent), (hidden, latent), (latent, hidden), (hidden, data)]
    parameters = [linear(k, *w) for k, w in zip(keys, widths)]

    def cost(parameters, x, noise):
        e1, mu, lv, d1, d2 = parameters
        h = jax.nn.relu(x @ e1[0] + e1[1])
        mean, log_var = h @ mu[0] + mu[1], h @ lv[0] + lv[1]
        z = mean + jnp.exp(0.5 * log_var) * noise
        logits = jax.nn.relu(z @ d1[0] + d1[1]) @ d2[0] + d2[1]
        reconstruction = jnp.sum(jnp.logaddexp(0.0, logits) - x * logits)
        return reconstruction - 0.5 * jnp.sum(1 + log_var - mean**2 - jnp.exp(log_var))

    def adam(p, g, m, v, t):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        return p - 1e-3 * (m / (1 - 0.9**t)) / (jnp.sqrt(v / (1 - 0.999**t)) + 1e-8), m, v

    def step(state, rows):
        parameters, m, v, t, key = state
        key, draw = jax.random.split(key)
        x = images[rows].astype(jnp.float32) / 255
        noise = jax.random.normal(draw, (rows.shape[0], latent))
        loss, g = jax.value_and_grad(cost)(parameters, x, noise)
        t = t + 1
        leaves, tree = jax.tree.flatten(parameters)
        updated = [adam(*each, t) for each in zip(leaves, *map(jax.tree.leaves, (g, m, v)))]
        parameters, m, v = (jax.tree.unflatten(tree, part) for part in zip(*updated))
        return (parameters, m, v, t, key), loss

    @jax.jit
    def scan(state, order):
        whole = len(order) // batch * batch
        state, losses = jax.lax.scan(step, state, order[:whole].reshape(-1, batch))
        total = jnp.sum(losses)
        if whole < len(order):
            state, last = step(state, order[whole:])
            total = total + last
        return state, total

    images = jnp.asarray(common.images(options.data, "train"))
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    state = (parameters, zeros, zeros, jnp.float32(0), jax.random.key(1))
    generator = numpy.random.default_rng(0)
    count = images.shape[0]
    started = time.perf_counter()
    compiled = scan.lower(state, jnp.arange(count)).compile()
    compile_seconds = time.perf_counter() - started

    def epoch():
        nonlocal state
        state, total = compiled(state, jnp.asarray(generator.permutation(count)))
        return float(total) / count

    common.run(options.epochs, epoch, compile_seconds=compile_seconds)


if __name__ == "__main__":
    main()
