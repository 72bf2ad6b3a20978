package io.modelassay.checkpoint;

/** The FNUZ types: eight bits, no infinity, and the pattern of negative zero, 0x80, is the one NaN. */
final class UnsignedZeroLanes extends LaneScanner {

    private static final long MAGNITUDE_BITS = 0x7F7F_7F7F_7F7F_7F7FL;
    private static final int NAN = 0x80;

    private final TensorType type;
    private long max;
    private long carry = MAGNITUDE_BITS;

    UnsignedZeroLanes(TensorType type) {
        super(8);
        this.type = type;
    }

    @Override
    void startFrom(long hint) {
        max = hint;
        carry = spread(0x7F - hint, 8);
    }

    @Override
    long hint() {
        return max;
    }

    @Override
    void test(long[] block, int length, long[] flags) {
        long add = carry;
        for (int i = 0; i < length; i++) {
            flags[i] |= tripped(block[i], add);
        }
    }

    @Override
    long flagBits() {
        return ~MAGNITUDE_BITS;
    }

    /** The second part leaves a sign bit where the magnitude is 0 (adding 0x7F does not carry) and the sign is set. */
    private static long tripped(long x, long add) {
        long magnitudes = x & MAGNITUDE_BITS;
        return (magnitudes + add) | (~(magnitudes + MAGNITUDE_BITS) & x);
    }

    @Override
    void inspect(long[] block, int length, long firstElement) {
        for (int i = 0; i < length; i++) {
            if ((tripped(block[i], carry) & ~MAGNITUDE_BITS) == 0) {
                continue;
            }
            for (int lane = 0; lane < lanes; lane++) {
                int code = (int) (block[i] >>> (lane * 8)) & 0xFF;
                if (code == NAN) {
                    countNan(firstElement + (long) i * lanes + lane);
                } else if ((code & 0x7F) > max) {
                    startFrom(code & 0x7F);
                }
            }
        }
    }

    @Override
    double absMax() {
        return FloatCode.magnitude(type, max);
    }
}
