package io.modelassay.quantization;

import io.modelassay.quantization.GptqSettings.Order;
import io.modelassay.quantization.ToolArithmetic.Trait;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apiguardian.api.API;

/** GPTQ (Frantar et al., 2022), as GPTQModel goes about it by default. */
@API(status = API.Status.INTERNAL)
public final class GptqMethod implements QuantizationMethod {
    /** Its name. */
    public static final String NAME = "gptq";

    /** Scales are stored in float16 whatever the tools compute in. */
    static final ToolArithmetic ARITHMETIC =
            ToolArithmetic.of(NAME, "GPTQ", Trait.LOADS_IN_FLOAT16, Trait.SCALES_IN_FLOAT16);

    /** The exponent of the error that the search for a grid minimizes. */
    private static final double SEARCH_EXPONENT = 2.4;

    private static final String ORDER = "desc_act";
    private static final String GROUP_AWARE = "act_group_aware";
    private static final String SEARCH = "mse";
    private static final String DAMPING = "damp_percent";
    private static final String STATIC = "static_groups";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GridChoices grids() {
        return GridChoices.groupsOf(128);
    }

    @Override
    public CodeKind codes() {
        return CodeKind.INTEGER;
    }

    @Override
    public String label(Quantization quantization) {
        boolean ordered = quantization.gptqSettings().order() == Order.ACT_ORDER;
        return QuantizationMethod.super.label(quantization) + (ordered ? " act-order" : "");
    }

    @Override
    public MethodSettings settings() {
        return GptqSettings.DEFAULT;
    }

    @Override
    public List<MethodOption> options() {
        return List.of(
                MethodOption.flag(
                        GptqSettings.class,
                        "act-order",
                        "GPTQ: strongest channels first (desc_act).",
                        settings -> settings.order(Order.ACT_ORDER)),
                MethodOption.flag(
                        GptqSettings.class,
                        "static-groups",
                        "GPTQ: every group's grid before any error is passed on.",
                        GptqSettings::withStaticGroups),
                MethodOption.flag(
                        GptqSettings.class,
                        "search-grid",
                        "GPTQ: the grid of least error in each group.",
                        GptqSettings::searchingGrid),
                MethodOption.number(
                        GptqSettings.class,
                        "damping",
                        "SHARE",
                        "GPTQ: share of the mean of the Hessian's diagonal added to it; 0.05 by default.",
                        (settings, share) -> settings.damping(share, settings.dampingStep())));
    }

    @Override
    public boolean needsCalibration() {
        return true;
    }

    @Override
    public List<String> formats() {
        return List.of("gptq_v2", "gptq", "awq", "pack-quantized");
    }

    @Override
    public ToolArithmetic arithmetic(Quantization quantization) {
        return ARITHMETIC;
    }

    @Override
    public List<ToolArithmetic> arithmetics() {
        return List.of(ARITHMETIC);
    }

    @Override
    public boolean takesRules() {
        return true;
    }

    @Override
    public Map<String, Function<String, Object>> ruleSettings() {
        Map<String, Function<String, Object>> settings = new LinkedHashMap<>();
        settings.put(ORDER, DynamicRule::truth);
        settings.put(GROUP_AWARE, DynamicRule::truth);
        settings.put(SEARCH, Double::valueOf);
        settings.put(DAMPING, Double::valueOf);
        settings.put(STATIC, DynamicRule::truth);
        return settings;
    }

    @Override
    public MethodSettings ruled(MethodSettings settings, Map<String, Object> rule) {
        GptqSettings base = (GptqSettings) settings;
        boolean strongestFirst = or(rule, ORDER, base.order() == Order.ACT_ORDER);
        boolean within = or(rule, GROUP_AWARE, base.order() == Order.GROUP_AWARE);
        if (strongestFirst && Boolean.TRUE.equals(rule.get(GROUP_AWARE))) {
            throw new IllegalArgumentException(ORDER + " and " + GROUP_AWARE + " exclude each other");
        }
        double exponent = or(rule, SEARCH, base.searchesGrid() ? SEARCH_EXPONENT : 0);
        if (exponent != 0 && exponent != SEARCH_EXPONENT) {
            throw new IllegalArgumentException("mse is 0 or " + SEARCH_EXPONENT + ", not " + exponent);
        }
        Order order = within ? Order.GROUP_AWARE : Order.NATURAL;
        return new GptqSettings(
                strongestFirst ? Order.ACT_ORDER : order,
                or(rule, STATIC, base.staticGroups()),
                or(rule, DAMPING, base.damping()),
                base.dampingStep(),
                exponent != 0);
    }

    private static boolean or(Map<String, Object> rule, String name, boolean base) {
        return rule.get(name) instanceof Boolean given ? given : base;
    }

    private static double or(Map<String, Object> rule, String name, double base) {
        return rule.get(name) instanceof Double given ? given : base;
    }

    /** GPTQModel quantizes a head with the grid of least error. */
    @Override
    public String headRule() {
        return QuantizationMethod.super.headRule() + "," + ORDER + ":false," + SEARCH + ":" + SEARCH_EXPONENT;
    }
}
