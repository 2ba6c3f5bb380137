// SPDX-License-Identifier: Apache-2.0
// The Fortran entry points used here (LP64: 32-bit integers). LAPACK installs no C header for them.
#pragma once

void dgemm_(const char *transa, const char *transb, const int *m, const int *n, const int *k,
            const double *alpha, const double *a, const int *lda, const double *b, const int *ldb,
            const double *beta, double *c, const int *ldc);

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);
