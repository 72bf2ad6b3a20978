package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * MXFP4: two E2M1 codes a byte, the first in the low bits, and for each 32 of them a scale that is a power of two, stored
 * as its exponent plus 127. compressed-tensors has {@code weight_packed} and {@code weight_scale}
 * ({@code MXFP4PackedCompressor}); gpt-oss has {@code gate_up_proj_blocks} {@code [experts, out, in / 32, 16]} with
 * {@code gate_up_proj_scales}, which transformers decodes to {@code [experts, in, out]}
 * ({@code convert_moe_packed_tensors}).
 */
@API(status = API.Status.INTERNAL)
public final class Mxfp4Scheme implements Scheme {
    private static final String FORMAT = "mxfp4-pack-quantized";
    private static final Set<TensorType> BYTES = Set.of(TensorType.U8);
    private static final Set<TensorType> EXPONENTS = Set.of(TensorType.U8, TensorType.F8_E8M0);
    private static final List<String> EXPERTS = List.of("gate_up_proj", "down_proj");
    private static final int GROUP = 32;

    @Override
    public Set<String> markers() {
        return Set.of(
                "weight_packed",
                "weight_scale",
                "gate_up_proj_blocks",
                "gate_up_proj_scales",
                "down_proj_blocks",
                "down_proj_scales");
    }

    @Override
    public Set<String> parts() {
        return Set.of(
                "weight_packed",
                "weight_scale",
                "gate_up_proj_blocks",
                "gate_up_proj_scales",
                "down_proj_blocks",
                "down_proj_scales");
    }

    @Override
    public Set<String> methods() {
        return Set.of("compressed-tensors", "mxfp4");
    }

    /** For gpt-oss none: no linear module of its own is quantized, only the experts. */
    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return DeclaredGroups.required(module, config);
    }

    @Override
    public Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return DeclaredGroups.exclusion(entry, key, config);
    }

    @Override
    public Declared declared(String module, QuantizationConfig config) {
        return config.method().equals("mxfp4")
                ? new Declared(OptionalLong.of(4), OptionalLong.of(GROUP))
                : DeclaredGroups.declared(module, config);
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        List<PackedWeight> weights = new ArrayList<>();
        for (String name : EXPERTS) {
            if (module.has(name + "_blocks") || module.has(name + "_scales")) {
                experts(module, name, reading).ifPresent(weights::add);
            }
        }
        return isLinear(module, reading) ? linear(module, reading) : weights;
    }

    private static boolean isLinear(ModuleTensors module, SchemeReading reading) {
        boolean declared = DeclaredGroups.format(module.module(), reading).equals(FORMAT);
        boolean packed = module.find("weight_packed")
                .map(codes -> BYTES.contains(codes.type()))
                .orElse(false);
        boolean exponents = module.find("weight_scale")
                .map(scale -> EXPONENTS.contains(scale.type()))
                .orElse(false);
        boolean alone = !module.has("weight") && !module.has("weight_packed");
        return packed || (exponents && declared && alone);
    }

    private static List<PackedWeight> linear(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> packed = reading.require(module, "weight_packed", BYTES);
        Optional<TensorInfo> scale = reading.require(module, "weight_scale", EXPONENTS);
        if (packed.isEmpty() || scale.isEmpty()) {
            return List.of();
        }
        Shape stored = packed.get().shape();
        if (stored.rank() != 2 || stored.elementCount() == 0 || stored.dimension(1) % (GROUP / 2) != 0) {
            unexpected(packed.get(), "rows of whole groups of 32, two codes a byte", reading);
            return List.of();
        }
        Shape shape = Shape.of(stored.dimension(0), stored.dimension(1) * 2);
        if (!reading.hasShape(scale.get(), new ScaleGrid(1, GROUP).scales(shape))) {
            return List.of();
        }
        return List.of(weight(
                module,
                "weight",
                new StorageFormat("compressed-tensors", FORMAT, 4, GROUP, true),
                shape,
                Map.of("packed", packed.get(), "scale", scale.get()),
                false));
    }

    private static Optional<PackedWeight> experts(ModuleTensors module, String name, SchemeReading reading) {
        Optional<TensorInfo> blocks = reading.require(module, name + "_blocks", BYTES);
        Optional<TensorInfo> scales = reading.require(module, name + "_scales", EXPONENTS);
        if (blocks.isEmpty() || scales.isEmpty()) {
            return Optional.empty();
        }
        Shape stored = blocks.get().shape();
        if (stored.rank() != 4 || stored.elementCount() == 0 || stored.dimension(3) != GROUP / 2) {
            unexpected(blocks.get(), "[experts, out, in / 32, 16]", reading);
            return Optional.empty();
        }
        if (!reading.hasShape(scales.get(), Shape.of(stored.dimension(0), stored.dimension(1), stored.dimension(2)))) {
            return Optional.empty();
        }
        return Optional.of(weight(
                module,
                name,
                new StorageFormat("mxfp4", "mxfp4", 4, GROUP, true),
                Shape.of(stored.dimension(0), stored.dimension(2) * GROUP, stored.dimension(1)),
                Map.of("packed", blocks.get(), "scale", scales.get()),
                true));
    }

    private static void unexpected(TensorInfo codes, String expected, SchemeReading reading) {
        reading.error(
                "unexpected-part-shape",
                codes.name(),
                "The codes have the shape " + codes.shape() + ", not that of " + expected,
                "save the checkpoint again with the tool that quantized it");
    }

    private static PackedWeight weight(
            ModuleTensors module,
            String name,
            StorageFormat format,
            Shape shape,
            Map<String, TensorInfo> parts,
            boolean transposed) {
        Map<String, Long> options = new HashMap<>(new ScaleGrid(1, GROUP).options(TensorType.F32, TensorType.BF16));
        options.put("transposed", transposed ? 1L : 0L);
        return new PackedWeight(
                module.name(name),
                module.module(),
                format,
                shape,
                TensorType.BF16,
                new TreeMap<>(parts),
                Map.of(),
                new Codec(List.of("scaled.py", "e2m1.py"), options).of(CodeKind.FLOAT4));
    }

    @Override
    public List<Finding> valueFindings(
            PackedWeight weight, Checkpoint checkpoint, Optional<QuantizationConfig> config) {
        return Exponents.findings(Objects.requireNonNull(weight.parts().get("scale")), checkpoint);
    }
}
