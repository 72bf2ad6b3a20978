package io.modelassay.runtime;

import io.modelassay.adapter.AdaptedModule;
import io.modelassay.adapter.AdapterPlan;
import io.modelassay.architecture.DecoderPlan;
import io.modelassay.architecture.Parameter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeMap;
import org.apiguardian.api.API;

/**
 * A forward and backward pass of one batch through a base with an adapter beside it, streamed: forward keeps each layer's
 * input; backward, from the last layer to the first, loads the layer again, computes it again with gradients recorded, and
 * takes those of the adapter's tensors and of the input. Memory is about a layer, the batch's hidden states, and the
 * adapter's gradients. The base is frozen: none of its weights is asked for a gradient.
 */
@API(status = API.Status.INTERNAL)
public final class TrainingPass {
    static final String TRAINED = "trained.";

    private final LanguageModel base;
    private final DecoderPlan plan;
    private final AdapterPlan adapter;
    private final Weights weights;
    private final Kernels kernels;
    private final TrainedTensors trained;
    private final Fingerprints frozen;

    /** A pass through {@code base} with the adapter of {@code adapter}; owns neither. */
    public TrainingPass(LanguageModel base, AdapterPlan adapter) {
        this(base, adapter, new Fingerprints(Kernels.shared(base.engine(), "gradients.py")));
    }

    private TrainingPass(LanguageModel base, AdapterPlan adapter, Fingerprints frozen) {
        this.base = base;
        this.plan = base.plan().decoder();
        this.adapter = adapter;
        this.weights = new AdaptedWeights(base.weights(), adapter, base.plan(), base.engine());
        List<String> files = new ArrayList<>(List.of("products.py", "linear.py", weights.linear()));
        files.addAll(Kernels.decoderFiles(plan));
        files.addAll(List.of("head.py", "gradients.py", "training.py"));
        this.kernels = Kernels.shared(base.engine(), files.toArray(String[]::new));
        this.trained = new TrainedTensors(adapter);
        this.frozen = frozen;
    }

    /** The same base with the tensors of {@code adapter}, which a step has changed. */
    public TrainingPass with(AdapterPlan adapter) {
        return new TrainingPass(base, adapter, frozen);
    }

    /** Weights of the base whose bits were not the same each time that any of these passes used them; sorted. */
    public SortedSet<String> changedWeights() {
        return Collections.unmodifiableSortedSet(frozen.changed());
    }

    /** Mean cross entropy of the second to last token of each of {@code windows}, which have one length. */
    public double loss(List<int[]> windows) {
        return Decoder.exclusively(() -> {
            try (Gradients result = new Gradients(kernels);
                    Pass pass = new Pass(windows, result)) {
                if (pass.forward()) {
                    pass.head(false).close();
                }
                return result.loss();
            }
        });
    }

    /** Loss and gradients of {@code windows}, which have one length. The caller closes them. */
    public Gradients gradients(List<int[]> windows) {
        return Decoder.exclusively(() -> {
            Gradients result = new Gradients(kernels);
            try (Pass pass = new Pass(windows, result)) {
                if (pass.forward()) {
                    pass.backward();
                }
                return result;
            } catch (RuntimeException e) {
                result.close();
                throw e;
            }
        });
    }

    private Parameter parameter(String name) {
        return base.plan().parameter(name).orElseThrow();
    }

    /** {@code tensors} as the kernels take them, with those at {@code places} asked for their gradient. */
    private static Map<String, Tensor> asking(Map<String, Tensor> tensors, Map<String, ?> places) {
        Map<String, Tensor> asked = new HashMap<>();
        tensors.forEach((name, tensor) -> asked.put(places.containsKey(name) ? TRAINED + name : name, tensor));
        return asked;
    }

    private static void close(Map<String, Tensor> tensors) {
        tensors.values().forEach(Tensor::close);
    }

    /** One batch: the input of every layer, and the last one's output. */
    private final class Pass implements AutoCloseable {
        private final List<int[]> windows;
        private final int[] ids;
        private final int positions;
        private final Gradients result;
        private final ActivationKernels measures = new ActivationKernels(base.engine());
        private final LayerSurroundings surroundings = new LayerSurroundings(kernels, plan, base.dtype());
        private final List<Tensor> states = new ArrayList<>();

        Pass(List<int[]> windows, Gradients result) {
            this.windows = windows;
            this.ids = windows.stream().flatMapToInt(Arrays::stream).toArray();
            this.positions = windows.get(0).length;
            this.result = result;
        }

        private LayerReader reader(List<String> layers) {
            return new LayerReader(kernels, base.plan(), weights, base.dtype(), layers);
        }

