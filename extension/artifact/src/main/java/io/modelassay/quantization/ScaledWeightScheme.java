package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
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
 * Codes of one byte times scales, of the whole weight, of rows, groups or blocks: DeepSeek's block FP8
 * ({@code weight_scale_inv}, which is multiplied), AutoFP8 and ModelOpt per tensor, FBGEMM per row, and compressed-tensors'
 * {@code float-quantized}, {@code int-quantized}, {@code naive-quantized} and {@code mxfp8-quantized}. Also experts that lie
 * in one tensor, {@code gate_up_proj} with {@code gate_up_proj_scale_inv}.
 *
 * <p>They differ in the order of rounding: transformers' {@code Fp8Dequantize} multiplies in float32 and rounds to the
 * model's type, AutoFP8 and ModelOpt round the scale to it first, FBGEMM stays in float32. Under compressed-tensors
 * transformers casts the scales to the model's type when it loads them, and the product has that type; without a model, it
 * has the type of the stored scales.
 */
@API(status = API.Status.INTERNAL)
public final class ScaledWeightScheme implements Scheme {
    private static final List<String> WEIGHTS = List.of("weight", "gate_up_proj", "down_proj");
    private static final List<String> SUFFIXES = List.of("_scale_inv", "_scale");
    private static final Set<TensorType> CODES = Set.of(TensorType.F8_E4M3, TensorType.F8_E5M2, TensorType.I8);
    private static final Set<TensorType> SCALES =
            Set.of(TensorType.F16, TensorType.BF16, TensorType.F32, TensorType.U8, TensorType.F8_E8M0);
    private static final Set<TensorType> ZEROS =
            Set.of(TensorType.I8, TensorType.I32, TensorType.F8_E4M3, TensorType.BF16, TensorType.F16, TensorType.F32);

    @Override
    public Set<String> markers() {
        return Set.of(
                "weight_scale",
                "weight_scale_inv",
                "gate_up_proj_scale",
                "gate_up_proj_scale_inv",
                "down_proj_scale",
                "down_proj_scale_inv");
    }

    @Override
    public Set<String> parts() {
        return Set.of(
                "weight_scale",
                "weight_scale_inv",
                "weight_zero_point",
                "weight_g_idx",
                "gate_up_proj_scale",
                "gate_up_proj_scale_inv",
                "down_proj_scale",
                "down_proj_scale_inv",
                "input_scale",
                "input_zero_point",
                "output_scale",
                "output_zero_point",
                "k_scale",
                "v_scale");
    }

