package io.modelassay.quantization;

/**
 * The codes of a quantization, and what shares a scale.
 *
 * @param groupSize channels or values that share a scale, or {@link Quantization#PER_CHANNEL}
 * @param doubleQuantization whether the scales are quantized in turn
 */
record Grid(int bits, int groupSize, boolean symmetric, boolean doubleQuantization, Granularity granularity) {
    Grid symmetric(boolean other) {
        return new Grid(bits, groupSize, other, doubleQuantization, granularity);
    }
}
