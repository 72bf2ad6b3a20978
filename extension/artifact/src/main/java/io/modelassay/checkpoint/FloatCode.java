package io.modelassay.checkpoint;

/** Decodes the bits of a floating-point value without its sign. */
final class FloatCode {

    private FloatCode() {}

    /** The finite value that an unsigned bit pattern of the type stands for. */
    static double magnitude(TensorType type, long code) {
        return switch (type) {
            case F4 -> decode(code, 1, 1);
            case F6_E2M3 -> decode(code, 3, 1);
            case F6_E3M2 -> decode(code, 2, 3);
            case F8_E5M2 -> decode(code, 2, 15);
            case F8_E4M3 -> decode(code, 3, 7);
            case F8_E8M0 -> Math.scalb(1.0, (int) code - 127);
            case F8_E4M3FNUZ -> decode(code, 3, 8);
            case F8_E5M2FNUZ -> decode(code, 2, 16);
            case F16 -> decode(code, 10, 15);
            case BF16 -> decode(code, 7, 127);
            case F32, C64 -> decode(code, 23, 127);
            case F64 -> Double.longBitsToDouble(code);
            default -> throw new IllegalArgumentException(type.label() + " is no floating-point type");
        };
    }

    private static double decode(long code, int mantissaBits, int bias) {
        int exponent = (int) (code >>> mantissaBits);
        long mantissa = code & ((1L << mantissaBits) - 1);
        return exponent == 0
                ? Math.scalb((double) mantissa, 1 - bias - mantissaBits)
                : Math.scalb((double) (mantissa | 1L << mantissaBits), exponent - bias - mantissaBits);
    }
}
