/* What pitch and level did over the last seconds, to the bit as streamer.decision.contour has it. */
#include "context.h"

#include <math.h>

#define TWO_PI 6.283185307179586
#define STANDS 0.3
#define NEAR_A_NAME 0.5f
#define MOST 3.0f
#define SURE 6.0f
#define SILENCE_DB (-120.0)
#define LEVEL_UNIT_DB 20.0
#define MOST_LEVELS 2.0f
#define STANDING_MS 70.0
#define OLDEST_MS 5000.0

static size_t greatest(const int32_t *values, size_t count)
{
    size_t top = 0, k;

    for (k = 0; k < count; k++)
        top = (size_t)values[k] > top ? (size_t)values[k] : top;
    return top;
}

static void take_over(size_t *to, const int32_t *from, size_t count)
{
    size_t k;

    for (k = 0; k < count; k++)
        to[k] = (size_t)from[k];
}

int contour_make(contour *c, const streamer_context_settings *s)
{
    size_t ages = greatest(s->contour_ages, CONTOUR_AGES), longest = greatest(s->windows, PITCH_WINDOWS);

    c->hop_ms = s->hop_ms;
    c->weight = s->weight;
    c->tuning_weight = s->tuning_weight;
    c->slow_step = (size_t)s->slow_step;
    c->glide_hops = (size_t)s->glide_hops;
    take_over(c->ages, s->contour_ages, CONTOUR_AGES);
    take_over(c->level_ages, s->level_ages, LEVEL_AGES);
    take_over(c->windows, s->windows, PITCH_WINDOWS);
    take_over(c->slow_ages, s->slow_ages, SLOW_AGES);
    c->level_mean = SILENCE_DB;
    ages = ages > longest ? ages : longest;
    ages = ages > c->glide_hops ? ages : c->glide_hops;
    c->voiced_pitch = malloc(longest * sizeof(float));
    return !c->voiced_pitch || past_make(&c->pitch, ages, 1, 0.0f) || past_make(&c->best, ages, 1, -SURE) ||
           past_make(&c->level, greatest(s->level_ages, LEVEL_AGES), 1, (float)SILENCE_DB) ||
           past_make(&c->slow, greatest(s->slow_ages, SLOW_AGES) + 1, NOTES, -SURE);
}

void contour_free(contour *c)
{
    free(c->voiced_pitch);
    free(c->pitch.rows);
    free(c->best.rows);
    free(c->level.rows);
    free(c->slow.rows);
}

/* The mean of each few hops' scores is kept for seconds. */
static void remember(contour *c, const float *scores)
{
    size_t i;

    for (i = 0; i < NOTES; i++)
        c->slow_sum[i] += clipped(scores[i], SURE);
    c->hops++;
    if (c->hops % (int64_t)c->slow_step == 0) {
        float *mean = past_next(&c->slow);
        for (i = 0; i < NOTES; i++) {
            mean[i] = c->slow_sum[i] / (float)c->slow_step;
            c->slow_sum[i] = 0.0f;
        }
    }
}

static void follow_habits(contour *c, double pitch)
{
    double earlier = *ago(&c->pitch, c->glide_hops), moved = fabs(pitch - earlier);

    if (earlier > 0.0 && *ago(&c->best, c->glide_hops) > 0.0f)
        c->glide += c->weight * ((moved < 1.0 ? moved : 1.0) - c->glide);
    c->standing += c->weight * ((double)(c->stood_ms > STANDING_MS) - c->standing);
    if (c->stood_ms > STANDING_MS) {
        c->cosine += c->tuning_weight * (cos(TWO_PI * c->run) - c->cosine);
        c->sine += c->tuning_weight * (sin(TWO_PI * c->run) - c->sine);
    }
}

void contour_add(contour *c, const float *scores, double exact_pitch, double level_db)
{
    double pitch = (double)(float)exact_pitch, level = level_db > SILENCE_DB ? level_db : SILENCE_DB, score, away;
    float best = scores[0];
    int voiced;
    size_t i;

    for (i = 1; i < NOTES; i++)
        best = greater(best, scores[i]);
    score = (double)best > -(double)SURE ? (double)best : -(double)SURE;
    score = score < (double)SURE ? score : (double)SURE;
    *past_next(&c->pitch) = (float)pitch;
    *past_next(&c->best) = (float)score;
    *past_next(&c->level) = (float)level;
    voiced = pitch > 0.0 && score > 0.0;
    if (voiced && c->stood_ms > 0.0 && fabs(pitch - c->run) < STANDS) {
        double share;
        c->stood_ms += c->hop_ms;
        share = c->hop_ms / c->stood_ms;
        c->run += (pitch - c->run) * (share > 0.05 ? share : 0.05);
    } else {
        c->stood_ms = voiced ? c->hop_ms : 0.0;
        c->run = pitch;
    }
    c->voiced += c->weight * ((double)voiced - c->voiced);
    if (voiced)
        follow_habits(c, pitch);
    c->level_mean += c->weight * (level - c->level_mean);
    away = fabs(level - c->level_mean);
    c->unrest += c->weight * ((away < 30.0 ? away : 30.0) / LEVEL_UNIT_DB - c->unrest);
    remember(c, scores);
}

