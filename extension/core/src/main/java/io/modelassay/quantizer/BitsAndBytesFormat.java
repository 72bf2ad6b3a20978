package io.modelassay.quantizer;

import com.fasterxml.jackson.core.JsonGenerator;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.CodeKind;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.Kernels;
import io.modelassay.runtime.Tensor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** bitsandbytes as transformers saves it: NF4 and FP4 with a quantization state beside each weight, and LLM.int8. */
@API(status = API.Status.INTERNAL)
public final class BitsAndBytesFormat implements ArtifactFormat {
    /** Scales that share a nested one. */
    private static final int NESTED_BLOCK = 256;

    /** Of a quantization state, filled up with spaces, so that its size is known before the weight is encoded. */
    private static final int STATE_BYTES = 256;

    @Override
    public String name() {
        return "bitsandbytes";
    }

    @Override
    public String content() {
        return "NF4, FP4 and LLM.int8";
    }

    @Override
    public Optional<Finding> note(List<ModuleReport> modules) {
        return modules.stream()
                .map(ModuleReport::module)
                .filter(module -> List.of(module.split("\\.")).contains("experts"))
                .findFirst()
                .map(module -> new Finding(
                        "experts-refused-by-newest-loader",
                        Finding.Severity.WARNING,
                        module,
                        "transformers 5.24.0 stacks experts, which it cannot do with bitsandbytes' packed ones, and refuses this"
                                + " artifact; 4.57.6 loads it",
                        "tell users which version it is for, or keep = \"*.experts\""));
    }

    /** Whether codes are integers, those of LLM.int8. */
    private static boolean isEight(Quantization quantization) {
        return quantization.method().codes() == CodeKind.INTEGER;
    }

    @Override
    public List<Part> parts(TensorInfo weight, Quantization quantization) {
        Shape shape = weight.shape();
        if (isEight(quantization)) {
            return List.of(
                    new Part("weight", TensorType.I8, shape),
                    new Part("SCB", TensorType.F32, Shape.of(shape.dimension(0))),
                    new Part("weight_format", TensorType.U8, Shape.of()));
        }
        long count = shape.elementCount();
        long blocks = ceil(count, quantization.groupSize());
        boolean nested = quantization.isDoubleQuantized();
        List<Part> parts = new ArrayList<>(List.of(
                new Part("weight", TensorType.U8, Shape.of(ceil(count, 2), 1)),
                new Part("weight.absmax", nested ? TensorType.U8 : TensorType.F32, Shape.of(blocks)),
                new Part("weight.quant_map", TensorType.F32, Shape.of(16)),
                new Part(stateName(quantization), TensorType.U8, Shape.of(STATE_BYTES))));
        if (nested) {
            parts.add(new Part("weight.nested_absmax", TensorType.F32, Shape.of(ceil(blocks, NESTED_BLOCK))));
            parts.add(new Part("weight.nested_quant_map", TensorType.F32, Shape.of(256)));
        }
        return parts;
    }

    private static long ceil(long count, long size) {
        return (count + size - 1) / size;
    }

    private static String type(Quantization quantization) {
        return quantization.method().name();
    }

    private static String stateName(Quantization quantization) {
        return "weight.quant_state.bitsandbytes__" + type(quantization);
    }

    @Override
    public List<String> kernels() {
        return List.of("bitsandbytes4.py", "bitsandbytes_pack.py");
    }

    @Override
    public Map<String, Long> options(Quantization quantization) {
        Map<String, Long> options = new HashMap<>(quantization.codec().options());
        options.put("bits", (long) quantization.bits());
        return options;
    }

    @Override
    public void pack(
            TensorInfo weight,
            Map<String, Tensor> parts,
            Quantization quantization,
            Kernels kernels,
            BiConsumer<String, ByteBuffer> out) {
        ArtifactFormat.super.pack(weight, parts, quantization, kernels, out);
        if (!isEight(quantization)) {
            Tensor offset = parts.get("nested_offset");
            String state = state(weight, quantization, offset == null ? null : (double) kernels.floats(offset)[0]);
            byte[] text =
                    String.format(Locale.ROOT, "%-" + STATE_BYTES + "s", state).getBytes(StandardCharsets.UTF_8);
            out.accept(stateName(quantization), ByteBuffer.wrap(text));
        }
    }

    private static String state(TensorInfo weight, Quantization quantization, @Nullable Double nestedOffset) {
        Shape shape = weight.shape();
        String nested = nestedOffset == null
                ? ""
                : ", \"nested_blocksize\": " + NESTED_BLOCK + ", \"nested_dtype\": \"float32\", \"nested_offset\": "
                        + nestedOffset;
        return "{\"quant_type\": \"" + type(quantization) + "\", \"blocksize\": " + quantization.groupSize()
                + ", \"dtype\": \"" + name(weight.type()) + "\", \"shape\": [" + shape.dimension(0) + ", "
                + shape.dimension(1) + "]" + nested + "}";
    }

    private static String name(TensorType type) {
        return switch (type) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            default -> "float32";
        };
    }

    @Override
    public void config(Contents contents, JsonGenerator json) throws IOException {
        Quantization quantization = contents.quantization();
        boolean eight = isEight(quantization);
        json.writeBooleanField("_load_in_4bit", !eight);
        json.writeBooleanField("_load_in_8bit", eight);
        json.writeStringField("bnb_4bit_compute_dtype", eight ? "float32" : name(contents.type()));
        json.writeStringField("bnb_4bit_quant_storage", "uint8");
        json.writeStringField("bnb_4bit_quant_type", eight ? "fp4" : type(quantization));
        json.writeBooleanField("bnb_4bit_use_double_quant", quantization.isDoubleQuantized());
        json.writeBooleanField("llm_int8_enable_fp32_cpu_offload", false);
        json.writeBooleanField("llm_int8_has_fp16_weight", false);
        json.writeArrayFieldStart("llm_int8_skip_modules");
        for (String module : Stream.concat(contents.heads().stream(), contents.kept().stream())
                .toList()) {
            json.writeString(module);
        }
        json.writeEndArray();
        json.writeNumberField("llm_int8_threshold", 6.0);
        json.writeBooleanField("load_in_4bit", !eight);
        json.writeBooleanField("load_in_8bit", eight);
        json.writeStringField("quant_method", "bitsandbytes");
    }
}
