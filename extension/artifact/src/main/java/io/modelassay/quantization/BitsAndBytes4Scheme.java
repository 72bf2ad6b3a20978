package io.modelassay.quantization;

import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * NF4 and FP4 as bitsandbytes stores them: {@code weight} holds two codes a byte, the even element in the high bits, in a
 * tensor of any type whose bytes are taken as they are; {@code weight.absmax} one scale for each block of the flattened
 * weight, itself in 8 bits where there are {@code nested} figures; {@code weight.quant_map} the 16 values; and
 * {@code weight.quant_state.bitsandbytes__nf4} a JSON text with the shape. W = quant_map[code] * absmax[i / blocksize],
 * after {@code QuantState.from_dict} and {@code dequantize_4bit} of bitsandbytes.
 *
 * <p>GPTQModel exports the same under names such as {@code weight_absmax}, which transformers does not know.
 */
@API(status = API.Status.INTERNAL)
public final class BitsAndBytes4Scheme implements Scheme {
    private static final String STATE = "weight.quant_state.bitsandbytes__";
    private static final List<String> TYPES = List.of("nf4", "fp4");
    private static final Set<TensorType> STORAGE =
            Set.of(TensorType.U8, TensorType.I8, TensorType.F16, TensorType.BF16, TensorType.F32);
    private static final Set<TensorType> FLOAT = Set.of(TensorType.F32);

    /** Longer than any quantization state; a longer one is not read. */
    private static final int MOST_STATE_BYTES = 4096;

    /** The names of one exporter. */
    private record Names(char separator, List<String> states) {
        static final Names OWN =
                new Names('.', TYPES.stream().map(STATE::concat).toList());
        static final Names UNDERSCORED = new Names('_', List.of("weight_quant_state"));

        String part(String name) {
            return "weight" + separator + name;
        }
    }

    /** What the JSON text says. */
    private record State(
            String quantType, long block, TensorType type, Shape shape, long nestedBlock, double nestedOffset) {}

    @Override
    public Set<String> markers() {
        return Set.of(
                "weight.absmax",
                "weight.quant_map",
                STATE + "nf4",
                STATE + "fp4",
                "weight_absmax",
                "weight_quant_map",
                "weight_quant_state");
    }

    @Override
    public Set<String> parts() {
        return Set.of(
                "weight.absmax",
                "weight.quant_map",
                "weight.nested_absmax",
                "weight.nested_quant_map",
                STATE + "nf4",
                STATE + "fp4",
                "weight_absmax",
                "weight_quant_map",
                "weight_nested_absmax",
                "weight_nested_quant_map",
                "weight_quant_state");
    }

    /** {@code bnb_4bit_quant_storage} gives them the label of a float type, so that FSDP can flatten them. */
    @Override
    public Set<String> codes() {
        return Set.of("weight");
    }

    @Override
    public Set<String> methods() {
        return Set.of("bitsandbytes");
    }

