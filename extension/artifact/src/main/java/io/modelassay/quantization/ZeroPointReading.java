package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;

/**
 * How a GPTQ module's stored zero points become zero points. The format {@code gptq} stores them less one, {@code gptq_v2}
 * as they are. GPTQModel converts between the two by adding one constant to whole words: that of the model's bits, also to
 * modules of other bits, and up to version 6 at 3 bits with the constants of the second and third word exchanged. What it
 * writes so only decodes when read back so.
 *
 * @param offset what is added to each field: 1 or 0
 * @param wordBits bits whose constants are added to whole words before fields are read; 0 for none
 */
record ZeroPointReading(int offset, int wordBits) {
    static final ZeroPointReading V1 = new ZeroPointReading(1, 0);
    static final ZeroPointReading V2 = new ZeroPointReading(0, 0);

    /** Words of a module's zero points that are looked at; a multiple of 3, so that 3-bit streams end with them. */
    private static final int SAMPLED_WORDS = 1023;

    private static final Set<String> V2_FORMATS = Set.of("gptq_v2", "auto_round", "auto_round:gptqmodel");

    /** What the config declares; the format {@code gptq} where it is silent. */
    static ZeroPointReading declared(QuantizationConfig config) {
        String format = config.text("checkpoint_format");
        if (format.isEmpty()) {
            format = config.text("packing_format").isEmpty() ? config.text("format") : config.text("packing_format");
        }
        return V2_FORMATS.contains(format) ? V2 : V1;
    }

    /** GPTQModel's own reading of what it wrote for a module of {@code bits} in a model of {@code modelBits}. */
    static ZeroPointReading ofGptqModel(int modelBits) {
        return new ZeroPointReading(0, modelBits);
    }

    /** Whether {@code config} names GPTQModel as the quantizer, in a version that adds constants to whole 3-bit words. */
    static boolean exchangesThreeBitWords(QuantizationConfig config) {
        return config
                .values()
                .optionalObject("meta")
                .filter(meta -> meta.isArray("quantizer"))
                .map(meta -> meta.strings("quantizer"))
                .orElse(List.of())
                .stream()
                .anyMatch(quantizer -> quantizer.matches("gptqmodel:[0-6]\\..*"));
    }

    /** Whether every zero point looked at becomes the middle of the range under this reading, as symmetric models have it. */
    boolean makesSymmetric(TensorInfo qzeros, int bits, SchemeReading reading) {
        int words = (int) Math.min(SAMPLED_WORDS, qzeros.byteLength() / 4 / 3 * 3);
        if (words == 0) {
            return false;
        }
        ByteBuffer stored = reading.checkpoint().map(qzeros, 0, words * 4);
        ByteBuffer shifted = ByteBuffer.allocate(words * 4).order(ByteOrder.LITTLE_ENDIAN);
        int rowWords = Math.toIntExact(qzeros.shape().dimension(1));
        for (int i = 0; i < words; i++) {
            shifted.putInt(4 * i, stored.getInt(4 * i) + constant(i % rowWords));
        }
        for (int i = 0; i < words * 32 / bits; i++) {
            if (((ZeroPoints.field(shifted, i, bits) + offset) & ((1 << bits) - 1)) != 1 << (bits - 1)) {
                return false;
            }
        }
        return true;
    }

    private int constant(int word) {
        return switch (wordBits) {
            case 2 -> 0x55555555;
            case 3 -> word % 3 == 0 ? 0x24924924 : word % 3 == 1 ? 0x92492492 : 0x49249249;
            case 4 -> 0x11111111;
            case 8 -> 0x01010101;
            default -> 0;
        };
    }
}
