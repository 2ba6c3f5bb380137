// SPDX-License-Identifier: Apache-2.0
// diamonds-diamonds: log prices on 24 strongly correlated predictors, centred.
data {
  int<lower=1> N;
  vector[N] Y;
  int<lower=1> K;
  matrix[N, K] X; // column 1 is all ones
}
transformed data {
  matrix[N, K - 1] Xc;
  for (k in 2:K) Xc[, k - 1] = X[, k] - mean(X[, k]);
}
parameters {
  vector[K - 1] b;
  real Intercept; // of the centred predictors
  real<lower=0> sigma;
}
model {
  b ~ normal(0, 1);
  Intercept ~ student_t(3, 8, 10);
  sigma ~ student_t(3, 0, 10);
  Y ~ normal_id_glm(Xc, Intercept, b, sigma);
}
