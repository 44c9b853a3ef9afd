/* For any processor of its kind. */
#define KERNEL(name) name##_base
#include "kernels.inc"

const kernels kernels_base = {"baseline", correlate_base, dot_base, logarithms_base, interpolate_base, layer_base};
