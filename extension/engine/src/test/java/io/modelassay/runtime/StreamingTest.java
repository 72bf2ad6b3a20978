package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.modelassay.architecture.Parameter;
import io.modelassay.evaluation.Protocol;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Memory of a forward pass: two layers at most, and nothing after it. */
class StreamingTest {
    private static final int TENSORS_OF_A_LAYER = 9;

    /** Counts, at every load of a layer's tensor, how many tensors are open in the engine. */
    private static final class CountingWeights implements Weights {
        private final Weights source;
        private final String failsAt;
        private final Set<String> layers = new TreeSet<>();
        private int loads;
        private int mostOpen;

        CountingWeights(Weights source, String failsAt) {
            this.source = source;
            this.failsAt = failsAt;
        }

        @Override
        public synchronized Tensor load(Parameter parameter, DType dtype) {
            if (parameter.name().equals(failsAt)) {
                throw RuntimeFailure.ofKernel(RuntimeProblem.KERNEL_FAILED, "fails at " + failsAt, null);
            }
            Tensor tensor = source.load(parameter, dtype);
            String[] names = parameter.name().split("\\.");
            if (names[1].equals("layers")) {
                layers.add(names[2]);
                loads++;
                mostOpen = Math.max(mostOpen, openTensors());
            }
            return tensor;
        }

        @Override
        public Tensor rows(Parameter table, long first, long count, DType dtype) {
            return source.rows(table, first, count, dtype);
        }

        @Override
        public Tensor gather(Parameter table, int[] ids, DType dtype) {
            return source.gather(table, ids, dtype);
        }

        @Override
        public void close() {
            source.close();
        }
    }

    private final List<int[]> windows = new Protocol(64).windows(Truths.firstTokens("tiny-llama"));

    @Test
    void aPassHoldsOneLayerAndLeavesNothing() {
        CountingWeights[] counting = new CountingWeights[1];
        try (OpenModel model = open(counting, "")) {
            int before = openTensors();
            try (Activations last = model.language().decoder().run(windows, (i, x) -> {}, Progress.SILENT)) {
                assertThat(model.language().head().negativeLogLikelihood(last)).hasSize(32 * 63);
            }
            assertThat(openTensors()).isEqualTo(before);
            assertThat(counting[0].loads).isEqualTo(4 * TENSORS_OF_A_LAYER);
            // Beside the layer there are hidden states, rotary tables, a mask and what one load needs.
            assertThat(counting[0].mostOpen - before)
                    .isGreaterThan(TENSORS_OF_A_LAYER)
                    .isLessThan(2 * TENSORS_OF_A_LAYER);
        }
    }

    @Test
    void aTracedPassThatEndsEarlyLeavesNothing() {
        CountingWeights[] counting = new CountingWeights[1];
        try (OpenModel model = open(counting, "")) {
            int before = openTensors();
            Optional<String> found = model.language()
                    .decoder()
                    .trace(
                            windows,
                            (module, results) ->
                                    module.equals("model.layers.1.mlp") ? Optional.of(module) : Optional.empty(),
                            Progress.SILENT);
            assertThat(found).contains("model.layers.1.mlp");
            assertThat(openTensors()).isEqualTo(before);
            // Two layers were run; of the third the bytes may have been brought into memory, but no tensor was made.
            assertThat(counting[0].layers).containsExactly("0", "1");
        }
    }

    @Test
    void aWeightThatCannotBeLoadedEndsThePassAndLeavesNothing() {
        try (OpenModel model = open(new CountingWeights[1], "model.layers.2.mlp.up_proj.weight")) {
            int before = openTensors();
            assertThatExceptionOfType(RuntimeFailure.class)
                    .isThrownBy(() -> model.language().decoder().run(windows, (i, x) -> {}, Progress.SILENT))
                    .withMessage("fails at model.layers.2.mlp.up_proj.weight");
            assertThat(openTensors()).isEqualTo(before);
        }
    }

    @Test
    void aTokenWithoutARowEndsThePassAndLeavesNothing() {
        try (OpenModel model = open(new CountingWeights[1], "")) {
            int before = openTensors();
            List<int[]> bad = new ArrayList<>(windows);
            bad.add(new int[] {1, 2048});
            assertThatExceptionOfType(RuntimeFailure.class)
                    .isThrownBy(() -> model.language().decoder().run(bad, (i, x) -> {}, Progress.SILENT))
                    .withMessage("""
                            Token id 2048 has no row in model.embed_tokens.weight [2048, 256]
                            Try: the tokenizer that belongs to this checkpoint""")
                    .satisfies(failure -> assertThat(failure.id()).isEqualTo("token-out-of-range"));
            assertThat(openTensors()).isEqualTo(before);
        }
    }

    @Test
    void quantizingLeavesNothing() {
        try (OpenModel model = OpenModel.quantized(
                Fixtures.path("tiny-llama"), DType.BF16, Quantization.nf4().doubleQuantized())) {
            int before = openTensors();
            model.language()
                    .decoder()
                    .run(windows.subList(0, 1), (i, x) -> {}, Progress.SILENT)
                    .close();
            assertThat(openTensors()).isEqualTo(before);
        }
    }

    @Test
    void windowsOfDifferentLengthsPassTogether() {
        int[] tokens = Truths.firstTokens("tiny-llama");
        List<int[]> mixed = List.of(
                Arrays.copyOf(tokens, 40), Arrays.copyOfRange(tokens, 40, 70), Arrays.copyOfRange(tokens, 70, 110));
        try (OpenModel model = OpenModel.stored(Fixtures.path("tiny-llama"), DType.FP32)) {
            double[] together = likelihood(model, mixed);
            int at = 0;
            for (int[] window : mixed) {
                for (double alone : likelihood(model, List.of(window))) {
                    assertThat(Math.abs(together[at++] - alone)).isLessThan(1e-4);
                }
            }
            assertThat(at).isEqualTo(together.length);
        }
    }

    private static double[] likelihood(OpenModel model, List<int[]> windows) {
        try (Activations last = model.language().decoder().run(windows, (i, x) -> {}, Progress.SILENT)) {
            return model.language().head().negativeLogLikelihood(last);
        }
    }

    private static OpenModel open(CountingWeights[] counting, String failsAt) {
        return OpenModel.wrapped(Fixtures.path("tiny-llama"), DType.BF16, weights -> {
            counting[0] = new CountingWeights(weights, failsAt);
            return counting[0];
        });
    }

    private static int openTensors() {
        return OpenModel.engine().manager().getManagedArrays().size();
    }
}
