package io.modelassay.quantization;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * AWQ as AutoAWQ stores it, 4 bits: layouts {@code gemm} (packed along the output channels, interleaved), {@code gemv}
 * (along the input channels) and {@code gemv_fast} (16-bit words of four interleaved rows). They share their tensors' names
 * with GPTQ; shapes and types tell them apart.
 */
@API(status = API.Status.INTERNAL)
public final class AwqScheme implements Scheme {
    private static final Set<TensorType> SCALES = Set.of(TensorType.F16, TensorType.BF16, TensorType.F32);
    private static final Set<TensorType> WORDS = Set.of(TensorType.I32, TensorType.U32, TensorType.I16);

    private enum Layout {
        GEMM(0),
        GEMV(1),
        GEMV_FAST(2);

        /** The number by which the kernel knows it. */
        final long number;

        Layout(long number) {
            this.number = number;
        }
    }

    @Override
    public Set<String> markers() {
        return Set.of("qweight", "qzeros");
    }

    @Override
    public Set<String> parts() {
        return Set.of("qweight", "qzeros", "scales");
    }

    @Override
    public Set<String> methods() {
        return Set.of("awq", "auto-round");
    }

    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return List.of("qweight", "qzeros", "scales");
    }

    @Override
    public Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return config.method().equals("awq")
                ? Optional.of(module -> module.contains(entry))
                : AutoRoundLayers.exclusion(entry, key, config);
    }

    @Override
    public Declared declared(String module, QuantizationConfig config) {
        if (config.method().equals("auto-round")) {
            return AutoRoundLayers.declared(module, config);
        }
        boolean defaults = config.method().equals("awq");
        OptionalLong bits = config.bits();
        OptionalLong group = config.groupSize();
        return new Declared(
                bits.isEmpty() && defaults ? OptionalLong.of(4) : bits,
                group.isEmpty() && defaults ? OptionalLong.of(128) : group);
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        boolean declared =
                reading.config().map(config -> config.method().equals("awq")).orElse(false);
        boolean complete = module.has("qweight") && module.has("qzeros") && module.has("scales");
        if (module.has("g_idx") || (!complete && !declared)) {
            return List.of();
        }
        Optional<TensorInfo> qweight = reading.require(module, "qweight", WORDS);
        Optional<TensorInfo> qzeros = reading.require(
                module, "qzeros", Set.of(TensorType.I32, TensorType.U32, TensorType.F16, TensorType.BF16));
        Optional<TensorInfo> scales = reading.require(module, "scales", SCALES);
        if (qweight.isEmpty() || qzeros.isEmpty() || scales.isEmpty()) {
            return List.of();
        }
        Optional<Layout> layout = layout(qweight.get(), qzeros.get(), scales.get());
        if (layout.isEmpty()) {
            return List.of();
        }
        Shape packed = qweight.get().shape();
        Shape shape = switch (layout.get()) {
            case GEMM -> Shape.of(packed.dimension(1) * 8, packed.dimension(0));
            case GEMV -> Shape.of(packed.dimension(0), packed.dimension(1) * 8);
            case GEMV_FAST -> Shape.of(packed.dimension(0) * 4, packed.dimension(1));
        };
        long group = groupSize(module, layout.get(), shape.dimension(1), scales.get(), reading);
        if (group <= 0 || shape.dimension(1) % group != 0) {
            reading.error(
                    "group-size-does-not-divide",
                    module.name("scales"),
                    shape.dimension(1) + " input channels do not fall into the groups that the scales "
                            + scales.get().shape() + " are for",
                    "quantize again with a group size that divides the input channels, or pad the model before");
            return List.of();
        }
        boolean zeroPoint = reading.config()
                .map(config -> config.values().bool("zero_point", true))
                .orElse(true);
        String variant = layout.get().name().toLowerCase(Locale.ROOT);
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat("awq", variant, 4, group == shape.dimension(1) ? -1 : group, !zeroPoint),
                shape,
                scales.get().type(),
                new TreeMap<>(Map.of("qweight", qweight.get(), "qzeros", qzeros.get(), "scales", scales.get())),
                Map.of(),
                new Codec("awq.py", Map.of("layout", layout.get().number, "group", group)).inSteps()));
    }

    /** The layout whose proportions the tensors have; nothing where they are GPTQ's. */
    private static Optional<Layout> layout(TensorInfo qweight, TensorInfo qzeros, TensorInfo scales) {
        Shape packed = qweight.shape();
        Shape steps = scales.shape();
        if (packed.rank() != 2 || steps.rank() != 2 || qzeros.shape().rank() != 2) {
            return Optional.empty();
        }
        if (qweight.type() == TensorType.I16) {
            return Optional.of(Layout.GEMV_FAST);
        }
        if (packed.dimension(1) * 8 == steps.dimension(1)
                && qzeros.shape().equals(Shape.of(steps.dimension(0), packed.dimension(1)))) {
            return Optional.of(Layout.GEMM);
        }
        if (packed.dimension(0) == steps.dimension(0)
                && qzeros.shape().equals(Shape.of(steps.dimension(0), steps.dimension(1) / 8))) {
            return Optional.of(Layout.GEMV);
        }
        return Optional.empty();
    }

    /**
     * The vector layouts round their number of groups up and leave the rest zero. So the declared size decides where it
     * would be stored this wide; else the first of AutoAWQ's sizes that would.
     */
    private long groupSize(ModuleTensors module, Layout layout, long inputs, TensorInfo scales, SchemeReading reading) {
        if (layout == Layout.GEMM) {
            return inputs / Math.max(1, scales.shape().dimension(0));
        }
        long stored = scales.shape().dimension(layout == Layout.GEMV ? 1 : 0);
        long declared = reading.config()
                .map(config -> declared(module.module(), config).groupSize().orElse(128))
                .orElse(128L);
        long group = declared <= 0 ? inputs : declared;
        if (width(inputs, group) == stored) {
            return group;
        }
        return Stream.of(32L, 64L, 128L, inputs)
                .filter(size -> width(inputs, size) == stored)
                .findFirst()
                .orElse(inputs / group <= stored ? group : inputs / Math.max(1, stored));
    }

    /** Scales of a row as AutoAWQ's {@code calculate_zeros_width} makes room for them, 8 to a word. */
    private static long width(long inputs, long group) {
        long multiple = group >= 128 ? 1 : group == 64 ? 2 : 4;
        long words = -Math.floorDiv(-(inputs / group), 8L);
        return -Math.floorDiv(-words, multiple) * multiple * 8;
    }

    @Override
    public Map<String, Codec> alternatives(PackedWeight weight) {
        return weight.codec().option("layout") == 0
                ? Map.of("nibbles-not-interleaved", weight.codec().with("plain", 1))
                : Map.of();
    }
}
