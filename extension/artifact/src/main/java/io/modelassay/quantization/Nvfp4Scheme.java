package io.modelassay.quantization;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * NVFP4: two E2M1 codes a byte, the first in the low bits, a scale in float8 for each 16 of them, and one figure for the
 * whole weight. compressed-tensors has {@code weight_packed} and divides the scales by {@code weight_global_scale}
 * ({@code NVFP4PackedCompressor}); NVIDIA ModelOpt has {@code weight} and multiplies them by {@code weight_scale_2}
 * ({@code NVFP4QTensor}).
 */
@API(status = API.Status.INTERNAL)
public final class Nvfp4Scheme implements Scheme {
    private static final String FORMAT = "nvfp4-pack-quantized";
    private static final int GROUP = 16;

    @Override
    public Set<String> markers() {
        return Set.of("weight_packed", "weight_global_scale", "weight_scale_2", "weight_scale");
    }

    @Override
    public Set<String> parts() {
        return Set.of(
                "weight_packed",
                "weight_scale",
                "weight_global_scale",
                "weight_scale_2",
                "input_global_scale",
                "input_scale",
                "pre_quant_scale");
    }

    @Override
    public Set<String> methods() {
        return Set.of("compressed-tensors", "modelopt");
    }

    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return config.method().equals("modelopt")
                ? ScaledWeightScheme.requiredByModelOpt(config)
                : DeclaredGroups.required(module, config);
    }

    @Override
    public Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return DeclaredGroups.exclusion(entry, key, config);
    }

    @Override
    public Declared declared(String module, QuantizationConfig config) {
        return DeclaredGroups.declared(module, config);
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        boolean bytes = is(module, "weight", TensorType.U8);
        boolean small = is(module, "weight_scale", TensorType.F8_E4M3);
        if (module.has("weight_scale_2") || (bytes && small)) {
            return read(module, "weight", "weight_scale_2", "factor", reading);
        }
        boolean declared = DeclaredGroups.format(module.module(), reading).equals(FORMAT);
        boolean packed = is(module, "weight_packed", TensorType.U8);
        if (module.has("weight_global_scale")
                || (packed && small)
                || (declared && packed && !module.has("weight_scale"))
                || (declared && small && !module.has("weight"))) {
            return read(module, "weight_packed", "weight_global_scale", "divisor", reading);
        }
        return List.of();
    }

    private static boolean is(ModuleTensors module, String part, TensorType type) {
        return module.find(part).map(tensor -> tensor.type() == type).orElse(false);
    }

    private static List<PackedWeight> read(
            ModuleTensors module, String codes, String figure, String role, SchemeReading reading) {
        Optional<TensorInfo> packed = reading.require(module, codes, Set.of(TensorType.U8));
        Optional<TensorInfo> scale = reading.require(module, "weight_scale", Set.of(TensorType.F8_E4M3));
        Optional<TensorInfo> global = reading.require(module, figure, Set.of(TensorType.F32));
        if (packed.isEmpty() || scale.isEmpty() || global.isEmpty()) {
            return List.of();
        }
        Shape stored = packed.get().shape();
        if (stored.rank() != 2 || stored.elementCount() == 0 || stored.dimension(1) % (GROUP / 2) != 0) {
            reading.error(
                    "unexpected-part-shape",
                    module.name(codes),
                    "The codes have the shape " + stored + ", which is not that of rows of whole groups of 16",
                    "save the checkpoint again with the tool that quantized it");
            return List.of();
        }
        Shape shape = Shape.of(stored.dimension(0), stored.dimension(1) * 2);
        ScaleGrid grid = new ScaleGrid(1, GROUP);
        boolean fits = reading.hasShape(scale.get(), grid.scales(shape));
        if (global.get().shape().elementCount() != 1) {
            fits &= reading.hasShape(global.get(), Shape.of(1));
        }
        if (!fits) {
            return List.of();
        }
        SortedMap<String, TensorInfo> parts =
                new TreeMap<>(Map.of("packed", packed.get(), "scale", scale.get(), role, global.get()));
        // compressed-tensors decodes to bfloat16 whatever the model's type.
        boolean modelOpt = role.equals("factor");
        TensorType type = modelOpt ? reading.modelType() : TensorType.BF16;
        Map<String, Long> options = new HashMap<>(grid.options(TensorType.F32, type));
        options.put("transposed", 0L);
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat(
                        modelOpt ? "modelopt" : "compressed-tensors", modelOpt ? "nvfp4" : FORMAT, 4, GROUP, true),
                shape,
                type,
                parts,
                Map.of(),
                new Codec(List.of("scaled.py", "e2m1.py"), options).of(CodeKind.FLOAT4)));
    }
}
