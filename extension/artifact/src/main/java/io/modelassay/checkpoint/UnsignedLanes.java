package io.modelassay.checkpoint;

/** Lanes without a sign, up to 32 bits: even and odd lanes are tested apart, so that each has room for a carry. */
final class UnsignedLanes extends LaneScanner {

    private final TensorType type;
    private final boolean exponents;
    private final long evenLanes;
    private final long carryBits;
    private long max;
    private long carry;

    /** @param exponents whether codes are exponents (E8M0), the largest code being NaN */
    UnsignedLanes(TensorType type, int width, boolean exponents) {
        super(width);
        this.type = type;
        this.exponents = exponents;
        this.evenLanes = spread(ones(width), 2 * width);
        this.carryBits = spread(1L << width, 2 * width);
        startFrom(0);
    }

    @Override
    void startFrom(long hint) {
        max = hint;
        carry = spread(ones(width) - hint, 2 * width);
    }

    @Override
    long hint() {
        return max;
    }

    @Override
    void test(long[] block, int length, long[] flags) {
        long mask = evenLanes;
        long add = carry;
        int shift = width;
        for (int i = 0; i < length; i++) {
            long x = block[i];
            flags[i] |= ((x & mask) + add) | (((x >>> shift) & mask) + add);
        }
    }

    @Override
    long flagBits() {
        return carryBits;
    }

    @Override
    void inspect(long[] block, int length, long firstElement) {
        long lane = ones(width);
        for (int i = 0; i < length; i++) {
            long x = block[i];
            if (((((x & evenLanes) + carry) | (((x >>> width) & evenLanes) + carry)) & carryBits) == 0) {
                continue;
            }
            for (int j = 0; j < lanes; j++) {
                long code = (x >>> (j * width)) & lane;
                if (exponents && code == lane) {
                    countNan(firstElement + (long) i * lanes + j);
                } else if (code > max) {
                    startFrom(code);
                }
            }
        }
    }

    @Override
    double absMax() {
        return exponents ? FloatCode.magnitude(type, max) : (double) max;
    }
}
