/* A multi-layer perceptron: some rows at a time, so that their values stay in the first cache. */
#include "core.h"

#include <stdlib.h>
#include <string.h>

#define LAYERS_MOST 8
#define UNITS_MOST 512
#define ROWS_AT_ONCE 6

struct streamer_network {
    const processor *processor;
    size_t layers;
    size_t inputs[LAYERS_MOST], outputs[LAYERS_MOST], padded[LAYERS_MOST];
    float *weight[LAYERS_MOST], *bias[LAYERS_MOST];
};

streamer_network *streamer_network_new(size_t layers, const int32_t *units, const float *const *weights,
                                       const float *const *biases, int fastest)
{
    streamer_network *net;
    size_t k, i;

    if (layers < 1 || layers > LAYERS_MOST)
        return NULL;
    for (k = 0; k <= layers; k++)
        if (units[k] < 1 || units[k] > UNITS_MOST)
            return NULL;
    net = calloc(1, sizeof *net);
    if (!net)
        return NULL;
    net->processor = processor_choose(fastest);
    net->layers = layers;
    for (k = 0; k < layers; k++) {
        size_t in = (size_t)units[k], out = (size_t)units[k + 1];
        size_t padded = (out + UNITS_AT_ONCE - 1) / UNITS_AT_ONCE * UNITS_AT_ONCE;
        net->inputs[k] = in;
        net->outputs[k] = out;
        net->padded[k] = padded;
        net->weight[k] = calloc(in * padded, sizeof(float));
        net->bias[k] = calloc(padded, sizeof(float));
        if (!net->weight[k] || !net->bias[k]) {
            streamer_network_free(net);
            return NULL;
        }
        for (i = 0; i < in; i++)
            memcpy(net->weight[k] + i * padded, weights[k] + i * out, out * sizeof(float));
        memcpy(net->bias[k], biases[k], out * sizeof(float));
    }
    return net;
}

void streamer_network_free(streamer_network *net)
{
    size_t k;

    if (!net)
        return;
    for (k = 0; k < net->layers; k++) {
        free(net->weight[k]);
        free(net->bias[k]);
    }
    free(net);
}

void streamer_network_log_odds(const streamer_network *net, const float *rows, size_t count, float *out)
{
    float room[2][ROWS_AT_ONCE * UNITS_MOST];
    size_t last = net->layers - 1, first, k, r;

    for (first = 0; first < count; first += ROWS_AT_ONCE) {
        size_t n = count - first < ROWS_AT_ONCE ? count - first : ROWS_AT_ONCE;
        const float *x = rows + first * net->inputs[0];
        size_t stride = net->inputs[0];
        for (k = 0; k <= last; k++) {
            float *to = room[k % 2];
            net->processor->layer(x, stride, n, net->weight[k], net->bias[k], net->inputs[k], net->padded[k], k < last, to,
                             net->padded[k]);
            x = to;
            stride = net->padded[k];
        }
        for (r = 0; r < n; r++)
            memcpy(out + (first + r) * net->outputs[last], x + r * stride, net->outputs[last] * sizeof(float));
    }
}

int streamer_score(const streamer_network *net, const float *features, size_t hops, const streamer_pitch_tables *t,
                   const float *correlation, const float *period_ratio, float *scores, float *onset_scores,
                   int64_t *likeliest, double *f0_hz, int64_t *age)
{
    float odds[NOTES * 2];
    size_t k, i;

    if (net->outputs[net->layers - 1] != 2 || net->inputs[0] != FEATURES)
        return 1;
    for (k = 0; k < hops; k++, scores += NOTES, onset_scores += NOTES) {
        size_t top = 0;
        streamer_network_log_odds(net, features + k * NOTES * FEATURES, NOTES, odds);
        for (i = 0; i < NOTES; i++) {
            scores[i] = odds[2 * i];
            onset_scores[i] = odds[2 * i + 1];
        }
        for (i = 1; i < NOTES && scores[top] == scores[top]; i++) /* as numpy: the first, or what is no number */
            if (scores[i] > scores[top] || scores[i] != scores[i])
                top = i;
        likeliest[k] = (int64_t)top;
    }
    streamer_fine_pitches(correlation, hops, likeliest, t->level, t->name_hz, period_ratio, t->rate_hz, f0_hz, age);
    return 0;
}
