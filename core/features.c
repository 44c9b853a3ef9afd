/* The features of every candidate, in planes of one value for all candidates, which make good vectors. */
#include "core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MISSING (-12.0f)
#define MOST_ABOVE_FLOOR 8.0
#define UPPER 4
#define TRACES 3 /* harmonics, correlation, detuning */
#define COMMON 3 /* level, that of a longer window, brightness */
#define HOPS_OF_ROOM 64

/* Columns, as streamer.analysis.features names them. */
enum {
    CORRELATION_100 = 3,
    CORRELATION_256 = 6,
    POWERS = 18,
    POWERS_LONG = POWERS + 14,
    BELOW_BEST = 46,
    HARMONICS_RISE = 50,
    CORRELATION_RISE = 54,
    GLIDE = 56,
    FLUX = 58,
    UPPER_RISE = 60,
    HARMONICS_TROUGH = 62,
    CORRELATION_TROUGH = 64,
    DETUNE = 66,
    REGISTER = 67,
    LEVEL_SHARE = 68,
    COMMONS = 69
};

static int past_make(past *q, size_t depth, size_t width, float before)
{
    size_t i;

    q->width = width;
    q->depth = depth;
    q->room = 2 * depth + HOPS_OF_ROOM;
    q->end = depth;
    q->rows = malloc(q->room * width * sizeof(float));
    if (!q->rows)
        return -1;
    for (i = 0; i < depth * width; i++)
        q->rows[i] = before;
    return 0;
}

/* Where the next hop's values go; `ago` counts back from there. */
static float *past_next(past *q)
{
    if (q->end == q->room) {
        memcpy(q->rows, q->rows + (q->end - q->depth) * q->width, q->depth * q->width * sizeof(float));
        q->end = q->depth;
    }
    return q->rows + q->end++ * q->width;
}

static const float *ago(const past *q, size_t hops) { return q->rows + (q->end - 1 - hops) * q->width; }

static void *copied(const void *from, size_t bytes)
{
    void *to = malloc(bytes);

    if (to)
        memcpy(to, from, bytes);
    return to;
}

int features_make(features *f, const streamer_tables *t)
{
    float silence = (float)log(1e-9);
    size_t k, i;

    f->search_at = copied(t->search_at, NOTES * STEPS * sizeof(int32_t));
    f->search_mix = copied(t->search_mix, NOTES * STEPS * sizeof(float));
    f->gather_at = copied(t->gather_at, STEPS * NOTES * PLACES * sizeof(int32_t));
    f->gather_mix = copied(t->gather_mix, STEPS * NOTES * PLACES * sizeof(float));
    f->missing = malloc(NOTES * POWER_PLACES);
    if (!f->search_at || !f->search_mix || !f->gather_at || !f->gather_mix || !f->missing)
        return -1;
    for (i = 0; i < NOTES; i++) {
        f->level[i] = (size_t)t->level[i];
        for (k = 0; k < POWER_PLACES; k++)
            f->missing[k * NOTES + i] = t->missing[i * POWER_PLACES + k];
    }
    memcpy(f->steps, t->steps, sizeof f->steps);
    memcpy(f->detune, t->detune, sizeof f->detune);
    memcpy(f->registers, t->registers, sizeof f->registers);
    f->tie = t->tie;
    for (k = 0; k < 4; k++)
        f->rise[k] = (size_t)t->rise_hops[k];
    for (k = 0; k < 2; k++)
        f->trough[k] = (size_t)t->trough_hops[k];
    f->depth = (size_t)t->depth;
    f->floor = log(1e-9);
    f->floor_climb = t->floor_climb;
    if (past_make(&f->traces, f->depth, TRACES * NOTES, 0.0f) ||
        past_make(&f->strengths, f->depth, HARMONICS * NOTES, silence) ||
        past_make(&f->common, f->depth, COMMON, silence))
        return -1;
    for (k = 0; k < f->depth; k++) {
        for (i = 0; i < NOTES; i++)
            f->traces.rows[k * TRACES * NOTES + i] = silence;
        f->common.rows[k * COMMON + 2] = 0.0f;
    }
    return 0;
}

void features_free(features *f)
{
    free(f->search_at);
    free(f->search_mix);
    free(f->gather_at);
    free(f->gather_mix);
    free(f->missing);
    free(f->traces.rows);
    free(f->strengths.rows);
    free(f->common.rows);
}

