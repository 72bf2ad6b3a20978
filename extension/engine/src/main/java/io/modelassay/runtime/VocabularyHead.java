package io.modelassay.runtime;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The last step of a language model: hidden states against the rows of the vocabulary head. The head is walked in slices
 * of rows, so that neither it nor the logits of all tokens are ever held whole.
 */
@API(status = API.Status.INTERNAL)
public final class VocabularyHead {
    /** Rows of the head in one slice: with a batch of the decoder, the logits of a slice stay within the last-level cache. */
    private static final int SLICE_ROWS = 2048;

    /** Logits held at once where they are handed on in rows. */
    private static final int LOGITS_BYTES = 64 << 20;

    private static final String MODULE = "lm_head.";

    private final Kernels kernels;
    private final ModelPlan model;
    private final Weights weights;
    private final DType dtype;

    /** The head of {@code model} in {@code weights}, computing in {@code dtype}. */
    public VocabularyHead(TorchEngine engine, ModelPlan model, Weights weights, DType dtype) {
        this(Kernels.withLinear(engine, dtype, weights.linear(), "head.py"), model, weights, dtype);
    }

    /** The same with kernels that hold those of the head. */
    VocabularyHead(Kernels kernels, ModelPlan model, Weights weights, DType dtype) {
        this.kernels = kernels;
        this.model = model;
        this.weights = weights;
        this.dtype = dtype;
    }

    /**
     * Figures of each predicted token (second to last of every window, windows in order) under two models.
     *
     * @param reference negative log-likelihood under the reference, in nats
     * @param other negative log-likelihood under the other model, in nats
     * @param divergence KL(reference || other) of the two distributions, in nats
     * @param agreement 1 where both hold the same token for the most likely, otherwise 0
     */
    public record TokenComparison(double[] reference, double[] other, double[] divergence, double[] agreement) {}

    /** Negative log-likelihood, in nats, of each predicted token: the second to the last of every window, in order. */
    public double[] negativeLogLikelihood(Activations activations) {
        List<Rows> batches = new ArrayList<>();
        try {
            for (Activations.Batch batch : activations.batches()) {
                batches.add(new Rows(batch, null));
            }
            eachSlice((first, rows) -> {
                try (Slice slice = slice(first, rows)) {
                    for (Rows batch : batches) {
                        batch.replace(kernels.callMap(
                                "scan", batch.state, batch.hidden, slice.tensors(), first, batch.targets));
                    }
                }
            });
            return batches.stream()
                    .map(batch -> {
                        try (Tensor values = kernels.call("negative_log_likelihood", batch.state)) {
                            return kernels.doubles(values);
                        }
                    })
                    .flatMapToDouble(Arrays::stream)
                    .toArray();
        } finally {
            batches.forEach(Rows::close);
        }
    }

    /** Compares this model's tokens, as reference, with another's over the same windows. */
    public TokenComparison compare(Activations reference, VocabularyHead other, Activations others) {
        List<Rows> batches = new ArrayList<>();
        try {
            for (int i = 0; i < reference.batches().size(); i++) {
                batches.add(
                        new Rows(reference.batches().get(i), others.batches().get(i)));
            }
            eachSlice((first, rows) -> {
                try (Slice slice = slice(first, rows);
                        Slice otherSlice = other.slice(first, rows)) {
                    for (Rows batch : batches) {
                        try (Tensor logits = kernels.call("logits", batch.hidden, slice.tensors());
                                Tensor otherLogits =
                                        other.kernels.call("logits", batch.others(), otherSlice.tensors())) {
                            batch.replace(
                                    kernels.callMap("compare", batch.state, logits, otherLogits, first, batch.targets));
                        }
                    }
                }
            });
            return joined(batches);
        } finally {
            batches.forEach(Rows::close);
        }
    }

    private TokenComparison joined(List<Rows> batches) {
        List<double[]> figures = new ArrayList<>();
        for (int row = 0; row < 4; row++) {
            figures.add(new double[batches.stream().mapToInt(Rows::count).sum()]);
        }
        int at = 0;
        for (Rows batch : batches) {
            try (Tensor values = kernels.call("comparison", batch.state)) {
                double[] all = kernels.doubles(values);
                for (int row = 0; row < 4; row++) {
                    System.arraycopy(all, row * batch.count(), figures.get(row), at, batch.count());
                }
            }
            at += batch.count();
        }
        return new TokenComparison(figures.get(0), figures.get(1), figures.get(2), figures.get(3));
    }

    /**
     * Logits of every position, {@code [positions][vocabulary]}, windows in order.
     */
    public float[][] logits(Activations activations) {
        int positions = activations.batches().stream()
                .flatMap(batch -> batch.windows().stream())
                .mapToInt(window -> window.length)
                .sum();
        int vocabulary = model.decoder().vocabularySize();
        float[][] logits = new float[positions][vocabulary];
        eachSlice((first, rows) -> {
            try (Slice slice = slice(first, rows)) {
                int at = 0;
                for (Activations.Batch batch : activations.batches()) {
                    try (Tensor values = kernels.call("logits", batch.hidden(), slice.tensors())) {
                        float[] all = kernels.floats(values);
                        for (int from = 0; from < all.length; from += rows) {
                            System.arraycopy(all, from, logits[at++], first, rows);
                        }
                    }
                }
            }
        });
        return logits;
    }

