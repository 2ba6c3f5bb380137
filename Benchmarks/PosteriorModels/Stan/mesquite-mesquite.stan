// SPDX-License-Identifier: Apache-2.0
// mesquite-mesquite: weights of mesquite bushes on their sizes, flat priors.
data {
  int<lower=0> N;
  vector<lower=0>[N] weight;
  vector<lower=0>[N] diam1;
  vector<lower=0>[N] diam2;
  vector<lower=0>[N] canopy_height;
  vector<lower=0>[N] total_height;
  vector<lower=0>[N] density;
  vector[N] group;
}
parameters {
  vector[7] beta;
  real<lower=0> sigma;
}
model {
  weight ~ normal(
    beta[1] + beta[2] * diam1 + beta[3] * diam2 + beta[4] * canopy_height
      + beta[5] * total_height + beta[6] * density + beta[7] * group, sigma);
}
