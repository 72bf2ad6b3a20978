package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Granularity;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/** DeepSeek's FP8 in blocks of 128 by 128, {@code fp8} in transformers and vLLM. */
@API(status = API.Status.INTERNAL)
public final class BlockFp8Format implements ArtifactFormat {
    private static final int BLOCK = 128;

    @Override
    public String name() {
        return "fp8";
    }

    @Override
    public String content() {
        return "FP8 with a scale for each block";
    }

    @Override
    public String refusal(Quantization quantization) {
        return quantization.granularity() == Granularity.BLOCK ? "" : "stores " + content();
    }

    @Override
    public List<Part> parts(TensorInfo weight, Quantization quantization) {
        return List.of(
                new Part("weight", TensorType.F8_E4M3, weight.shape()),
                new Part(
                        "weight_scale_inv",
                        TensorType.F32,
                        Shape.of(
                                blocks(weight.shape().dimension(0)),
                                blocks(weight.shape().dimension(1)))));
    }

    private static long blocks(long size) {
        return (size + BLOCK - 1) / BLOCK;
    }

    @Override
    public List<String> kernels() {
        return List.of("fp8_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        return Map.of("inverse", 1L, "single", 0L);
    }

    @Override
    public void config(Contents contents, JsonGenerator json) throws IOException {
        json.writeStringField("activation_scheme", "dynamic");
        json.writeStringField("fmt", "e4m3");
        json.writeArrayFieldStart("modules_to_not_convert");
        for (String module : Stream.concat(contents.kept().stream(), contents.heads().stream())
                .toList()) {
            json.writeString(module);
        }
        json.writeEndArray();
        json.writeStringField("quant_method", "fp8");
        json.writeArrayFieldStart("weight_block_size");
        json.writeNumber(BLOCK);
        json.writeNumber(BLOCK);
        json.writeEndArray();
    }
}
