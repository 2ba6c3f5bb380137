# SPDX-License-Identifier: Apache-2.0
"""What the peers' programs share: options, images in memory, one line of JSON for each epoch."""

import argparse
import gzip
import json
import os
import time

import numpy


def parser(data="a folder of MNIST's IDX files"):
    """The options of every peer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", help=data)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--hidden", type=int, default=400)
    parser.add_argument("--latent", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    return parser


def images(folder, split):
    """The bytes `[images, 784]` of `train` or `test`, from an IDX file, plain or gzip."""
    stem = {"train": "train", "test": "t10k"}[split] + "-images-idx3-ubyte"
    path = os.path.join(folder, stem)
    data = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    return numpy.frombuffer(data, numpy.uint8, offset=16).reshape(-1, 784)


def run(epochs, train, last=dict, **more):
    """Calls `train`, which returns the mean cost of an epoch in nats per example, and prints each;
    with what `last` returns after the last one."""
    for number in range(epochs):
        started = time.perf_counter()
        loss = train()
        seconds = time.perf_counter() - started
        more = {**more, **(last() if number + 1 == epochs else {})}
        print(json.dumps({"epoch": number + 1, "seconds": seconds, "loss": loss, **more}),
              flush=True)
