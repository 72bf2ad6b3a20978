package io.modelassay.quantization;

import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.LongStream;
import org.apiguardian.api.API;

/**
 * {@code pack-quantized} of compressed-tensors: integers of 1 to 8 bits in {@code weight_packed}, int32 words along the
 * input channels, with {@code weight_scale}, {@code weight_shape} and, where asymmetric, {@code weight_zero_point} packed
 * along the output channels. W = (code - zero_point) * scale.
 *
 * <p>The product has the type of the model, because transformers casts the scales to that type when it loads them. So a model
 * in float32 gets weights that nothing rounded, and a model in bfloat16 gets bfloat16(code) * bfloat16(scale). Transformers
 * 4.57.6 and 5.24.0 with compressed-tensors 0.17.1, 0.18.0 and 0.20.1 agree on this. {@code CompressedTensorsConfig(dequantize =
 * True)} of transformers 5.24.0 differs: it decodes in the type of the stored scales. The default load is followed here.
 *
 * <p>Up to version 0.17 no code goes over the end of a word, from 0.18 on the codes are one stream of bits. For 3, 5, 6 and
 * 7 bits that differs; the number of words tells it, and for a handful of input channels where it does not, the version.
 */
@API(status = API.Status.INTERNAL)
public final class PackQuantizedScheme implements Scheme {
    private static final Set<TensorType> WORDS = Set.of(TensorType.I32, TensorType.U32);
    private static final Set<TensorType> ZEROS = Set.of(TensorType.I32, TensorType.U32, TensorType.I8);
    private static final Set<TensorType> INTEGERS = Set.of(TensorType.I64, TensorType.I32);

    /** How a row is packed. */
    record Packing(int bits, boolean padded) {
        /** Words that {@code count} codes take. */
        long words(long count) {
            int each = 32 / bits;
            return padded ? (count + each - 1) / each : (count * bits + 31) / 32;
        }
    }

    @Override
    public Set<String> markers() {
        return Set.of("weight_packed", "weight_shape");
    }

    @Override
    public Set<String> parts() {
        return Set.of(
                "weight_packed",
                "weight_scale",
                "weight_shape",
                "weight_zero_point",
                "weight_g_idx",
                "input_scale",
                "input_zero_point",
                "input_global_scale",
                "output_scale",
                "output_zero_point");
    }

