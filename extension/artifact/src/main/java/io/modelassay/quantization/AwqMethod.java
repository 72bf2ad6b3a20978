package io.modelassay.quantization;

import io.modelassay.quantization.ToolArithmetic.Trait;
import java.util.List;
import java.util.Set;
import org.apiguardian.api.API;

/** AWQ (Lin et al., 2023), as AutoAWQ goes about it by default: a zero point in each group. */
@API(status = API.Status.INTERNAL)
public final class AwqMethod implements QuantizationMethod {
    /** Its name. */
    public static final String NAME = "awq";

    private static final List<Integer> BITS = List.of(4);
    private static final List<Integer> GROUPS = List.of(32, 64, 128);

    /** AutoAWQ 0.2.5 and older. */
    private static final ToolArithmetic BEFORE_0_2_6 = new ToolArithmetic(
            "autoawq-before-0.2.6",
            "AutoAWQ before 0.2.6",
            BITS,
            GROUPS,
            Set.of(Trait.LOADS_IN_FLOAT16, Trait.NO_EPSILON, Trait.MEANS_IN_COMPUTE_TYPE, Trait.WHOLE_GROUPS));

    /** AutoAWQ 0.2.6 and newer. */
    private static final ToolArithmetic NEW = new ToolArithmetic(
            "autoawq", "AutoAWQ from 0.2.6", BITS, GROUPS, Set.of(Trait.LOADS_IN_FLOAT16, Trait.WHOLE_GROUPS));

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GridChoices grids() {
        return GridChoices.groupsOf(128).shifted();
    }

    @Override
    public CodeKind codes() {
        return CodeKind.INTEGER;
    }

    @Override
    public MethodSettings settings() {
        return AwqSettings.DEFAULT;
    }

    @Override
    public List<MethodOption> options() {
        return List.of(
                MethodOption.flag(
                        AwqSettings.class,
                        "no-duo-scaling",
                        "AWQ: scales from the inputs alone, not from the weights.",
                        AwqSettings::withoutDuoScaling),
                MethodOption.flag(
                        AwqSettings.class,
                        "no-clip",
                        "AWQ: every group's range as it is.",
                        AwqSettings::withoutClipping));
    }

    @Override
    public boolean needsCalibration() {
        return true;
    }

    @Override
    public List<String> formats() {
        return List.of("awq", "gptq_v2", "gptq", "pack-quantized");
    }

    /** AutoAWQ has groups and 4 bits only; on any other grid the scales decide, stored as GPTQ's are. */
    @Override
    public ToolArithmetic arithmetic(Quantization quantization) {
        return NEW.fits(quantization.bits(), quantization.groupSize()) ? NEW : GptqMethod.ARITHMETIC;
    }

    @Override
    public List<ToolArithmetic> arithmetics() {
        return List.of(BEFORE_0_2_6, NEW);
    }
}