    /** None: transformers quantizes what it finds in 16 bits. */
    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return List.of();
    }

    @Override
    public Declared declared(String module, QuantizationConfig config) {
        return new Declared(LlmInt8Scheme.declaredBits(config), OptionalLong.empty());
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        boolean underscored = module.tensors().keySet().stream().anyMatch(part -> part.startsWith("weight_"));
        Names names = underscored ? Names.UNDERSCORED : Names.OWN;
        Optional<TensorInfo> codes = reading.require(module, "weight", STORAGE);
        Optional<TensorInfo> absmax =
                reading.require(module, names.part("absmax"), Set.of(TensorType.F32, TensorType.U8));
        Optional<TensorInfo> map = reading.require(module, names.part("quant_map"), FLOAT);
        String stateName = names.states().stream()
                .filter(module::has)
                .findFirst()
                .orElse(names.states().get(0));
        Optional<TensorInfo> stored = reading.require(module, stateName, Set.of(TensorType.U8));
        boolean nested = absmax.isPresent() && absmax.get().type() == TensorType.U8;
        Optional<TensorInfo> nestedAbsmax =
                nested ? reading.require(module, names.part("nested_absmax"), FLOAT) : Optional.empty();
        Optional<TensorInfo> nestedMap =
                nested ? reading.require(module, names.part("nested_quant_map"), FLOAT) : Optional.empty();
        if (underscored) {
            reading.warning(
                    "underscored-quant-state",
                    module.name(stateName),
                    "The parts of the quantized weight have the names that GPTQModel exports, such as "
                            + names.part("absmax") + "; transformers looks for weight.absmax and cannot read them",
                    "rename the parts, or load the checkpoint with GPTQModel");
        }
        Optional<State> state = stored.flatMap(tensor -> state(tensor, stateName, nested, reading));
        boolean complete = nestedAbsmax.isPresent() == nested && nestedMap.isPresent() == nested;
        if (codes.isEmpty() || absmax.isEmpty() || map.isEmpty() || state.isEmpty() || !complete) {
            return List.of();
        }
        SortedMap<String, TensorInfo> parts =
                new TreeMap<>(Map.of("packed", codes.get(), "absmax", absmax.get(), "quant_map", map.get()));
        nestedAbsmax.ifPresent(tensor -> parts.put("nested_absmax", tensor));
        nestedMap.ifPresent(tensor -> parts.put("nested_quant_map", tensor));
        return fit(parts, state.get(), reading) ? List.of(weight(module, parts, state.get())) : List.of();
    }

    private static PackedWeight weight(ModuleTensors module, SortedMap<String, TensorInfo> parts, State state) {
        boolean nested = parts.containsKey("nested_absmax");
        return new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat(
                        "bitsandbytes", state.quantType() + (nested ? "-double" : ""), 4, state.block(), true),
                state.shape(),
                state.type(),
                parts,
                nested ? Map.of("nested_offset", state.nestedOffset()) : Map.of(),
                new Codec(
                                "bitsandbytes4.py",
                                Map.of(
                                        "normal", state.quantType().equals("nf4") ? 1L : 0L,
                                        "block", state.block(),
                                        "nested_block", state.nestedBlock(),
                                        "type", FloatTypes.number(state.type())))
                        .of(CodeKind.TABLE4));
    }

    @Override
    public Optional<Codec> requantization(PackedWeight weight) {
        boolean nested = weight.parts().containsKey("nested_absmax");
        return Optional.of(weight.codec()
                .with("double", nested ? 1 : 0)
                .with("nested_block", FourBitFloat.NESTED_BLOCK)
                .with("type", FloatTypes.number(TensorType.F32)));
    }

    private static boolean fit(SortedMap<String, TensorInfo> parts, State state, SchemeReading reading) {
        long count = state.shape().elementCount();
        long blocks = ceil(count, state.block());
        boolean fits = true;
        for (Map.Entry<String, TensorInfo> part : parts.entrySet()) {
            TensorInfo tensor = part.getValue();
            Shape expected = switch (part.getKey()) {
                case "packed" -> Shape.of(ceil(ceil(count, 2), tensor.type().bits() / 8), 1);
                case "absmax" -> Shape.of(blocks);
                case "quant_map" -> Shape.of(16);
                case "nested_absmax" -> Shape.of(ceil(blocks, state.nestedBlock()));
                default -> Shape.of(256);
            };
            // The codes are a column or, in old files, a row.
            boolean row = part.getKey().equals("packed") && tensor.shape().equals(Shape.of(1, expected.dimension(0)));
            fits &= row || reading.hasShape(tensor, expected);
        }
        return fits;
    }

    private static long ceil(long count, long size) {
        return count / size + (count % size == 0 ? 0 : 1);
    }

    private static Optional<State> state(TensorInfo stored, String name, boolean nested, SchemeReading reading) {
        byte[] text = new byte[(int) Math.min(MOST_STATE_BYTES, stored.byteLength())];
        reading.bytes(stored, MOST_STATE_BYTES).get(text);
        String json = new String(text, StandardCharsets.UTF_8);
        try {
            ModelConfig values = ModelConfig.parse("quant_state", json);
            return Optional.of(state(values, name, nested));
        } catch (CheckpointException | IllegalArgumentException e) {
            reading.error(
                    "invalid-quant-state",
                    stored.name(),
                    "The quantization state " + SchemeReading.quote(json) + " cannot be used: "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse(""),
                    "save the checkpoint again with the tool that quantized it");
            return Optional.empty();
        }
    }

    private static State state(ModelConfig values, String name, boolean nested) {
        String quantType = values.string("quant_type");
        boolean named = name.startsWith(STATE);
        if (!TYPES.contains(quantType) || (named && !name.equals(STATE + quantType))) {
            throw new IllegalArgumentException("quant_type is not that of " + name);
        }
        long block = blockSize(values, "blocksize");
        TensorType type = FloatTypes.named(values.string("dtype"))
                .orElseThrow(() -> new IllegalArgumentException("dtype is none of float16, bfloat16 and float32"));
        Shape shape = new Shape(values.integers("shape"));
        if (shape.rank() != 2 || shape.elementCount() == 0) {
            throw new IllegalArgumentException("shape is not that of a linear module's weight");
        }
        long nestedBlock = nested ? blockSize(values, "nested_blocksize") : 256;
        return new State(quantType, block, type, shape, nestedBlock, nested ? values.number("nested_offset") : 0);
    }

    private static long blockSize(ModelConfig values, String key) {
        long size = values.integer(key);
        if (size < 1 || size > 1 << 20) {
            throw new IllegalArgumentException(key + " is not between 1 and 2^20");
        }
        return size;
    }

    @Override
    public Map<String, Codec> alternatives(PackedWeight weight) {
        return Map.of("nibbles-swapped", weight.codec().with("swapped", 1));
    }
}
