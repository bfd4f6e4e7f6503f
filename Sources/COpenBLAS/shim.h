#include <cblas.h>
#include <stddef.h>

/* LAPACK, which OpenBLAS contains; its lapacke.h is another package. Fortran passes the lengths of strings last. */
void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work,
             const int *lwork, int *iwork, const int *liwork, int *info, size_t jobzLength, size_t uploLength);
