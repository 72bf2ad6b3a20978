package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.AdapterTensor;
import java.util.HashMap;
import java.util.Map;
import java.util.function.BiFunction;

/**
 * An adapter's tensors in the engine, in float32 as PEFT keeps them beside a base of any type, and what its method makes of
 * weights with them.
 */
final class AdapterParts {
    private final TorchEngine engine;
    private final Kernels conversions;

    private final Kernels method;

    /** Of the adapter that {@code plan} has resolved. */
    AdapterParts(TorchEngine engine, AdapterPlan plan) {
        this.engine = engine;
        this.conversions = Kernels.conversions(engine);
        this.method = Kernels.shared(engine, "products.py", "linear.py", AdaptedWeights.kernel(plan));
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

    /** The parts that a function of the method makes of {@code weight} and {@code parts}; the caller closes them. */
    Map<String, Tensor> derived(AdaptedModule module, Tensor weight, Map<String, Tensor> parts) {
        Map<String, Tensor> derived = new HashMap<>();
        module.derived().forEach((part, function) -> derived.put(part, method.call(function, weight, parts)));
        return derived;
    }

    /** What {@code function} makes of {@code weight} and {@code parts}, in {@code dtype}; closes both. */
    Tensor changed(String function, Tensor weight, Map<String, Tensor> parts, DType dtype) {
        try (weight;
                Tensor changed = method.call(function, weight, parts)) {
            return conversions.call("convert", changed, dtype.scalarType());
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    /** {@code rows}, those of {@code ids} of an embedding, with what {@code module} adds to them; closes {@code rows}. */
    Tensor embedded(Tensor rows, long[] ids, AdaptedModule module) {
        Map<String, Tensor> parts = of(module);
        try (rows;
                Tensor index = engine.longs(ids)) {
            return method.call("embedded", rows, index, parts);
        } finally {
            parts.values().forEach(Tensor::close);
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
