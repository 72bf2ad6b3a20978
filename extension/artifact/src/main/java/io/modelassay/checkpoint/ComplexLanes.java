package io.modelassay.checkpoint;

/** C64: real part in the low half of a long, imaginary part in the high half, each an F32. */
final class ComplexLanes extends LaneScanner {

    private static final long MAGNITUDE_BITS = 0x7FFF_FFFF_7FFF_FFFFL;
    private static final long INFINITY = 0x7F80_0000L;

    private long max;
    private long carry = spread(0x7FFF_FFFFL, 32);

    ComplexLanes() {
        super(64);
    }

    @Override
    void startFrom(long hint) {
        max = hint;
        carry = spread(0x7FFF_FFFFL - hint, 32);
    }

    @Override
    long hint() {
        return max;
    }

    @Override
    void test(long[] block, int length, long[] flags) {
        MagnitudeLanes.test(block, length, flags, MAGNITUDE_BITS, carry);
    }

    @Override
    long flagBits() {
        return ~MAGNITUDE_BITS;
    }

    @Override
    void inspect(long[] block, int length, long firstElement) {
        for (int i = 0; i < length; i++) {
            long magnitudes = block[i] & MAGNITUDE_BITS;
            if (((magnitudes + carry) & ~MAGNITUDE_BITS) == 0) {
                continue;
            }
            long real = magnitudes & 0xFFFF_FFFFL;
            long imaginary = magnitudes >>> 32;
            if (real > INFINITY || imaginary > INFINITY) {
                countNan(firstElement + i);
            } else if (real == INFINITY || imaginary == INFINITY) {
                countInf(firstElement + i);
            }
            raise(real);
            raise(imaginary);
        }
    }

    private void raise(long code) {
        if (code > max && code < INFINITY) {
            startFrom(code);
        }
    }

    @Override
    double absMax() {
        return FloatCode.magnitude(TensorType.C64, max);
    }
}
