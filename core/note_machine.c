/* The note machine between its decisions, to the bit as streamer.decision.machine and .by_verifier have it. What is
   decided is not: where a note may be proposed or end, Python takes over. */
#include "context.h"

#include <math.h>

#define FARTHEST 0.8
#define MOST_GAIN 4.0f
#define DOUBTED (-1.0f)
#define REFERENCE_MS 60.0
#define HELD (-1.0f)
#define AT_NAME 0.3
#define NEAR_NOTES 2

typedef struct {
    const float *scores, *onset_scores;
    float gains[NOTES];
} hop_evidence;

/* What one hop says: into the context, and into the rows that Python reads. */
static void weigh(const streamer_machine_settings *t, streamer_context *context, const streamer_machine_hops *h,
                  size_t hop, hop_evidence *e)
{
    float doubted[NOTES], *scores = h->clipped_scores + hop * NOTES, *onsets = h->clipped_onset_scores + hop * NOTES;
    const float *given = h->onset_scores + hop * NOTES;
    double pitch = h->pitches[hop], known = isnan(pitch) ? 0.0 : pitch;
    float hop_ms = (float)t->hop_ms, newness = (float)t->newness;
    int64_t likeliest = h->likeliest[hop];
    size_t i;

    memcpy(doubted, h->scores + hop * NOTES, sizeof doubted);
    if (likeliest >= 0 && likeliest < NOTES && !(fabs(pitch - (double)(likeliest + LOWEST_MIDI)) <= FARTHEST))
        doubted[likeliest] = doubted[likeliest] > DOUBTED ? DOUBTED : doubted[likeliest];
    streamer_context_add(context, doubted, given, &known, h->level_db + hop, 1);
    for (i = 0; i < NOTES; i++) {
        scores[i] = h->audible[hop] ? clipped(doubted[i], MOST_GAIN) : -MOST_GAIN;
        onsets[i] = clipped(given[i], MOST_GAIN);
        e->gains[i] = (onsets[i] * newness + scores[i]) * hop_ms;
    }
    e->scores = scores;
    e->onset_scores = onsets;
}

/* The pitch is that of the note that sounds: its neighbours gather no evidence, but for one that it is nearer to. */
static void hold(float *gains, size_t first, size_t end, int current, double pitch)
{
    double nearest = rint(pitch) - LOWEST_MIDI;
    size_t i;

    for (i = first; i < end; i++)
        if ((int)i == current || (double)i != nearest)
            gains[i] = gains[i] > HELD ? HELD : gains[i];
}

/* What sounds: how surely it goes on. */
static void follow(const streamer_machine_settings *t, streamer_machine_state *s, hop_evidence *e, double pitch)
{
    size_t first = s->current > 0 ? (size_t)s->current - 1 : 0, end = (size_t)s->current + 2, i;
    float stay = e->scores[s->current];
    int held = (double)s->since * t->hop_ms >= t->swing_after_ms &&
               (double)(s->since - s->near_at) * t->hop_ms <= t->swing_ms;
    double share = t->hop_ms / REFERENCE_MS;

    if (fabs(pitch - (double)(s->current + LOWEST_MIDI)) < AT_NAME)
        s->stood_ms += t->hop_ms;
    end = end < NOTES ? end : NOTES;
    if (held && fabs(pitch - s->reference) < t->swing_semitones)
        for (i = 0; i < NOTES; i++)
            if (abs((int)i - s->current) <= NEAR_NOTES)
                stay = greater(stay, e->scores[i]);
    if (fabs(pitch - s->reference) < t->same_semitones) {
        stay = e->scores[first];
        for (i = first + 1; i < end; i++)
            stay = greater(stay, e->scores[i]);
        s->near_at = s->since;
        hold(e->gains, first, end, s->current, pitch);
        s->reference += (share < 1.0 ? share : 1.0) * (pitch - s->reference);
    }
    s->stay = (double)stay;
}

static void gather(const hop_evidence *e, streamer_machine_state *s, float *sums, int64_t *ages)
{
    float top = 0.0f;
    size_t i;

    for (i = 0; i < NOTES; i++) {
        float sum = sums[i] + e->gains[i];
        sums[i] = sum < 0.0f ? 0.0f : sum;
        ages[i] = sum > 0.0f ? ages[i] + 1 : 0;
    }
    for (i = 0; i < NOTES; i++)
        top = greater(top, sums[i]);
    s->top = (double)top;
    s->since++;
}

/* Whether a note may have to be proposed; it need not be. */
static int may_propose(const streamer_machine_settings *t, const streamer_machine_state *s, const hop_evidence *e,
                       double pitch)
{
    double off;

    if (s->top > t->propose)
        return 1;
    if (s->current < 0)
        return 0;
    off = fabs(pitch - (double)(s->current + LOWEST_MIDI));
    return e->onset_scores[s->current] > (float)t->propose_again ||
           (off > AT_NAME && off <= (double)NEAR_NOTES && (double)s->since * t->hop_ms <= t->correct_within_ms);
}

size_t streamer_machine_run(const streamer_machine_settings *t, streamer_machine_state *s, streamer_context *context,
                            const streamer_machine_hops *h, float *sums, int64_t *ages, size_t first, size_t count)
{
    hop_evidence e;
    size_t hop;

    if (s->current >= NOTES)
        return count;
    for (hop = first; hop < count; hop++) {
        double end_sum;
        weigh(t, context, h, hop, &e);
        s->stay = 0.0;
        if (s->current >= 0)
            follow(t, s, &e, h->pitches[hop]);
        gather(&e, s, sums, ages);
        if (may_propose(t, s, &e, h->pitches[hop]))
            return hop;
        if (s->current < 0)
            continue;
        end_sum = s->end_sum - s->stay * t->hop_ms;
        if (end_sum > t->end)
            return hop;
        s->end_sum = end_sum > 0.0 ? end_sum : 0.0;
        s->end_age = s->end_sum > 0.0 ? s->end_age + 1 : 0;
    }
    return count;
}
