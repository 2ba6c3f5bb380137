// SPDX-License-Identifier: Apache-2.0
// The Fortran entry points used here (LP64: 32-bit integers). LAPACK installs no C header for them.
#pragma once

void dsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w,
            double *work, const int *lwork, int *info);
