/* What is known when a note may be beginning, to the bit as streamer.decision.onset_context has it. */
#include "context.h"

#include <math.h>

#define MOST_ODDS 6.0f
#define NO_PITCH 2.0
#define SUM_UNIT 50.0
#define MOST_HOPS 100000 /* that any of the settings may look back */

struct streamer_context {
    double hop_ms;
    size_t score_hops[ODDS_AGES], pitch_hops[PITCH_AGES], mean_hops;
    past odds;                  /* scores, then onset scores */
    double *pitches;            /* the latest `pitches_kept`, each at its hop modulo that */
    size_t pitches_kept;
    contour contour;
};

/* What is the same for all candidates at one hop. */
typedef struct {
    const float *now;
    float mean[NOTES], sums[NOTES];
    double since; /* logarithmic */
} moment;

static int all_within(const int32_t *values, size_t count, int32_t least)
{
    size_t k;

    for (k = 0; k < count; k++)
        if (values[k] < least || values[k] > MOST_HOPS)
            return 0;
    return 1;
}

static int sound(const streamer_context_settings *s)
{
    size_t k;

    for (k = 1; k < PITCH_WINDOWS; k++)
        if (s->windows[k] < s->windows[k - 1])
            return 0;
    return s->columns == FEATURES + ONSET_COLUMNS + CONTOUR_COLUMNS && all_within(s->score_hops, ODDS_AGES, 0) &&
           all_within(s->pitch_hops, PITCH_AGES, 1) && all_within(&s->mean_hops, 1, 1) &&
           all_within(s->contour_ages, CONTOUR_AGES, 1) && all_within(s->level_ages, LEVEL_AGES, 1) &&
           all_within(s->windows, PITCH_WINDOWS, 1) && all_within(s->slow_ages, SLOW_AGES, 0) &&
           all_within(&s->slow_step, 1, 1) && all_within(&s->glide_hops, 1, 1);
}

streamer_context *streamer_context_new(const streamer_context_settings *s)
{
    streamer_context *c;
    size_t k, deepest;

    if (!sound(s))
        return NULL;
    c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->hop_ms = s->hop_ms;
    c->mean_hops = (size_t)s->mean_hops;
    deepest = c->mean_hops;
    for (k = 0; k < ODDS_AGES; k++) {
        c->score_hops[k] = (size_t)s->score_hops[k];
        deepest = c->score_hops[k] > deepest ? c->score_hops[k] : deepest;
    }
    for (k = 0; k < PITCH_AGES; k++) {
        c->pitch_hops[k] = (size_t)s->pitch_hops[k];
        c->pitches_kept = c->pitch_hops[k] + 1 > c->pitches_kept ? c->pitch_hops[k] + 1 : c->pitches_kept;
    }
    c->pitches = calloc(c->pitches_kept, sizeof(double));
    if (!c->pitches || past_make(&c->odds, deepest, 2 * NOTES, -MOST_ODDS) || contour_make(&c->contour, s)) {
        streamer_context_free(c);
        return NULL;
    }
    return c;
}

void streamer_context_free(streamer_context *c)
{
    if (!c)
        return;
    free(c->odds.rows);
    free(c->pitches);
    contour_free(&c->contour);
    free(c);
}

void streamer_context_add(streamer_context *c, const float *scores, const float *onset_scores, const double *pitches,
                          const double *level_db, size_t count)
{
    size_t k, i;

    for (k = 0; k < count; k++, scores += NOTES, onset_scores += NOTES) {
        float *now = past_next(&c->odds);
        for (i = 0; i < NOTES; i++) {
            now[i] = clipped(scores[i], MOST_ODDS);
            now[NOTES + i] = clipped(onset_scores[i], MOST_ODDS);
        }
        c->pitches[(size_t)c->contour.hops % c->pitches_kept] = pitches[k];
        contour_add(&c->contour, scores, pitches[k], level_db[k]);
    }
}

/* Of some hops ago; 0 where there was none. */
static double pitch_ago(const streamer_context *c, size_t hops)
{
    int64_t hop = c->contour.hops - 1 - (int64_t)hops;

    return hop < 0 ? 0.0 : c->pitches[(size_t)hop % c->pitches_kept];
}

static void look(const streamer_context *c, const float *sums, int64_t since, moment *m)
{
    size_t k, i;

    m->now = ago(&c->odds, 0);
    memcpy(m->mean, m->now, sizeof m->mean);
    for (k = 1; k < c->mean_hops; k++) {
        const float *before = ago(&c->odds, k);
        for (i = 0; i < NOTES; i++)
            m->mean[i] += before[i];
    }
    for (i = 0; i < NOTES; i++) {
        m->mean[i] /= (float)c->mean_hops;
        m->sums[i] = sums[i] * (float)(1.0 / SUM_UNIT);
    }
    m->since = log1p((double)since * c->hop_ms);
}

static float beside(const float *values, int note, float beyond)
{
    return note >= 0 && note < NOTES ? values[note] : beyond;
}

