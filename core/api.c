/* What Python calls: tables are checked, and the code for this processor is chosen. */
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

extern const processor processor_base;
#if !defined(STREAMER_PORTABLE) && (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define PROCESSORS_X86
extern const processor processor_avx2, processor_avx512;
#endif

const processor *processor_choose(int fastest)
{
#ifdef PROCESSORS_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        if (fastest >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq"))
            return &processor_avx512;
        if (fastest >= 1)
            return &processor_avx2;
    }
#else
    (void)fastest;
#endif
    return &processor_base;
}

const char *streamer_kernels(int fastest) { return processor_choose(fastest)->name; }

streamer_stream *streamer_stream_new(const streamer_tables *tables, int fastest)
{
    const processor *chosen = processor_choose(fastest);
    streamer_stream *s;

    if (!sound(tables))
        return NULL;
    s = chosen->stream_new(tables);
    if (s)
        s->processor = chosen;
    return s;
}

void streamer_stream_free(streamer_stream *s)
{
    if (s)
        s->processor->stream_free(s);
}

void streamer_stream_analyse(streamer_stream *s, const float *hops, size_t count, float *features, float *correlation,
                             float *period_ratio)
{
    s->processor->stream_analyse(s, hops, count, features, correlation, period_ratio);
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
