package io.modelassay.quantization;

import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/** HQQ, half-quadratic quantization: a zero point that is fitted to the weights. No layout is written for it. */
@API(status = API.Status.INTERNAL)
public final class HqqMethod implements QuantizationMethod {
    static final String NAME = "hqq";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GridChoices grids() {
        return GridChoices.groupsOf(64).shifted().withoutChoiceOfZero();
    }

    @Override
    public CodeKind codes() {
        return CodeKind.INTEGER;
    }

    @Override
    public Codec codec(Quantization quantization) {
        return new Codec(
                "hqq_fit.py", Map.of("bits", (long) quantization.bits(), "group", (long) quantization.groupSize()));
    }

    @Override
    public ToolArithmetic arithmetic(Quantization quantization) {
        return ToolArithmetic.ROUND_TO_NEAREST;
    }

    @Override
    public List<ToolArithmetic> arithmetics() {
        return List.of(ToolArithmetic.ROUND_TO_NEAREST);
    }
}
