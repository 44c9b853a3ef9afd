/* The same code compiled for several processors. Within one of them a value never depends on how many rows or hops are
   computed together: sums go in the same order. */
#ifndef STREAMER_PROCESSOR_H
#define STREAMER_PROCESSOR_H

#include <stddef.h>
#include <stdint.h>

#include "api.h"

#define LAGS 152        /* of a level, as MAX_LAG */
#define LAGS_PADDED 160
#define WINDOWS 3       /* correlation windows */
#define LONGEST 256     /* of them */
#define CORRELATED (LONGEST + LAGS_PADDED)
#define UNITS_AT_ONCE 16 /* units of a layer are padded to a multiple of it */

struct streamer_stream;

/* What is compiled for one kind of processor. */
typedef struct {
    const char *name;
    struct streamer_stream *(*stream_new)(const streamer_tables *tables);
    void (*stream_free)(struct streamer_stream *stream);
    void (*stream_analyse)(struct streamer_stream *stream, const float *hops, size_t count, float *features,
                           float *correlation, float *period_ratio);
    /* out[r][u] = bias[u] + sum of x[r][i] * weight[i][u], rectified or not, for 1 to 6 rows; padded is the
       length of a row of `weight` and `bias`. */
    void (*layer)(const float *x, size_t x_stride, size_t rows, const float *weight, const float *bias, size_t inputs,
                  size_t padded, int rectified, float *out, size_t out_stride);
} processor;

/* The best that this processor runs; `fastest` 0: baseline only, 1: up to AVX2, 2: anything. */
const processor *processor_choose(int fastest);

#endif
