/* From hops to features: the parts one after the other, and no memory but what was taken at the beginning. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define HOP_MOST 8192
#define DOWN_MOST 192000
#define UP_MOST 16000
#define WIDTH_MOST 512
#define DEPTH_MOST 10000

static int within(int32_t value, int32_t least, int32_t most) { return value >= least && value <= most; }

static int all_within(const int32_t *values, size_t count, int32_t least, int32_t most)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (!within(values[i], least, most))
            return 0;
    return 1;
}

static int sound(const streamer_tables *t)
{
    return within(t->hop, 1, HOP_MOST) && within(t->up, 1, UP_MOST) && within(t->down, 1, DOWN_MOST) &&
           within(t->half, 1, WIDTH_MOST / 2) && within(t->taps_width, 2 * t->half, WIDTH_MOST) &&
           t->taps_width % 16 == 0 && within(t->depth, 1, DEPTH_MOST) && all_within(t->rise_hops, 4, 1, t->depth) &&
           all_within(t->trough_hops, 2, 1, t->depth) && all_within(t->level, NOTES, 0, LEVELS - 1) &&
           all_within(t->search_at, NOTES * STEPS, 0, ROW - 2) &&
           all_within(t->gather_at, STEPS * NOTES * PLACES, 0, VALUES - 2);
}

streamer_stream *streamer_stream_new(const streamer_tables *tables, int fastest)
{
    streamer_stream *s;

    if (!sound(tables))
        return NULL;
    s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->fast = kernels_choose(fastest);
    s->offset_share = tables->offset_share;
    s->centred = calloc((size_t)tables->hop, sizeof(float));
    if (!s->centred || pyramid_make(&s->pyramid, tables) || spectrum_make(&s->spectrum, tables) ||
        features_make(&s->features, tables)) {
        streamer_stream_free(s);
        return NULL;
    }
    return s;
}

void streamer_stream_free(streamer_stream *s)
{
    if (!s)
        return;
    free(s->centred);
    pyramid_free(&s->pyramid);
    spectrum_free(&s->spectrum);
    features_free(&s->features);
    free(s);
}

/* What some converters add to every sample would sound at every period: the slowly followed mean is taken off. */
static void centre(streamer_stream *s, const float *hop)
{
    size_t n = s->pyramid.hop, i;
    double total = 0.0;
    float offset;

    for (i = 0; i < n; i++)
        total += (double)hop[i];
    s->offset += s->offset_share * (total / (double)n - s->offset);
    offset = (float)s->offset;
    for (i = 0; i < n; i++)
        s->centred[i] = hop[i] - offset;
}

void streamer_stream_analyse(streamer_stream *s, const float *hops, size_t count, float *features, float *correlation,
                             float *period_ratio)
{
    size_t k;

    for (k = 0; k < count; k++) {
        centre(s, hops + k * s->pyramid.hop);
        pyramid_push(&s->pyramid, s->fast, s->centred);
        spectrum_analyse(&s->spectrum, s->fast, &s->pyramid);
        features_extract(&s->features, s->fast, &s->spectrum, &s->pyramid, features + k * NOTES * FEATURES,
                         period_ratio + k * NOTES);
        memcpy(correlation + k * ROW, s->spectrum.values + (WINDOWS - 1) * ROW, ROW * sizeof(float));
    }
}

void streamer_stream_spectra(const streamer_stream *s, float *log_power_short, float *log_power_long,
                             float *correlation, float *energy)
{
    const float *values = s->spectrum.values;

    memcpy(correlation, values, WINDOWS * ROW * sizeof(float));
    memcpy(log_power_short, values + WINDOWS * ROW, SHORT_POWERS * sizeof(float));
    memcpy(log_power_long, values + WINDOWS * ROW + SHORT_POWERS, LONG_POWERS * sizeof(float));
    memcpy(energy, s->spectrum.energy, sizeof s->spectrum.energy);
}
