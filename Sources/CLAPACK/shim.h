// SPDX-License-Identifier: Apache-2.0
// The Fortran entry points used here (LP64: 32-bit integers). LAPACK installs no C header for them.
#pragma once

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);

void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);

void dposv_(const char *uplo, const int *n, const int *nrhs, double *a, const int *lda, double *b,
            const int *ldb, int *info);

void dgeqrf_(const int *m, const int *n, double *a, const int *lda, double *tau, double *work,
             const int *lwork, int *info);

void dorgqr_(const int *m, const int *n, const int *k, double *a, const int *lda, const double *tau,
             double *work, const int *lwork, int *info);
