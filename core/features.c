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
    POWERS = LAG_PLACES,
    POWERS_LONG = POWERS + POWER_PLACES / 2,
    CHANGES = PLACES, /* from here on, planes */
    DETUNE = CHANGES + PLANES,
    REGISTER,
    LEVEL_SHARE,
    COMMONS
};

/* Planes, in the order of the columns. */
enum {
    BELOW_BEST = 0,
    HARMONICS_RISE = 4,
    CORRELATION_RISE = 8,
    GLIDE = 10,
    FLUX = 12,
    UPPER_RISE = 14,
    HARMONICS_TROUGH = 16,
    CORRELATION_TROUGH = 18
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

    f->search_at = malloc(NOTES * STEPS * sizeof(int32_t));
    f->search_mix = malloc(NOTES * STEPS * sizeof(float));
    f->gather_at = calloc(STEPS * NOTES * PLACES_PADDED, sizeof(int32_t));
    f->gather_mix = calloc(STEPS * NOTES * PLACES_PADDED, sizeof(float));
    f->missing = copied(t->missing, NOTES * POWER_PLACES);
    if (!f->search_at || !f->search_mix || !f->gather_at || !f->gather_mix || !f->missing)
        return -1;
    for (i = 0; i < NOTES; i++) {
        f->level[i] = (size_t)t->level[i];
        for (k = 0; k < STEPS; k++) {
            f->search_at[k * NOTES + i] = t->search_at[i * STEPS + k];
            f->search_mix[k * NOTES + i] = t->search_mix[i * STEPS + k];
        }
    }
    for (i = 0; i < STEPS * NOTES; i++) {
        memcpy(f->gather_at + i * PLACES_PADDED, t->gather_at + i * PLACES, PLACES * sizeof(int32_t));
        memcpy(f->gather_mix + i * PLACES_PADDED, t->gather_mix + i * PLACES, PLACES * sizeof(float));
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
static void best_periods(const features *f, const kernels *fast, const float *correlation, int32_t *best)
{
    float total[ROW], near[STEPS * NOTES], top[NOTES];
    size_t i, k;

    for (i = 0; i < ROW; i++)
        total[i] = correlation[i] + correlation[ROW + i] + correlation[2 * ROW + i];
    fast->interpolate(total, f->search_at, f->search_mix, STEPS * NOTES, near);
    memcpy(top, near, sizeof top);
    for (k = 1; k < STEPS; k++)
        for (i = 0; i < NOTES; i++)
            top[i] = near[k * NOTES + i] > top[i] ? near[k * NOTES + i] : top[i];
    for (i = 0; i < NOTES; i++) {
        top[i] -= f->tie;
        best[i] = 0;
    }
    for (k = STEPS; k-- > 0;)
        for (i = 0; i < NOTES; i++)
            best[i] = near[k * NOTES + i] >= top[i] ? (int32_t)k : best[i];
}

static void below_best(const float *values, float *out)
{
    float tops[8], top;
    size_t i, k;

    memcpy(tops, values, sizeof tops);
    for (i = 8; i < NOTES; i += 8)
        for (k = 0; k < 8; k++)
            tops[k] = values[i + k] > tops[k] ? values[i + k] : tops[k];
    top = tops[0];
    for (k = 1; k < 8; k++)
        top = tops[k] > top ? tops[k] : top;
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

static void changes(features *f, const float *harmonics, const float *correlation, const float *detune)
{
    float *now = past_next(&f->traces);
    const float *strengths = ago(&f->strengths, 0);
    float low[NOTES];
    size_t k, i, h;

    memcpy(now, harmonics, NOTES * sizeof(float));
    memcpy(now + NOTES, correlation, NOTES * sizeof(float));
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
static void commons(features *f, const kernels *fast, float energy[][LEVELS], const float *newest, float *values)
{
    float steep[48] = {0.0f}, brightness[16] = {0.0f};
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
}

/* Reads off what a candidate's period says, into the first columns of its row. */
static void gather(const features *f, const kernels *fast, const float *values, size_t note, size_t step, float own,
                   float *row, float *strengths, float *harmonics)
{
    float read[PLACES_PADDED];
    const uint8_t *missing = f->missing + note * POWER_PLACES;
    size_t at = (step * NOTES + note) * PLACES_PADDED, k, w;

    fast->interpolate(values, f->gather_at + at, f->gather_mix + at, PLACES_PADDED, read);
    for (k = 0; k < HARMONICS; k++)
        strengths[k * NOTES + note] = read[POWERS + k];
    for (w = 0; w < 2; w++) {
        const float *first = read + (w ? POWERS_LONG : POWERS);
        harmonics[w * NOTES + note] = (first[0] + first[1] + first[2] + first[3]) * 0.25f;
    }
    memcpy(row, read, LAG_PLACES * sizeof(float));
    for (k = 0; k < POWER_PLACES; k++) {
        float value = read[POWERS + k] - own;
        value = value < MISSING ? MISSING : value;
        row[POWERS + k] = missing[k] ? MISSING : value;
    }
}

void features_extract(features *f, const kernels *fast, const spectrum *s, const pyramid *p, float *matrix,
                      float *period_ratio)
{
    float energy[WINDOWS + 1][LEVELS], own[NOTES], harmonics[2 * NOTES], detune[NOTES], common[FEATURES - COMMONS];
    float correlation[2][NOTES];
    float *strengths = past_next(&f->strengths);
    int32_t best[NOTES];
    size_t i, k, w;

    best_periods(f, fast, s->values, best);
    for (k = 0; k < LEVELS; k++) {
        for (w = 0; w < WINDOWS; w++)
            energy[w][k] = s->energy[w][k] + FLOOR;
        energy[WINDOWS][k] = 1.0f;
    }
    fast->logarithms(energy[0], 16);
    for (i = 0; i < NOTES; i++) {
        float *row = matrix + i * FEATURES;
        own[i] = energy[2][f->level[i]];
        gather(f, fast, s->values, i, (size_t)best[i], own[i], row, strengths, harmonics);
        correlation[0][i] = row[CORRELATION_100];
        correlation[1][i] = row[CORRELATION_256];
        detune[i] = f->detune[best[i]];
        period_ratio[i] = f->steps[best[i]];
    }
    below_best(correlation[0], f->planes[BELOW_BEST]);
    below_best(correlation[1], f->planes[BELOW_BEST + 1]);
    below_best(harmonics, f->planes[BELOW_BEST + 2]);
    below_best(harmonics + NOTES, f->planes[BELOW_BEST + 3]);
    changes(f, harmonics, correlation[0], detune);
    commons(f, fast, energy, pyramid_newest(p, 0, 40), common);
    for (i = 0; i < NOTES; i++) {
        float *row = matrix + i * FEATURES;
        for (k = 0; k < PLANES; k++)
            row[CHANGES + k] = f->planes[k][i];
        row[DETUNE] = fabsf(detune[i]);
        row[REGISTER] = f->registers[i];
        row[LEVEL_SHARE] = own[i] - energy[2][0];
        memcpy(row + COMMONS, common, sizeof common);
    }
}
