package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/** AutoAWQ's {@code gemm} layout: 4 bits, interleaved along the output channels. */
@API(status = API.Status.INTERNAL)
public final class AwqFormat implements ArtifactFormat {
    @Override
    public String name() {
        return "awq";
    }

    @Override
    public String content() {
        return IntegerGrid.CONTENT;
    }

    @Override
    public String refusal(Quantization quantization) {
        if (!IntegerGrid.isUniform(quantization)) {
            return "has one grid for all modules and no quantized head; gptq_v2 holds " + quantization.dynamic();
        }
        if (quantization.bits() != 4) {
            return "has 4 bits only";
        }
        return IntegerGrid.isOrdered(quantization) ? "has no order of channels of its own, as act-order needs it" : "";
    }

    @Override
    public String refusal(Shape weight, Quantization quantization) {
        if (weight.dimension(0) % 8 != 0) {
            return "packs eight output channels into a word";
        }
        return IntegerGrid.divides(weight, quantization) ? "" : "has groups of one size only";
    }

    @Override
    public List<Part> parts(TensorInfo weight, Quantization quantization) {
        long out = weight.shape().dimension(0);
        long in = weight.shape().dimension(1);
        long groups = IntegerGrid.groups(weight.shape(), quantization);
        return List.of(
                new Part("qweight", TensorType.I32, Shape.of(in, out / 8)),
                new Part("qzeros", TensorType.I32, Shape.of(groups, out / 8)),
                new Part("scales", TensorType.F16, Shape.of(groups, out)));
    }

    @Override
    public List<String> kernels() {
        return List.of("awq_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        // PyTorch before 2.5 takes an empty dictionary for one of tensors.
        return Map.of("bits", 4L);
    }

    @Override
    public void config(Contents contents, JsonGenerator json) throws IOException {
        json.writeNumberField("bits", 4);
        json.writeNumberField("group_size", contents.quantization().groupSize());
        json.writeStringField("quant_method", "awq");
        json.writeStringField("version", "gemm");
        // Zero points are stored whether they differ or not, and loaders take "false" for a layout without them.
        json.writeBooleanField("zero_point", true);
        if (contents.kept().isEmpty()) {
            json.writeNullField("modules_to_not_convert");
        } else {
            json.writeArrayFieldStart("modules_to_not_convert");
            for (String entry : contents.kept().stream()
                    .map(module -> entry(module, contents))
                    .distinct()
                    .toList()) {
                json.writeString(entry);
            }
            json.writeEndArray();
        }
    }

    /**
     * Entries match any part of a name. AutoAWQ itself looks at names within a decoder layer only, so a module that is kept in
     * every layer is written like that; other loaders keep in single layers, too.
     */
    private static String entry(String module, Contents contents) {
        String within = module.replaceFirst("^.*\\blayers\\.\\d+\\.", "");
        return contents.quantized().stream().noneMatch(name -> name.contains(within)) ? within : module;
    }
}
