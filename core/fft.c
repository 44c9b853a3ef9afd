#include "fft.h"

#include <math.h>
#include <string.h>

#if defined(_MSC_VER) && !defined(__clang__)
#define restrict __restrict
#endif

#if !defined(STREAMER_PORTABLE) && (defined(__GNUC__) || defined(__clang__))
typedef float fft_real __attribute__((vector_size(16), aligned(16), may_alias));
#define FFT_AT_ONCE FFT_LANES
#else
typedef float fft_real;
#define FFT_AT_ONCE 1
#endif

#include "pocketfft/rfftp.h"

int fft_plan_make(fft_plan *plan, size_t length)
{
    size_t left = length, n = 0, l1 = 1, k;
    float *next = plan->memory;

    if (length < 2 || length > FFT_MOST)
        return -1;
    memset(plan, 0, sizeof *plan);
    plan->length = length;
    for (; left % 4 == 0; left /= 4)
        plan->factor[n++] = 4;
    if (left % 2 == 0) {
        left /= 2;
        plan->factor[n++] = 2;
        plan->factor[n - 1] = plan->factor[0];
        plan->factor[0] = 2; /* as pocketfft has it, the factor 2 comes first */
    }
    for (; left % 3 == 0 && n < FFT_FACTORS; left /= 3)
        plan->factor[n++] = 3;
    if (left != 1)
        return -1;
    plan->factors = n;
    for (k = 0; k < n; k++) {
        size_t ip = plan->factor[k], ido = length / (l1 * ip), i, j;
        plan->twiddle[k] = next;
        for (j = 1; j < ip; j++)
            for (i = 1; i <= (ido - 1) / 2; i++) {
                double angle = 2.0 * 3.14159265358979323846 * (double)(j * l1 * i) / (double)length;
                next[(j - 1) * (ido - 1) + 2 * i - 2] = (float)cos(angle);
                next[(j - 1) * (ido - 1) + 2 * i - 1] = (float)sin(angle);
            }
        next += (ip - 1) * (ido - 1);
        l1 *= ip;
    }
    return 0;
}

/* Returns where the result lies: `a` or `b`. */
static fft_real *forward(const fft_plan *plan, fft_real *a, fft_real *b)
{
    size_t n = plan->length, l1 = n, k = plan->factors;

    while (k-- > 0) {
        size_t ip = plan->factor[k], ido = n / l1;
        fft_real *other = a;
        l1 /= ip;
        if (ip == 4)
            radf4(ido, l1, a, b, plan->twiddle[k]);
        else if (ip == 2)
            radf2(ido, l1, a, b, plan->twiddle[k]);
        else
            radf3(ido, l1, a, b, plan->twiddle[k]);
        a = b;
        b = other;
    }
    return a;
}

static fft_real *backward(const fft_plan *plan, fft_real *a, fft_real *b)
{
    size_t n = plan->length, l1 = 1, k;

    for (k = 0; k < plan->factors; k++) {
        size_t ip = plan->factor[k], ido = n / (ip * l1);
        fft_real *other = a;
        if (ip == 4)
            radb4(ido, l1, a, b, plan->twiddle[k]);
        else if (ip == 2)
            radb2(ido, l1, a, b, plan->twiddle[k]);
        else
            radb3(ido, l1, a, b, plan->twiddle[k]);
        a = b;
        b = other;
        l1 *= ip;
    }
    return a;
}

typedef fft_real *(*passes)(const fft_plan *, fft_real *, fft_real *);

static void run(const fft_plan *plan, float *values, float *room, passes go)
{
    size_t n = plan->length;
#if FFT_AT_ONCE == FFT_LANES
    float *found = (float *)go(plan, (fft_real *)values, (fft_real *)room);
    if (found != values)
        memcpy(values, found, n * FFT_LANES * sizeof *values);
#else
    size_t i, row;
    for (row = 0; row < FFT_LANES; row++) {
        float *found;
        for (i = 0; i < n; i++)
            room[i] = values[i * FFT_LANES + row];
        found = go(plan, room, room + n);
        for (i = 0; i < n; i++)
            values[i * FFT_LANES + row] = found[i];
    }
#endif
}

void fft_forward(const fft_plan *plan, float *values, float *room) { run(plan, values, room, forward); }

void fft_backward(const fft_plan *plan, float *values, float *room) { run(plan, values, room, backward); }
