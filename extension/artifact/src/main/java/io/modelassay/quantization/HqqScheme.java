package io.modelassay.quantization;

import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * HQQ as its own library and transformers store it: {@code W_q}, {@code scale} and {@code zero}, with {@link HqqMeta} beside
 * them; W = (code - zero) * scale, after {@code Quantizer.dequantize} of hqq.
 */
@API(status = API.Status.INTERNAL)
public final class HqqScheme implements Scheme {
    private static final Set<TensorType> WORDS =
            Set.of(TensorType.U8, TensorType.I32, TensorType.F16, TensorType.BF16, TensorType.F32);

    @Override
    public Set<String> markers() {
        return Set.of("W_q", "unpack_view_dtype");
    }

    @Override
    public Set<String> parts() {
        return Set.of(
                "W_q",
                "scale",
                "zero",
                "nbits",
                "group_size",
                "shape",
                "axis",
                "packing",
                "unpack_view_dtype",
                "view_as_float",
                "quant_scale",
                "quant_zero",
                "compute_dtype",
                "offload_meta",
                "encoded_state_dict",
                "stores_quant_config",
                "channel_wise",
                "optimize",
                "round_zero");
    }

    /** {@code view_as_float} gives them the label of a float type. */
    @Override
    public Set<String> codes() {
        return Set.of("W_q");
    }

    @Override
    public Set<String> methods() {
        return Set.of("hqq");
    }

    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return List.of("W_q", "scale", "zero", "nbits", "shape", "axis", "packing", "compute_dtype");
    }

    /** {@code weight_quant_params}, or those of the first layer tag that the module's name ends with. */
    @Override
    public Declared declared(String module, QuantizationConfig config) {
        Optional<ModelConfig> general = config.values().optionalObject("quant_config");
        return general.flatMap(values -> tagged(module, values))
                .or(() -> general)
                .flatMap(values -> values.optionalObject("weight_quant_params"))
                .map(params -> new Declared(integer(params, "nbits"), integer(params, "group_size")))
                .orElse(new Declared(config.bits(), config.groupSize()));
    }

    private static Optional<ModelConfig> tagged(String module, ModelConfig values) {
        return values.keys().stream()
                .filter(tag -> module.endsWith("." + tag) && values.isObject(tag))
                .findFirst()
                .map(values::object);
    }

    private static OptionalLong integer(ModelConfig params, String key) {
        return params.isNumber(key) ? params.optionalInteger(key) : OptionalLong.empty();
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> codes = reading.require(module, "W_q", WORDS);
        Optional<TensorInfo> scale = reading.require(module, "scale", FloatTypes.ALL);
        Optional<TensorInfo> zero = reading.require(module, "zero", FloatTypes.ALL);
        Optional<HqqMeta> meta = HqqMeta.read(module, reading);
        if (codes.isEmpty() || scale.isEmpty() || zero.isEmpty() || meta.isEmpty()) {
            return List.of();
        }
        Optional<Shape> matrix = matrix(codes.get(), meta.get(), reading);
        if (matrix.isEmpty()) {
            return List.of();
        }
        boolean byRows = meta.get().axis() == 1;
        long rows = matrix.get().dimension(0);
        long columns = matrix.get().dimension(1);
        long group = byRows ? columns : rows;
        Shape steps = byRows ? Shape.of(rows, 1) : Shape.of(1, columns);
        boolean fits = reading.hasShape(scale.get(), steps);
        fits &= reading.hasShape(zero.get(), steps);
        if (!fits) {
            return List.of();
        }
        if (meta.get().group().orElse(group) != group) {
            reading.error(
                    "group-size-disagrees",
                    module.name("group_size"),
                    "The module says " + meta.get().group().getAsLong() + " values in a group, the codes are "
                            + matrix.get() + " along axis " + meta.get().axis(),
                    "save the checkpoint again with the tool that quantized it");
        }
        HqqMeta.Packing packing = meta.get().packing();
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat(
                        "hqq",
                        packing.name + (byRows ? "" : " axis0"),
                        meta.get().bits(),
                        group,
                        false),
                meta.get().shape(),
                meta.get().type(),
                new TreeMap<>(Map.of("codes", codes.get(), "scale", scale.get(), "zero", zero.get())),
                Map.of(),
                new Codec(
                                "hqq.py",
                                Map.of(
                                        "planes",
                                        (long) packing.planes,
                                        "bits",
                                        (long) packing.field,
                                        "word",
                                        packing.word == TensorType.I32 ? 3L : 0L,
                                        "rows",
                                        rows,
                                        "type",
                                        FloatTypes.number(meta.get().type())))
                        .inSteps()));
    }

    /** The shape of the matrix of codes, whose columns are those of the words once read in their own type. */
    private static Optional<Shape> matrix(TensorInfo codes, HqqMeta meta, SchemeReading reading) {
        long count = meta.shape().elementCount();
        long wordBytes = meta.packing().word.bits() / 8;
        Shape stored = codes.shape();
        boolean flat = stored.rank() != 2 || stored.elementCount() == 0;
        long columns = flat ? 0 : codes.byteLength() / stored.dimension(0) / wordBytes;
        boolean whole = columns > 0 && count % columns == 0;
        if (!whole || meta.packing().wordRows(count / columns) != stored.dimension(0)) {
            reading.error(
                    "unexpected-part-shape",
                    codes.name(),
                    "The codes have the shape " + stored + " in " + codes.type().label() + ", which packed as "
                            + meta.packing().name + " is not a weight of shape " + meta.shape(),
                    "save the checkpoint again with the tool that quantized it");
            return Optional.empty();
        }
        return Optional.of(Shape.of(count / columns, columns));
    }
}
