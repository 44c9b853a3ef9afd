/* One vector of floats, as wide as the processor that a kernel is compiled for. `vmadd` is fused where the processor
   has that, and never where it has not: the compiler is not left to choose. STREAMER_PORTABLE leaves out all that some
   compiler may not know. */
#include <math.h>

#if defined(KERNEL_AVX512)
#include <immintrin.h>
#define VW 16
typedef __m512 vfloat;
#define vload(p) _mm512_loadu_ps(p)
#define vstore(p, v) _mm512_storeu_ps(p, v)
#define vset(x) _mm512_set1_ps(x)
#define vmadd(a, b, c) _mm512_fmadd_ps(a, b, c)
#define vadd(a, b) _mm512_add_ps(a, b)
#define vmax(a, b) _mm512_max_ps(a, b)
#elif defined(KERNEL_AVX2)
#include <immintrin.h>
#define VW 8
typedef __m256 vfloat;
#define vload(p) _mm256_loadu_ps(p)
#define vstore(p, v) _mm256_storeu_ps(p, v)
#define vset(x) _mm256_set1_ps(x)
#define vmadd(a, b, c) _mm256_fmadd_ps(a, b, c)
#define vadd(a, b) _mm256_add_ps(a, b)
#define vmax(a, b) _mm256_max_ps(a, b)
#elif !defined(STREAMER_PORTABLE) && (defined(__aarch64__) || defined(_M_ARM64))
#include <arm_neon.h>
#define VW 4
typedef float32x4_t vfloat;
#define vload(p) vld1q_f32(p)
#define vstore(p, v) vst1q_f32(p, v)
#define vset(x) vdupq_n_f32(x)
#define vmadd(a, b, c) vfmaq_f32(c, a, b)
#define vadd(a, b) vaddq_f32(a, b)
#define vmax(a, b) vmaxq_f32(a, b)
#elif !defined(STREAMER_PORTABLE) && (defined(__SSE2__) || defined(_M_X64))
#include <emmintrin.h>
#define VW 4
typedef __m128 vfloat;
#define vload(p) _mm_loadu_ps(p)
#define vstore(p, v) _mm_storeu_ps(p, v)
#define vset(x) _mm_set1_ps(x)
#define vmadd(a, b, c) _mm_add_ps(_mm_mul_ps(a, b), c)
#define vadd(a, b) _mm_add_ps(a, b)
#define vmax(a, b) _mm_max_ps(a, b)
#else
#define VW 1
typedef float vfloat;
#define vload(p) (*(p))
#define vstore(p, v) (*(p) = (v))
#define vset(x) (x)
#define vmadd(a, b, c) ((a) * (b) + (c))
#define vadd(a, b) ((a) + (b))
#define vmax(a, b) ((a) > (b) ? (a) : (b))
#endif
