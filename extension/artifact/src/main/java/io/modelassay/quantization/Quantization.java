package io.modelassay.quantization;

import io.modelassay.checkpoint.JsonText;
import io.modelassay.checkpoint.TensorType;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A quantization of a model's linear weights: method, settings, and the modules kept as they are.
 *
 * <p>It applies to every linear module of the decoder layers; embedding and head stay in full precision, the head unless it is
 * asked for. Immutable; each modifier returns a new value.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class Quantization {
    /** Group size that means one group over all input channels. */
    public static final int PER_CHANNEL = -1;

    /** Name of the head, as rules match it. */
    static final String HEAD = "lm_head";

    private final Method method;
    private final Grid grid;
    private final ModuleChoice modules;
    private final MethodSettings settings;
    private final @Nullable Path calibration;

    private Quantization(
            Method method, Grid grid, ModuleChoice modules, MethodSettings settings, @Nullable Path calibration) {
        this.method = method;
        this.grid = grid;
        this.modules = modules;
        this.settings = settings;
        this.calibration = calibration;
    }

    private static Quantization of(Method method, Grid grid) {
        return new Quantization(
                method,
                grid,
                ModuleChoice.LAYERS,
                method == Method.AWQ ? AwqSettings.DEFAULT : GptqSettings.DEFAULT,
                null);
    }

    private Quantization on(Grid other) {
        return new Quantization(method, other, modules, settings, calibration);
    }

    private Quantization on(ModuleChoice other) {
        return new Quantization(method, grid, other, settings, calibration);
    }

    /**
     * Round to nearest, symmetric.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization rtn(int bits, int groupSize) {
        return of(Method.RTN, Grid.integer(Method.RTN, bits, groupSize, true));
    }

    /**
     * GPTQ, symmetric, as GPTQModel goes about it by default.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization gptq(int bits, int groupSize) {
        return of(Method.GPTQ, Grid.integer(Method.GPTQ, bits, groupSize, true));
    }

    /**
     * AWQ with a zero point in each group, as AutoAWQ goes about it by default.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization awq(int bits, int groupSize) {
        return of(Method.AWQ, Grid.integer(Method.AWQ, bits, groupSize, false));
    }

    /**
     * HQQ, which fits each group's zero point to the weights.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize consecutive values of a row that share a scale and a zero point, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization hqq(int bits, int groupSize) {
        return of(Method.HQQ, Grid.integer(Method.HQQ, bits, groupSize, false));
    }

    /** bitsandbytes NF4 in blocks of 64. */
    public static Quantization nf4() {
        return of(Method.NF4, Grid.blocks(64));
    }

    /** bitsandbytes FP4 in blocks of 64. */
    public static Quantization fp4() {
        return of(Method.FP4, Grid.blocks(64));
    }

    /** LLM.int8 weights: symmetric, one scale for each output channel. */
    public static Quantization llmInt8() {
        return of(Method.LLM_INT8, Grid.eightBits(Granularity.CHANNEL));
    }

    /** FP8 e4m3 with one scale for each tensor, channel or block of 128 by 128. */
    public static Quantization fp8(Granularity granularity) {
        return of(Method.FP8, Grid.eightBits(granularity));
    }

    /**
     * The same with a zero point in each group.
     *
     * @throws IllegalArgumentException unless the method is RTN, GPTQ or AWQ
     */
    public Quantization asymmetric() {
        require(hasChoiceOfZero(), "a zero point");
        return on(grid.symmetric(false));
    }

    /**
     * The same with codes centred on zero.
     *
     * @throws IllegalArgumentException unless the method is RTN, GPTQ or AWQ
     */
    public Quantization centred() {
        require(hasChoiceOfZero(), "codes centred on zero");
        return on(grid.symmetric(true));
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
        return on(new Grid(grid.bits(), grid.groupSize(), true, true, grid.granularity()));
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
        return on(new Grid(grid.bits(), size, true, grid.doubleQuantization(), grid.granularity()));
    }

    /**
     * The same, but the modules that match stay as they are.
     *
     * @param patterns module names, such as {@code model.layers.0.mlp} (and all below it); {@code *} stands for any
     *     characters. Each must match a module of the model it is applied to.
     */
    public Quantization keep(String... patterns) {
        return on(modules.keeping(Arrays.asList(patterns)));
    }

    /**
     * The same with GPTQModel's {@code dynamic}: rules for modules that are left out or have settings of their own. The first
     * rule counts whose regular expression a module's name begins with, those that leave out before all others. Each rule
     * must match a module of the model that this is applied to.
     *
     * @param rules such as {@code +:.*\\.down_proj$=bits:8,group_size:64} and {@code -:.*\\.o_proj$}. Settings: {@code bits},
     *     {@code group_size}, {@code sym}; for GPTQ {@code desc_act}, {@code act_group_aware}, {@code mse} (0 or 2.4), {@code
     *     damp_percent} and {@code static_groups}, too
     * @throws IllegalArgumentException if a rule cannot be read or applied, or unless the method is GPTQ or RTN
     */
    public Quantization dynamic(String... rules) {
        if (rules.length == 0) {
            return this;
        }
        require(hasRules(), "dynamic");
        List<DynamicRule> read = Arrays.stream(rules).map(DynamicRule::parse).toList();
        read.forEach(rule -> rule.applied(this));
        return on(modules.ruled(read));
    }

    /**
     * The same, and the head is quantized, too: to 8 bits in groups of 32 (GPTQ: with the grid of least error) unless a rule
     * of {@link #dynamic(String...)} says otherwise, which is what GPTQModel does.
     *
     * @throws IllegalArgumentException unless the method is GPTQ or RTN
     */
    public Quantization withHead() {
        require(hasRules(), "quantized head");
        return on(modules.withHead());
    }

    /** The same with each rule replaced by what {@code translation} makes of it. */
    Quantization translating(Function<DynamicRule, List<DynamicRule>> translation) {
        List<DynamicRule> rules = modules.dynamic().stream()
                .map(translation)
                .flatMap(List::stream)
                .toList();
        return on(new ModuleChoice(modules.keep(), rules, modules.head()));
    }

    private boolean hasRules() {
        return method == Method.GPTQ || method == Method.RTN;
    }

    /** The same with other bits and groups. */
    Quantization grid(int bits, int groupSize) {
        return on(Grid.integer(method, bits, groupSize, grid.symmetric()));
    }

    /**
     * The same with other settings of its method.
     *
     * @throws IllegalArgumentException if they are those of another method
     */
    public Quantization with(MethodSettings other) {
        require(method == other.method(), "settings of " + other.method());
        return new Quantization(method, grid, modules, other, calibration);
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
        return new Quantization(method, grid, modules, settings, file);
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
        return grid.bits();
    }

    /** Input channels (RTN) or consecutive values (NF4, FP4) that share a scale; {@link #PER_CHANNEL} for one group. */
    public int groupSize() {
        return grid.groupSize();
    }

    /** Whether codes are centred on zero. */
    public boolean symmetric() {
        return grid.symmetric();
    }

    /** Whether block scales are quantized in turn. */
    public boolean isDoubleQuantized() {
        return grid.doubleQuantization();
    }

    /** The extent of an FP8 scale. */
    public Granularity granularity() {
        return grid.granularity();
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
        return modules.keep();
    }

    /** The rules for single modules, in the order in which they are asked, with that for the head if it is quantized. */
    public List<DynamicRule> dynamic() {
        return modules.rules(method);
    }

    /** Whether the head is quantized. */
    public boolean quantizesHead() {
        return modules.head();
    }

    /** Every set of settings that a module may have: these, and what each rule makes of them. */
    public List<Quantization> grids() {
        Quantization plain = on(ModuleChoice.LAYERS);
        return Stream.concat(
                        Stream.of(plain),
                        dynamic().stream().filter(rule -> !rule.leavesOut()).map(rule -> rule.applied(plain)))
                .toList();
    }

    /** What {@link #dynamic()} makes of this for {@code module}, or nothing if it is left out. */
    public Optional<Quantization> forModule(String module) {
        Quantization plain = on(ModuleChoice.LAYERS);
        return DynamicRule.first(dynamic(), module)
                .map(rule -> rule.leavesOut() ? Optional.<Quantization>empty() : Optional.of(rule.applied(plain)))
                .orElse(Optional.of(plain));
    }

    /** The kernels that encode and decode this. */
    public Codec codec() {
        return switch (method) {
            case RTN ->
                new Codec(
                        "rtn.py",
                        Map.of("bits", (long) bits(), "group", (long) groupSize(), "symmetric", symmetric() ? 1L : 0L));
            case NF4, FP4 ->
                new Codec(
                        "bitsandbytes4.py",
                        Map.of(
                                "normal",
                                method == Method.NF4 ? 1L : 0L,
                                "block",
                                (long) groupSize(),
                                "double",
                                isDoubleQuantized() ? 1L : 0L,
                                "nested_block",
                                256L,
                                "type",
                                FloatTypes.number(TensorType.F32)));
            case HQQ -> new Codec("hqq_fit.py", Map.of("bits", (long) bits(), "group", (long) groupSize()));
            case GPTQ, AWQ ->
                throw new IllegalStateException(label() + " needs a calibration text, so no kernel encodes it alone");
            case LLM_INT8 -> new Codec("llm_int8.py", Map.of("bits", 8L));
            case FP8 ->
                new Codec(
                        List.of("scaled.py", "fp8.py"),
                        switch (granularity()) {
                            case TENSOR -> ScaleGrid.TENSOR.options(TensorType.F32, TensorType.F32);
                            case CHANNEL -> ScaleGrid.CHANNEL.options(TensorType.F32, TensorType.F32);
                            case BLOCK -> new ScaleGrid(128, 128).options(TensorType.F32, TensorType.F32);
                        });
        };
    }

    /**
     * Everything that decides what this does to weights, but for what flows through the model: two quantizations of one such
     * text do the same. {@link #toString()} leaves out what people need not see.
     */
    @API(status = API.Status.INTERNAL)
    public String contentKey() {
        return JsonText.line(List.of(method, grid, modules, settings));
    }

    /** A short name, such as {@code int4 g128 RTN}. */
    public String label() {
        String extent = groupSize() == PER_CHANNEL ? "per channel" : "g" + groupSize();
        return switch (method) {
            case RTN, GPTQ, AWQ ->
                "int" + bits() + " " + extent + (symmetric() ? " " : " asymmetric ") + method
                        + (actOrder() ? " act-order" : "");
            case NF4, FP4 ->
                method.name().toLowerCase(Locale.ROOT)
                        + (groupSize() == 64 ? "" : " block " + groupSize())
                        + (isDoubleQuantized() ? " double-quantized" : "");
            case HQQ -> "int" + bits() + " " + extent + " HQQ";
            case LLM_INT8 -> "LLM.int8";
            case FP8 -> "fp8 per " + granularity().name().toLowerCase(Locale.ROOT);
        };
    }

    private boolean actOrder() {
        return method == Method.GPTQ && gptqSettings().order() == GptqSettings.Order.ACT_ORDER;
    }

    @Override
    public String toString() {
        String kept = keep().isEmpty() ? "" : " keeping " + String.join(", ", keep());
        String rules = dynamic().stream().map(DynamicRule::toString).collect(Collectors.joining(" "));
        return label() + kept + (quantizesHead() ? " with head" : "") + (rules.isEmpty() ? "" : " dynamic " + rules);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Quantization that
                && method == that.method
                && grid.equals(that.grid)
                && modules.equals(that.modules)
                && settings.equals(that.settings)
                && Objects.equals(calibration, that.calibration);
    }

    @Override
    public int hashCode() {
        return Objects.hash(method, grid, modules, settings, calibration);
    }
}
