/* Peak and level of hops, as streamer.analysis.level has them. */
#include "core.h"

#include <math.h>

#define SILENCE_DB (-120.0)
#define TURN 6.283185307179586

static int is_faulty(const float *x, size_t size, float loudest)
{
    size_t i;

    for (i = 0; i < size; i++)
        if (!(fabsf(x[i]) <= loudest)) /* also where it is no number */
            return 1;
    return 0;
}

static void measure(const float *x, size_t hop, float *peak, double *power, double *slope)
{
    double total = 0.0, square = 0.0, steps = 0.0;
    float top = 0.0f, mean;
    size_t i;

    for (i = 0; i < hop; i++) {
        float size = fabsf(x[i]);
        top = size > top ? size : top;
        total += (double)x[i];
    }
    mean = (float)(total / (double)hop);
    for (i = 0; i < hop; i++) {
        float centred = x[i] - mean;
        square += (double)centred * (double)centred;
    }
    for (i = 1; i < hop; i++) {
        float step = x[i] - x[i - 1];
        steps += (double)step * (double)step;
    }
    *peak = top;
    *power = square / (double)hop;
    *slope = hop > 1 ? steps / (double)(hop - 1) : 0.0;
}

/* Of the newest values, the oldest first. */
static double sum(const double *ring, int32_t size, int32_t count, int32_t newest)
{
    double total = 0.0;
    int32_t k;

    for (k = count - 1; k >= 0; k--)
        total += ring[(newest + size - k) % size];
    return total;
}

int streamer_levels(streamer_meter *meter, const float *hops, size_t count, size_t hop, float loudest, float *peak,
                    double *power, double *level_db, double *brightness_hz)
{
    int32_t size = meter->size;
    size_t k;

    if (size < 1 || meter->count < 0 || meter->count > size || meter->newest < 0 || meter->newest >= size ||
        is_faulty(hops, count * hop, loudest))
        return 1;
    for (k = 0; k < count; k++) {
        double total, slopes;
        int32_t at = meter->newest = (meter->newest + 1) % size;
        measure(hops + k * hop, hop, peak + k, meter->powers + at, meter->slopes + at);
        meter->count += meter->count < size;
        total = sum(meter->powers, size, meter->count, at);
        slopes = sum(meter->slopes, size, meter->count, at);
        power[k] = meter->powers[at];
        level_db[k] = total > 0.0 ? fmax(SILENCE_DB, 20.0 * log10(pow(total / meter->count, 0.5))) : SILENCE_DB;
        brightness_hz[k] = level_db[k] > SILENCE_DB ? meter->rate_hz / TURN * sqrt(slopes / total) : 0.0;
    }
    return 0;
}
