/* The parts of an analysis stream. */
#ifndef STREAMER_CORE_H
#define STREAMER_CORE_H

#include <stddef.h>
#include <stdint.h>

#include "fft.h"
#include "past.h"
#include "processor.h"

#define LEVELS 4
#define HISTORY 512
#define HALVING_TAPS 24
#define HALVING_WIDTH 32
#define SIZE 432                /* samples that correlations look at */
#define QUARTER (SIZE / 4)
#define SHIFT_BINS (QUARTER / 2 + 1)
#define ROW (5 * LAGS)          /* correlations of one window, the first level at half lags, too */
#define SHORT 256
#define LONG 512
#define SHORT_BINS (SHORT / 2 + 1)
#define LONG_BINS (LONG / 2 + 1)
#define SHORT_POWERS (LEVELS * SHORT_BINS)
#define LONG_POWERS (LEVELS * LONG_BINS)
#define VALUES (WINDOWS * ROW + SHORT_POWERS + LONG_POWERS)
#define FLOOR 1e-9f

#define NOTES 88
#define STEPS 11
#define PLACES 46
#define LAG_PLACES 18
#define POWER_PLACES (PLACES - LAG_PLACES)
#define PLACES_PADDED 48
#define FEATURES 81
#define HARMONICS 7
#define PLANES 20

/* Samples of one level, the newest at `end`, with at least HISTORY before them. */
typedef struct {
    float *samples;
    size_t room, end;
    int64_t made;
} level_buffer;

typedef struct {
    size_t hop, up, down, half, taps_width;
    float *taps;
    float halving[HALVING_WIDTH];
    float *input;               /* the newest samples that came in */
    size_t input_kept;
    int64_t next;               /* where in `input` the next output lies */
    size_t phase;
    level_buffer level[LEVELS];
} pyramid;

/* What the newest samples of all levels hold. */
typedef struct {
    float window_short[SHORT], window_long[LONG];
    float shift_real[SHIFT_BINS * 16], shift_imaginary[SHIFT_BINS * 16];
    float least_between;
    fft_plan plan_short, plan_long, plan_quarter;
    float *lanes, *room;        /* of transforms; aligned */
    float values[VALUES + 64];  /* correlations, then log powers, as the features index them */
    float energy[WINDOWS][LEVELS];
} spectrum;

typedef struct {
    int32_t *search_at, *gather_at; /* [11][88], [11][88][PLACES_PADDED] */
    float *search_mix, *gather_mix;
    uint8_t *missing;           /* [88][28] */
    size_t level[NOTES];
    float steps[STEPS], detune[STEPS], registers[NOTES];
    float tie;
    size_t rise[4], trough[2], depth;
    past traces, strengths, common;
    double floor, floor_climb;
    float planes[PLANES][NOTES]; /* the columns that are not just read off, one value of all candidates after the other */
} features;

struct streamer_stream {
    const processor *processor;
    double offset, offset_share;
    float *centred;             /* one hop without its mean */
    pyramid pyramid;
    spectrum spectrum;
    features features;
};

#endif
