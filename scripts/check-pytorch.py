#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Loads a run's model.safetensors into the equivalent PyTorch module and compares the test ELBO.

    scripts/check-pytorch.py .build/release/elbo runs/mnist path/to/mnist

Needs torch, numpy and safetensors. The two programs draw their own noise, so the values differ by
sampling error: the difference is printed with its standard error over images.
"""

import json
import os
import subprocess
import sys

import torch
from safetensors.torch import load_file

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "Benchmarks", "peers"))
import common
from torch_vae import VAE


def main():
    command, run, data = sys.argv[1:4]
    state = load_file(os.path.join(run, "model.safetensors"))
    hidden, pixels = state["encoder.fc1.weight"].shape
    vae = VAE(pixels, hidden, state["encoder.fc_mu.weight"].shape[0])
    vae.load_state_dict(state, strict=True)
    x = torch.from_numpy(common.images(data, "test").astype("float32") / 255)
    torch.manual_seed(0)
    with torch.no_grad():
        logits, mu, log_var = vae(x)
        reconstruction = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, x, reduction="none").sum(1)
        kl = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1)
    theirs = -(reconstruction + kl).double()
    ours = json.loads(subprocess.check_output([command, "evaluate", run, "--data", data, "--json"]))
    print(f"load_state_dict(strict=True): {len(state)} tensors")
    print(f"PyTorch {torch.__version__}: ELBO {theirs.mean():.3f}, reconstruction "
          f"{reconstruction.mean():.3f}, KL {kl.mean():.4f}")
    print(f"elbo: ELBO {ours['elbo']:.3f}, reconstruction {ours['reconstruction']:.3f}, "
          f"KL {ours['kl']:.4f}")
    print(f"difference {ours['elbo'] - theirs.mean():.3f} (KL {ours['kl'] - kl.mean().double():.2e})")


if __name__ == "__main__":
    main()