    @Override
    public Set<String> methods() {
        return Set.of("compressed-tensors");
    }

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
        return DeclaredGroups.declared(module, config);
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> packed = reading.require(module, "weight_packed", WORDS);
        Optional<TensorInfo> scale = reading.require(module, "weight_scale", FloatTypes.ALL);
        Optional<TensorInfo> stored = reading.require(module, "weight_shape", INTEGERS);
        boolean asymmetric = reading.config()
                .flatMap(config -> DeclaredGroups.find(module.module(), config))
                .map(weights -> !weights.symmetric())
                .orElse(false);
        Optional<TensorInfo> zeros = asymmetric || module.has("weight_zero_point")
                ? reading.require(module, "weight_zero_point", ZEROS)
                : Optional.empty();
        if (packed.isEmpty() || scale.isEmpty() || stored.isEmpty() || (asymmetric && zeros.isEmpty())) {
            return List.of();
        }
        Optional<Shape> shape = shape(stored.get(), reading);
        if (shape.isEmpty()) {
            return List.of();
        }
        Optional<Packing> packing = packing(module, packed.get(), shape.get(), reading);
        Optional<ScaleGrid> grid =
                ScaleGrid.of(shape.get(), scale.get().shape(), DeclaredGroups.grid(module.module(), reading));
        if (grid.isEmpty()) {
            reading.hasShape(scale.get(), Shape.of(shape.get().dimension(0), 1));
        }
        if (packing.isEmpty() || grid.isEmpty()) {
            return List.of();
        }
        SortedMap<String, TensorInfo> parts = new TreeMap<>(Map.of("packed", packed.get(), "scale", scale.get()));
        if (zeros.isPresent() && !addZeros(zeros.get(), shape.get(), scale.get(), packing.get(), parts, reading)) {
            return List.of();
        }
        Optional<TensorInfo> order = module.find("weight_g_idx");
        if (order.isPresent() && grid.get().columns() > 0) {
            if (!reading.hasShape(order.get(), Shape.of(shape.get().dimension(1)))) {
                return List.of();
            }
            parts.put("g_idx", order.get());
        }
        return List.of(weight(
                module, shape.get(), packing.get(), grid.get(), scale.get().type(), parts));
    }

    private static PackedWeight weight(
            ModuleTensors module,
            Shape shape,
            Packing packing,
            ScaleGrid grid,
            TensorType type,
            SortedMap<String, TensorInfo> parts) {
        Map<String, Long> options = new HashMap<>(grid.options(type, type));
        options.put("bits", (long) packing.bits());
        options.put("padded", packing.padded() ? 1L : 0L);
        boolean symmetric = !parts.containsKey("zero_point") && !parts.containsKey("packed_zero_point");
        return new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat("compressed-tensors", "pack-quantized", packing.bits(), grid.groupSize(), symmetric),
                shape,
                type,
                parts,
                Map.of(),
                new Codec(List.of("scaled.py", "pack_quantized.py"), options)
                        .in(DecodeType.MODEL)
                        .inSteps());
    }

    private static Optional<Shape> shape(TensorInfo stored, SchemeReading reading) {
        if (!reading.hasShape(stored, Shape.of(2))) {
            return Optional.empty();
        }
        ByteBuffer bytes = reading.bytes(stored, 16);
        boolean wide = stored.type() == TensorType.I64;
        long rows = wide ? bytes.getLong(0) : bytes.getInt(0);
        long columns = wide ? bytes.getLong(8) : bytes.getInt(4);
        if (rows < 1 || columns < 1 || rows > Integer.MAX_VALUE || columns > Integer.MAX_VALUE) {
            reading.error(
                    "invalid-weight-shape",
                    stored.name(),
                    "The tensor says that the weight has the shape [" + rows + ", " + columns + "]",
                    "save the checkpoint again with the tool that quantized it");
            return Optional.empty();
        }
        return Optional.of(Shape.of(rows, columns));
    }

    /** The declared bits where the number of words allows them, else the bits that it does allow. */
    private static Optional<Packing> packing(
            ModuleTensors module, TensorInfo packed, Shape shape, SchemeReading reading) {
        OptionalLong declared = reading.config()
                .map(config -> DeclaredGroups.declared(module.module(), config).bits())
                .orElse(OptionalLong.empty());
        boolean padded =
                reading.config().map(config -> !isDense(config.text("version"))).orElse(false);
        boolean matrix = packed.shape().rank() == 2 && packed.shape().dimension(0) == shape.dimension(0);
        long words = matrix ? packed.shape().dimension(1) : -1;
        Optional<Packing> found = LongStream.concat(
                        LongStream.of(declared.orElse(4)), LongStream.of(4, 8, 2, 3, 5, 6, 7, 1))
                .filter(bits -> bits >= 1 && bits <= 8)
                .mapToObj(bits -> packing((int) bits, shape.dimension(1), words, padded))
                .flatMap(Optional::stream)
                .findFirst();
        if (found.isEmpty()) {
            Packing expected = new Packing((int) Math.min(8, Math.max(1, declared.orElse(4))), padded);
            reading.hasShape(packed, Shape.of(shape.dimension(0), expected.words(shape.dimension(1))));
        }
        return found;
    }

    /**
     * How {@code count} codes of {@code bits} bits make {@code words} words.
     *
     * @param padded taken where both ways make as many
     */
    static Optional<Packing> packing(int bits, long count, long words, boolean padded) {
        Packing likely = new Packing(bits, padded && 32 % bits != 0);
        Packing other = new Packing(bits, !likely.padded() && 32 % bits != 0);
        if (likely.words(count) == words) {
            return Optional.of(likely);
        }
        return other.words(count) == words ? Optional.of(other) : Optional.empty();
    }

    /** Whether this version of compressed-tensors lets codes go over the end of a word: 0.18 and later. */
    static boolean isDense(String version) {
        String[] numbers = version.split("[^0-9]+", 3);
        try {
            return numbers.length >= 2 && (Integer.parseInt(numbers[0]) > 0 || Integer.parseInt(numbers[1]) >= 18);
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static boolean addZeros(
            TensorInfo zeros,
            Shape shape,
            TensorInfo scale,
            Packing packing,
            SortedMap<String, TensorInfo> parts,
            SchemeReading reading) {
        Shape steps = scale.shape();
        boolean plain = zeros.type() == TensorType.I8 || steps.rank() != 2;
        long rows = packing.words(shape.dimension(0));
        Shape expected = plain ? steps : Shape.of(rows, steps.dimension(1));
        parts.put(plain ? "zero_point" : "packed_zero_point", zeros);
        return reading.hasShape(zeros, expected);
    }
}
