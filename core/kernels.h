/* What is worth being compiled for several processors. Within one set a value never depends on how many rows or hops
   are computed together: sums go in the same order. */
#ifndef STREAMER_KERNELS_H
#define STREAMER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define LAGS 152        /* of a level, as MAX_LAG */
#define LAGS_PADDED 160
#define WINDOWS 3       /* correlation windows */
#define LONGEST 256     /* of them */
#define CORRELATED (LONGEST + LAGS_PADDED)
#define UNITS_AT_ONCE 16 /* units of a layer are padded to a multiple of it */

typedef struct {
    const char *name;
    /* out[w][lag] = sum of x[j] * y[j + lag] over the first 40, 100, 256 of j; y has CORRELATED values. */
    void (*correlate)(const float *x, const float *y, float out[WINDOWS][LAGS_PADDED]);
    /* Sum of x[i] * y[i]; n is a multiple of 16. */
    float (*dot)(const float *x, const float *y, size_t n);
    /* values[i] = log(values[i]) of positive normal numbers; n is a multiple of 16. */
    void (*logarithms)(float *values, size_t n);
    /* out[i] = values[at[i]] + (values[at[i] + 1] - values[at[i]]) * mix[i]; n is a multiple of 8. */
    void (*interpolate)(const float *values, const int32_t *at, const float *mix, size_t n, float *out);
    /* out[r][u] = bias[u] + sum of x[r][i] * weight[i][u], rectified or not, for 1 to 6 rows; padded is the
       length of a row of `weight`, `bias` and `out`. */
    void (*layer)(const float *x, size_t x_stride, size_t rows, const float *weight, const float *bias, size_t inputs,
                  size_t padded, int rectified, float *out, size_t out_stride);
} kernels;

/* The fastest that this processor runs; `most` 0: baseline only, 1: up to AVX2, 2: anything. */
const kernels *kernels_choose(int most);

#endif
