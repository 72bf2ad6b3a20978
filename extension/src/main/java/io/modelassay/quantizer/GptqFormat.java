package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.GptqSettings;
import io.modelassay.quantization.Method;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/** GPTQModel's layout, with ({@code gptq}) or without ({@code gptq_v2}) one taken from each stored zero point. */
record GptqFormat(boolean offset) implements ArtifactFormat {
    @Override
    public String name() {
        return offset ? "gptq" : "gptq_v2";
    }

    @Override
    public String refusal(Quantization quantization) {
        if (!EnumSet.of(Method.RTN, Method.GPTQ, Method.AWQ).contains(quantization.method())) {
            return "stores integer codes with integer zero points";
        }
        // A stored zero of -1 is read back in more than one way.
        return offset && !quantization.symmetric() ? "has no sound form for zero points; gptq_v2 has" : "";
    }

    @Override
    public List<Part> parts(Shape weight, Quantization quantization) {
        long out = weight.dimension(0);
        long in = weight.dimension(1);
        long bits = quantization.bits();
        long group = group(quantization, in);
        long groups = (in + group - 1) / group;
        return List.of(
                new Part("qweight", TensorType.I32, Shape.of((in + 31) / 32 * bits, out)),
                new Part("qzeros", TensorType.I32, Shape.of(groups, out * bits / 32)),
                new Part("scales", TensorType.F16, Shape.of(groups, out)),
                new Part("g_idx", TensorType.I32, Shape.of(in)));
    }

    private static long group(Quantization quantization, long in) {
        return quantization.groupSize() == Quantization.PER_CHANNEL ? in : quantization.groupSize();
    }

    @Override
    public List<String> kernels() {
        return List.of("gptq_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        return Map.of(
                "bits",
                (long) quantization.bits(),
                "group",
                (long) quantization.groupSize(),
                "offset",
                offset ? 1L : 0L);
    }

    @Override
    public void config(QuantizationPlan plan, List<String> allLinear, JsonGenerator json) throws IOException {
        Quantization quantization = plan.quantization();
        GptqSettings settings = quantization.gptqSettings();
        boolean actOrder = quantization.method() == Method.GPTQ && settings.order() == GptqSettings.Order.ACT_ORDER;
        json.writeNumberField("bits", quantization.bits());
        json.writeNumberField("group_size", quantization.groupSize());
        json.writeBooleanField("desc_act", actOrder);
        json.writeBooleanField("sym", quantization.symmetric());
        json.writeBooleanField("lm_head", false);
        json.writeStringField("quant_method", "gptq");
        json.writeStringField("checkpoint_format", name());
        json.writeStringField("format", name());
        json.writeStringField("pack_dtype", "int32");
        List<String> kept =
                allLinear.stream().filter(module -> !plan.quantizes(module)).toList();
        if (!kept.isEmpty()) {
            json.writeObjectFieldStart("dynamic");
            for (String module : kept) {
                json.writeObjectFieldStart("-:^" + module.replace(".", "\\.") + "$");
                json.writeEndObject();
            }
            json.writeEndObject();
        }
        json.writeObjectFieldStart("meta");
        json.writeArrayFieldStart("quantizer");
        json.writeString("modelassay");
        json.writeEndArray();
        if (quantization.method() == Method.GPTQ) {
            json.writeNumberField("damp_percent", settings.damping());
            json.writeNumberField("damp_auto_increment", settings.dampingStep());
            json.writeBooleanField("static_groups", settings.staticGroups());
            json.writeBooleanField("true_sequential", true);
            json.writeBooleanField("act_group_aware", settings.order() == GptqSettings.Order.GROUP_AWARE);
        }
        json.writeEndObject();
    }

    @Override
    public String configFile() {
        return "quantize_config.json";
    }
}
