package io.modelassay.runtime;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/** Reads a model's layers in order, one ahead of the layer that is computed. */
final class LayerReader implements AutoCloseable {
    private final Kernels kernels;
    private final ModelPlan model;
    private final Weights weights;
    private final DType dtype;
    private final ExecutorService thread = Executors.newSingleThreadExecutor(task -> {
        Thread reader = new Thread(task, "modelassay-read-ahead");
        reader.setDaemon(true);
        return reader;
    });
    private int next;
    private @Nullable Future<Map<String, Tensor>> ahead;

    LayerReader(Kernels kernels, ModelPlan model, Weights weights, DType dtype) {
        this.kernels = kernels;
        this.model = model;
        this.weights = weights;
        this.dtype = dtype;
        readNext();
    }

    /** The tensors of the next layer, under their names within the layer; the caller closes them. */
    Map<String, Tensor> take() {
        Future<Map<String, Tensor>> reading = ahead;
        if (reading == null) {
            throw new IllegalStateException("All layers have been read");
        }
        try {
            Map<String, Tensor> layer = reading.get();
            readNext();
            return layer;
        } catch (ExecutionException e) {
            ahead = null;
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new RuntimeFailure("load-failed", "Layer " + (next - 1) + " could not be loaded", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RuntimeFailure("interrupted", "Interrupted while reading layer " + (next - 1), e);
        }
    }

    private void readNext() {
        List<String> layers = model.decoder().layers();
        if (next == layers.size()) {
            ahead = null;
            return;
        }
        String layer = layers.get(next++);
        ahead = thread.submit(() -> load(layer));
    }

    private Map<String, Tensor> load(String layer) {
        Map<String, Tensor> tensors = new HashMap<>();
        try {
            for (Parameter parameter : model.parametersOf(layer)) {
                tensors.put(parameter.name().substring(layer.length() + 1), load(parameter));
            }
            return tensors;
        } catch (RuntimeException e) {
            tensors.values().forEach(Tensor::close);
            throw e;
        }
    }

    private Tensor load(Parameter parameter) {
        Tensor stored = weights.load(parameter, dtype);
        if (parameter.kind() != Parameter.Kind.LINEAR) {
            return stored;
        }
        try (stored) {
            return kernels.call("packed", stored);
        }
    }

    @Override
    public void close() {
        thread.shutdown();
        Future<Map<String, Tensor>> reading = ahead;
        if (reading != null) {
            try {
                reading.get().values().forEach(Tensor::close);
            } catch (ExecutionException e) {
                // The pass ended before it needed this layer; whoever needs it will meet the failure.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
