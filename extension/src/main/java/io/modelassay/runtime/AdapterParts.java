package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterTensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;

/** Brings an adapter's tensors into the engine: in float32, as PEFT keeps them beside a base of any type. */
final class AdapterParts {
    private final TorchEngine engine;
    private final Kernels conversions;

    AdapterParts(TorchEngine engine) {
        this.engine = engine;
        this.conversions = Kernels.conversions(engine);
    }

    /** Tensors and numbers of {@code module}; the caller closes them. */
    Map<String, Tensor> of(AdaptedModule module) {
        return of(module, (part, tensor) -> load(tensor, DType.FP32));
    }

    /** The same for the outputs at {@code index}: of parts that have a row for each output, those rows. */
    Map<String, Tensor> of(AdaptedModule module, Tensor index) {
        return of(
                module,
                (part, tensor) -> module.rowParts().contains(part) ? rows(tensor, index) : load(tensor, DType.FP32));
    }

    private Map<String, Tensor> of(AdaptedModule module, BiFunction<String, AdapterTensor, Tensor> loader) {
        Map<String, Tensor> loaded = new HashMap<>();
        try {
            module.parts().forEach((part, tensor) -> loaded.put(part, loader.apply(part, tensor)));
            module.numbers().forEach((name, value) -> loaded.put(name, engine.number(value)));
            return loaded;
        } catch (RuntimeException e) {
            loaded.values().forEach(Tensor::close);
            throw e;
        }
    }

    private Tensor rows(AdapterTensor tensor, Tensor index) {
        try (Tensor whole = load(tensor, DType.FP32)) {
            return conversions.call("gather", whole, index);
        }
    }

    /** One tensor in {@code dtype}; the caller closes it. */
    Tensor load(AdapterTensor tensor, DType dtype) {
        Tensor stored = conversions.stored(
                tensor.name(), tensor.type(), tensor.shape(), tensor.bytes().get());
        if (tensor.type() == dtype.tensorType()) {
            return stored;
        }
        try (stored) {
            return conversions.call("convert", stored, dtype.scalarType());
        }
    }
}
