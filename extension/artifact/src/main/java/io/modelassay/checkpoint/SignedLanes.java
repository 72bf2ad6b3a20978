package io.modelassay.checkpoint;

/**
 * Two's-complement lanes. A negative lane is folded to {@code -value - 1}, which always fits, and compared with its own
 * limit.
 */
final class SignedLanes extends LaneScanner {

    private final long signBits;
    private long largestPositive;
    /** Largest {@code -value - 1} of a negative lane, -1 if there was none. */
    private long largestFolded = -1;

    private long positiveCarry;
    private long foldedCarry;

    SignedLanes(int width) {
        super(width);
        this.signBits = spread(1L << (width - 1), width);
        updateCarries();
    }

    private void updateCarries() {
        positiveCarry = spread(ones(width - 1) - largestPositive, width);
        foldedCarry = spread(ones(width - 1) - largestFolded, width);
    }

    @Override
    void test(long[] block, int length, long[] flags) {
        long signs = signBits;
        long forPositive = positiveCarry;
        long forNegative = foldedCarry;
        int shift = width - 1;
        for (int i = 0; i < length; i++) {
            long x = block[i];
            long negative = x & signs;
            long folded = x ^ ((negative - (negative >>> shift)) | negative);
            flags[i] |= ((folded + forPositive) & ~negative) | ((folded + forNegative) & negative);
        }
    }

    @Override
    long flagBits() {
        return signBits;
    }

    @Override
    void inspect(long[] block, int length, long firstElement) {
        for (int i = 0; i < length; i++) {
            for (int lane = 0; lane < lanes; lane++) {
                long value = block[i] << (Long.SIZE - width * (lane + 1)) >> (Long.SIZE - width);
                if (value > largestPositive) {
                    largestPositive = value;
                } else if (~value > largestFolded) {
                    largestFolded = ~value;
                }
            }
        }
        updateCarries();
    }

    @Override
    double absMax() {
        return Math.max((double) largestPositive, (double) largestFolded + 1);
    }
}