/* Which step each candidate moves to: the shortest period of those that are as good as the best. */
static void best_periods(const features *f, const float *correlation, size_t *best)
{
    float total[ROW];
    size_t i, k;

    for (i = 0; i < ROW; i++)
        total[i] = correlation[i] + correlation[ROW + i] + correlation[2 * ROW + i];
    for (i = 0; i < NOTES; i++) {
        float near[STEPS], top;
        size_t chosen = 0;
        for (k = 0; k < STEPS; k++) {
            const float *low = total + f->search_at[i * STEPS + k];
            near[k] = low[0] + f->search_mix[i * STEPS + k] * (low[1] - low[0]);
        }
        top = near[0];
        for (k = 1; k < STEPS; k++)
            if (near[k] > top)
                top = near[k];
        top -= f->tie;
        while (chosen + 1 < STEPS && near[chosen] < top)
            chosen++;
        best[i] = chosen;
    }
}

static void gather(features *f, const float *values, const size_t *best)
{
    size_t i, k;

    for (i = 0; i < NOTES; i++) {
        const int32_t *at = f->gather_at + (best[i] * NOTES + i) * PLACES;
        const float *mix = f->gather_mix + (best[i] * NOTES + i) * PLACES;
        for (k = 0; k < PLACES; k++) {
            float low = values[at[k]];
            f->planes[k][i] = low + (values[at[k] + 1] - low) * mix[k];
        }
    }
}

static void below_best(const float *values, float *out)
{
    float top = values[0];
    size_t i;

    for (i = 1; i < NOTES; i++)
        top = values[i] > top ? values[i] : top;
    for (i = 0; i < NOTES; i++)
        out[i] = values[i] - top;
}

/* The least of a trace's values at the latest hop and `hops` before it. */
static void least(const past *q, size_t hops, size_t first, float *out)
{
    size_t k, i;

    memcpy(out, ago(q, 0) + first, NOTES * sizeof(float));
    for (k = 1; k <= hops; k++) {
        const float *before = ago(q, k) + first;
        for (i = 0; i < NOTES; i++)
            out[i] = before[i] < out[i] ? before[i] : out[i];
    }
}

static void changes(features *f, const float *harmonics, const float *detune)
{
    float *now = past_next(&f->traces);
    const float *strengths = ago(&f->strengths, 0);
    float low[NOTES];
    size_t k, i, h;

    memcpy(now, harmonics, NOTES * sizeof(float));
    memcpy(now + NOTES, f->planes[CORRELATION_100], NOTES * sizeof(float));
    memcpy(now + 2 * NOTES, detune, NOTES * sizeof(float));
    for (k = 0; k < 4; k++) {
        const float *before = ago(&f->traces, f->rise[k]);
        for (i = 0; i < NOTES; i++)
            f->planes[HARMONICS_RISE + k][i] = now[i] - before[i];
        if (k == 1 || k == 2)
            for (i = 0; i < NOTES; i++) {
                f->planes[CORRELATION_RISE + k - 1][i] = now[NOTES + i] - before[NOTES + i];
                f->planes[GLIDE + k - 1][i] = now[2 * NOTES + i] - before[2 * NOTES + i];
            }
    }
    for (k = 0; k < 2; k++) {
        const float *before = ago(&f->strengths, f->rise[k + 1]);
        float *flux = f->planes[FLUX + k], *upper = f->planes[UPPER_RISE + k];
        memset(flux, 0, NOTES * sizeof(float));
        memset(upper, 0, NOTES * sizeof(float));
        for (h = 0; h < HARMONICS; h++)
            for (i = 0; i < NOTES; i++) {
                float gain = strengths[h * NOTES + i] - before[h * NOTES + i];
                flux[i] += gain > 0.0f ? gain : 0.0f;
                if (h >= UPPER)
                    upper[i] += gain;
            }
        for (i = 0; i < NOTES; i++) {
            flux[i] /= (float)HARMONICS;
            upper[i] /= (float)(HARMONICS - UPPER);
        }
    }
    for (k = 0; k < 2; k++) {
        least(&f->traces, f->trough[k], 0, low);
        for (i = 0; i < NOTES; i++)
            f->planes[HARMONICS_TROUGH + k][i] = now[i] - low[i];
        least(&f->traces, f->trough[k], NOTES, low);
        for (i = 0; i < NOTES; i++)
            f->planes[CORRELATION_TROUGH + k][i] = now[NOTES + i] - low[i];
    }
}

