package io.modelassay.quantizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.Device;
import io.modelassay.truth.EachModel;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Smoothed checkpoints, against llm-compressor's factors and the model as it was. */
class SmoothQuantTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(doubles = {0.5, 0.8})
    void factorsAreThoseOfLlmCompressor(double alpha) {
        Map<String, float[]> scales =
                smoothed("tiny-llama", alpha, folder.resolve("smooth")).scales();
        try (Checkpoint truth = Truths.tensors("quantizers/smoothquant-units.safetensors")) {
            for (String norm : new String[] {"input_layernorm", "post_attention_layernorm"}) {
                float[] expected = Truths.floats(truth, "alpha" + alpha + "." + norm + ".scales");
                float[] actual = scales.get("model.layers.0." + norm + ".weight");
                assertThat(worst(expected, actual))
                        .as("relative difference of %s", norm)
                        .isLessThan(1e-4);
            }
        }
    }

    @EachModel
    void theModelComputesTheSame(String name) {
        Path out = folder.resolve("smooth");
        SmoothQuant.Result result = smoothed(name, 0.5, out);
        // Each channel has been changed, so that equal logits say something.
        assertThat(result.scales().values()).allSatisfy(scales -> {
            for (float scale : scales) {
                assertThat(scale).isNotEqualTo(1f);
            }
        });
        int[] tokens = Arrays.copyOf(Truths.firstTokens(name), 128);
        float[][] before = logits(Fixtures.path(name), tokens);
        float[][] after = logits(out, tokens);
        double worst = 0;
        for (int position = 0; position < tokens.length; position++) {
            for (int token = 0; token < before[position].length; token++) {
                worst = Math.max(worst, Math.abs(before[position][token] - after[position][token]));
            }
        }
        assertThat(worst).as("largest difference of a logit").isLessThan(1e-4);
    }

    @Test
    void anAlphaOutsideOfItsRangeIsRefused() {
        try (Checkpoint source = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            SmoothQuant smoothing = SmoothQuant.of(source, AwqPerplexityTest.calibration("tiny-llama"));
            assertThatThrownBy(() -> smoothing.alpha(1.5)).hasMessage("SmoothQuant's alpha is from 0 to 1, not 1.5");
        }
    }

    private static SmoothQuant.Result smoothed(String name, double alpha, Path out) {
        try (Checkpoint source = Checkpoint.open(Fixtures.path(name))) {
            return SmoothQuant.of(source, AwqPerplexityTest.calibration(name).first(16))
                    .alpha(alpha)
                    .on(Device.CPU)
                    .computingIn(DType.FP32)
                    .into(out);
        }
    }

    private static float[][] logits(Path model, int[] tokens) {
        try (ModelUnderTest open =
                ModelAssay.open(model).on(Device.CPU).computingIn(DType.FP32).load()) {
            return open.logits(tokens);
        }
    }

    static double worst(float[] expected, float[] actual) {
        assertThat(actual).hasSameSizeAs(expected);
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Math.abs(actual[i] - expected[i]) / Math.abs(expected[i]));
        }
        return worst;
    }
}