    @Override
    public Set<String> methods() {
        return Set.of("fp8", "fbgemm_fp8", "compressed-tensors", "modelopt");
    }

    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return switch (config.method()) {
            case "compressed-tensors" -> DeclaredGroups.required(module, config);
            case "modelopt" -> requiredByModelOpt(config);
            case "fp8" ->
                config.values().isArray("weight_block_size")
                        ? List.of("weight", "weight_scale_inv")
                        : List.of("weight", "weight_scale");
            default -> List.of("weight", "weight_scale");
        };
    }

    static List<String> requiredByModelOpt(QuantizationConfig config) {
        return config.text("quant_algo").contains("nvfp4")
                ? List.of("weight", "weight_scale", "weight_scale_2")
                : List.of("weight", "weight_scale");
    }

    @Override
    public Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return DeclaredGroups.exclusion(entry, key, config);
    }

    @Override
    public Declared declared(String module, QuantizationConfig config) {
        return config.method().startsWith("f")
                ? new Declared(OptionalLong.of(8), OptionalLong.empty())
                : DeclaredGroups.declared(module, config);
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        List<PackedWeight> weights = new ArrayList<>();
        for (String weight : WEIGHTS) {
            SUFFIXES.stream()
                    .map(suffix -> weight + suffix)
                    .filter(module::has)
                    .findFirst()
                    .flatMap(scale -> read(module, weight, scale, reading))
                    .ifPresent(weights::add);
        }
        return weights;
    }

    private Optional<PackedWeight> read(ModuleTensors module, String weight, String scaleName, SchemeReading reading) {
        boolean known = reading.config()
                .map(config -> methods().contains(config.method()))
                .orElse(true);
        Optional<TensorInfo> stored = module.find(weight);
        boolean codes = stored.map(tensor -> CODES.contains(tensor.type())).orElse(false);
        if (!codes && known && stored.isPresent() && isMislabelled(stored.get(), module, reading)) {
            reading.require(module, weight, CODES);
            return Optional.empty();
        }
        if (!codes && (stored.isPresent() || !known)) {
            return Optional.empty();
        }
        if (stored.isEmpty()) {
            requireDeclared(module, weight, reading);
            return Optional.empty();
        }
        Optional<TensorInfo> scale = reading.require(module, scaleName, SCALES);
        if (scale.isEmpty()) {
            return Optional.empty();
        }
        Shape shape = stored.get().shape();
        ScaleGrid declared = declaredGrid(module, reading);
        Optional<ScaleGrid> grid = ScaleGrid.of(shape, scale.get().shape(), declared);
        if (grid.isEmpty()) {
            reading.hasShape(scale.get(), shape.rank() < 2 ? Shape.of(1) : declared.scales(shape));
            return Optional.empty();
        }
        if (declared.strategy().equals("block")
                && !grid.get().equals(ScaleGrid.TENSOR)
                && !declared.scales(shape).equals(scale.get().shape())) {
            reading.error(
                    "block-size-disagrees",
                    scale.get().name(),
                    "The scales " + scale.get().shape() + " of a weight " + shape + " are for blocks of "
                            + grid.get().rows() + " x " + grid.get().columns() + "; the config says " + declared.rows()
                            + " x " + declared.columns(),
                    "set the block size in config.json to that of the tensors");
        }
        SortedMap<String, TensorInfo> parts = new TreeMap<>(Map.of("codes", stored.get(), "scale", scale.get()));
        if (weight.equals("weight") && !addOptional(module, shape, scale.get(), grid.get(), parts, reading)) {
            return Optional.empty();
        }
        return Optional.of(packed(module, weight, scaleName, grid.get(), parts, reading));
    }

    /** Bytes of the weight's own shape under another label: codes of 8 bits all the same. */
    private static boolean isMislabelled(TensorInfo weight, ModuleTensors module, SchemeReading reading) {
        return weight.type() == TensorType.U8
                && reading.expected(module.module())
                        .map(shape -> shape.equals(weight.shape()))
                        .orElse(false);
    }

    /** What the config expects beside the scale that is there. */
    private static void requireDeclared(ModuleTensors module, String weight, SchemeReading reading) {
        List<String> declared = reading.config()
                .map(config -> DeclaredGroups.required(module.module(), config))
                .orElse(List.of());
        for (String part : declared.isEmpty() ? List.of(weight) : declared) {
            if (!module.has(part)) {
                reading.require(module, part, CODES);
            }
        }
    }

    private static ScaleGrid declaredGrid(ModuleTensors module, SchemeReading reading) {
        Optional<List<Long>> block = reading.config()
                .filter(config -> config.values().isArray("weight_block_size"))
                .map(config -> config.values().integers("weight_block_size"))
                .filter(sizes -> sizes.size() == 2 && sizes.get(0) > 0 && sizes.get(1) > 0);
        return block.map(sizes -> new ScaleGrid(sizes.get(0), sizes.get(1)))
                .orElseGet(() -> DeclaredGroups.grid(module.module(), reading));
    }

    private static boolean addOptional(
            ModuleTensors module,
            Shape shape,
            TensorInfo scale,
            ScaleGrid grid,
            SortedMap<String, TensorInfo> parts,
            SchemeReading reading) {
        boolean fits = true;
        if (module.has("weight_zero_point")) {
            Optional<TensorInfo> zeros = reading.require(module, "weight_zero_point", ZEROS);
            fits = zeros.isPresent() && reading.hasShape(zeros.get(), scale.shape());
            zeros.ifPresent(tensor -> parts.put("zero_point", tensor));
        }
        Optional<TensorInfo> order = module.find("weight_g_idx");
        if (order.isPresent() && grid.strategy().equals("group")) {
            fits &= reading.hasShape(order.get(), Shape.of(shape.dimension(1)));
            parts.put("g_idx", order.get());
        }
        return fits;
    }

    private PackedWeight packed(
            ModuleTensors module,
            String weight,
            String scaleName,
            ScaleGrid grid,
            SortedMap<String, TensorInfo> parts,
            SchemeReading reading) {
        TensorInfo codes = part(parts, "codes");
        TensorType scaleType = part(parts, "scale").type();
        boolean inverse = scaleName.endsWith("_inv");
        String scheme = reading.config()
                .map(QuantizationConfig::method)
                .filter(methods()::contains)
                .orElse(inverse ? "fp8" : "compressed-tensors");
        TensorType type = switch (scheme) {
            case "fbgemm_fp8" -> TensorType.F32;
            case "compressed-tensors" -> FloatTypes.ALL.contains(scaleType) ? scaleType : TensorType.BF16;
            default -> reading.modelType();
        };
        String format = DeclaredGroups.format(module.module(), reading);
        String variant =
                scheme.equals("compressed-tensors") && !format.isEmpty() ? format : inverse ? "block" : grid.strategy();
        Codec codec = new Codec(List.of("scaled.py", "fp8.py"), grid.options(inverse ? TensorType.F32 : type, type))
                .in(decodeType(scheme, inverse, scaleType));
        return new PackedWeight(
                module.name(weight),
                module.module(),
                new StorageFormat(scheme, variant, 8, grid.groupSize(), !parts.containsKey("zero_point")),
                codes.shape(),
                type,
                parts,
                Map.of(),
                codes.type().isFloatingPoint() ? codec.of(CodeKind.FLOAT8) : codec.inSteps());
    }

    /** Scales of compressed-tensors that are no floats stay bytes when transformers loads them. */
    private static DecodeType decodeType(String scheme, boolean inverse, TensorType scale) {
        if (inverse) {
            return DecodeType.FLOAT32;
        }
        return scheme.equals("compressed-tensors") && FloatTypes.ALL.contains(scale)
                ? DecodeType.MODEL
                : DecodeType.STORED;
    }

    private static TensorInfo part(SortedMap<String, TensorInfo> parts, String name) {
        return Objects.requireNonNull(parts.get(name));
    }

    @Override
    public List<Finding> valueFindings(
            PackedWeight weight, Checkpoint checkpoint, Optional<QuantizationConfig> config) {
        return Exponents.findings(Objects.requireNonNull(weight.parts().get("scale")), checkpoint);
    }
}