        /** Whether all is finite. */
        boolean forward() {
            try (Tensor rows = weights.gather(parameter(plan.embedding()), ids, base.dtype())) {
                states.add(kernels.call("shaped", rows, new long[] {windows.size(), positions, plan.hiddenSize()}));
            }
            try (LayerReader reader = reader(plan.layers())) {
                for (int i = 0; i < plan.layers().size() && result.nonFinite == null; i++) {
                    Map<String, Tensor> layer = reader.take();
                    try {
                        see(plan.layers().get(i) + ".", layer);
                        states.add(kernels.call("layer", surroundings.arguments(i, states.get(i), positions, layer)));
                        requireFinite(plan.layers().get(i), layer, states.get(i + 1));
                    } finally {
                        TrainingPass.close(layer);
                    }
                }
            }
            return result.nonFinite == null;
        }

        private void see(String prefix, Map<String, Tensor> tensors) {
            Map<String, String> changing = trained.in(prefix, tensors.keySet());
            Map<String, AdaptedModule> changed = trained.changed(prefix, tensors.keySet());
            tensors.forEach((name, tensor) -> {
                boolean ofBase = base.plan().parameter(prefix + name).isPresent();
                if (ofBase && !changing.containsKey(name) && !changed.containsKey(name)) {
                    frozen.see(prefix + name, tensor);
                }
            });
        }

        private void requireFinite(String module, Map<String, Tensor> tensors, Tensor output) {
            if (measures.nonFinite(output)[0] > 0) {
                Map<String, String> changing = trained.in(module + ".", tensors.keySet());
                result.nonFinite = new TreeMap<>(tensors)
                        .entrySet().stream()
                                .filter(tensor -> holdsNonFinite(tensor.getValue()))
                                .map(tensor -> changing.getOrDefault(tensor.getKey(), module + "." + tensor.getKey()))
                                .findFirst()
                                .orElse(module);
            }
        }

        private boolean holdsNonFinite(Tensor tensor) {
            try (Tensor measured = kernels.call("measure", tensor)) {
                return kernels.doubles(measured)[1] > 0;
            }
        }

        void backward() {
            Tensor gradient = head(true);
            List<String> reversed = new ArrayList<>(plan.layers());
            Collections.reverse(reversed);
            try (LayerReader reader = reader(reversed)) {
                for (int i = plan.layers().size() - 1; i >= 0; i--) {
                    Tensor output = gradient;
                    try (output) {
                        gradient = layer(i, reader.take(), output);
                    }
                }
            }
            try (Tensor rows = gradient) {
                new TableGradients(base, adapter, kernels, result).embedding(ids, rows);
            }
            result.join();
        }

        /** The gradient of the layer's input, from that of its output. */
        private Tensor layer(int index, Map<String, Tensor> layer, Tensor output) {
            String prefix = plan.layers().get(index) + ".";
            try {
                Map<String, String> asked = trained.in(prefix, layer.keySet());
                Map<String, AdaptedModule> changed = trained.changed(prefix, layer.keySet());
                Map<String, Object> places = new HashMap<>(asked);
                places.putAll(changed);
                Object[] arguments = surroundings.arguments(index, states.get(index), positions, asking(layer, places));
                Object[] recorded = Arrays.copyOf(arguments, arguments.length + 1);
                recorded[arguments.length] = output;
                Map<String, Tensor> results = kernels.callRecording("layer_gradients", recorded);
                see(prefix, layer);
                Tensor input = Objects.requireNonNull(results.remove("input"));
                Tensor again = Objects.requireNonNull(results.get("output"));
                result.recomputation =
                        Math.max(result.recomputation, measures.relativeError(states.get(index + 1), again));
                result.addAll(asked, results);
                changed.forEach((name, module) -> new TableGradients(base, adapter, kernels, result)
                        .weight(parameter(prefix + name), module, Objects.requireNonNull(results.get(name))));
                TrainingPass.close(results);
                return input;
            } finally {
                TrainingPass.close(layer);
            }
        }

        /** Computes the loss and, if {@code back}, the gradient of the last layer's output; else returns that output. */
        Tensor head(boolean back) {
            Parameter norm = parameter(plan.finalNorm());
            Tensor last = states.get(states.size() - 1);
            try (Tensor weight = weights.load(norm, base.dtype());
                    Tensor normed = kernels.call("rms_norm", last, weight, plan.normEpsilon());
                    Tensor hidden = kernels.call("predicting", normed);
                    HeadPass head = new HeadPass(base, adapter, weights, kernels, windows)) {
                result.loss = head.loss(hidden);
                if (!Double.isFinite(result.loss)) {
                    result.nonFinite = plan.head();
                }
                if (!back) {
                    return kernels.call("same", last);
                }
                String module = norm.module() + ".";
                Map<String, Tensor> tensors = Map.of("weight", weight);
                Map<String, String> asked = trained.in(module, tensors.keySet());
                try (Tensor gradient = head.gradients(hidden, result)) {
                    Map<String, Tensor> results = kernels.callRecording(
                            "norm_gradients", last, asking(tensors, asked), plan.normEpsilon(), gradient);
                    result.addAll(asked, results);
                    Tensor input = Objects.requireNonNull(results.remove("input"));
                    TrainingPass.close(results);
                    return input;
                }
            }
        }

        @Override
        public void close() {
            states.forEach(Tensor::close);
            surroundings.close();
        }
    }
}