/* The greatest, but for the candidate and its neighbours. */
static float best_other(const float *values, int note, float beyond)
{
    float below = beyond, above = beyond;
    int i;

    for (i = 0; i < note - 1; i++)
        below = greater(below, values[i]);
    for (i = note + 2; i < NOTES; i++)
        above = greater(above, values[i]);
    return above > below ? above : below;
}

static float *describe_odds(const streamer_context *c, const moment *m, int note, float *row)
{
    static const int away[] = {-24, -19, -12, -7, -5, -2, -1, 1, 2, 5, 7, 12, 19, 24};
    size_t k, kind;

    for (kind = 0; kind < 2; kind++)
        for (k = 0; k < ODDS_AGES; k++)
            *row++ = ago(&c->odds, c->score_hops[k])[kind * NOTES + (size_t)note];
    for (k = 0; k < sizeof away / sizeof *away; k++)
        *row++ = beside(m->now, note + away[k], -MOST_ODDS);
    for (k = 0; k < sizeof away / sizeof *away; k++)
        *row++ = beside(m->mean, note + away[k], -MOST_ODDS);
    *row++ = best_other(m->now, note, -MOST_ODDS);
    *row++ = best_other(m->mean, note, -MOST_ODDS);
    *row++ = m->sums[note];
    *row++ = beside(m->sums, note - 12, 0.0f);
    *row++ = beside(m->sums, note - 1, 0.0f);
    *row++ = beside(m->sums, note + 1, 0.0f);
    *row++ = beside(m->sums, note + 12, 0.0f);
    *row++ = best_other(m->sums, note, 0.0f);
    return row;
}

/* Which of six: out of silence, the same note, a neighbour, a second, octaves and the twelfth, any other. */
static int situation(int note, int current)
{
    int away = abs(note - current);

    if (current < 0)
        return 0;
    if (away < 3)
        return away + 1;
    return away == 12 || away == 19 || away == 24 || away == 36 ? 4 : 5;
}

static float *describe_state(const moment *m, const streamer_note_state *s, int note, int current, float *row)
{
    int kind = situation(note, current), k, after = current < 0 && s->ended >= 0 ? abs(note - s->ended) : 99;

    for (k = 0; k < 6; k++)
        *row++ = (float)(k == kind);
    if (current < 0)
        for (k = 0; k < 5; k++)
            *row++ = 0.0f;
    else {
        double away = (double)(note - current) / 12.0;
        *row++ = (float)bounded(away, 1.0);
        *row++ = m->now[current];
        *row++ = m->mean[current];
        *row++ = m->now[NOTES + current];
        *row++ = (float)m->since;
    }
    *row++ = (float)(s->end_sum / SUM_UNIT);
    *row++ = current < 0 ? (float)m->since : 0.0f;
    *row++ = (float)(after == 0);
    *row++ = (float)(after == 1);
    return row;
}

/* Where the pitch is and how it has moved. */
static float *describe_pitch(const streamer_context *c, const streamer_note_state *s, int note, int current, float *row)
{
    double pitch = pitch_ago(c, 0);
    size_t k;

    if (pitch == 0.0) {
        *row++ = (float)NO_PITCH;
        for (k = 0; k < 2 + PITCH_AGES; k++)
            *row++ = 0.0f;
        return row;
    }
    *row++ = (float)bounded(pitch - (double)(note + LOWEST_MIDI), NO_PITCH);
    *row++ = (float)bounded(current < 0 ? 0.0 : pitch - s->reference, NO_PITCH);
    *row++ = 1.0f;
    for (k = 0; k < PITCH_AGES; k++) {
        double before = pitch_ago(c, c->pitch_hops[k]);
        *row++ = (float)(before != 0.0 ? bounded(pitch - before, NO_PITCH) : NO_PITCH);
    }
    return row;
}

void streamer_context_describe(streamer_context *c, const streamer_note_state *state, const float *sums,
                               const int64_t *ages, const int64_t *candidates, size_t count, const float *features,
                               float *rows)
{
    int current = state->current >= 0 && state->current < NOTES ? state->current : -1;
    contour_windows windows;
    moment m;
    size_t k;

    look(c, sums, state->since, &m);
    contour_windows_of(&c->contour, current, &windows);
    for (k = 0; k < count; k++) {
        int note = candidates[k] >= 0 && candidates[k] < NOTES ? (int)candidates[k] : 0;
        float *row = rows + k * (FEATURES + ONSET_COLUMNS + CONTOUR_COLUMNS);
        memcpy(row, features + k * FEATURES, FEATURES * sizeof(float));
        row = describe_odds(c, &m, note, row + FEATURES);
        *row++ = (float)log1p((double)ages[note] * c->hop_ms);
        row = describe_state(&m, state, note, current, row);
        row = describe_pitch(c, state, note, current, row);
        contour_describe(&c->contour, &windows, (size_t)note, row);
    }
}
