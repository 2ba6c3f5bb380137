# SPDX-License-Identifier: Apache-2.0
"""Reads the four IDX files of MNIST, plain or gzip, as the peers' programs do: into memory, once."""

import gzip
import os

import numpy


def images(folder, split):
    stem = {"train": "train", "test": "t10k"}[split] + "-images-idx3-ubyte"
    path = os.path.join(folder, stem)
    data = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    return numpy.frombuffer(data, numpy.uint8, offset=16).reshape(-1, 784)
