package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * GPTQ as AutoGPTQ and GPTQModel store it: {@code qweight} packed along the input channels, {@code qzeros} along the
 * output channels, with or without the zero offset of one (checkpoint formats {@code gptq} and {@code gptq_v2}), and
 * {@code g_idx} telling the group of each input channel.
 */
final class GptqScheme implements Scheme {
    private static final Set<TensorType> SCALES = Set.of(TensorType.F16, TensorType.BF16, TensorType.F32);
    private static final Set<TensorType> WORDS = Set.of(TensorType.I32, TensorType.U32);
    private static final Set<Integer> BITS = Set.of(2, 3, 4, 8);

    @Override
    public Set<String> markers() {
        return Set.of("qweight", "qzeros");
    }

    @Override
    public Set<String> parts() {
        return Set.of("qweight", "qzeros", "scales", "g_idx");
    }

    @Override
    public Set<String> methods() {
        return Set.of("gptq", "auto-round");
    }

    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return List.of("g_idx", "qweight", "qzeros", "scales");
    }

    /** The first matching rule of {@code dynamic} counts, its keys over the general ones; rules match from the start. */
    @Override
    public Declared declared(String module, QuantizationConfig config) {
        Optional<ModelConfig> dynamic = config.values().optionalObject("dynamic");
        for (String rule : dynamic.map(ModelConfig::keys).orElse(Set.of())) {
            String pattern = rule.startsWith("+:") ? rule.substring(2) : rule;
            if (!rule.startsWith("-:") && lookingAt(pattern, module)) {
                ModelConfig override = dynamic.orElseThrow().object(rule);
                OptionalLong bits = override.optionalInteger("bits");
                OptionalLong group = override.optionalInteger("group_size");
                return new Declared(
                        bits.isPresent() ? bits : config.bits(), group.isPresent() ? group : config.groupSize());
            }
        }
        return new Declared(config.bits(), config.groupSize());
    }

    private static boolean lookingAt(String pattern, String module) {
        try {
            return Pattern.compile(pattern).matcher(module).lookingAt();
        } catch (PatternSyntaxException e) {
            return false;
        }
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> qweight = reading.require(module, "qweight", WORDS);
        Optional<TensorInfo> qzeros = reading.require(module, "qzeros", WORDS);
        Optional<TensorInfo> scales = reading.require(module, "scales", SCALES);
        if (qweight.isEmpty() || qzeros.isEmpty() || scales.isEmpty()) {
            return List.of();
        }
        Shape packed = qweight.get().shape();
        long outputs = scales.get().shape().dimension(1);
        long groups = scales.get().shape().dimension(0);
        long inputs = inputs(module, packed, reading);
        int bits = Math.toIntExact(packed.dimension(0) / Math.max(1, (inputs + 31) / 32));
        if (!BITS.contains(bits)) {
            reading.error(
                    "unsupported-bits",
                    module.name("qweight"),
                    "The tensor has " + packed.dimension(0) + " rows for " + inputs + " input channels, which is "
                            + packed.dimension(0) * 32.0 / inputs + " bits a code; GPTQ has 2, 3, 4 or 8",
                    "compare " + module.module() + " with config.json");
            return List.of();
        }
        boolean fits = reading.hasShape(qweight.get(), Shape.of((inputs + 31) / 32 * bits, outputs));
        fits &= reading.hasShape(qzeros.get(), Shape.of(groups, outputs * bits / 32));
        if (!fits) {
            return List.of();
        }
        SortedMap<String, TensorInfo> parts =
                new TreeMap<>(Map.of("qweight", qweight.get(), "qzeros", qzeros.get(), "scales", scales.get()));
        module.find("g_idx").ifPresent(index -> parts.put("g_idx", index));
        long group = groupSize(module, reading, inputs, groups);
        GptqZeroPoints zeros = GptqZeroPoints.of(module, qzeros.get(), bits, reading);
        boolean symmetric = reading.config()
                .map(config -> config.values().bool("sym", true))
                .orElse(zeros.constant());
        Map<String, Long> options = new HashMap<>(zeros.options());
        options.put("bits", (long) bits);
        options.put("group", group);
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat("gptq", zeros.format(), bits, groups == 1 ? -1 : group, symmetric),
                Shape.of(outputs, inputs),
                scales.get().type(),
                parts,
                Map.of(),
                new Codec("gptq.py", options)));
    }

    private long inputs(ModuleTensors module, Shape packed, SchemeReading reading) {
        Optional<TensorInfo> index = module.find("g_idx");
        if (index.isPresent()) {
            return index.get().shape().elementCount();
        }
        OptionalLong bits = reading.config()
                .map(config -> declared(module.module(), config).bits())
                .orElse(OptionalLong.empty());
        return reading.expected(module.module())
                .map(shape -> shape.dimension(1))
                .orElse(packed.dimension(0) * 32 / bits.orElse(4));
    }

    private long groupSize(ModuleTensors module, SchemeReading reading, long inputs, long groups) {
        long declared = reading.config()
                .map(config -> declared(module.module(), config).groupSize().orElse(-1))
                .orElse(-1L);
        boolean fits = declared > 0 && (inputs + declared - 1) / declared == groups;
        return fits ? declared : (inputs + groups - 1) / groups;
    }

    @Override
    public Map<String, Codec> alternatives(PackedWeight weight) {
        long offset = weight.codec().option("offset");
        return Map.of(
                "zero-point-shifted", weight.codec().with("offset", 1 - offset),
                "g-idx-shuffled", weight.codec().with("ignore_index", 1));
    }
}
