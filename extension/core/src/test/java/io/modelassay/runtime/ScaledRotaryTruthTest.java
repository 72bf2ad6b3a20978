package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.architecture.RotaryEmbedding;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rotary embeddings with context extension, end to end: tiny-llama under another {@code rope_scaling}. */
class ScaledRotaryTruthTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"linear", "dynamic", "llama3", "yarn", "yarn-tuned", "yarn-mscale"})
    void frequenciesAndLogitsAreTheRecordedOnes(String variant) {
        JsonNode truth = Truths.json("rope/rope.json").path("cases").path(variant);
        int positions = truth.path("tokens").intValue();
        int[] tokens = Arrays.copyOf(Truths.firstTokens("tiny-llama"), positions);
        try (Checkpoint recorded = Truths.tensors("rope/" + variant + ".safetensors");
                ModelUnderTest model = ModelAssay.open(scaled(truth.path("rope_scaling")))
                        .on(Device.CPU)
                        .computingIn(DType.FP32)
                        .load()) {
            RotaryEmbedding.Table table =
                    model.plan().orElseThrow().decoder().rotary().table(positions);
            float[] frequencies = table.inverseFrequencies();
            assertThat(frequencies).hasSize(truth.path("inv_freq").size());
            for (int i = 0; i < frequencies.length; i++) {
                assertThat((double) frequencies[i])
                        .as("inverse frequency %d", i)
                        .isCloseTo(truth.path("inv_freq").get(i).doubleValue(), withinPercentage(1e-4));
            }
            assertThat(table.scaling())
                    .isCloseTo(truth.path("attention_scaling").doubleValue(), within(1e-12));

            float[] expected = Truths.floats(recorded, "logits");
            assertThat(Deviation.largest(expected, model.logits(tokens))).isLessThan(1e-3);
        }
    }

    private Path scaled(JsonNode scaling) {
        return Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.set("rope_scaling", scaling))
                .into(folder);
    }
}
