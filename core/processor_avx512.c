/* For processors with AVX512, compiled so whatever the rest is compiled for; chosen at run time. */
#if !defined(STREAMER_PORTABLE) && (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
/* Before the pragma: what headers define is not to be compiled so. */
#include <immintrin.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512vl,avx512dq,avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512vl,avx512dq,avx2,fma")
#endif
#define KERNEL_AVX512
#define KERNEL(name) name##_avx512
#include "whole.inc"

const processor processor_avx512 = {"AVX512", stream_new_avx512, stream_free_avx512, stream_analyse_avx512, layer_avx512};
#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int processor_avx512_is_for_x86_64_only;
#endif
