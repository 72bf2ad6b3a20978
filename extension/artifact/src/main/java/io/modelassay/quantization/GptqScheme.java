package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * GPTQ as AutoGPTQ and GPTQModel store it: {@code qweight} packed along the input channels, {@code qzeros} along the
 * output channels, with or without the zero offset of one (checkpoint formats {@code gptq} and {@code gptq_v2}), and
 * {@code g_idx} telling the group of each input channel.
 */
@API(status = API.Status.INTERNAL)
public final class GptqScheme implements Scheme {
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

    /** GPTQModel anchors a pattern at the start of the name only. */
    @Override
    public Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return config.method().equals("gptq")
                ? Optional.of(config.patterns().compile(entry, key)::match)
                : AutoRoundLayers.exclusion(entry, key, config);
    }

    /** The first matching rule of {@code dynamic} counts, its keys over the general ones; rules match from the start. */
    @Override
    public Declared declared(String module, QuantizationConfig config) {
        if (config.method().equals("auto-round")) {
            return AutoRoundLayers.declared(module, config);
        }
        Optional<ModelConfig> override = config.dynamic().stream()
                .filter(rule -> !rule.leavesOut() && rule.matches(module))
                .findFirst()
                .map(rule -> config.values().object("dynamic").object(rule.text()));
        return new Declared(
                override.map(found -> found.optionalInteger("bits"))
                        .filter(OptionalLong::isPresent)
                        .orElse(config.bits()),
                override.map(found -> found.optionalInteger("group_size"))
                        .filter(OptionalLong::isPresent)
                        .orElse(config.groupSize()));
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
        ZeroPointReading zeros = zeroPoints(module, qzeros.get(), bits, reading);
        boolean symmetric = zeros.makesSymmetric(qzeros.get(), bits, reading);
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat("gptq", name(zeros), bits, groups == 1 ? -1 : group, symmetric),
                Shape.of(outputs, inputs),
                scales.get().type(),
                parts,
                Map.of(),
                new Codec(
                                "gptq.py",
                                Map.of(
                                        "bits",
                                        (long) bits,
                                        "group",
                                        group,
                                        "offset",
                                        (long) zeros.offset(),
                                        "words",
                                        (long) zeros.wordBits()))
                        .inSteps()));
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

    /** The reading under which a symmetric module's zero points are the middle; for any other module the declared one. */
    private static ZeroPointReading zeroPoints(
            ModuleTensors module, TensorInfo qzeros, int bits, SchemeReading reading) {
        ZeroPointReading declared =
                reading.config().map(ZeroPointReading::declared).orElse(ZeroPointReading.V1);
        int modelBits = (int) reading.config()
                .map(QuantizationConfig::bits)
                .orElse(OptionalLong.empty())
                .orElse(bits);
        if (declared.makesSymmetric(qzeros, bits, reading)) {
            return declared;
        }
        ZeroPointReading other = declared.equals(ZeroPointReading.V1) ? ZeroPointReading.V2 : ZeroPointReading.V1;
        if (other.makesSymmetric(qzeros, bits, reading)) {
            reading.error(
                    "zero-point-format-disagrees",
                    module.name("qzeros"),
                    "Every zero point looked at is the middle of " + bits + " bits in the format " + name(other)
                            + "; the config says " + name(declared)
                            + ", under which every weight is off by one scale step",
                    "set checkpoint_format to " + name(other));
            return other;
        }
        ZeroPointReading own = ZeroPointReading.ofGptqModel(modelBits);
        boolean threeBits = bits == 3
                && declared.equals(ZeroPointReading.V1)
                && reading.config()
                        .map(ZeroPointReading::exchangesThreeBitWords)
                        .orElse(false);
        if (own.makesSymmetric(qzeros, bits, reading) || threeBits) {
            reading.warning(
                    "zero-points-of-gptqmodel-only",
                    module.name("qzeros"),
                    "The zero points were made by subtracting a constant of " + modelBits + "-bit words from words of "
                            + bits
                            + "-bit fields, as GPTQModel writes the format gptq: GPTQModel reads them back, a loader"
                            + " that adds one to each field does not",
                    "write the checkpoint in the format gptq_v2, which has no such conversion");
            return own;
        }
        return declared;
    }

    private static String name(ZeroPointReading reading) {
        return reading.equals(ZeroPointReading.V2) ? "gptq_v2" : "gptq";
    }

    @Override
    public List<Finding> valueFindings(
            PackedWeight weight, Checkpoint checkpoint, Optional<QuantizationConfig> config) {
        List<Finding> findings = new ArrayList<>();
        TensorInfo qzeros = Objects.requireNonNull(weight.parts().get("qzeros"));
        long carried =
                ZeroPoints.carried(checkpoint.map(qzeros), weight.format().bits());
        if (weight.codec().option("offset") == 1 && carried > 0) {
            findings.add(new Finding(
                    "zero-point-carry",
                    Severity.ERROR,
                    qzeros.name(),
                    carried
                            + " words hold a zero point of 0 stored as -1 that has filled every higher field of its word, as"
                            + " AutoGPTQ wrote asymmetric checkpoints: the neighbours' zero points are lost",
                    "quantize again with GPTQModel, or in the format gptq_v2"));
        }
        TensorInfo index = weight.parts().get("g_idx");
        if (index != null) {
            boolean actOrder =
                    config.map(found -> found.values().bool("desc_act", true)).orElse(true);
            groupFindings(weight, index, checkpoint.map(index), actOrder, findings);
        }
        return findings;
    }

    private static void groupFindings(
            PackedWeight weight, TensorInfo index, ByteBuffer groups, boolean actOrder, List<Finding> findings) {
        long group = weight.codec().option("group");
        long count = (weight.shape().dimension(1) + group - 1) / group;
        int outside = 0;
        boolean ordered = true;
        for (int k = 0; k < index.shape().elementCount(); k++) {
            int value = groups.getInt(4 * k);
            outside += value < 0 || value >= count ? 1 : 0;
            ordered &= value == k / group;
        }
        if (outside > 0) {
            findings.add(new Finding(
                    "g-idx-out-of-range",
                    Severity.ERROR,
                    index.name(),
                    outside + " of " + index.shape().elementCount() + " input channels name a group that the " + count
                            + " rows of scales do not have",
                    "quantize again; padding after quantization leaves such indices"));
        } else if (!ordered && !actOrder) {
            findings.add(new Finding(
                    "g-idx-shuffled",
                    Severity.ERROR,
                    index.name(),
                    "The groups do not follow the order of the channels, though the config says desc_act false: kernels that"
                            + " trust the config ignore g_idx and compute nonsense",
                    "set desc_act to true if the model was quantized with it, or quantize again"));
        }
    }

    @Override
    public Map<String, Codec> alternatives(PackedWeight weight) {
        long offset = weight.codec().option("offset");
        return Map.of(
                "zero-point-shifted", weight.codec().with("offset", 1 - offset),
                "g-idx-shuffled", weight.codec().with("nearest", 1));
    }
}
