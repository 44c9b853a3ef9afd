/* From a note to cents: in double precision and in the order of the numpy path. */
#include "core.h"

#include <math.h>

#define ANALYSIS_RATE_HZ 16000.0
#define TIE 1e-5f

/* Position of the highest value within `reach` of `position`, of equally high ones the nearest;
   interpolated. Whatever the values are, all indices stay within the row: what is no number fails every comparison. */
static double peak_near(const float *row, long length, double position, double reach)
{
    double first_at, last_at, before, here, after, curve, shift;
    long first = 1, last = length - 2, top, k;
    float highest;

    reach = reach > 1.0 ? reach : 1.0;
    first_at = position - reach;
    last_at = position + reach;
    if (first_at > 1.0)
        first = first_at < (double)(length - 2) ? (long)first_at : length - 2;
    if (last_at < (double)(length - 2))
        last = last_at > 0.0 ? (long)last_at + 1 : 1;
    if (last > length - 2)
        last = length - 2;
    highest = row[first];
    for (k = first + 1; k <= last; k++)
        highest = row[k] > highest ? row[k] : highest;
    highest -= TIE;
    top = -1;
    for (k = first; k <= last; k++)
        if (row[k] >= highest && (top < 0 || fabs((double)k - position) < fabs((double)top - position)))
            top = k;
    top = top < 0 ? first : top;
    before = row[top - 1];
    here = row[top];
    after = row[top + 1];
    curve = before - 2.0 * here + after;
    if (curve >= -(double)TIE)
        return (double)top;
    shift = 0.5 * (before - after) / curve;
    shift = shift > -0.5 ? shift : -0.5; /* at an edge there may be no peak */
    shift = shift < 0.5 ? shift : 0.5;
    return (double)top + shift;
}

static void fine_pitch(const float *correlation, size_t level, double name_hz, double period_ratio, double *f0_hz,
                       double *age_s)
{
    double rate = ANALYSIS_RATE_HZ / (double)(1 << level), period = rate / name_hz * period_ratio;
    double steps = level == 0 ? 2.0 : 1.0, lag;
    const float *row = correlation + (level ? (level + 1) * LAGS : 0);
    long length = level == 0 ? 2 * LAGS : LAGS, periods = 1;

    lag = peak_near(row, length, period * steps, 0.03 * period * steps) / steps;
    while (2.0 * (double)periods * lag < LAGS - 2 && periods < 8) {
        periods *= 2;
        lag = peak_near(row, length, (double)periods * lag * steps, 0.3 * lag * steps) / steps / (double)periods;
    }
    *f0_hz = rate / lag;
    *age_s = (LONGEST + (double)periods * lag) / 2.0 / rate;
}

void streamer_fine_pitches(const float *correlation, size_t count, const int64_t *candidate, const int32_t *level,
                           const double *name_hz, const float *period_ratio, double rate_hz, double *f0_hz,
                           int64_t *age)
{
    size_t k;

    for (k = 0; k < count; k++) {
        size_t note = candidate[k] >= 0 && candidate[k] < NOTES ? (size_t)candidate[k] : 0;
        size_t on = level[note] > 0 && level[note] < LEVELS ? (size_t)level[note] : 0;
        double age_s;
        fine_pitch(correlation + k * ROW, on, name_hz[note], (double)period_ratio[k * NOTES + note], f0_hz + k, &age_s);
        age[k] = (int64_t)rint(age_s * rate_hz);
    }
}
