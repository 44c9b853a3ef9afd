/* Values of the latest hops in rows, the newest last; older ones are moved to the front now and then. */
#ifndef STREAMER_PAST_H
#define STREAMER_PAST_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PAST_ROOM 64

typedef struct {
    float *rows;
    size_t width, depth, room, end;
} past;

static inline int past_make(past *q, size_t depth, size_t width, float before)
{
    size_t i;

    q->width = width;
    q->depth = depth;
    q->room = 2 * depth + PAST_ROOM;
    q->end = depth;
    q->rows = malloc(q->room * width * sizeof(float));
    if (!q->rows)
        return -1;
    for (i = 0; i < depth * width; i++)
        q->rows[i] = before;
    return 0;
}

/* Where the next hop's values go; `ago` counts back from there. */
static inline float *past_next(past *q)
{
    if (q->end == q->room) {
        memcpy(q->rows, q->rows + (q->end - q->depth) * q->width, q->depth * q->width * sizeof(float));
        q->end = q->depth;
    }
    return q->rows + q->end++ * q->width;
}

static inline const float *ago(const past *q, size_t hops) { return q->rows + (q->end - 1 - hops) * q->width; }

#endif
