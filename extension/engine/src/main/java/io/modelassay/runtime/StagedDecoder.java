package io.modelassay.runtime;

import io.modelassay.architecture.DecoderPlan;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/**
 * A forward pass that stops before the linear modules of each stage of each layer, so that they can be looked at and
 * replaced: what comes later is computed with what has been replaced. A stage is the modules that take one input: query,
 * key and value; output; gate and up; down.
 *
 * <p>One layer's weights are in memory at a time, and the hidden states up to a budget. The inputs of the second and
 * fourth stage are computed twice rather than kept, since they are the widest of all.
 */
@API(status = API.Status.INTERNAL)
public final class StagedDecoder {
    private final TorchEngine engine;
    private final ModelPlan model;
    private final DecoderPlan plan;
    private final Weights weights;
    private final DType dtype;
    private final Kernels kernels;
    private final List<List<String>> stages;
    private final List<String> producers;

    /** A staged decoder of {@code model} over {@code weights}, computing in {@code dtype}. Owns neither. */
    public StagedDecoder(TorchEngine engine, ModelPlan model, Weights weights, DType dtype) {
        this.engine = engine;
        this.model = model;
        this.plan = model.decoder();
        this.weights = weights;
        this.dtype = dtype;
        this.kernels = Kernels.ofDecoder(engine, dtype, weights.linear(), plan);
        this.stages = Arrays.stream(kernels.text("stages").split(", ", -1))
                .map(modules -> List.of(modules.split(" ", -1)))
                .toList();
        this.producers = List.of(kernels.text("producers").split(", ", -1));
    }

    /** What is done at each stop. */
    @FunctionalInterface
    public interface Work {
        /** The pass has come to {@code stage}, which is valid during the call only. */
        void at(Stage stage);

        /** The pass has come behind the last layer, to {@code head}, which is valid during the call only. */
        default void at(Head head) {}
    }

    /**
     * Runs {@code windows} through all layers.
     *
     * @param memory bytes of hidden states that may stay in memory; the rest goes to a temporary file
     */
    public void run(List<int[]> windows, long memory, Work work, Progress progress) {
        Decoder.exclusively(() -> {
            try (HiddenStates states = embedded(windows, memory);
                    LayerSurroundings surroundings = new LayerSurroundings(kernels, plan, dtype);
                    LayerReader reader = new LayerReader(kernels, model, weights, dtype, plan.layers())) {
                for (int layer = 0; layer < plan.layers().size(); layer++) {
                    Map<String, Tensor> tensors = reader.take();
                    try {
                        for (int stage = 0; stage < stages.size(); stage++) {
                            Stage stop = new Stage(layer, stage, states, surroundings, tensors);
                            work.at(stop);
                            stop.pass();
                        }
                    } finally {
                        tensors.values().forEach(Tensor::close);
                    }
                    progress.step("layers", layer + 1, plan.layers().size());
                }
                work.at(new Head(states));
            }
            return windows.size();
        });
    }

    private HiddenStates embedded(List<int[]> windows, long memory) {
        HiddenStates states = new HiddenStates(engine, dtype, memory);
        try {
            Parameter embedding = model.parameter(plan.embedding()).orElseThrow();
            for (List<int[]> batch : Decoder.batches(windows)) {
                int[] ids = batch.stream().flatMapToInt(Arrays::stream).toArray();
                long[] shape = {batch.size(), batch.get(0).length, plan.hiddenSize()};
                try (Tensor rows = weights.gather(embedding, ids, dtype)) {
                    states.add(batch, kernels.call("shaped", rows, shape));
                }
            }
            return states;
        } catch (RuntimeException e) {
            states.close();
            throw e;
        }
    }

    /** A stop of the pass: some linear modules of one layer that take the same input. */
    public final class Stage {
        private final int layer;
        private final int stage;
        private final HiddenStates states;
        private final LayerSurroundings surroundings;
        private final Map<String, Tensor> tensors;

        Stage(int layer, int stage, HiddenStates states, LayerSurroundings surroundings, Map<String, Tensor> tensors) {
            this.layer = layer;
            this.stage = stage;
            this.states = states;
            this.surroundings = surroundings;
            this.tensors = tensors;
        }

        /** Index of the layer. */
        public int layer() {
            return layer;
        }

        /** Name of the layer, such as {@code model.layers.0}. */
        public String layerName() {
            return plan.layers().get(layer);
        }

        /** Index of the stage within the layer. */
        public int index() {
            return stage;
        }

        /** Number of stages of a layer. */
        public int count() {
            return stages.size();
        }

        /** The modules' names. */
        public List<String> modules() {
            return stages.get(stage).stream()
                    .map(module -> layerName() + "." + module)
                    .toList();
        }

        /** The float32 weight {@code [out, in]} that {@code module} has before this pass; the caller closes it. */
        public Tensor weight(String module) {
            return weights.load(parameter(module), DType.FP32);
        }

        private Parameter parameter(String module) {
            return model.parameter(module + ".weight").orElseThrow();
        }

        /**
         * Hands the modules' input over batch by batch, {@code [windows, positions, in]} in the compute type, with the
         * windows' tokens; each is valid during the call only.
         */
        public void inputs(BiConsumer<List<int[]>, Tensor> consumer) {
            for (int batch = 0; batch < states.size(); batch++) {
                try (Tensor input = input(batch)) {
                    consumer.accept(states.windows(batch), input);
                }
            }
        }

