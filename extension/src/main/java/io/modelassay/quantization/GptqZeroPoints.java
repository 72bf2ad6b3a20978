package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * How a module's zero points are restored from {@code qzeros}. In the format {@code gptq_v2} they are stored as they are. In
 * {@code gptq} AutoGPTQ stores each less one. GPTQModel means the same, but takes a constant from whole words
 * ({@code convert_gptq_v2_to_v1_format_module}): one for the bits of the general config even where a rule of
 * {@code dynamic} gives a module other bits, and for 3 bits one that is not a one in each field. Only adding the same
 * constant restores such zero points.
 *
 * @param offset what is added to each zero point
 * @param words what is added to the words before, repeated; nothing where empty
 * @param constant whether all zero points looked at are the same
 */
record GptqZeroPoints(int offset, List<Integer> words, boolean constant) {
    /** Words that are looked at; a multiple of three, so that no 3-bit field is cut. */
    private static final int SAMPLED_WORDS = 1023;

    private static final Set<String> V2 = Set.of("gptq_v2", "auto_round", "auto_round:gptqmodel");

    /** The constants of GPTQModel by bits. */
    private static final Map<Long, List<Integer>> CONSTANTS = Map.of(
            2L, List.of(0x55555555),
            3L, List.of(0x24924924, 0x92492492, 0x49249249),
            4L, List.of(0x11111111),
            8L, List.of(0x01010101));

    /** Reads a sample of {@code qzeros}; tells where the config says another format than they have. */
    static GptqZeroPoints of(ModuleTensors module, TensorInfo qzeros, int bits, SchemeReading reading) {
        int declared = declaredOffset(reading);
        int middle = 1 << (bits - 1);
        Optional<Integer> stored = constant(qzeros, bits, List.of(), reading);
        if (stored.isPresent() && (stored.get() == middle || stored.get() == middle - 1)) {
            int actual = middle - stored.get();
            if (actual != declared) {
                reading.error(
                        "zero-point-format-disagrees",
                        module.name("qzeros"),
                        "Every zero point looked at is stored as " + stored.get() + ", as the format " + format(actual)
                                + " stores the middle of " + bits + " bits; the config says " + format(declared)
                                + ", under which every weight is off by one scale step",
                        "set checkpoint_format to " + format(actual));
            }
            return new GptqZeroPoints(actual, List.of(), true);
        }
        long general =
                reading.config().map(config -> config.bits().orElse(bits)).orElse((long) bits);
        List<Integer> words = CONSTANTS.getOrDefault(general, List.of());
        boolean middled = constant(qzeros, bits, words, reading)
                .map(value -> value == middle)
                .orElse(false);
        if (declared == 0 || words.isEmpty() || !(middled || isByGptqModel(reading))) {
            return new GptqZeroPoints(declared, List.of(), stored.isPresent());
        }
        if (bits == 3 || general != bits) {
            reading.warning(
                    "zero-points-only-gptqmodel-reads",
                    module.name("qzeros"),
                    "The zero points of this " + bits + "-bit module were made by taking GPTQModel's constant for "
                            + general
                            + " bits from whole words, which only GPTQModel undoes; a loader that adds one to each gets"
                            + " other weights",
                    "save the model again with checkpoint_format gptq_v2");
        }
        return new GptqZeroPoints(0, words, middled);
    }

    private static int declaredOffset(SchemeReading reading) {
        String format = reading.config()
                .map(config -> config.text("checkpoint_format").isEmpty()
                        ? config.text("format") + config.text("packing_format")
                        : config.text("checkpoint_format"))
                .orElse("");
        return V2.contains(format) ? 0 : 1;
    }

    private static boolean isByGptqModel(SchemeReading reading) {
        Optional<ModelConfig> meta = reading.config()
                .flatMap(config -> config.values().isObject("meta")
                        ? Optional.of(config.values().object("meta"))
                        : Optional.empty());
        return meta.flatMap(values -> values.toJson("quantizer"))
                .map(quantizer -> quantizer.contains("gptqmodel"))
                .orElse(false);
    }

    private static String format(int offset) {
        return offset == 1 ? "gptq" : "gptq_v2";
    }

    /** The checkpoint format. */
    String format() {
        return words.isEmpty() ? format(offset) : "gptq";
    }

    /** What the kernel reads. */
    Map<String, Long> options() {
        if (words.isEmpty()) {
            return Map.of("offset", (long) offset);
        }
        return Map.of(
                "offset", (long) offset,
                "word0", (long) words.get(0),
                "word1", (long) words.get(1 % words.size()),
                "word2", (long) words.get(2 % words.size()));
    }

    /** The one value that all zero points looked at have once {@code added}, if they do. */
    private static Optional<Integer> constant(TensorInfo qzeros, int bits, List<Integer> added, SchemeReading reading) {
        int words = (int) Math.min(SAMPLED_WORDS, qzeros.byteLength() / 4 / 3 * 3);
        if (words == 0) {
            return Optional.empty();
        }
        ByteBuffer stored = reading.bytes(qzeros, words * 4);
        ByteBuffer bytes = ByteBuffer.allocate(words * 4).order(ByteOrder.LITTLE_ENDIAN);
        // Constants for 3 bits go by the column of a word; so do the fields, hence rows are whole triples there.
        for (int i = 0; i < words; i++) {
            bytes.putInt(stored.getInt(4 * i) + (added.isEmpty() ? 0 : added.get(i % added.size())));
        }
        int first = ZeroPoints.field(bytes, 0, bits);
        for (int i = 1; i < words * 32 / bits; i++) {
            if (ZeroPoints.field(bytes, i, bits) != first) {
                return Optional.empty();
            }
        }
        return Optional.of(first);
    }
}
