package io.modelassay.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.Activations;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.runtime.Progress;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.OpenModel;
import io.modelassay.truth.Truths;

/** Perplexities against those of the real transformers on the same tokens. */
class PerplexityTruthTest {
    /** Recorded values are held to 1e-5 relative: the order of float32 sums may differ, the formulas may not. */
    private static final double RELATIVE_PERCENT = 1e-3;

    @EachModel
    void fp32PerplexityIsTheRecordedOne(String name) {
        Text text = Text.ofTokens(Truths.firstTokens(name));
        try (ModelUnderTest model = open(name, DType.FP32)) {
            for (int window : new int[] {256, 512}) {
                JsonNode truth = recorded(name, "fp32", window);
                Perplexity perplexity = model.perplexity(text, new Protocol(window));
                assertThat(perplexity.value())
                        .as("perplexity in windows of %d", window)
                        .isCloseTo(truth.path("perplexity").doubleValue(), withinPercentage(RELATIVE_PERCENT));
                assertThat(perplexity.tokens())
                        .isEqualTo(truth.path("predicted").intValue());
                assertThat(perplexity.protocol()).isEqualTo("non-overlapping-" + window + "-drop-tail/1");
            }
        }
    }

    @EachModel
    void bf16PerplexityIsNearTheFp32One(String name) {
        Text text = Text.ofTokens(Truths.firstTokens(name));
        try (ModelUnderTest model = open(name, DType.BF16)) {
            for (int window : new int[] {256, 512}) {
                assertThat(model.perplexity(text, new Protocol(window)).value())
                        .as("perplexity in windows of %d", window)
                        .isCloseTo(
                                recorded(name, "fp32", window)
                                        .path("perplexity")
                                        .doubleValue(),
                                withinPercentage(0.5));
            }
        }
    }

    @EachModel
    void everyTokensLikelihoodIsTheRecordedOne(String name) {
        float[] truth;
        try (var tensors = Truths.tensors(name + "/nll.safetensors")) {
            truth = Truths.floats(tensors, "nll");
        }
        try (OpenModel model = OpenModel.stored(Fixtures.path(name), DType.FP32);
                Activations last = model.language()
                        .decoder()
                        .run(new Protocol(256).windows(Truths.firstTokens(name)), (i, x) -> {}, Progress.SILENT)) {
            double[] actual = model.language().head().negativeLogLikelihood(last);
            assertThat(actual).hasSize(truth.length);
            double worst = 0;
            for (int i = 0; i < truth.length; i++) {
                worst = Math.max(worst, Math.abs(actual[i] - truth[i]));
            }
            assertThat(worst).as("largest difference of a token's NLL").isLessThan(1e-4);
        }
    }

    @EachModel
    void theModelHasLearntItsLanguage(String name) {
        // Recorded here, and computed over the whole text in QuantizationDriftTest.
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path(name))) {
            double perplexity = Truths.json(name + "/perplexity.json")
                    .path("whole_held_out_fp32")
                    .path("perplexity")
                    .doubleValue();
            assertThat(perplexity).isBetween(1.0, checkpoint.config().integer("vocab_size") / 20.0);
        }
    }

    private static ModelUnderTest open(String name, DType dtype) {
        return ModelAssay.open(Fixtures.path(name))
                .on(Device.CPU)
                .computingIn(dtype)
                .load();
    }

    private static JsonNode recorded(String name, String dtype, int window) {
        return Truths.json(name + "/perplexity.json")
                .path("by_dtype_and_window")
                .path(dtype)
                .path(String.valueOf(window));
    }
}
