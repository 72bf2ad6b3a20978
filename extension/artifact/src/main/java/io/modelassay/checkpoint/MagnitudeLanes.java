package io.modelassay.checkpoint;

/** Lanes of one sign bit and a magnitude whose bits are ordered like its values, non-finite codes last. */
final class MagnitudeLanes extends LaneScanner {

    private final TensorType type;
    private final long firstNonFiniteCode;
    private final long infinityCode;
    private final long magnitudeBits;
    private final long signBits;
    private long max;
    /** In every lane the number that carries a larger magnitude than {@link #max} into the sign bit. */
    private long carry;

    /**
     * @param firstNonFiniteCode smallest magnitude that is infinite or NaN
     * @param hasInfinity whether that code is infinity, the codes after it being NaN
     */
    MagnitudeLanes(TensorType type, int width, long firstNonFiniteCode, boolean hasInfinity) {
        super(width);
        this.type = type;
        this.firstNonFiniteCode = firstNonFiniteCode;
        this.infinityCode = hasInfinity ? firstNonFiniteCode : -1;
        this.magnitudeBits = spread(ones(width - 1), width);
        this.signBits = ~magnitudeBits;
        raise(0);
    }

    private void raise(long newMax) {
        max = newMax;
        carry = spread(ones(width - 1) - newMax, width);
    }

    @Override
    void startFrom(long hint) {
        raise(hint);
    }

    @Override
    long hint() {
        return max;
    }

    @Override
    void test(long[] block, int length, long[] flags) {
        test(block, length, flags, magnitudeBits, carry);
    }

    /** The hot loop: and, add, or, eight bytes at a time and several of those in one vector instruction. */
    static void test(long[] block, int length, long[] flags, long magnitudeBits, long carry) {
        for (int i = 0; i < length; i++) {
            flags[i] |= (block[i] & magnitudeBits) + carry;
        }
    }

    @Override
    long flagBits() {
        return signBits;
    }

    @Override
    void inspect(long[] block, int length, long firstElement) {
        for (int i = 0; i < length; i++) {
            long magnitudes = block[i] & magnitudeBits;
            if (((magnitudes + carry) & signBits) != 0) {
                inspect(magnitudes, firstElement + (long) i * lanes);
            }
        }
    }

    private void inspect(long magnitudes, long element) {
        long lane = ones(width);
        for (int i = 0; i < lanes; i++) {
            long code = (magnitudes >>> (i * width)) & lane;
            if (code <= max) {
                continue;
            }
            if (code < firstNonFiniteCode) {
                raise(code);
            } else if (code == infinityCode) {
                countInf(element + i);
            } else {
                countNan(element + i);
            }
        }
    }

    @Override
    double absMax() {
        return FloatCode.magnitude(type, max);
    }
}
