/* The newest samples at the analysis rate and at a half, a quarter and an eighth of it. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define HOPS_OF_ROOM 8 /* before a level's samples are moved to the front */

static int level_make(level_buffer *b, size_t most_new)
{
    b->room = HISTORY + HALVING_WIDTH + 4096 + HOPS_OF_ROOM * most_new;
    b->samples = calloc(b->room, sizeof(float));
    b->end = HISTORY + HALVING_WIDTH;
    b->made = 0;
    return b->samples ? 0 : -1;
}

/* Where `count` new samples are to be written. */
static float *level_room(level_buffer *b, size_t count)
{
    size_t kept = HISTORY + HALVING_WIDTH;

    if (b->end + count > b->room) {
        memmove(b->samples, b->samples + b->end - kept, kept * sizeof(float));
        b->end = kept;
    }
    return b->samples + b->end;
}

int pyramid_make(pyramid *p, const streamer_tables *t)
{
    size_t most, k;

    p->hop = (size_t)t->hop;
    p->up = (size_t)t->up;
    p->down = (size_t)t->down;
    p->half = (size_t)t->half;
    p->taps_width = (size_t)t->taps_width;
    p->taps = malloc(p->up * p->taps_width * sizeof(float));
    p->input_kept = p->taps_width + p->half;
    p->input = calloc(p->input_kept + p->hop, sizeof(float));
    if (!p->taps || !p->input)
        return -1;
    memcpy(p->taps, t->taps, p->up * p->taps_width * sizeof(float));
    memcpy(p->halving, t->halving, sizeof p->halving);
    p->next = (int64_t)p->input_kept; /* the first output lies at the first sample that comes in */
    most = p->hop * p->up / p->down + 2;
    for (k = 0; k < LEVELS; k++)
        if (level_make(&p->level[k], most))
            return -1;
    return 0;
}

void pyramid_free(pyramid *p)
{
    size_t k;

    free(p->taps);
    free(p->input);
    for (k = 0; k < LEVELS; k++)
        free(p->level[k].samples);
}

static size_t resample(pyramid *p, const kernels *fast)
{
    size_t end = p->input_kept + p->hop, count = 0;
    size_t most = p->hop * p->up / p->down + 2;
    float *to = level_room(&p->level[0], most);

    while ((size_t)p->next + p->half < end) {
        const float *from = p->input + (size_t)p->next + p->half + 1 - p->taps_width;
        to[count++] = fast->dot(from, p->taps + p->phase * p->taps_width, p->taps_width);
        p->phase += p->down;
        p->next += (int64_t)(p->phase / p->up);
        p->phase %= p->up;
    }
    return count;
}

void pyramid_push(pyramid *p, const kernels *fast, const float *hop)
{
    size_t k, count;

    memcpy(p->input + p->input_kept, hop, p->hop * sizeof(float));
    count = resample(p, fast);
    for (k = 0; k < LEVELS; k++) {
        level_buffer *here = &p->level[k];
        here->end += count;
        here->made += (int64_t)count;
        if (k + 1 < LEVELS) {
            level_buffer *below = &p->level[k + 1];
            int64_t made = (here->made + 1) / 2; /* sample n there lies at sample 2 n here */
            size_t wanted = (size_t)(made - below->made), i;
            ptrdiff_t first = (ptrdiff_t)here->end - (ptrdiff_t)(here->made - 2 * below->made) + 1 - HALVING_WIDTH;
            const float *from = here->samples + (wanted ? first : 0);
            float *to = level_room(below, wanted);
            for (i = 0; i < wanted; i++)
                to[i] = fast->dot(from + 2 * i, p->halving, HALVING_WIDTH);
            count = wanted;
        }
    }
    memmove(p->input, p->input + p->hop, p->input_kept * sizeof(float));
    p->next -= (int64_t)p->hop;
}

const float *pyramid_newest(const pyramid *p, size_t level, size_t count)
{
    const level_buffer *b = &p->level[level];
    return b->samples + b->end - count;
}
