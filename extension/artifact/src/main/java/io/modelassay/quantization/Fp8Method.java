package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apiguardian.api.API;

/** FP8 e4m3 with one scale for each tensor, channel or block. */
@API(status = API.Status.INTERNAL)
public final class Fp8Method implements QuantizationMethod {
    static final String NAME = "fp8";

    private static final int BLOCK = 128;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public GridChoices grids() {
        return GridChoices.eightBits(GridChoices.Extent.GRANULARITY);
    }

    @Override
    public CodeKind codes() {
        return CodeKind.FLOAT8;
    }

    @Override
    public String label(Quantization quantization) {
        return "fp8 per " + quantization.granularity().name().toLowerCase(Locale.ROOT);
    }

    @Override
    public Codec codec(Quantization quantization) {
        return new Codec(List.of("scaled.py", "fp8.py"), scales(quantization.granularity()));
    }

    private static Map<String, Long> scales(Granularity granularity) {
        ScaleGrid grid = switch (granularity) {
            case TENSOR -> ScaleGrid.TENSOR;
            case CHANNEL -> ScaleGrid.CHANNEL;
            case BLOCK -> new ScaleGrid(BLOCK, BLOCK);
        };
        return grid.options(TensorType.F32, TensorType.F32);
    }

    @Override
    public List<String> formats() {
        return List.of("naive-quantized", "fp8");
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
