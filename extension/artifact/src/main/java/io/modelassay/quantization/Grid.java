package io.modelassay.quantization;

/**
 * The codes of a quantization, and what shares a scale.
 *
 * @param groupSize channels or values that share a scale, or {@link Quantization#PER_CHANNEL}
 * @param doubleQuantization whether the scales are quantized in turn
 */
record Grid(int bits, int groupSize, boolean symmetric, boolean doubleQuantization, Granularity granularity) {
    /** @throws IllegalArgumentException for bits other than 2, 3, 4 or 8, or a group size of 0 or below -1 */
    static Grid integer(Method method, int bits, int groupSize, boolean symmetric) {
        if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
            throw new IllegalArgumentException(method + " has 2, 3, 4 or 8 bits, not " + bits);
        }
        if (groupSize != Quantization.PER_CHANNEL && groupSize < 1) {
            throw new IllegalArgumentException(
                    "Group size is a positive number, or -1 for one group, not " + groupSize);
        }
        return new Grid(bits, groupSize, symmetric, false, Granularity.CHANNEL);
    }

    static Grid blocks(int size) {
        return new Grid(4, size, true, false, Granularity.BLOCK);
    }

    static Grid eightBits(Granularity granularity) {
        return new Grid(8, Quantization.PER_CHANNEL, true, false, granularity);
    }

    Grid symmetric(boolean other) {
        return new Grid(bits, groupSize, other, doubleQuantization, granularity);
    }
}
