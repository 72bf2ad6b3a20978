package io.modelassay.own;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.ModuleTensors;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.QuantizationConfig;
import io.modelassay.quantization.Scheme;
import io.modelassay.quantization.SchemeReading;
import io.modelassay.quantization.StorageFormat;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/** A stored scheme of a team's own, all in this file: a byte for each weight and the largest magnitude of each row. */
public final class RowBytes implements Scheme {
    private static final String CODES = "row_codes";
    private static final String SCALE = "row_scale";

    @Override
    public Set<String> markers() {
        return Set.of(CODES, SCALE);
    }

    @Override
    public Set<String> parts() {
        return Set.of(CODES, SCALE);
    }

    @Override
    public Set<String> methods() {
        return Set.of("row-bytes");
    }

    @Override
    public List<PackedWeight> read(ModuleTensors module, SchemeReading reading) {
        Optional<TensorInfo> codes = reading.require(module, CODES, Set.of(TensorType.I8));
        Optional<TensorInfo> scale = reading.require(module, SCALE, Set.of(TensorType.F32));
        if (codes.isEmpty()
                || scale.isEmpty()
                || !reading.hasShape(scale.get(), Shape.of(codes.get().shape().dimension(0)))) {
            return List.of();
        }
        return List.of(new PackedWeight(
                module.name("weight"),
                module.module(),
                new StorageFormat("row-bytes", "row-bytes", 8, -1, true),
                codes.get().shape(),
                TensorType.F32,
                new TreeMap<>(Map.of("codes", codes.get(), "absmax", scale.get())),
                Map.of(),
                new Codec("llm_int8.py", Map.of("bits", 8L))));
    }

    @Override
    public List<String> required(String module, QuantizationConfig config) {
        return List.of(CODES, SCALE);
    }

    @Override
    public Declared declared(String module, QuantizationConfig config) {
        return new Declared(OptionalLong.of(8), OptionalLong.empty());
    }

    /** Its lists hold the ends of names. */
    @Override
    public Optional<Predicate<String>> exclusion(String entry, String key, QuantizationConfig config) {
        return Optional.of(module -> module.endsWith(entry));
    }

    @Override
    public List<Finding> valueFindings(
            PackedWeight weight, Checkpoint checkpoint, Optional<QuantizationConfig> config) {
        TensorInfo scale = Objects.requireNonNull(weight.parts().get("absmax"));
        var values = checkpoint
                .map(scale, 0, Math.toIntExact(scale.byteLength()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
        for (int row = 0; row < values.limit(); row++) {
            if (values.get(row) < 0) {
                return List.of(new Finding(
                        "negative-row-scale",
                        Finding.Severity.ERROR,
                        scale.name(),
                        "Row " + row + " has a scale below 0, which turns the signs of its weights",
                        "quantize again"));
            }
        }
        return List.of();
    }
}
