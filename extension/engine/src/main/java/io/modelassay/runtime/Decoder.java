package io.modelassay.runtime;

import io.modelassay.architecture.DecoderPlan;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.apiguardian.api.API;

/**
 * The forward pass, streamed: one layer's weights are loaded, every window passes through it, and they are freed while
 * the bytes of the next are read ahead. Memory is about a layer, the hidden states, and one batch's intermediates.
 *
 * <p>One pass runs at a time in a JVM, so that memory stays bounded however many tests run in parallel.
 */
@API(status = API.Status.INTERNAL)
public final class Decoder {
    /** Rows (windows times positions) that pass through a layer in one kernel call. */
    public static final int BATCH_ROWS = 2048;

    /** The operation whose result is the layer's. */
    private static final String LAYER_OUTPUT = "output";

    private static final ReentrantLock ONE_PASS = new ReentrantLock(true);

    private final Kernels kernels;
    private final ModelPlan model;
    private final DecoderPlan plan;
    private final Weights weights;
    private final DType dtype;

    /** A decoder of {@code model} over {@code weights}, computing in {@code dtype}. Owns neither. */
    public Decoder(TorchEngine engine, ModelPlan model, Weights weights, DType dtype) {
        this.model = model;
        this.plan = model.decoder();
        this.kernels = Kernels.ofDecoder(engine, dtype, weights.linear(), plan);
        this.weights = weights;
        this.dtype = dtype;
    }

    /** Sees the residual stream after each layer. */
    public interface LayerObserver {
        /** Layer {@code index} has been run; {@code output} is valid during the call only. */
        void afterLayer(int index, Activations output);
    }

    /** Looks at the operations of a forward pass, one after the other, for something. */
    public interface OperationProbe<T> {
        /**
         * An operation's results over one batch, {@code [windows, positions, …]}, in the order of computation; valid
         * during the call only.
         *
         * @param module the module that computed them, such as {@code model.layers.0.mlp.down_proj}
         * @return what was looked for, which ends the pass, or nothing
         */
        Optional<T> look(String module, Activations.Batch results);
    }

    /** Hidden states after the last layer and the final norm. The caller closes them. */
    public Activations run(List<int[]> windows, LayerObserver observer, Progress progress) {
        return run(batches(windows), new LayerSurroundings(kernels, plan, dtype), observer, progress);
    }

    /** The same of prompts that are padded to one length; hidden states are those of {@link PaddedBatch#windows()}. */
    public Activations run(PaddedBatch batch, Progress progress) {
        PaddedSurroundings surroundings = new PaddedSurroundings(kernels, plan, dtype, batch);
        return run(List.of(batch.windows()), surroundings, (layer, output) -> {}, progress);
    }

    private Activations run(
            List<List<int[]>> batches, LayerSurroundings surroundings, LayerObserver observer, Progress progress) {
        return exclusively(() -> {
            try (Pass pass = new Pass(batches, surroundings)) {
                for (int i = 0; i < plan.layers().size(); i++) {
                    pass.layer(i);
                    observer.afterLayer(i, pass.current);
                    progress.step("forward pass, layer", i + 1, plan.layers().size());
                }
                return pass.normed();
            }
        });
    }

    /** Runs operation by operation, from the embedding to the final norm, until {@code probe} has found what it looks for. */
    public <T> Optional<T> trace(List<int[]> windows, OperationProbe<T> probe, Progress progress) {
        return exclusively(() -> {
            try (Pass pass = new Pass(batches(windows), new LayerSurroundings(kernels, plan, dtype))) {
                Optional<T> found = pass.look(parameter(plan.embedding()).module(), pass.current, probe);
                for (int i = 0; found.isEmpty() && i < plan.layers().size(); i++) {
                    found = pass.tracedLayer(i, probe);
                    progress.step("traced pass, layer", i + 1, plan.layers().size());
                }
                return found.isPresent()
                        ? found
                        : pass.tracedNorm(parameter(plan.finalNorm()).module(), probe);
            }
        });
    }

    /** Which operation's result each linear module takes, both by their names within a layer. */
    public Map<String, String> moduleInputs() {
        Map<String, String> inputs = new LinkedHashMap<>();
        for (String pair : kernels.text("module_inputs").split(" ", -1)) {
            int at = pair.indexOf('<');
            inputs.put(pair.substring(0, at), pair.substring(at + 1));
        }
        return inputs;
    }

    /** Runs {@code work} when no other pass runs. */
    static <T> T exclusively(Supplier<T> work) {
        ONE_PASS.lock();
        try {
            return work.get();
        } finally {
            ONE_PASS.unlock();
        }
    }

