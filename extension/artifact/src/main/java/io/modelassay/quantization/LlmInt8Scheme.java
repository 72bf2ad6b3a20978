package io.modelassay.quantization;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * LLM.int8 as bitsandbytes stores it: {@code weight} in int8, {@code SCB} with the largest magnitude of each row, and
 * {@code weight_format}, which is 0 for rows; W = code * SCB[n] / 127, as {@code int8_vectorwise_dequant} computes it.
 * GPTQModel exports {@code SCB} as {@code weight_scb}, which transformers does not know.
 */
@API(status = API.Status.INTERNAL)
public final class LlmInt8Scheme implements Scheme {
    private static final Map<Integer, String> OLD_FORMATS = Map.of(1, "col32", 2, "col_turing", 3, "col_ampere");

    @Override
    public Set<String> markers() {
        return Set.of("SCB", "weight_format", "weight_scb");
    }

    @Override
    public Set<String> parts() {
        return Set.of("SCB", "weight_format", "weight_scb");
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
        return new Declared(declaredBits(config), OptionalLong.empty());
    }

    /** What the flags of bitsandbytes ask for; nothing where none or both are set. */
    static OptionalLong declaredBits(QuantizationConfig config) {
        boolean four = isSet(config, "load_in_4bit");
        boolean eight = isSet(config, "load_in_8bit");
        return four == eight ? OptionalLong.empty() : OptionalLong.of(four ? 4 : 8);
    }

    private static boolean isSet(QuantizationConfig config, String flag) {
        return config.values().isBool(flag) && config.values().bool(flag);
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        boolean underscored = module.has("weight_scb") && !module.has("SCB");
        String scale = underscored ? "weight_scb" : "SCB";
        Optional<TensorInfo> codes = reading.require(module, "weight", Set.of(TensorType.I8));
        Optional<TensorInfo> absmax = reading.require(module, scale, Set.of(TensorType.F32));
        if (underscored) {
            reading.warning(
                    "underscored-quant-state",
                    module.name(scale),
                    "The row scales have the name that GPTQModel exports; transformers looks for SCB and cannot read them",
                    "rename weight_scb to SCB, or load the checkpoint with GPTQModel");
        }
        if (codes.isEmpty() || absmax.isEmpty() || !isByRows(module, reading)) {
            return List.of();
        }
        Shape shape = codes.get().shape();
        if (shape.rank() != 2 || shape.elementCount() == 0) {
            reading.error(
                    "unexpected-part-shape",
                    module.name("weight"),
                    "The codes have the shape " + shape + ", not that of a linear module's weight",
                    "save the checkpoint again with the tool that quantized it");
            return List.of();
        }
        if (!reading.hasShape(absmax.get(), Shape.of(shape.dimension(0)))) {
            return List.of();
        }
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat("bitsandbytes", "llm.int8", 8, -1, true),
                shape,
                TensorType.F32,
                new TreeMap<>(Map.of("codes", codes.get(), "absmax", absmax.get())),
                Map.of(),
                new Codec("llm_int8.py", Map.of("bits", 8L))));
    }

    @Override
    public Optional<Codec> requantization(PackedWeight weight) {
        return Optional.of(weight.codec());
    }

    /** A row of zeros has a scale of 0 and codes of 0; other codes are lost with a scale of 0. */
    @Override
    public List<Finding> valueFindings(
            PackedWeight weight, Checkpoint checkpoint, Optional<QuantizationConfig> config) {
        TensorInfo absmax = Objects.requireNonNull(weight.parts().get("absmax"));
        TensorInfo codes = Objects.requireNonNull(weight.parts().get("codes"));
        ByteBuffer scales = checkpoint.map(absmax).order(ByteOrder.LITTLE_ENDIAN);
        int columns = Math.toIntExact(weight.shape().dimension(1));
        List<Long> lost = new ArrayList<>();
        for (long row = 0; row < weight.shape().dimension(0); row++) {
            if (scales.getFloat(Math.toIntExact(4 * row)) == 0
                    && hasCodes(checkpoint.map(codes, row * columns, columns))) {
                lost.add(row);
            }
        }
        return lost.isEmpty()
                ? List.of()
                : List.of(new Finding(
                        "scale-zero",
                        Finding.Severity.ERROR,
                        absmax.name(),
                        lost.size() + " of " + weight.shape().dimension(0) + " row scales are zero, the first of row "
                                + lost.get(0) + ", whose codes are not: the row decodes to zeros",
                        "quantize the model again; look at the step that wrote this module"));
    }

    private static boolean hasCodes(ByteBuffer row) {
        while (row.hasRemaining()) {
            if (row.get() != 0) {
                return true;
            }
        }
        return false;
    }

    /** Other orders than by rows were made for some GPUs, and bitsandbytes reads them no longer. */
    private static boolean isByRows(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> format = module.find("weight_format");
        if (format.isEmpty() || format.get().byteLength() == 0) {
            return true;
        }
        int number = reading.bytes(format.get(), 1).get(0) & 0xFF;
        if (number != 0) {
            reading.error(
                    "unsupported-weight-format",
                    module.name("weight_format"),
                    "The codes lie in the order " + number + " (" + OLD_FORMATS.getOrDefault(number, "unknown")
                            + "); only order 0, by rows, can be read, also by bitsandbytes since 0.45",
                    "save the model again in 8 bits with a current bitsandbytes");
        }
        return number == 0;
    }
}
