# SPDX-License-Identifier: Apache-2.0
"""A variational autoencoder of word counts in PyTorch, dense, one line of JSON per epoch.

The model is that of `elbo train --likelihood multinomial` and `negative-binomial`: the encoder sees
log(1 + x), shares are a softmax of the decoder's outputs, whose biases begin at the logarithms of
the columns' means; a negative binomial's mean is the row's total times its shares, with one
dispersion for each column.

Variants: `plain` is what a user writes first, a DataLoader, the whole log-probability and Adam as
it is; `lean` indexes batches, uses Adam's fused kernel and leaves what does not depend on
parameters out of the training cost. After the last epoch "test" is the ELBO of the test rows, a
draw each, in nats, summed.
"""

import torch
import torch.nn.functional as F
from scipy import sparse
from torch import nn

import common


class CountsVAE(nn.Module):
    def __init__(self, means, hidden, latent, law):
        super().__init__()
        self.law = law
        self.fc1 = nn.Linear(len(means), hidden)
        self.fc_mu = nn.Linear(hidden, latent)
        self.fc_logvar = nn.Linear(hidden, latent)
        self.back1 = nn.Linear(latent, hidden)
        self.back2 = nn.Linear(hidden, len(means))
        self.back2.bias.data = means.clamp(min=1e-4).log()
        if law == "negative-binomial":
            self.log_dispersion = nn.Parameter(torch.zeros(len(means)))

    def elbo(self, x, lean):
        """Of each row; `lean` without what no parameter changes."""
        h = F.relu(self.fc1(x.log1p()))
        mu, log_var = self.fc_mu(h), self.fc_logvar(h)
        z = mu + torch.randn_like(mu) * torch.exp(0.5 * log_var)
        logits = self.back2(F.relu(self.back1(z)))
        kl = -0.5 * (1 + log_var - mu.pow(2) - log_var.exp()).sum(1)
        log_shares = F.log_softmax(logits, 1)
        total = x.sum(1)
        if self.law == "multinomial":
            density = (x * log_shares).sum(1)
            if not lean:
                density = density + (total + 1).lgamma() - (x + 1).lgamma().sum(1)
        else:
            log_mean = log_shares + total.clamp(min=1e-8).log()[:, None]
            log_r = self.log_dispersion
            r, d = log_r.exp(), log_mean - log_r
            each = (x + r).lgamma() - r.lgamma() - x * F.softplus(-d) - r * F.softplus(d)
            if not lean:
                each = each - (x + 1).lgamma()
            density = each.sum(1)
        return density - kl


def main():
    parser = common.parser("a SciPy matrix of counts; the first rows are learned")
    parser.add_argument("--variant", choices=["plain", "lean"], default="lean")
    parser.add_argument("--law", choices=["multinomial", "negative-binomial"],
                        default="multinomial")
    parser.add_argument("--test", type=int, default=1500, help="the last rows, which are not")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    lean = options.variant == "lean"
    counts = torch.from_numpy(sparse.load_npz(options.data).toarray().astype("float32"))
    x, test = counts[:-options.test], counts[-options.test:]
    vae = CountsVAE(x.mean(0), options.hidden, options.latent, options.law)
    optimiser = torch.optim.Adam(vae.parameters(), lr=1e-3, fused=lean)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(x), batch_size=options.batch, shuffle=True)

    def batches():
        if lean:
            for rows in torch.randperm(len(x)).split(options.batch):
                yield x[rows]
        else:
            for (batch,) in loader:
                yield batch

    def epoch():
        total = 0.0
        for batch in batches():
            loss = -vae.elbo(batch, lean).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item() if not lean else loss.detach()
        return float(total) / len(x)

    def judge():
        with torch.no_grad():
            return float(vae.elbo(test, False).double().sum())

    common.run(options.epochs, epoch, last=lambda: {"test": judge()})


if __name__ == "__main__":
    main()