/* What is the same for all candidates; `energy` is logarithmic. */
static void commons(features *f, const kernels *fast, float energy[WINDOWS][LEVELS], const float *newest)
{
    float steep[48] = {0.0f}, brightness[16] = {0.0f}, values[NOTES];
    float *now;
    double slow = energy[2][0], above;
    float extreme;
    size_t k, i, n = 0;

    for (i = 0; i < 39; i++)
        steep[i] = newest[i + 1] - newest[i];
    brightness[0] = fast->dot(steep, steep, 48) / 39.0f + FLOOR;
    fast->logarithms(brightness, 16);
    now = past_next(&f->common);
    now[0] = energy[0][0];
    now[1] = energy[1][0];
    now[2] = brightness[0] - energy[0][0];
    for (k = 0; k < 4; k++)
        values[n++] = now[0] - ago(&f->common, f->rise[k])[0];
    for (k = 0; k < 2; k++) {
        extreme = now[1];
        for (i = 1; i <= f->trough[k]; i++)
            if (ago(&f->common, i)[1] < extreme)
                extreme = ago(&f->common, i)[1];
        values[n++] = now[1] - extreme;
    }
    extreme = now[0];
    for (i = 1; i <= f->depth; i++)
        if (ago(&f->common, i)[0] > extreme)
            extreme = ago(&f->common, i)[0];
    values[n++] = now[0] - extreme;
    values[n++] = now[2];
    for (k = 0; k < 3; k++)
        values[n++] = now[2] - ago(&f->common, f->rise[k])[2];
    f->floor = slow < f->floor + f->floor_climb ? slow : f->floor + f->floor_climb;
    above = slow - f->floor;
    values[n++] = (float)(above < MOST_ABOVE_FLOOR ? above : MOST_ABOVE_FLOOR);
    for (k = 0; k < n; k++)
        for (i = 0; i < NOTES; i++)
            f->planes[COMMONS + k][i] = values[k];
}

void features_extract(features *f, const kernels *fast, const spectrum *s, const pyramid *p, float *matrix,
                      float *period_ratio)
{
    float energy[WINDOWS + 1][LEVELS], own[NOTES], harmonics[2][NOTES], detune[NOTES];
    float *strengths;
    size_t best[NOTES], i, k, w;

    best_periods(f, s->values, best);
    gather(f, s->values, best);
    memset(energy, 0, sizeof energy);
    for (w = 0; w < WINDOWS; w++)
        for (k = 0; k < LEVELS; k++)
            energy[w][k] = s->energy[w][k] + FLOOR;
    for (k = 0; k < LEVELS; k++)
        energy[WINDOWS][k] = 1.0f;
    fast->logarithms(energy[0], 16);
    strengths = past_next(&f->strengths);
    for (k = 0; k < HARMONICS; k++)
        memcpy(strengths + k * NOTES, f->planes[POWERS + k], NOTES * sizeof(float));
    for (i = 0; i < NOTES; i++) {
        own[i] = energy[2][f->level[i]];
        for (w = 0; w < 2; w++) {
            size_t at = w ? POWERS_LONG : POWERS;
            harmonics[w][i] =
                (f->planes[at][i] + f->planes[at + 1][i] + f->planes[at + 2][i] + f->planes[at + 3][i]) * 0.25f;
        }
        detune[i] = f->detune[best[i]];
        f->planes[DETUNE][i] = fabsf(detune[i]);
        f->planes[REGISTER][i] = f->registers[i];
        f->planes[LEVEL_SHARE][i] = own[i] - energy[2][0];
        period_ratio[i] = f->steps[best[i]];
    }
    for (k = 0; k < POWER_PLACES; k++) {
        float *plane = f->planes[POWERS + k];
        const uint8_t *missing = f->missing + k * NOTES;
        for (i = 0; i < NOTES; i++) {
            float value = plane[i] - own[i];
            plane[i] = missing[i] || value < MISSING ? MISSING : value;
        }
    }
    below_best(f->planes[CORRELATION_100], f->planes[BELOW_BEST]);
    below_best(f->planes[CORRELATION_256], f->planes[BELOW_BEST + 1]);
    below_best(harmonics[0], f->planes[BELOW_BEST + 2]);
    below_best(harmonics[1], f->planes[BELOW_BEST + 3]);
    changes(f, harmonics[0], detune);
    commons(f, fast, energy, pyramid_newest(p, 0, 40));
    for (i = 0; i < NOTES; i++)
        for (k = 0; k < FEATURES; k++)
            matrix[i * FEATURES + k] = f->planes[k][i];
}
