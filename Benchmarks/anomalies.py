#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Outliers of tables by the score of a linear Gaussian autoencoder, against closed-form PPCA.

    python3 Benchmarks/anomalies.py TABLES --label outlier --elbo .build/release/elbo

TABLES is a folder of .csv files of reals with a column of 0 and 1. Each is divided 60/40 by seed, an
autoencoder without hidden layers and with one noise (whose optimum is probabilistic principal
components, Tipping and Bishop 1999) is trained on the 60, labels unseen, and the 40 are scored by
`elbo score`; the area under the ROC curve of -L_K is beside that of the exact -log p(x) of PPCA on the
same rows. Needs NumPy.
"""

import argparse
import csv
import pathlib
import subprocess
import tempfile

import numpy as np


def area(scores, labels):
    """The chance that an outlier has the larger score; ties count half."""
    order = scores.argsort(kind="stable")
    ranks = np.empty(len(scores))
    ranks[order] = np.arange(1, len(scores) + 1)
    for value in np.unique(scores):
        same = scores == value
        ranks[same] = ranks[same].mean()
    positive = labels == 1
    n = positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(labels) - n))


def principal_components_score(train, test, latent):
    """-log N(x; 0, W W^T + s^2 I) at the maximum of the likelihood of standardised columns."""
    mean, scale = train.mean(0), train.std(0)
    scale[scale == 0] = 1
    train, test = (train - mean) / scale, (test - mean) / scale
    values, vectors = np.linalg.eigh(train.T @ train / len(train))
    noise = values[:-latent].mean()
    spectrum = np.concatenate([np.full(len(values) - latent, noise), values[-latent:]])
    return 0.5 * ((test @ vectors) ** 2 / spectrum).sum(1) + 0.5 * np.log(spectrum).sum()


def scores(elbo, run, split, folder):
    path = folder / f"{split}.csv"
    subprocess.run(
        [elbo, "score", run, "--split", split, "--importance-samples", "500", "-o", path],
        check=True, capture_output=True)
    with open(path) as file:
        rows = list(csv.DictReader(file))
    return np.array([int(r["row"]) for r in rows]), np.array([-float(r["iwae"]) for r in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=pathlib.Path)
    parser.add_argument("--label", default="outlier")
    parser.add_argument("--latent", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=1000)
    parser.add_argument("--learning-rate", type=float, default=0.005)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--elbo", default=".build/release/elbo")
    options = parser.parse_args()
    print("| table | rows x columns | elbo | PPCA | difference, seed by seed |")
    print("| --- | --- | --- | --- | --- |")
    for table in sorted(options.tables.glob("*.csv")):
        with open(table) as file:
            rows = list(csv.DictReader(file))
        names = [name for name in rows[0] if name != options.label]
        x = np.array([[float(row[name]) for name in names] for row in rows])
        labels = np.array([int(row[options.label]) for row in rows])
        ours, exact = [], []
        for seed in range(options.seeds):
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                subprocess.run(
                    [options.elbo, "train", "--data", table, "--label", options.label,
                     "--kinds", "real", "--hidden", "none", "--latent", str(options.latent),
                     "--noise", "one", "--epochs", str(options.epochs), "--seed", str(seed),
                     "--learning-rate", str(options.learning_rate), "--fractions", "60,0,40",
                     "--no-figures", "-o", folder / "run"], check=True, capture_output=True)
                train, _ = scores(options.elbo, folder / "run", "train", folder)
                test, score = scores(options.elbo, folder / "run", "test", folder)
            ours.append(area(score, labels[test]))
            exact.append(
                area(principal_components_score(x[train], x[test], options.latent), labels[test]))
        ours, exact = np.array(ours), np.array(exact)
        differences = ", ".join(f"{d:+.3f}" for d in ours - exact)
        print(
            f"| {table.stem} | {len(rows)} x {len(names)} | {ours.mean():.3f} | {exact.mean():.3f} "
            f"| {differences} |", flush=True)


if __name__ == "__main__":
    main()