        private Tensor input(int batch) {
            return states.with(batch, hidden -> kernels.call("stage_input", arguments(hidden, tensors)));
        }

        private Object[] arguments(Tensor first, Map<String, Tensor> layerTensors) {
            int positions = Math.toIntExact(first.shape().dimension(1));
            List<Object> all = new ArrayList<>();
            all.add(stage);
            all.addAll(Arrays.asList(surroundings.arguments(layer, first, positions, layerTensors)));
            return all.toArray();
        }

        /**
         * The stage behind this one, if both are of one block (attention or MLP): its input is computed with what is in
         * place now.
         */
        public Optional<Stage> following() {
            return stage % 2 == 0
                    ? Optional.of(new Stage(layer, stage + 1, states, surroundings, tensors))
                    : Optional.empty();
        }

        /**
         * The module whose output channels are those of this stage's input, up to factors that the others bring in: a
         * norm, or a linear module.
         */
        public String producer() {
            return layerName() + "." + producers.get(stage);
        }

        /** Whether the layer has the parameter {@code name}, a full name. */
        public boolean has(String name) {
            return model.parameter(name).isPresent();
        }

        /** The float32 value that a parameter of this layer has before this pass; the caller closes it. */
        public Tensor value(String name) {
            return weights.load(model.parameter(name).orElseThrow(), DType.FP32);
        }

        /**
         * The block (attention or MLP) that the stage begins in, from the stage on.
         *
         * @param replaced weights, under their full parameter names, that take the place of the layer's; float32
         */
        public Block block(Map<String, Tensor> replaced) {
            return new Block(this, replaced);
        }

        /**
         * Puts {@code weight} in the place of a parameter of this layer for the rest of the pass.
         *
         * @param name full name of the parameter, such as {@code model.layers.0.mlp.down_proj.weight}
         * @param weight float32; stays the caller's
         */
        public void replace(String name, Tensor weight) {
            Tensor before = tensors.put(
                    name.substring(layerName().length() + 1),
                    ready(model.parameter(name).orElseThrow(), weight));
            Objects.requireNonNull(before, name).close();
        }

        private Tensor ready(Parameter parameter, Tensor weight) {
            Tensor converted = kernels.call("convert", weight, dtype.scalarType());
            if (parameter.kind() != Parameter.Kind.LINEAR) {
                return converted;
            }
            try (converted) {
                return kernels.call("packed", converted);
            }
        }

        private Map<String, Tensor> ready(Map<String, Tensor> replaced) {
            Map<String, Tensor> ready = new HashMap<>();
            replaced.forEach((name, weight) -> ready.put(
                    name.substring(layerName().length() + 1),
                    ready(model.parameter(name).orElseThrow(), weight)));
            return ready;
        }

        /** Brings the residual stream behind the stage, if its modules end a block. */
        private void pass() {
            if (stage % 2 == 0) {
                return;
            }
            for (int batch = 0; batch < states.size(); batch++) {
                try (Tensor input = input(batch)) {
                    states.replace(
                            batch,
                            states.with(batch, hidden -> kernels.call("after_stage", stage, hidden, input, tensors)));
                }
            }
        }
    }

    /** The end of the pass: the module that makes logits of the normed hidden states. */
    public final class Head {
        private final HiddenStates states;
        private final Parameter parameter = model.parameter(plan.head()).orElseThrow();

        Head(HiddenStates states) {
            this.states = states;
        }

        /** The index that comes behind that of the last layer. */
        public int layer() {
            return plan.layers().size();
        }

        /** The module's name. */
        public String module() {
            return parameter.module();
        }

        /** Shape of its weight, {@code [vocabulary, hidden size]}. */
        public Shape shape() {
            return parameter.shape();
        }

        /** Rows of its float32 weight; the caller closes them. */
        public Tensor rows(long first, long count) {
            return weights.rows(parameter, first, count, DType.FP32);
        }

        /** Hands its input over batch by batch, {@code [windows, positions, hidden size]}, valid during the call only. */
        public void inputs(Consumer<Tensor> consumer) {
            try (Tensor norm = weights.load(model.parameter(plan.finalNorm()).orElseThrow(), dtype)) {
                for (int batch = 0; batch < states.size(); batch++) {
                    try (Tensor input =
                            states.with(batch, hidden -> kernels.call("rms_norm", hidden, norm, plan.normEpsilon()))) {
                        consumer.accept(input);
                    }
                }
            }
        }
    }

    /** What attention or the MLP computes from a stage's input, with some of its weights replaced. */
    public final class Block implements AutoCloseable {
        private final Stage stage;
        private final Map<String, Tensor> made;
        private final Map<String, Tensor> tensors;

        private Block(Stage stage, Map<String, Tensor> replaced) {
            this.stage = stage;
            this.made = stage.ready(replaced);
            this.tensors = new HashMap<>(stage.tensors);
            tensors.putAll(made);
        }

        /**
         * What is added to the residual stream.
         *
         * @param input {@code [windows, positions, in]}
         * @return {@code [windows, positions, hidden size]}, which the caller closes
         */
        public Tensor output(Tensor input) {
            return kernels.call("block_output", stage.arguments(input, tensors));
        }

        @Override
        public void close() {
            made.values().forEach(Tensor::close);
        }
    }
}
