package io.modelassay.checkpoint;

/**
 * Scans a run of elements packed into longs, first element in the lowest bits. One instance serves one chunk of one
 * tensor. Subclasses test all lanes of a block at once against the largest value seen so far: a lane that exceeds it
 * raises a flag, and only then are lanes looked at one by one. NaN and infinity exceed every finite
 * value, so this one test also finds them.
 */
abstract class LaneScanner {

    final int width;
    final int lanes;
    private long nan;
    private long inf;
    private long firstNonFinite = Long.MAX_VALUE;

    /**
     * A scanner without findings.
     *
     * @param width bits of a lane, a power of two from 4 to 64
     */
    LaneScanner(int width) {
        this.width = width;
        this.lanes = Long.SIZE / width;
    }

    /**
     * Tests every lane of a block: for one that needs a look, some long of {@code flags} gets a bit of
     * {@link #flagBits}. Sets other bits too. One flag a long of the block, because C2 of JDK 17 vectorizes this but
     * not the loop that gathers all flags in one variable.
     */
    abstract void test(long[] block, int length, long[] flags);

    /** The bits of a flag that count, one or more in every lane. */
    abstract long flagBits();

    /** Looks at every lane that needs it, in order. */
    abstract void inspect(long[] block, int length, long firstElement);

    /** Largest finite absolute value so far. */
    abstract double absMax();

    /** Code of the largest value so far, for another scanner of the same tensor to start from. */
    long hint() {
        return 0;
    }

    /** Starts from a value that is known to occur in the tensor. */
    void startFrom(long hint) {}

    final void countNan(long element) {
        nan++;
        firstNonFinite = Math.min(firstNonFinite, element);
    }

    final void countInf(long element) {
        inf++;
        firstNonFinite = Math.min(firstNonFinite, element);
    }

    final long nan() {
        return nan;
    }

    final long inf() {
        return inf;
    }

    /** Index of the first NaN or infinity, {@link Long#MAX_VALUE} if there is none. */
    final long firstNonFinite() {
        return firstNonFinite;
    }

    /** A long with the same small value in every lane. */
    static long spread(long value, int width) {
        long spread = 0;
        for (int shift = 0; shift < Long.SIZE; shift += width) {
            spread |= value << shift;
        }
        return spread;
    }

    /** The lowest {@code width} bits set. */
    static long ones(int width) {
        return -1L >>> (Long.SIZE - width);
    }

    static LaneScanner of(TensorType type) {
        return switch (type) {
            case BOOL, U8, U16, U32 -> new UnsignedLanes(type, type.bits(), false);
            case F8_E8M0 -> new UnsignedLanes(type, 8, true);
            case U64 -> new UnsignedLongs();
            case I8, I16, I32, I64 -> new SignedLanes(type.bits());
            case F8_E4M3FNUZ, F8_E5M2FNUZ -> new UnsignedZeroLanes(type);
            case F4 -> new MagnitudeLanes(type, 4, Long.MAX_VALUE, false);
            case F8_E5M2 -> new MagnitudeLanes(type, 8, 0x7C, true);
            case F8_E4M3 -> new MagnitudeLanes(type, 8, 0x7F, false);
            case F16 -> new MagnitudeLanes(type, 16, 0x7C00, true);
            case BF16 -> new MagnitudeLanes(type, 16, 0x7F80, true);
            case F32 -> new MagnitudeLanes(type, 32, 0x7F80_0000L, true);
            case F64 -> new MagnitudeLanes(type, 64, 0x7FF0_0000_0000_0000L, true);
            case C64 -> new ComplexLanes();
            case F6_E2M3, F6_E3M2 -> throw new IllegalArgumentException(type.label() + " does not fit lanes");
        };
    }
}
