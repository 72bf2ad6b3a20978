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
import org.apiguardian.api.API;

/** {@code naive-quantized} of compressed-tensors: FP8 weights with a scale for each tensor or channel, and nothing else. */
@API(status = API.Status.INTERNAL)
public final class NaiveQuantizedFormat implements ArtifactFormat {
    @Override
    public String name() {
        return "naive-quantized";
    }

    @Override
    public String content() {
        return "FP8";
    }

    @Override
    public String refusal(Quantization quantization) {
        return quantization.granularity() == Granularity.BLOCK ? "is read by few with blocks; fp8 is" : "";
    }

    @Override
    public List<Part> parts(TensorInfo weight, Quantization quantization) {
        return List.of(
                new Part("weight", TensorType.F8_E4M3, weight.shape()),
                new Part(
                        "weight_scale",
                        TensorType.F32,
                        isSingle(quantization)
                                ? Shape.of(1)
                                : Shape.of(weight.shape().dimension(0), 1)));
    }

    private static boolean isSingle(Quantization quantization) {
        return quantization.granularity() == Granularity.TENSOR;
    }

    @Override
    public List<String> kernels() {
        return List.of("fp8_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        return Map.of("inverse", 0L, "single", isSingle(quantization) ? 1L : 0L);
    }

    @Override
    public void config(Contents contents, JsonGenerator config) throws IOException {
        CompressedTensorsConfig.write(
                name(),
                contents,
                json -> {
                    json.writeNumberField("num_bits", 8);
                    json.writeStringField("type", "float");
                    json.writeBooleanField("symmetric", true);
                    json.writeStringField("strategy", isSingle(contents.quantization()) ? "tensor" : "channel");
                },
                config);
    }
}
