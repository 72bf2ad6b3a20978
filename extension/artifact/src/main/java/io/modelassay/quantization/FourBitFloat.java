package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorType;
import java.util.List;
import java.util.Map;

/** What NF4 and FP4 of bitsandbytes share: all but the table of values. */
abstract class FourBitFloat implements QuantizationMethod {
    private static final int USUAL_BLOCK = 64;

    /** Scales that share a nested one. */
    static final long NESTED_BLOCK = 256;

    /** The number by which the kernel knows the table. */
    abstract long table();

    @Override
    public final GridChoices grids() {
        return GridChoices.blocksOf(USUAL_BLOCK);
    }

    @Override
    public final CodeKind codes() {
        return CodeKind.TABLE4;
    }

    @Override
    public final String label(Quantization quantization) {
        return name()
                + (quantization.groupSize() == USUAL_BLOCK ? "" : " block " + quantization.groupSize())
                + (quantization.isDoubleQuantized() ? " double-quantized" : "");
    }

    @Override
    public final Codec codec(Quantization quantization) {
        return new Codec(
                "bitsandbytes4.py",
                Map.of(
                        "normal",
                        table(),
                        "block",
                        (long) quantization.groupSize(),
                        "double",
                        quantization.isDoubleQuantized() ? 1L : 0L,
                        "nested_block",
                        NESTED_BLOCK,
                        "type",
                        FloatTypes.number(TensorType.F32)));
    }

    @Override
    public final List<String> formats() {
        return List.of("bitsandbytes");
    }

    @Override
    public final ToolArithmetic arithmetic(Quantization quantization) {
        return ToolArithmetic.FLOAT_SCALES;
    }

    @Override
    public final List<ToolArithmetic> arithmetics() {
        return List.of(ToolArithmetic.FLOAT_SCALES);
    }
}
