// SPDX-License-Identifier: Apache-2.0
// nes_logit_data-nes_logit_model: votes on income by logistic regression, flat priors.
data {
  int<lower=0> N;
  vector[N] income;
  array[N] int<lower=0, upper=1> vote;
}
parameters {
  real alpha;
  vector[1] beta;
}
model {
  vote ~ bernoulli_logit(alpha + beta[1] * income);
}
generated quantities {
  array[N] int vote_rep = bernoulli_logit_rng(alpha + beta[1] * income);
}