    /**
     * Hands the logits of every position, windows in order, to {@code sink} as float32 rows {@code [positions][vocabulary]},
     * little-endian, a bounded number of rows at a time. Each buffer is valid during the call only.
     */
    public void logits(Activations activations, Consumer<ByteBuffer> sink) {
        int vocabulary = model.decoder().vocabularySize();
        int most = Math.max(1, LOGITS_BYTES / 4 / vocabulary);
        for (Activations.Batch batch : activations.batches()) {
            int positions = batch.windows().size() * batch.windows().get(0).length;
            for (int from = 0; from < positions; from += most) {
                int count = Math.min(most, positions - from);
                ByteBuffer block = ByteBuffer.allocate(count * vocabulary * 4).order(ByteOrder.LITTLE_ENDIAN);
                try (Tensor hidden = kernels.call("positions", batch.hidden(), from, count)) {
                    eachSlice((first, rows) -> fill(block.asFloatBuffer(), hidden, first, rows));
                }
                sink.accept(block);
            }
        }
    }

    /** As {@link ActivationKernels#nonFinite}, of the logits of {@code batch}; the channel is the token that a logit is of. */
    public long[] nonFinite(Activations.Batch batch) {
        ActivationKernels measures = new ActivationKernels(kernels.engine());
        long[] first = {0, -1, -1, -1};
        eachSlice((from, rows) -> {
            try (Slice slice = slice(from, rows);
                    Tensor values = kernels.call("logits", batch.hidden(), slice.tensors())) {
                long[] place = measures.nonFinite(values);
                boolean earlier = first[0] == 0 || place[1] < first[1] || (place[1] == first[1] && place[2] < first[2]);
                if (place[0] > 0 && earlier) {
                    System.arraycopy(place, 1, first, 1, 3);
                    first[3] += from;
                }
                first[0] += place[0];
            }
        });
        return first;
    }

    private void fill(FloatBuffer block, Tensor hidden, int first, int rows) {
        int vocabulary = model.decoder().vocabularySize();
        try (Slice slice = slice(first, rows);
                Tensor values = kernels.call("logits", hidden, slice.tensors())) {
            float[] all = kernels.floats(values);
            for (int row = 0; row * rows < all.length; row++) {
                block.put(row * vocabulary + first, all, row * rows, rows);
            }
        }
    }

    private Parameter head() {
        return model.parameter(model.decoder().head()).orElseThrow();
    }

    Slice slice(int first, int rows) {
        Map<String, Tensor> tensors = new HashMap<>();
        try (Tensor stored = weights.rows(head(), first, rows, dtype)) {
            weights.parts(head(), first, stored).forEach((part, tensor) -> tensors.put(MODULE + part, tensor));
            tensors.put(MODULE + "weight", kernels.call("packed", stored));
        }
        return new Slice(tensors);
    }

    /** Rows of the head, and what an adapter adds to them, under the names that the kernels know. */
    record Slice(Map<String, Tensor> tensors) implements AutoCloseable {
        @Override
        public void close() {
            tensors.values().forEach(Tensor::close);
        }
    }

    interface SliceWork {
        void on(int first, int rows);
    }

    void eachSlice(SliceWork work) {
        int vocabulary = model.decoder().vocabularySize();
        for (int first = 0; first < vocabulary; first += SLICE_ROWS) {
            work.on(first, Math.min(SLICE_ROWS, vocabulary - first));
        }
    }

    /** One batch's predicting positions, the tokens they predict, and the running state. */
    private final class Rows implements AutoCloseable {
        private final Tensor hidden;
        private final @Nullable Tensor others;
        private final Tensor targets;
        private Map<String, Tensor> state;

        Rows(Activations.Batch batch, Activations.@Nullable Batch other) {
            hidden = kernels.call("predicting", batch.hidden());
            others = other == null ? null : kernels.call("predicting", other.hidden());
            targets = kernels.engine()
                    .longs(batch.windows().stream()
                            .flatMapToInt(window -> Arrays.stream(window).skip(1))
                            .asLongStream()
                            .toArray());
            state = kernels.callMap(other == null ? "start_scan" : "start_comparison", targets);
        }

        int count() {
            return Math.toIntExact(targets.elements());
        }

        Tensor others() {
            if (others == null) {
                throw new IllegalStateException("This batch has no other model's hidden states");
            }
            return others;
        }

        void replace(Map<String, Tensor> next) {
            state.values().forEach(Tensor::close);
            state = next;
        }

        @Override
        public void close() {
            Stream.concat(Stream.of(hidden, targets), state.values().stream()).forEach(Tensor::close);
            if (others != null) {
                others.close();
            }
        }
    }
}
