/* Log-power spectra and normalised autocorrelations of the newest samples of all levels. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

static const size_t window_sizes[WINDOWS] = {40, 100, LONGEST};

/* At a multiple of 64 bytes; the room before it is given up. */
static float *aligned(float *at) { return at + (64 - (uintptr_t)at % 64) % 64 / sizeof(float); }

int spectrum_make(spectrum *s, const streamer_tables *t)
{
    memcpy(s->window_short, t->window_short, sizeof s->window_short);
    memcpy(s->window_long, t->window_long, sizeof s->window_long);
    memcpy(s->shift_real, t->shift_real, sizeof s->shift_real);
    memcpy(s->shift_imaginary, t->shift_imaginary, sizeof s->shift_imaginary);
    s->least_between = t->least_between;
    s->lanes = calloc(FFT_MOST * FFT_LANES + 16, sizeof(float));
    s->room = calloc(2 * FFT_MOST * FFT_LANES + 16, sizeof(float));
    if (!s->lanes || !s->room)
        return -1;
    if (fft_plan_make(&s->plan_short, SHORT) || fft_plan_make(&s->plan_long, LONG) ||
        fft_plan_make(&s->plan_quarter, QUARTER))
        return -1;
    return 0;
}

void spectrum_free(spectrum *s)
{
    free(s->lanes);
    free(s->room);
}

/* Natural logarithm of the power in each bin, [LEVELS][length / 2 + 1]. */
static void powers(spectrum *s, const pyramid *p, const fft_plan *plan, const float *window, float *out)
{
    float *lanes = aligned(s->lanes), *room = aligned(s->room);
    size_t length = plan->length, bins = length / 2 + 1, i, k;
    const float *x0 = pyramid_newest(p, 0, length), *x1 = pyramid_newest(p, 1, length);
    const float *x2 = pyramid_newest(p, 2, length), *x3 = pyramid_newest(p, 3, length);

    for (i = 0; i < length; i++) {
        lanes[4 * i] = x0[i] * window[i];
        lanes[4 * i + 1] = x1[i] * window[i];
        lanes[4 * i + 2] = x2[i] * window[i];
        lanes[4 * i + 3] = x3[i] * window[i];
    }
    fft_forward(plan, lanes, room);
    for (k = 0; k < LEVELS; k++) {
        float *row = out + k * bins, last = lanes[4 * (length - 1) + k];
        row[0] = lanes[k] * lanes[k] + FLOOR;
        row[bins - 1] = last * last + FLOOR;
    }
    for (i = 1; i + 1 < bins; i++)
        for (k = 0; k < LEVELS; k++) {
            float real = lanes[4 * (2 * i - 1) + k], imaginary = lanes[4 * (2 * i) + k];
            out[k * bins + i] = real * real + imaginary * imaginary + FLOOR;
        }
}

/* The first level's last SIZE samples half a sample later: as one transform of them would give it, made of four of every
   fourth sample, side by side. */
static void between_samples(spectrum *s, const float *x, float *out)
{
    float *lanes = aligned(s->lanes), *room = aligned(s->room);
    size_t k, r, i;

    memcpy(lanes, x, SIZE * sizeof(float)); /* sample 4 n + r is sample n of row r as it is */
    fft_forward(&s->plan_quarter, lanes, room);
    for (k = 0; k < SHIFT_BINS; k++) {
        const float *gr = s->shift_real + 16 * k, *gi = s->shift_imaginary + 16 * k;
        float real[4], imaginary[4], to_real[4] = {0}, to_imaginary[4] = {0};
        int ends = k == 0 || k == SHIFT_BINS - 1;
        float *at = lanes + (k ? 4 * (2 * k - 1) : 0);
        for (r = 0; r < 4; r++) {
            real[r] = at[r];
            imaginary[r] = ends ? 0.0f : at[4 + r];
        }
        for (r = 0; r < 4; r++)
            for (i = 0; i < 4; i++) {
                to_real[i] += gr[4 * r + i] * real[r] - gi[4 * r + i] * imaginary[r];
                to_imaginary[i] += gr[4 * r + i] * imaginary[r] + gi[4 * r + i] * real[r];
            }
        memcpy(at, to_real, sizeof to_real);
        if (!ends)
            memcpy(at + 4, to_imaginary, sizeof to_imaginary);
    }
    fft_backward(&s->plan_quarter, lanes, room);
    memcpy(out, lanes, SIZE * sizeof(float));
}

/* Newest first. */
static void reversed(const float *newest, float *out)
{
    size_t i;

    for (i = 0; i < CORRELATED; i++)
        out[i] = newest[-(ptrdiff_t)i];
}

static void correlations(spectrum *s, const kernels *fast, const pyramid *p)
{
    float y[LEVELS + 1][CORRELATED], found[LEVELS + 1][WINDOWS][LAGS_PADDED];
    float between[SIZE];
    double sums[LEVELS + 1][CORRELATED + 1], running[LEVELS + 1] = {0.0};
    size_t k, w, i;

    for (k = 0; k < LEVELS; k++)
        reversed(pyramid_newest(p, k, 1), y[k]);
    between_samples(s, pyramid_newest(p, 0, SIZE), between);
    reversed(between + SIZE - 2, y[LEVELS]); /* the one between a sample and the one before it */
    for (k = 0; k <= LEVELS; k++)
        fast->correlate(y[k < LEVELS ? k : 0], y[k], found[k]);
    for (k = 0; k <= LEVELS; k++)
        sums[k][0] = 0.0;
    for (i = 0; i < CORRELATED; i++)
        for (k = 0; k <= LEVELS; k++) { /* five chains of sums at once */
            running[k] += (double)(y[k][i] * y[k][i]);
            sums[k][i + 1] = running[k];
        }
    for (w = 0; w < WINDOWS; w++) {
        size_t size = window_sizes[w];
        float quiet = (float)((double)size * 1e-9);
        float *row = s->values + w * ROW;
        for (k = 0; k < LEVELS; k++) {
            double here = sums[k][size];
            float *to = row + (k ? (k + 1) * LAGS : 0);
            s->energy[w][k] = (float)(here / (double)size);
            if (k == 0)
                for (i = 0; i < LAGS; i++) {
                    float whole = (float)(sums[0][i + size] - sums[0][i] + here);
                    float half = (float)(sums[LEVELS][i + size] - sums[LEVELS][i] + here) * s->least_between;
                    to[2 * i] = found[0][w][i] / (whole * 0.5f + quiet);
                    to[2 * i + 1] = found[LEVELS][w][i] / ((half > whole ? half : whole) * 0.5f + quiet);
                }
            else
                for (i = 0; i < LAGS; i++) {
                    float both = (float)(sums[k][i + size] - sums[k][i] + here);
                    to[i] = found[k][w][i] / (both * 0.5f + quiet);
                }
        }
    }
}

void spectrum_analyse(spectrum *s, const kernels *fast, const pyramid *p)
{
    float *log_power = s->values + WINDOWS * ROW;

    powers(s, p, &s->plan_short, s->window_short, log_power);
    powers(s, p, &s->plan_long, s->window_long, log_power + SHORT_POWERS);
    fast->logarithms(log_power, (SHORT_POWERS + LONG_POWERS + 15) / 16 * 16);
    correlations(s, fast, p);
}