static void describe_window(const float *pitch, size_t count, size_t hops, float sounding, double *mean, float *range,
                            float *at_sounding)
{
    float low, high;
    double total = 0.0; /* exact, so in any order */
    size_t i, near = 0;

    *mean = 0.0;
    *range = *at_sounding = 0.0f;
    if (!count)
        return;
    low = high = pitch[0];
    for (i = 0; i < count; i++) {
        total += (double)pitch[i];
        low = pitch[i] < low ? pitch[i] : low;
        high = pitch[i] > high ? pitch[i] : high;
        near += fabsf(pitch[i] - sounding) < NEAR_A_NAME;
    }
    *mean = total / (double)count;
    *range = high - low > 2.0f * MOST ? 2.0f * MOST : high - low;
    *at_sounding = (float)((double)near / (double)hops);
}

void contour_windows_of(contour *c, int current, contour_windows *w)
{
    size_t longest = c->windows[PITCH_WINDOWS - 1], i, k, since = longest, turns = 0;
    const float *pitch = ago(&c->pitch, longest - 1), *best = ago(&c->best, longest - 1);
    float sounding = current >= 0 ? (float)(current + LOWEST_MIDI) : 0.0f, middle;

    w->count = 0;
    for (k = 0; k < PITCH_WINDOWS; k++)
        w->starts[k] = 0;
    for (i = 0; i < longest; i++) {
        for (k = 0; k < PITCH_WINDOWS; k++)
            if (i == longest - c->windows[k])
                w->starts[k] = w->count;
        if (!(pitch[i] > 0.0f && best[i] > 0.0f))
            continue;
        c->voiced_pitch[w->count++] = pitch[i];
        if (fabsf(pitch[i] - sounding) < NEAR_A_NAME)
            since = longest - 1 - i;
    }
    for (k = 0; k < PITCH_WINDOWS; k++)
        describe_window(c->voiced_pitch + w->starts[k], w->count - w->starts[k], c->windows[k], sounding, w->means + k,
                        w->ranges + k, w->at_sounding + k);
    middle = (float)w->means[PITCH_WINDOWS - 1];
    if (w->means[PITCH_WINDOWS - 1] != 0.0)
        for (i = 1; i < w->count; i++)
            turns += (c->voiced_pitch[i] > middle) != (c->voiced_pitch[i - 1] > middle);
    w->turns = (float)turns;
    w->off_sounding = w->since_sounding = 0.0f;
    if (current < 0)
        return;
    if (pitch[longest - 1] > 0.0f && best[longest - 1] > 0.0f)
        w->off_sounding = (float)bounded((double)pitch[longest - 1] - (double)sounding, (double)MOST);
    w->since_sounding = (float)log1p((double)since * c->hop_ms);
}

/* How the pitch lies to where this player's notes have stood so far. */
static float *describe_tuning(const contour *c, float name, float *row)
{
    double cosine = (double)(float)c->cosine, sine = (double)(float)c->sine, pitch = *ago(&c->pitch, 0);
    double offset = atan2(sine, cosine) / TWO_PI, part;

    *row++ = (float)sqrt(cosine * cosine + sine * sine);
    row[0] = row[1] = 0.0f;
    if (pitch > 0.0) {
        row[0] = clipped((float)(pitch - offset) - name, MOST);
        part = fmod(pitch - offset + 0.5, 1.0);
        part = part < 0.0 ? part + 1.0 : part;
        row[1] = (float)(part - 0.5);
    }
    return row + 2;
}

void contour_describe(const contour *c, const contour_windows *w, size_t note, float *row)
{
    float name = (float)(note + LOWEST_MIDI), level = *ago(&c->level, 0), stood_ms = (float)c->stood_ms;
    double age_ms = (double)c->hops * c->hop_ms;
    size_t k, i;

    for (k = 0; k < CONTOUR_AGES; k++) {
        float pitch = *ago(&c->pitch, c->ages[k]);
        *row++ = pitch > 0.0f ? clipped(pitch - name, MOST) : 0.0f;
    }
    for (k = 0; k < CONTOUR_AGES; k++)
        *row++ = *ago(&c->best, c->ages[k]);
    for (k = 0; k < PITCH_WINDOWS; k++)
        *row++ = w->means[k] != 0.0 ? clipped((float)w->means[k] - name, MOST) : 0.0f;
    for (k = 0; k < PITCH_WINDOWS; k++)
        *row++ = w->ranges[k];
    for (k = 0; k < PITCH_WINDOWS; k++) {
        size_t near = 0;
        for (i = w->starts[k]; i < w->count; i++)
            near += fabsf(c->voiced_pitch[i] - name) < NEAR_A_NAME;
        *row++ = (float)((double)near / (double)c->windows[k]);
    }
    for (k = 0; k < PITCH_WINDOWS; k++)
        *row++ = w->at_sounding[k];
    *row++ = w->turns;
    *row++ = (float)log1p((double)stood_ms);
    *row++ = stood_ms > 0.0f ? clipped((float)c->run - name, MOST) : 0.0f;
    *row++ = w->off_sounding;
    *row++ = w->since_sounding;
    *row++ = (float)(((double)level + 60.0) / LEVEL_UNIT_DB);
    for (k = 0; k < LEVEL_AGES; k++)
        *row++ = clipped((level - *ago(&c->level, c->level_ages[k])) / (float)LEVEL_UNIT_DB, MOST_LEVELS);
    for (k = 0; k < SLOW_AGES; k++)
        *row++ = ago(&c->slow, c->slow_ages[k])[note];
    *row++ = (float)c->voiced;
    *row++ = (float)c->glide;
    *row++ = (float)c->standing;
    *row++ = (float)c->unrest;
    row = describe_tuning(c, name, row);
    *row = (float)log1p(age_ms < OLDEST_MS ? age_ms : OLDEST_MS);
}
