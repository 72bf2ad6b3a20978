package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.adapter.AdapterPlan;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.evaluation.TrainingStep;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.OpenModel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A setting of the forward pass acts alike in the layer as a whole, operation by operation, in stages, and in training. */
class DecoderPathsTest {
    private static final List<int[]> WINDOWS = List.of(
            IntStream.range(100, 132).toArray(), IntStream.range(900, 932).toArray());

    @TempDir
    Path parent;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "silu",
                "gelu",
                "gelu_10",
                "gelu_accurate",
                "gelu_fast",
                "gelu_new",
                "gelu_python",
                "gelu_python_tanh",
                "gelu_pytorch_tanh",
                "hardswish",
                "laplace",
                "leaky_relu",
                "linear",
                "mish",
                "quick_gelu",
                "relu",
                "relu2",
                "relu6",
                "sigmoid",
                "sqrtsoftplus",
                "tanh"
            })
    void everyActivationActsAlikeOnEveryPath(String activation) {
        check(Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.put("hidden_act", activation))
                .into(parent));
    }

    @Test
    void openAttentionActsAlikeOnEveryPath() {
        check(Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.put("is_causal", false))
                .into(parent));
    }

    private static void check(Path folder) {
        try (OpenModel model = OpenModel.stored(folder, DType.FP32);
                PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-qv"))) {
            LanguageModel language = model.language();
            float[] whole = whole(language);
            assertThat(deviation(whole, traced(language)))
                    .as("operation by operation")
                    .isLessThan(1e-3);
            assertThat(deviation(whole, staged(language))).as("in stages").isLessThan(1e-3);
            TrainingStep step = TrainingStep.of(language, AdapterPlan.of(adapter, language.plan()), WINDOWS);
            assertThat(step.lossAfter()).as("loss after a step").isLessThan(step.loss());
            assertThat(step.unreached()).isEmpty();
        }
    }

    private static float[] whole(LanguageModel model) {
        try (Activations last = model.decoder().run(WINDOWS, (layer, output) -> {}, Progress.SILENT)) {
            return floats(last.batches().get(0).hidden());
        }
    }

    private static float[] traced(LanguageModel model) {
        String norm = model.plan().decoder().finalNorm();
        return model.decoder()
                .trace(
                        WINDOWS,
                        (module, results) -> norm.startsWith(module + ".")
                                ? Optional.of(floats(results.hidden()))
                                : Optional.empty(),
                        Progress.SILENT)
                .orElseThrow();
    }

    private static float[] staged(LanguageModel model) {
        float[][] found = new float[1][];
        new StagedDecoder(model.engine(), model.plan(), model.weights(), DType.FP32)
                .run(
                        WINDOWS,
                        1L << 30,
                        new StagedDecoder.Work() {
                            @Override
                            public void at(StagedDecoder.Stage stage) {}

                            @Override
                            public void at(StagedDecoder.Head head) {
                                head.inputs(input -> found[0] = floats(input));
                            }
                        },
                        Progress.SILENT);
        return found[0];
    }

    private static float[] floats(Tensor tensor) {
        return Kernels.conversions(OpenModel.engine()).floats(tensor);
    }

    private static double deviation(float[] expected, float[] actual) {
        assertThat(actual).hasSameSizeAs(expected);
        double largest = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(expected[i] - actual[i]);
            largest = difference >= 0 ? Math.max(largest, difference) : Double.POSITIVE_INFINITY;
        }
        return largest / Arrays.stream(toDoubles(expected)).map(Math::abs).max().orElse(1);
    }

    private static double[] toDoubles(float[] values) {
        return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
    }
}
