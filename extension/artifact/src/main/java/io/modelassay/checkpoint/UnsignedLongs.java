package io.modelassay.checkpoint;

/** U64: one lane, no room for a carry, so the borrow of a subtraction is worked out by hand. */
final class UnsignedLongs extends LaneScanner {

    private long max;

    UnsignedLongs() {
        super(64);
    }

    @Override
    void startFrom(long hint) {
        max = hint;
    }

    @Override
    long hint() {
        return max;
    }

    @Override
    void test(long[] block, int length, long[] flags) {
        long limit = max;
        for (int i = 0; i < length; i++) {
            long x = block[i];
            flags[i] |= (~limit & x) | ((~limit | x) & (limit - x));
        }
    }

    @Override
    long flagBits() {
        return Long.MIN_VALUE;
    }

    @Override
    void inspect(long[] block, int length, long firstElement) {
        for (int i = 0; i < length; i++) {
            if (Long.compareUnsigned(block[i], max) > 0) {
                max = block[i];
            }
        }
    }

    @Override
    double absMax() {
        // The low bit is kept as a sticky bit, so that halving first does not change the rounding.
        return max >= 0 ? (double) max : (double) ((max >>> 1) | (max & 1)) * 2;
    }
}
