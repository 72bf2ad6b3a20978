package io.modelassay.quantization;

import io.modelassay.checkpoint.JsonText;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
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

    private final QuantizationMethod method;
    private final Grid grid;
    private final ModuleChoice modules;
    private final MethodSettings settings;
    private final @Nullable Path calibration;

    private Quantization(
            QuantizationMethod method,
            Grid grid,
            ModuleChoice modules,
            MethodSettings settings,
            @Nullable Path calibration) {
        this.method = method;
        this.grid = grid;
        this.modules = modules;
        this.settings = settings;
        this.calibration = calibration;
    }

    private static Quantization of(QuantizationMethod method, Grid grid) {
        return new Quantization(method, grid, ModuleChoice.LAYERS, method.settings(), null);
    }

    /**
     * The method of that name with the bits and groups that it has where nothing else is asked for.
     *
     * @param method such as {@code gptq}; see {@link QuantizationMethods}
     * @throws IllegalArgumentException if there is no such method
     */
    public static Quantization of(String method) {
        QuantizationMethod found = QuantizationMethods.named(method);
        return of(found, found.grids().usual());
    }

    /**
     * The method of that name.
     *
     * @param method such as {@code gptq}; see {@link QuantizationMethods}
     * @param bits bits of a code
     * @param groupSize what shares a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException if there is no such method, or it does not have such bits or groups
     */
    public static Quantization of(String method, int bits, int groupSize) {
        return of(method).grid(bits, groupSize);
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
        return of(RtnMethod.NAME, bits, groupSize);
    }

    /**
     * GPTQ, symmetric, as GPTQModel goes about it by default.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization gptq(int bits, int groupSize) {
        return of(GptqMethod.NAME, bits, groupSize);
    }

    /**
     * AWQ with a zero point in each group, as AutoAWQ goes about it by default.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization awq(int bits, int groupSize) {
        return of(AwqMethod.NAME, bits, groupSize);
    }

    /**
     * HQQ, which fits each group's zero point to the weights.
     *
     * @param bits 2, 3, 4 or 8
     * @param groupSize consecutive values of a row that share a scale and a zero point, or {@link #PER_CHANNEL}
     * @throws IllegalArgumentException for other bits, or a group size of 0 or below -1
     */
    public static Quantization hqq(int bits, int groupSize) {
        return of(HqqMethod.NAME, bits, groupSize);
    }

    /** bitsandbytes NF4 in blocks of 64. */
    public static Quantization nf4() {
        return of(Nf4Method.NAME);
    }

    /** bitsandbytes FP4 in blocks of 64. */
    public static Quantization fp4() {
        return of(Fp4Method.NAME);
    }

    /** LLM.int8 weights: symmetric, one scale for each output channel. */
    public static Quantization llmInt8() {
        return of(LlmInt8Method.NAME);
    }

    /** FP8 e4m3 with one scale for each tensor, channel or block of 128 by 128. */
    public static Quantization fp8(Granularity granularity) {
        return of(Fp8Method.NAME).granularity(granularity);
    }

    /**
     * The same with a zero point in each group.
     *
     * @throws IllegalArgumentException unless the method has a choice of it, as RTN, GPTQ and AWQ have
     */
    public Quantization asymmetric() {
        require(method.grids().choosesZero(), "a zero point");
        return on(grid.symmetric(false));
    }

    /**
     * The same with codes centred on zero.
     *
     * @throws IllegalArgumentException unless the method has a choice of it, as RTN, GPTQ and AWQ have
     */
    public Quantization centred() {
        require(method.grids().choosesZero(), "codes centred on zero");
        return on(grid.symmetric(true));
    }

    /**
     * The same with its block scales quantized to 8 bits in turn.
     *
     * @throws IllegalArgumentException unless the method has block scales, as NF4 and FP4 have
     */
    public Quantization doubleQuantized() {
        require(method.grids().doubles(), "double quantization");
        return on(new Grid(grid.bits(), grid.groupSize(), true, true, grid.granularity()));
    }

    /**
     * The same in blocks of {@code size} consecutive values.
     *
     * @param size a power of two from 32 to 4096
     * @throws IllegalArgumentException for another size, or unless the method has blocks, as NF4 and FP4 have
     */
    public Quantization blockSize(int size) {
        require(method.grids().extent() == GridChoices.Extent.BLOCKS, "a block size");
        method.grids().requireSize(method, size);
        return on(new Grid(grid.bits(), size, true, grid.doubleQuantization(), grid.granularity()));
    }

    /**
     * The same with scales of that extent.
     *
     * @throws IllegalArgumentException unless the method has a choice of it, as FP8 has
     */
    public Quantization granularity(Granularity extent) {
        require(method.grids().extent() == GridChoices.Extent.GRANULARITY, "a granularity");
        return on(new Grid(grid.bits(), grid.groupSize(), grid.symmetric(), false, extent));
    }

    /**
     * The same with a setting that the method has under that name.
     *
     * @param name such as {@code act-order}
     * @param value what it is set to; empty for an option without a value
     * @throws IllegalArgumentException if the method has no such setting, or not this value
     */
    public Quantization option(String name, String value) {
        MethodOption option = method.options().stream()
                .filter(known -> known.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(label() + " has no " + name));
        return with(option.change().apply(settings, value));
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
     * @throws IllegalArgumentException if a rule cannot be read or applied, or unless the method takes rules, as GPTQ and RTN do
     */
    public Quantization dynamic(String... rules) {
        if (rules.length == 0) {
            return this;
        }
        require(method.takesRules(), "dynamic");
        List<DynamicRule> read = Arrays.stream(rules).map(DynamicRule::parse).toList();
        read.forEach(rule -> rule.applied(this));
        return on(modules.ruled(read));
    }

    /**
     * The same, and the head is quantized, too: to 8 bits in groups of 32 (GPTQ: with the grid of least error) unless a rule
     * of {@link #dynamic(String...)} says otherwise, which is what GPTQModel does.
     *
     * @throws IllegalArgumentException unless the method takes rules, as GPTQ and RTN do
     */
    public Quantization withHead() {
        require(method.takesRules(), "quantized head");
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

    /** The same with other bits and groups. */
    Quantization grid(int bits, int groupSize) {
        return on(method.grids().grid(method, bits, groupSize, grid.symmetric()));
    }

    /**
     * The same with other settings of its method.
     *
     * @throws IllegalArgumentException if they are those of another method
     */
    public Quantization with(MethodSettings other) {
        require(
                method.name().equals(other.method()),
                "settings of " + QuantizationMethods.named(other.method()).title());
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
    public QuantizationMethod method() {
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
        return method.needsCalibration();
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
        return method.codec(this);
    }

    /** The same kernels where what they encode is stored. */
    @API(status = API.Status.INTERNAL)
    public Codec storedCodec() {
        return method.storedCodec(this);
    }

    /**
     * Everything that decides what this does to weights, but for what flows through the model: two quantizations of one such
     * text do the same. {@link #toString()} leaves out what people need not see.
     */
    @API(status = API.Status.INTERNAL)
    public String contentKey() {
        return JsonText.line(List.of(method.name(), grid, modules, settings));
    }

    /** A short name, such as {@code int4 g128 RTN}. */
    public String label() {
        return method.label(this);
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
                && method.equals(that.method)
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
