package io.modelassay.runtime;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.PackedWeight;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apiguardian.api.API;

/** Decodes packed weights of one checkpoint in the engine; kernels are compiled once. */
@API(status = API.Status.INTERNAL)
public final class WeightDecoder implements AutoCloseable {
    /** Types that the engine has no name for; a kernel reads their codes itself. */
    private static final Set<TensorType> AS_BYTES = Set.of(TensorType.F8_E8M0, TensorType.F4);

    private final Checkpoint checkpoint;
    private final TorchEngine engine;
    private final Map<List<String>, Kernels> kernels = new HashMap<>();

    /** A decoder of the weights of {@code checkpoint}, which stays its owner's to close. */
    public WeightDecoder(Checkpoint checkpoint, TorchEngine engine) {
        this.checkpoint = checkpoint;
        this.engine = engine;
    }

    /** The weight in the type that its own library decodes to; the caller closes it. */
    public Tensor decode(PackedWeight weight) {
        return decode(weight, weight.codec(), Map.of());
    }

    /** The weight as its own library decodes it for a model that is loaded in {@code dtype}; the caller closes it. */
    public Tensor decode(PackedWeight weight, DType dtype) {
        Codec codec = weight.codec().loadedIn(dtype.tensorType()).with("dtype", dtype.scalarType());
        try (Tensor decoded = decode(weight, codec, Map.of())) {
            return Kernels.conversions(engine).call("convert", decoded, dtype.scalarType());
        }
    }

    /** The weight as {@code codec} reads its parts and {@code more}, which stays the caller's; the caller closes it. */
    public Tensor decode(PackedWeight weight, Codec codec, Map<String, Tensor> more) {
        Map<String, Tensor> parts = new HashMap<>();
        try {
            weight.parts().forEach((name, tensor) -> parts.put(name, part(tensor)));
            weight.numbers().forEach((name, value) -> parts.put(name, engine.floats(value.floatValue())));
            parts.put(
                    "shape",
                    engine.longs(weight.shape().dimensions().stream()
                            .mapToLong(Long::longValue)
                            .toArray()));
            Map<String, Tensor> all = new HashMap<>(parts);
            all.putAll(more);
            return kernels(codec).call("decode", all, codec.options());
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    private Tensor part(TensorInfo tensor) {
        TensorType type = AS_BYTES.contains(tensor.type()) ? TensorType.U8 : tensor.type();
        return Kernels.conversions(engine).stored(tensor.name(), type, tensor.shape(), checkpoint.map(tensor));
    }

    private Kernels kernels(Codec codec) {
        synchronized (kernels) {
            return kernels.computeIfAbsent(codec.kernels(), files -> Kernels.compile(engine, Codec.class, files));
        }
    }

    /** Frees the kernels. */
    @Override
    public void close() {
        synchronized (kernels) {
            kernels.values().forEach(Kernels::close);
            kernels.clear();
        }
    }
}
