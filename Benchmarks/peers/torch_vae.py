# SPDX-License-Identifier: Apache-2.0
"""The article's variational autoencoder in PyTorch, one line of JSON per epoch.

Variants: `article` is the article's loop with the data in memory as float32; `fused` uses Adam's
fused kernel, indexed batches and logits; `bf16` adds autocast to `fused`.
"""

import torch
import torch.nn.functional as F
from torch import nn

import common


class Encoder(nn.Module):
    def __init__(self, data, hidden, latent):
        super().__init__()
        self.fc1 = nn.Linear(data, hidden)
        self.fc_mu = nn.Linear(hidden, latent)
        self.fc_logvar = nn.Linear(hidden, latent)

    def forward(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mu(h), self.fc_logvar(h)


class Decoder(nn.Module):
    def __init__(self, latent, hidden, data):
        super().__init__()
        self.fc1 = nn.Linear(latent, hidden)
        self.fc2 = nn.Linear(hidden, data)

    def forward(self, z):
        return self.fc2(F.relu(self.fc1(z)))


class VAE(nn.Module):
    def __init__(self, data, hidden, latent):
        super().__init__()
        self.encoder = Encoder(data, hidden, latent)
        self.decoder = Decoder(latent, hidden, data)

    def forward(self, x):
        mu, log_var = self.encoder(x)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
        return self.decoder(z), mu, log_var


def costs(logits, x, mu, log_var, article):
    if article:
        reconstruction = F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="sum")
    else:
        reconstruction = F.binary_cross_entropy_with_logits(logits.float(), x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return reconstruction + kl


def main():
    parser = common.parser()
    parser.add_argument("--variant", choices=["article", "fused", "bf16"], default="article")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    article = options.variant == "article"
    x = torch.from_numpy(common.images(options.data, "train").astype("float32") / 255)
    vae = VAE(784, options.hidden, options.latent)
    optimiser = torch.optim.Adam(vae.parameters(), lr=1e-3, fused=not article)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x), batch_size=options.batch, shuffle=True)

    def batches():
        if article:
            for (batch,) in loader:
                yield batch
        else:
            for rows in torch.randperm(len(x)).split(options.batch):
                yield x[rows]

    def epoch():
        total = 0.0
        for batch in batches():
            with torch.autocast("cpu", torch.bfloat16, enabled=options.variant == "bf16"):
                logits, mu, log_var = vae(batch)
                loss = costs(logits, batch, mu, log_var, article)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() if article else loss.detach()
        return float(total) / len(x)

    common.run(options.epochs, epoch)


if __name__ == "__main__":
    main()
