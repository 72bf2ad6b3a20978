package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.DynamicRule;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Quantization;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** GPTQModel's layout, with ({@code gptq}) or without ({@code gptq_v2}) one taken from each stored zero point. */
abstract class GptqLayout implements ArtifactFormat {
    private final boolean offset;

    /** @param offset whether one is taken from each stored zero point */
    GptqLayout(boolean offset) {
        this.offset = offset;
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
        List<Quantization> grids = quantization.grids();
        if (offset && !grids.stream().allMatch(Quantization::symmetric)) {
            // A stored zero of -1 is read back in more than one way.
            return "has no sound form for zero points; gptq_v2 has";
        }
        if (offset && grids.stream().anyMatch(grid -> grid.bits() == 3)) {
            // GPTQModel 5.7.0 adds constants to the three words that are not one for each 3-bit field.
            return "has no sound form for 3-bit zero points, to which GPTQModel adds something else than other loaders;"
                    + " gptq_v2 has";
        }
        // GPTQModel takes and adds the same in every word, by the bits of the model; other loaders by those of the
        // module.
        return offset && grids.stream().anyMatch(grid -> grid.bits() != quantization.bits())
                ? "has no sound form for the zero points of modules with other bits than the model's, which loaders read in"
                        + " two ways; gptq_v2 has"
                : "";
    }

    @Override
    public String refusal(Shape weight, Quantization quantization) {
        return weight.dimension(0) * quantization.bits() % 32 == 0
                ? ""
                : "packs the zero points of all output channels into whole words";
    }

    @Override
    public List<Part> parts(TensorInfo weight, Quantization quantization) {
        long out = weight.shape().dimension(0);
        long in = weight.shape().dimension(1);
        long bits = quantization.bits();
        long groups = IntegerGrid.groups(weight.shape(), quantization);
        return List.of(
                new Part("qweight", TensorType.I32, Shape.of((in + 31) / 32 * bits, out)),
                new Part("qzeros", TensorType.I32, Shape.of(groups, out * bits / 32)),
                new Part("scales", TensorType.F16, Shape.of(groups, out)),
                new Part("g_idx", TensorType.I32, Shape.of(in)));
    }

    @Override
    public List<String> kernels() {
        return List.of("bit_stream.py", "gptq_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        return Map.of("bits", (long) quantization.bits(), "offset", offset ? 1L : 0L);
    }

    @Override
    public void config(Contents contents, JsonGenerator json) throws IOException {
        Quantization quantization = contents.quantization();
        json.writeNumberField("bits", quantization.bits());
        json.writeNumberField("group_size", quantization.groupSize());
        json.writeBooleanField("desc_act", IntegerGrid.isActOrder(quantization));
        json.writeBooleanField("sym", quantization.symmetric());
        json.writeBooleanField("lm_head", quantization.quantizesHead());
        json.writeStringField("quant_method", "gptq");
        json.writeStringField("checkpoint_format", name());
        json.writeStringField("format", name());
        json.writeStringField("pack_dtype", "int32");
        dynamic(contents, json);
        json.writeObjectFieldStart("meta");
        json.writeArrayFieldStart("quantizer");
        json.writeString("modelassay");
        json.writeEndArray();
        if (quantization.settings() instanceof GptqSettings settings) {
            json.writeNumberField("damp_percent", settings.damping());
            json.writeNumberField("damp_auto_increment", settings.dampingStep());
            json.writeBooleanField("static_groups", settings.staticGroups());
            json.writeBooleanField("true_sequential", true);
            json.writeBooleanField("act_group_aware", settings.order() == GptqSettings.Order.GROUP_AWARE);
        }
        json.writeEndObject();
    }

    private static void dynamic(Contents contents, JsonGenerator json) throws IOException {
        List<DynamicRule> rules = contents.quantization().dynamic();
        List<String> kept = contents.kept().stream()
                .filter(module -> rules.stream().noneMatch(rule -> rule.leavesOut() && rule.matches(module)))
                .toList();
        if (rules.isEmpty() && kept.isEmpty()) {
            return;
        }
        json.writeObjectFieldStart("dynamic");
        for (String module : kept) {
            json.writeObjectFieldStart("-:^" + module.replace(".", "\\.") + "$");
            json.writeEndObject();
        }
        for (DynamicRule rule : rules) {
            json.writeObjectFieldStart(rule.key());
            for (Map.Entry<String, Object> setting : rule.overrides().entrySet()) {
                json.writeObjectField(setting.getKey(), setting.getValue());
            }
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    @Override
    public String configFile() {
        return "quantize_config.json";
    }
}
