package io.modelassay.quantization;

import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/** The weights of LLM.int8. */
@API(status = API.Status.INTERNAL)
public final class LlmInt8Method implements QuantizationMethod {
    static final String NAME = "llm-int8";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GridChoices grids() {
        return GridChoices.eightBits(GridChoices.Extent.ROWS);
    }

    @Override
    public CodeKind codes() {
        return CodeKind.INTEGER;
    }

    @Override
    public String label(Quantization quantization) {
        return "LLM.int8";
    }

    @Override
    public Codec codec(Quantization quantization) {
        return new Codec("llm_int8.py", Map.of("bits", (long) quantization.bits()));
    }

    @Override
    public List<String> formats() {
        return List.of("bitsandbytes");
    }

    @Override
    public ToolArithmetic arithmetic(Quantization quantization) {
        return ToolArithmetic.FLOAT_SCALES;
    }

    @Override
    public List<ToolArithmetic> arithmetics() {
        return List.of(ToolArithmetic.FLOAT_SCALES);
    }
}
