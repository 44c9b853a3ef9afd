/* For processors with AVX512, compiled so whatever the rest is compiled for; chosen at run time. */
#if !defined(STREAMER_PORTABLE) && (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512dq,avx2,fma")
#endif
#define KERNEL_AVX512
#define KERNEL(name) name##_avx512
#include "kernels.inc"

const kernels kernels_avx512 = {"AVX512", correlate_avx512, dot_avx512, logarithms_avx512, interpolate_avx512, layer_avx512};
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int kernels_avx512_are_for_x86_64_only;
#endif