    private Parameter parameter(String name) {
        return model.parameter(name).orElseThrow();
    }

    /** {@code windows} in batches of one length and of at most {@link #BATCH_ROWS} positions. */
    static List<List<int[]>> batches(List<int[]> windows) {
        List<List<int[]>> batches = new ArrayList<>();
        for (int[] window : windows) {
            List<int[]> last = batches.isEmpty() ? List.of() : batches.get(batches.size() - 1);
            boolean fits = !last.isEmpty()
                    && last.get(0).length == window.length
                    && (last.size() + 1) * window.length <= BATCH_ROWS;
            if (!fits) {
                batches.add(new ArrayList<>());
            }
            batches.get(batches.size() - 1).add(window);
        }
        return batches;
    }

    /** The state of one pass: hidden states, what surrounds a layer, and the layers that come. */
    private final class Pass implements AutoCloseable {
        private final LayerSurroundings surroundings;
        private final List<String> operations =
                List.of(kernels.text("operations").split(" ", -1));
        private final LayerReader reader;
        private Activations current;

        /** Owns {@code surroundings}. */
        Pass(List<List<int[]>> batches, LayerSurroundings surroundings) {
            this.surroundings = surroundings;
            current = embed(batches);
            reader = new LayerReader(kernels, model, weights, dtype, plan.layers());
        }

        private Activations embed(List<List<int[]>> batches) {
            Activations embedded = new Activations(new ArrayList<>());
            try {
                for (List<int[]> batch : batches) {
                    int[] ids = batch.stream().flatMapToInt(Arrays::stream).toArray();
                    try (Tensor rows = weights.gather(parameter(plan.embedding()), ids, dtype)) {
                        long[] shape = {batch.size(), batch.get(0).length, plan.hiddenSize()};
                        embedded.batches().add(new Activations.Batch(batch, kernels.call("shaped", rows, shape)));
                    }
                }
                return embedded;
            } catch (RuntimeException e) {
                embedded.close();
                throw e;
            }
        }

        void layer(int index) {
            Map<String, Tensor> layer = reader.take();
            try {
                current.batches().replaceAll(batch -> {
                    Tensor output = kernels.call("layer", arguments(index, batch, layer));
                    batch.hidden().close();
                    return new Activations.Batch(batch.windows(), output);
                });
            } finally {
                layer.values().forEach(Tensor::close);
            }
        }

        <T> Optional<T> tracedLayer(int index, OperationProbe<T> probe) {
            String name = plan.layers().get(index);
            Map<String, Tensor> layer = reader.take();
            try {
                Optional<T> found = Optional.empty();
                List<Activations.Batch> outputs = new ArrayList<>();
                for (Activations.Batch batch : current.batches()) {
                    Map<String, Tensor> results = kernels.callMap("traced_layer", arguments(index, batch, layer));
                    for (String operation : operations) {
                        Activations.Batch seen = new Activations.Batch(
                                batch.windows(), Objects.requireNonNull(results.get(operation), operation));
                        String module = operation.equals(LAYER_OUTPUT) ? name : name + "." + operation;
                        found = found.or(() -> probe.look(module, seen));
                        if (operation.equals(LAYER_OUTPUT)) {
                            outputs.add(seen);
                        } else {
                            seen.hidden().close();
                        }
                    }
                    batch.hidden().close();
                }
                current = new Activations(outputs);
                return found;
            } finally {
                layer.values().forEach(Tensor::close);
            }
        }

        <T> Optional<T> tracedNorm(String module, OperationProbe<T> probe) {
            try (Activations normed = normed()) {
                return look(module, normed, probe);
            }
        }

        <T> Optional<T> look(String module, Activations results, OperationProbe<T> probe) {
            return results.batches().stream()
                    .map(batch -> probe.look(module, batch))
                    .flatMap(Optional::stream)
                    .findFirst();
        }

        private Object[] arguments(int index, Activations.Batch batch, Map<String, Tensor> layer) {
            return surroundings.arguments(index, batch.hidden(), batch.windows().get(0).length, layer);
        }

        Activations normed() {
            List<Activations.Batch> normed = new ArrayList<>();
            try (Tensor norm = weights.load(parameter(plan.finalNorm()), dtype)) {
                for (Activations.Batch batch : current.batches()) {
                    Tensor hidden = kernels.call("rms_norm", batch.hidden(), norm, plan.normEpsilon());
                    normed.add(new Activations.Batch(batch.windows(), hidden));
                }
            }
            return new Activations(normed);
        }

        @Override
        public void close() {
            reader.close();
            current.close();
            surroundings.close();
        }
    }
}
