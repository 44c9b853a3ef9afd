/* Real transforms of four rows of floats side by side, on pocketfft's passes. */
#ifndef STREAMER_FFT_H
#define STREAMER_FFT_H

#include <stddef.h>

#define FFT_LANES 4
#define FFT_MOST 512     /* samples of one transform */
#define FFT_FACTORS 8

typedef struct {
    size_t length, factors;
    size_t factor[FFT_FACTORS];
    const float *twiddle[FFT_FACTORS];
    float memory[2 * FFT_MOST];
} fft_plan;

/* A plan for a length that has no prime factor but 2 and 3. Returns 0, or -1 if it has. */
int fft_plan_make(fft_plan *plan, size_t length);

/* In place, rows interleaved: values[i * FFT_LANES + row]. `room` has as many values. Both aligned to 16 bytes.
   Half-complex as in FFTPACK: r0, r1, i1, r2, i2, ... ; unnormalised in both directions. */
void fft_forward(const fft_plan *plan, float *values, float *room);
void fft_backward(const fft_plan *plan, float *values, float *room);

#endif
