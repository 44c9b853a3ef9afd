/* For processors with AVX2, compiled so whatever the rest is compiled for; chosen at run time. */
#if !defined(STREAMER_PORTABLE) && (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define KERNEL_AVX2
#define KERNEL(name) name##_avx2
#include "kernels.inc"

const kernels kernels_avx2 = {"AVX2", correlate_avx2, dot_avx2, logarithms_avx2, interpolate_avx2, layer_avx2};
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int kernels_avx2_are_for_x86_64_only;
#endif
