package io.modelassay.runtime;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Reads a model's layers in an order. While one layer is computed, the bytes of the next are brought into memory by a thread
 * that does no arithmetic: a second thread with kernels of its own would take the cores from the first.
 */
final class LayerReader implements AutoCloseable {
    private final Kernels kernels;
    private final ModelPlan model;
    private final Weights weights;
    private final DType dtype;
    private final List<String> layers;
    private final ExecutorService ahead = Executors.newSingleThreadExecutor(task -> {
        Thread reader = new Thread(task, "modelassay-read-ahead");
        reader.setDaemon(true);
        return reader;
    });
    private int next;

    LayerReader(Kernels kernels, ModelPlan model, Weights weights, DType dtype, List<String> layers) {
        this.kernels = kernels;
        this.model = model;
        this.weights = weights;
        this.dtype = dtype;
        this.layers = layers;
    }

    /** The tensors of the next layer, under their names within the layer; the caller closes them. */
    Map<String, Tensor> take() {
        String layer = layers.get(next++);
        Map<String, Tensor> tensors = load(layer);
        if (next < layers.size()) {
            List<Parameter> following = model.parametersOf(layers.get(next));
            ahead.execute(() -> following.forEach(weights::prefetch));
        }
        return tensors;
    }

    private Map<String, Tensor> load(String layer) {
        Map<String, Tensor> tensors = new HashMap<>();
        try {
            for (Parameter parameter : model.parametersOf(layer)) {
                load(parameter, parameter.name().substring(layer.length() + 1), tensors);
            }
            return tensors;
        } catch (RuntimeException e) {
            tensors.values().forEach(Tensor::close);
            throw e;
        }
    }

    private void load(Parameter parameter, String name, Map<String, Tensor> tensors) {
        Tensor stored = weights.load(parameter, dtype);
        if (parameter.kind() != Parameter.Kind.LINEAR) {
            tensors.put(name, stored);
            return;
        }
        String module = name.substring(0, name.lastIndexOf('.') + 1);
        try (stored) {
            weights.parts(parameter, 0, stored).forEach((part, tensor) -> tensors.put(module + part, tensor));
            tensors.put(name, kernels.call("packed", stored));
        }
    }

    @Override
    public void close() {
        ahead.shutdownNow();
    }
}
