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

#endif
