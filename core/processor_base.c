/* For any processor of its kind. */
#define KERNEL(name) name##_base
#include "whole.inc"

const processor processor_base = {"baseline", stream_new_base, stream_free_base, stream_analyse_base, layer_base};
