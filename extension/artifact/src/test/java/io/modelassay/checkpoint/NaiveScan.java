package io.modelassay.checkpoint;

import java.math.BigInteger;
import java.util.OptionalLong;

/** The slow and obvious scanner that the fast one is held against: one element after the other, bit by bit. */
final class NaiveScan {

    private NaiveScan() {}

    static TensorScan scan(String name, TensorType type, byte[] content, int count) {
        long nan = 0;
        long inf = 0;
        double absMax = 0;
        OptionalLong first = OptionalLong.empty();
        for (int i = 0; i < count; i++) {
            double[] parts = type == TensorType.C64
                    ? new double[] {
                        value(TensorType.F32, bits(content, 64L * i, 32)),
                        value(TensorType.F32, bits(content, 64L * i + 32, 32))
                    }
                    : new double[] {value(type, bits(content, (long) type.bits() * i, type.bits()))};
            boolean anyNan = false;
            boolean anyInf = false;
            for (double part : parts) {
                anyNan |= Double.isNaN(part);
                anyInf |= Double.isInfinite(part);
                if (Double.isFinite(part)) {
                    absMax = Math.max(absMax, Math.abs(part));
                }
            }
            nan += anyNan ? 1 : 0;
            inf += anyInf && !anyNan ? 1 : 0;
            if ((anyNan || anyInf) && first.isEmpty()) {
                first = OptionalLong.of(i);
            }
        }
        return new TensorScan(name, type, Shape.of(count), count, nan, inf, absMax, first);
    }

    private static long bits(byte[] content, long from, int count) {
        long bits = 0;
        for (int i = 0; i < count; i++) {
            long at = from + i;
            bits |= (long) (content[(int) (at / 8)] >> (at % 8) & 1) << i;
        }
        return bits;
    }

    private static double value(TensorType type, long bits) {
        return switch (type) {
            case BOOL, U8, U16, U32 -> bits;
            case U64 -> new BigInteger(Long.toUnsignedString(bits)).doubleValue();
            case I8 -> (byte) bits;
            case I16 -> (short) bits;
            case I32 -> (int) bits;
            case I64 -> bits;
            case F32 -> Float.intBitsToFloat((int) bits);
            case BF16 -> Float.intBitsToFloat((int) bits << 16);
            case F64 -> Double.longBitsToDouble(bits);
            case F16 -> minifloat(bits, 5, 10, 15, true);
            case F8_E5M2 -> minifloat(bits, 5, 2, 15, true);
            case F8_E4M3 -> (bits & 0x7F) == 0x7F ? Double.NaN : minifloat(bits, 4, 3, 7, false);
            case F8_E4M3FNUZ -> bits == 0x80 ? Double.NaN : minifloat(bits, 4, 3, 8, false);
            case F8_E5M2FNUZ -> bits == 0x80 ? Double.NaN : minifloat(bits, 5, 2, 16, false);
            case F8_E8M0 -> bits == 0xFF ? Double.NaN : Math.pow(2, bits - 127);
            case F4 -> minifloat(bits, 2, 1, 1, false);
            case F6_E2M3 -> minifloat(bits, 2, 3, 1, false);
            case F6_E3M2 -> minifloat(bits, 3, 2, 3, false);
            case C64 -> throw new AssertionError();
        };
    }

    private static double minifloat(long bits, int exponentBits, int mantissaBits, int bias, boolean ieee) {
        int exponent = (int) (bits >> mantissaBits) & ((1 << exponentBits) - 1);
        double mantissa = (double) (bits & ((1 << mantissaBits) - 1)) / (1 << mantissaBits);
        boolean negative = (bits >> (exponentBits + mantissaBits) & 1) == 1;
        double value;
        if (ieee && exponent == (1 << exponentBits) - 1) {
            value = mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
        } else if (exponent == 0) {
            value = mantissa * Math.pow(2, 1 - bias);
        } else {
            value = (1 + mantissa) * Math.pow(2, exponent - bias);
        }
        return negative ? -value : value;
    }
}
