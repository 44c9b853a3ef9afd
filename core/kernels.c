#include "kernels.h"

extern const kernels kernels_base;
#if !defined(STREAMER_PORTABLE) && (defined(__GNUC__) || defined(__clang__)) && defined(__x86_64__)
#define KERNELS_X86
extern const kernels kernels_avx2, kernels_avx512;
#endif

const kernels *kernels_choose(int most)
{
#ifdef KERNELS_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        if (most >= 2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512dq"))
            return &kernels_avx512;
        if (most >= 1)
            return &kernels_avx2;
    }
#else
    (void)most;
#endif
    return &kernels_base;
}
