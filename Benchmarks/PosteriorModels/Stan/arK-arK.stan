// SPDX-License-Identifier: Apache-2.0
// arK-arK: an autoregression of order K, given the first K values.
data {
  int<lower=0> K;
  int<lower=K> T;
  vector[T] y;
}
transformed data {
  // Column k has the values k steps before.
  matrix[T - K, K] past;
  for (k in 1:K) past[, k] = y[(K + 1 - k):(T - k)];
}
parameters {
  real alpha;
  vector[K] beta;
  real<lower=0> sigma;
}
model {
  alpha ~ normal(0, 10);
  beta ~ normal(0, 10);
  sigma ~ cauchy(0, 2.5);
  y[(K + 1):T] ~ normal(alpha + past * beta, sigma);
}
