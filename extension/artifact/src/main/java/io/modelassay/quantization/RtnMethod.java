package io.modelassay.quantization;

import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/** Round to nearest. */
@API(status = API.Status.INTERNAL)
public final class RtnMethod implements QuantizationMethod {
    static final String NAME = "rtn";

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
    public Codec codec(Quantization quantization) {
        return new Codec("rtn.py", options(quantization));
    }

    @Override
    public Codec storedCodec(Quantization quantization) {
        return new Codec(List.of("uniform.py", "grid_codec.py"), options(quantization));
    }

    private static Map<String, Long> options(Quantization quantization) {
        return Map.of(
                "bits",
                (long) quantization.bits(),
                "group",
                (long) quantization.groupSize(),
                "symmetric",
                quantization.symmetric() ? 1L : 0L);
    }

    @Override
    public boolean encodesSingleRows() {
        return true;
    }

    @Override
    public List<String> formats() {
        return List.of("gptq_v2", "gptq", "awq", "pack-quantized");
    }

    @Override
    public ToolArithmetic arithmetic(Quantization quantization) {
        return ToolArithmetic.ROUND_TO_NEAREST;
    }

    @Override
    public List<ToolArithmetic> arithmetics() {
        return List.of(ToolArithmetic.ROUND_TO_NEAREST);
    }

    @Override
    public boolean takesRules() {
        return true;
    }
}
