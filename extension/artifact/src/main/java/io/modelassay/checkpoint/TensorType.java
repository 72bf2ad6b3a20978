package io.modelassay.checkpoint;

import java.util.Optional;
import org.apiguardian.api.API;

/**
 * Element types of the safetensors format, in the order in which its reference writer sorts them (narrowest first; the
 * writer goes from the last to the first).
 */
@API(status = API.Status.EXPERIMENTAL)
public enum TensorType {
    /** One byte, 0 or 1. The format does not check that no other value occurs. */
    BOOL("BOOL", 8, false),
    /** E2M1, two values a byte, the first in the low bits. Shapes count values, not bytes. */
    F4("F4", 4, true),
    /** Six bits: sign, 2 exponent, 3 mantissa. Four values in three bytes. */
    F6_E2M3("F6_E2M3", 6, true),
    /** Six bits: sign, 3 exponent, 2 mantissa. Four values in three bytes. */
    F6_E3M2("F6_E3M2", 6, true),
    U8("U8", 8, false),
    I8("I8", 8, false),
    /** Bias 15, infinities and NaN as in IEEE 754, largest finite value 57344. */
    F8_E5M2("F8_E5M2", 8, true),
    /** {@code float8_e4m3fn}: bias 7, no infinity, NaN is 0x7F or 0xFF, largest finite value 448. */
    F8_E4M3("F8_E4M3", 8, true),
    /** An exponent without sign: 2<sup>e - 127</sup>, NaN is 0xFF, there is no zero. */
    F8_E8M0("F8_E8M0", 8, true),
    /** Bias 8, no infinity, no negative zero, NaN is 0x80, largest finite value 240. */
    F8_E4M3FNUZ("F8_E4M3FNUZ", 8, true),
    /** Bias 16, no infinity, no negative zero, NaN is 0x80, largest finite value 57344. */
    F8_E5M2FNUZ("F8_E5M2FNUZ", 8, true),
    I16("I16", 16, false),
    U16("U16", 16, false),
    F16("F16", 16, true),
    BF16("BF16", 16, true),
    I32("I32", 32, false),
    U32("U32", 32, false),
    F32("F32", 32, true),
    /** Real part, then imaginary part, each F32. */
    C64("C64", 64, true),
    F64("F64", 64, true),
    I64("I64", 64, false),
    U64("U64", 64, false);

    private final String label;
    private final int bits;
    private final boolean floatingPoint;

    TensorType(String label, int bits, boolean floatingPoint) {
        this.label = label;
        this.bits = bits;
        this.floatingPoint = floatingPoint;
    }

    /** The name used in files and messages, such as {@code BF16}. */
    public String label() {
        return label;
    }

    /** Bits of one element; 4 or 6 for the types that share bytes. */
    public int bits() {
        return bits;
    }

    /** True for real and complex floating-point types, whatever their width. */
    public boolean isFloatingPoint() {
        return floatingPoint;
    }

    /** The type with exactly this label (case matters), or empty. */
    public static Optional<TensorType> ofLabel(String label) {
        for (TensorType type : values()) {
            if (type.label.equals(label)) {
                return Optional.of(type);
            }
        }
        return Optional.empty();
    }
}
