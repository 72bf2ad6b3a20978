package io.modelassay.checkpoint;

import java.nio.LongBuffer;

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
    boolean trips(LongBuffer longs, int from, int to) {
        long signs = signBits;
        long forPositive = positiveCarry;
        long forNegative = foldedCarry;
        int shift = width - 1;
        long sums = 0;
        for (int i = from; i < to; i++) {
            long x = longs.get(i);
            long negative = x & signs;
            long folded = x ^ ((negative - (negative >>> shift)) | negative);
            sums |= ((folded + forPositive) & ~negative) | ((folded + forNegative) & negative);
        }
        return (sums & signs) != 0;
    }

    @Override
    void inspect(LongBuffer longs, int from, int to, long firstElement) {
        for (int i = from; i < to; i++) {
            for (int lane = 0; lane < lanes; lane++) {
                long value = longs.get(i) << (Long.SIZE - width * (lane + 1)) >> (Long.SIZE - width);
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
