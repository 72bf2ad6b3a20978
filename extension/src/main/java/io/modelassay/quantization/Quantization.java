package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A quantization of a model's linear weights: method, settings, and the modules kept as they are.
 *
 * <p>It applies to every linear module of the decoder layers. Embedding and head stay in full precision. Immutable; each
 * modifier returns a new value.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Quantization {
    /** Group size that means one group over all input channels. */
    public static final int PER_CHANNEL = -1;

    private final Method method;
    private final int bits;
    private final int groupSize;
    private final boolean symmetric;
    private final boolean doubleQuantization;
    private final Granularity granularity;
    private final List<String> keep;
    private final MethodSettings settings;
    private final @Nullable Path calibration;

    private Quantization(
            Method method,
            int bits,
            int groupSize,
            boolean symmetric,
            boolean doubleQuantization,
            Granularity granularity,
            List<String> keep,
            MethodSettings settings,
            @Nullable Path calibration) {
        this.method = method;
        this.bits = bits;
        this.groupSize = groupSize;
        this.symmetric = symmetric;
        this.doubleQuantization = doubleQuantization;
        this.granularity = granularity;
        this.keep = List.copyOf(keep);
        this.settings = settings;
        this.calibration = calibration;
    }

    /**
     * Round to nearest, symmetric.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization rtn(int bits, int groupSize) {
        requireGrid("RTN", bits, groupSize);
        return new Quantization(
                Method.RTN, bits, groupSize, true, false, Granularity.CHANNEL, List.of(), GptqSettings.DEFAULT, null);
    }

    /**
     * GPTQ, symmetric, as GPTQModel goes about it by default.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization gptq(int bits, int groupSize) {
        requireGrid("GPTQ", bits, groupSize);
        return new Quantization(
                Method.GPTQ, bits, groupSize, true, false, Granularity.CHANNEL, List.of(), GptqSettings.DEFAULT, null);
    }

    /**
     * AWQ with a zero point in each group, as AutoAWQ goes about it by default.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization awq(int bits, int groupSize) {
        requireGrid("AWQ", bits, groupSize);
        return new Quantization(
                Method.AWQ, bits, groupSize, false, false, Granularity.CHANNEL, List.of(), AwqSettings.DEFAULT, null);
    }

    /**
     * HQQ, which fits each group's zero point to the weights.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize consecutive values of a row that share a scale and a zero point, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization hqq(int bits, int groupSize) {
        requireGrid("HQQ", bits, groupSize);
        return new Quantization(
                Method.HQQ, bits, groupSize, false, false, Granularity.CHANNEL, List.of(), GptqSettings.DEFAULT, null);
    }

    private static void requireGrid(String name, int bits, int groupSize) {
        if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
            throw new IllegalArgumentException(name + " has 2, 3, 4 or 8 bits, not " + bits);
        }
        if (groupSize != PER_CHANNEL && groupSize < 1) {
            throw new IllegalArgumentException(
                    "Group size is a positive number, or -1 for one group, not " + groupSize);
        }
    }

    /** bitsandbytes NF4 in blocks of 64. */
    public static Quantization nf4() {
        return new Quantization(
                Method.NF4, 4, 64, true, false, Granularity.BLOCK, List.of(), GptqSettings.DEFAULT, null);
    }

    /** bitsandbytes FP4 in blocks of 64. */
    public static Quantization fp4() {
        return new Quantization(
                Method.FP4, 4, 64, true, false, Granularity.BLOCK, List.of(), GptqSettings.DEFAULT, null);
    }

    /** LLM.int8 weights: symmetric, one scale for each output channel. */
    public static Quantization llmInt8() {
        return new Quantization(
                Method.LLM_INT8,
                8,
                PER_CHANNEL,
                true,
                false,
                Granularity.CHANNEL,
                List.of(),
                GptqSettings.DEFAULT,
                null);
    }

    /** FP8 e4m3 with one scale for each tensor, channel or block of 128 by 128. */
    public static Quantization fp8(Granularity granularity) {
        return new Quantization(
                Method.FP8, 8, PER_CHANNEL, true, false, granularity, List.of(), GptqSettings.DEFAULT, null);
    }

    /**
     * The same with a zero point in each group.
     *
     * @throws IllegalArgumentException unless the method is RTN, GPTQ or AWQ
     */
    public Quantization asymmetric() {
        require(hasChoiceOfZero(), "a zero point");
        return new Quantization(
                method, bits, groupSize, false, doubleQuantization, granularity, keep, settings, calibration);
    }

    /**
     * The same with codes centred on zero.
     *
     * @throws IllegalArgumentException unless the method is RTN, GPTQ or AWQ
     */
    public Quantization centred() {
        require(hasChoiceOfZero(), "codes centred on zero");
        return new Quantization(
                method, bits, groupSize, true, doubleQuantization, granularity, keep, settings, calibration);
    }

    private boolean hasChoiceOfZero() {
        return method == Method.RTN || method == Method.GPTQ || method == Method.AWQ;
    }

    /**
     * The same with its block scales quantized to 8 bits in turn.
     *
     * @throws IllegalArgumentException unless the method is NF4 or FP4
     */
    public Quantization doubleQuantized() {
        require(method == Method.NF4 || method == Method.FP4, "double quantization");
        return new Quantization(method, bits, groupSize, symmetric, true, granularity, keep, settings, calibration);
    }

    /**
     * The same in blocks of {@code size} consecutive values.
     *
     * @param size a power of two from 32 to 4096
     * @throws IllegalArgumentException for another size, or unless the method is NF4 or FP4
     */
    public Quantization blockSize(int size) {
        require(method == Method.NF4 || method == Method.FP4, "a block size");
        if (size < 32 || size > 4096 || Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("Block size is a power of two from 32 to 4096, not " + size);
        }
        return new Quantization(
                method, bits, size, symmetric, doubleQuantization, granularity, keep, settings, calibration);
    }

    /**
     * The same, but the modules that match stay as they are.
     *
     * @param patterns module names, such as {@code model.layers.0.mlp} (and all below it); {@code *} stands for any
     *     characters. Each must match a module of the model it is applied to.
     */
    public Quantization keep(String... patterns) {
        List<String> all = new ArrayList<>(keep);
        all.addAll(List.of(patterns));
        return new Quantization(
                method, bits, groupSize, symmetric, doubleQuantization, granularity, all, settings, calibration);
    }

    /**
     * The same with other settings of its method.
     *
     * @throws IllegalArgumentException if they are those of another method
     */
    public Quantization with(MethodSettings other) {
        require(method == other.method(), "settings of " + other.method());
        return new Quantization(
                method, bits, groupSize, symmetric, doubleQuantization, granularity, keep, other, calibration);
    }

    private void require(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException(label() + " has no " + what.replaceFirst("^an? ", ""));
        }
    }

    /**
     * The same with what flows through the model while it is quantized: a UTF-8 text, of which the first 128 windows of 512
     * tokens count, or a {@code .json} file of token windows.
     *
     * @throws IllegalArgumentException unless the method needs it
     */
    public Quantization calibratedOn(Path file) {
        require(needsCalibration(), "calibration");
        return new Quantization(
                method, bits, groupSize, symmetric, doubleQuantization, granularity, keep, settings, file);
    }

    /** What flows through the model while it is quantized, if it is named. */
    public Optional<Path> calibration() {
        return Optional.ofNullable(calibration);
    }

    /** The method. */
    public Method method() {
        return method;
    }

    /** Bits of a code. */
    public int bits() {
        return bits;
    }

    /** Input channels (RTN) or consecutive values (NF4, FP4) that share a scale; {@link #PER_CHANNEL} for one group. */
    public int groupSize() {
        return groupSize;
    }

    /** Whether codes are centred on zero. */
    public boolean symmetric() {
        return symmetric;
    }

    /** Whether block scales are quantized in turn. */
    public boolean isDoubleQuantized() {
        return doubleQuantization;
    }

    /** The extent of an FP8 scale. */
    public Granularity granularity() {
        return granularity;
    }

    /** How GPTQ goes about it; its defaults where the method is another. */
    public GptqSettings gptqSettings() {
        return settings instanceof GptqSettings gptq ? gptq : GptqSettings.DEFAULT;
    }

    /** How AWQ goes about it; its defaults where the method is another. */
    public AwqSettings awqSettings() {
        return settings instanceof AwqSettings awq ? awq : AwqSettings.DEFAULT;
    }

    /** How the method goes about it. */
    public MethodSettings settings() {
        return settings;
    }

    /** Whether it needs a text that flows through the model. */
    public boolean needsCalibration() {
        return method == Method.GPTQ || method == Method.AWQ;
    }

    /** Patterns of modules that stay as they are. */
    public List<String> keep() {
        return keep;
    }

    /** The kernels that encode and decode this. */
    public Codec codec() {
        return switch (method) {
            case RTN ->
                new Codec(
                        "rtn.py",
                        Map.of("bits", (long) bits, "group", (long) groupSize, "symmetric", symmetric ? 1L : 0L));
            case NF4, FP4 ->
                new Codec(
                        "bitsandbytes4.py",
                        Map.of(
                                "normal",
                                method == Method.NF4 ? 1L : 0L,
                                "block",
                                (long) groupSize,
                                "double",
                                doubleQuantization ? 1L : 0L,
                                "nested_block",
                                256L,
                                "type",
                                FloatTypes.number(TensorType.F32)));
            case HQQ -> new Codec("hqq_fit.py", Map.of("bits", (long) bits, "group", (long) groupSize));
            case GPTQ, AWQ ->
                throw new IllegalStateException(label() + " needs a calibration text, so no kernel encodes it alone");
            case LLM_INT8 -> new Codec("llm_int8.py", Map.of("bits", 8L));
            case FP8 ->
                new Codec(
                        List.of("scaled.py", "fp8.py"),
                        switch (granularity) {
                            case TENSOR -> ScaleGrid.TENSOR.options(TensorType.F32, TensorType.F32);
                            case CHANNEL -> ScaleGrid.CHANNEL.options(TensorType.F32, TensorType.F32);
                            case BLOCK -> new ScaleGrid(128, 128).options(TensorType.F32, TensorType.F32);
                        });
        };
    }

    /** A short name, such as {@code int4 g128 RTN}. */
    public String label() {
        String extent = groupSize == PER_CHANNEL ? "per channel" : "g" + groupSize;
        return switch (method) {
            case RTN, GPTQ, AWQ ->
                "int" + bits + " " + extent + (symmetric ? " " : " asymmetric ") + method
                        + (actOrder() ? " act-order" : "");
            case NF4, FP4 ->
                method.name().toLowerCase(Locale.ROOT)
                        + (groupSize == 64 ? "" : " block " + groupSize)
                        + (doubleQuantization ? " double-quantized" : "");
            case HQQ -> "int" + bits + " " + extent + " HQQ";
            case LLM_INT8 -> "LLM.int8";
            case FP8 -> "fp8 per " + granularity.name().toLowerCase(Locale.ROOT);
        };
    }

    private boolean actOrder() {
        return method == Method.GPTQ && gptqSettings().order() == GptqSettings.Order.ACT_ORDER;
    }

    @Override
    public String toString() {
        return keep.isEmpty() ? label() : label() + " keeping " + String.join(", ", keep);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Quantization that
                && method == that.method
                && bits == that.bits
                && groupSize == that.groupSize
                && symmetric == that.symmetric
                && doubleQuantization == that.doubleQuantization
                && granularity == that.granularity
                && keep.equals(that.keep)
                && settings.equals(that.settings)
                && Objects.equals(calibration, that.calibration);
    }

    @Override
    public int hashCode() {
        return Objects.hash(
                method, bits, groupSize, symmetric, doubleQuantization, granularity, keep, settings, calibration);
    }
}
