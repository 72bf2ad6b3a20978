package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/** {@code pack-quantized} of compressed-tensors, codes as one stream of bits, as it is since 0.18. */
@API(status = API.Status.INTERNAL)
public final class PackQuantizedFormat implements ArtifactFormat {
    @Override
    public String name() {
        return "pack-quantized";
    }

    @Override
    public String content() {
        return IntegerGrid.CONTENT;
    }

    @Override
    public String refusal(Quantization quantization) {
        String unpacked = IntegerGrid.refusal(quantization);
        if (!unpacked.isEmpty()) {
            return unpacked;
        }
        return IntegerGrid.isUniform(quantization)
                ? ""
                : "is written with one grid for all modules and no quantized head; gptq_v2 holds "
                        + quantization.dynamic();
    }

    @Override
    public String refusal(Shape weight, Quantization quantization) {
        return IntegerGrid.divides(weight, quantization) ? "" : "has groups of one size only";
    }

    @Override
    public String refusedByNewest(Quantization quantization) {
        if (!quantization.symmetric()) {
            return "compressed-tensors 0.18.0 to 0.20.1 expect zero points that are not packed (\"size mismatch for"
                    + " weight_zero_point\"). 0.17.1 and vLLM load them, and transformers 5.24.0 with"
                    + " CompressedTensorsConfig(dequantize=True)";
        }
        return IntegerGrid.isOrdered(quantization)
                ? "compressed-tensors from 0.19.0 on has no weight_g_idx (\"actorder='group' has been removed\")."
                        + " 0.17.1 and 0.18.0 load it"
                : "";
    }

    @Override
    public List<Part> parts(TensorInfo weight, Quantization quantization) {
        long out = weight.shape().dimension(0);
        long in = weight.shape().dimension(1);
        long groups = IntegerGrid.groups(weight.shape(), quantization);
        List<Part> parts = new ArrayList<>(List.of(
                new Part("weight_packed", TensorType.I32, Shape.of(out, words(in, quantization))),
                new Part("weight_scale", TensorType.F16, Shape.of(out, groups)),
                new Part("weight_shape", TensorType.I64, Shape.of(2))));
        if (!quantization.symmetric()) {
            parts.add(new Part("weight_zero_point", TensorType.I32, Shape.of(words(out, quantization), groups)));
        }
        if (IntegerGrid.isOrdered(quantization)) {
            parts.add(new Part("weight_g_idx", TensorType.I32, Shape.of(in)));
        }
        return parts;
    }

    private static long words(long codes, Quantization quantization) {
        return (codes * quantization.bits() + 31) / 32;
    }

    @Override
    public List<String> kernels() {
        return List.of("bit_stream.py", "pack_quantized_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        return Map.of(
                "bits",
                (long) quantization.bits(),
                "symmetric",
                quantization.symmetric() ? 1L : 0L,
                "ordered",
                IntegerGrid.isOrdered(quantization) ? 1L : 0L);
    }

    @Override
    public void config(Contents contents, JsonGenerator config) throws IOException {
        Quantization quantization = contents.quantization();
        boolean channel = quantization.groupSize() == Quantization.PER_CHANNEL;
        CompressedTensorsConfig.write(
                name(),
                contents,
                json -> {
                    json.writeNumberField("num_bits", quantization.bits());
                    json.writeStringField("type", "int");
                    json.writeBooleanField("symmetric", quantization.symmetric());
                    json.writeStringField("strategy", channel ? "channel" : "group");
                    if (channel) {
                        json.writeNullField("group_size");
                    } else {
                        json.writeNumberField("group_size", quantization.groupSize());
                    }
                    if (IntegerGrid.isOrdered(quantization)) {
                        json.writeStringField("actorder", "group");
                    } else if (!channel && IntegerGrid.isActOrder(quantization)) {
                        json.writeStringField("actorder", "weight");
                    } else {
                        json.writeNullField("actorder");
                    }
                },
                config);
    }
}
