/* Onset contexts: what is kept of the latest hops, as streamer.decision.onset_context and .contour have it. */
#ifndef STREAMER_CONTEXT_H
#define STREAMER_CONTEXT_H

#include "core.h"

#define LOWEST_MIDI 21
#define ODDS_AGES 10
#define PITCH_AGES 5
#define CONTOUR_AGES 14
#define LEVEL_AGES 9
#define SLOW_AGES 5
#define PITCH_WINDOWS 3
#define ONSET_COLUMNS 80 /* between the features and the contour */
#define CONTOUR_COLUMNS 68

/* Pitch and level over the last seconds. */
typedef struct {
    double hop_ms, weight, tuning_weight;
    size_t ages[CONTOUR_AGES], level_ages[LEVEL_AGES], windows[PITCH_WINDOWS], slow_ages[SLOW_AGES];
    size_t slow_step, glide_hops;
    past pitch, best, level;    /* one value a hop */
    past slow;                  /* means of `slow_step` hops' scores */
    float slow_sum[NOTES];
    int64_t hops;               /* in the stream so far */
    double stood_ms, run, voiced, glide, standing, unrest, cosine, sine, level_mean;
    float *voiced_pitch;        /* room for those of the longest window */
} contour;

/* Columns of all candidates alike, and what those of each are counted from. */
typedef struct {
    size_t count, starts[PITCH_WINDOWS]; /* of the voiced pitches, and where each window begins among them */
    double means[PITCH_WINDOWS];
    float ranges[PITCH_WINDOWS], at_sounding[PITCH_WINDOWS];
    float turns, off_sounding, since_sounding;
} contour_windows;

int contour_make(contour *c, const streamer_context_settings *settings);
void contour_free(contour *c);
void contour_add(contour *c, const float *scores, double pitch, double level_db);
void contour_windows_of(contour *c, int current, contour_windows *windows);
void contour_describe(const contour *c, const contour_windows *windows, size_t note, float *row);

/* As numpy's clip: what is no number stays so. */
static inline float clipped(float x, float most) { return x < -most ? -most : x > most ? most : x; }

/* As Python's max(-most, min(most, x)): what is no number becomes `most`. */
static inline double bounded(double x, double most)
{
    x = x < most ? x : most;
    return x > -most ? x : -most;
}

/* As numpy's max: what is no number stays. */
static inline float greater(float a, float b) { return b > a || b != b ? b : a; }

#endif
