package io.modelassay.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Padded batches against those of the real transformers, whole models and such with a broken pad token. */
class PaddedBatchTruthTest {
    private static final JsonNode TRUTH = Truths.json("padded-batches/padded-batches.json");
    private static final int PAD = TRUTH.path("pad").intValue();

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"tiny-qwen2", "tiny-llama", "sliding-window", "dynamic-rope"})
    void logitsAreTheRecordedOnes(String name) {
        JsonNode truth = TRUTH.path("cases").path(name);
        List<int[]> prompts = prompts(truth);
        try (Checkpoint recorded = Truths.tensors("padded-batches/" + name + ".safetensors");
                ModelUnderTest model = open(
                        truth.path("model").textValue(),
                        copy -> copy.editConfig(config -> config.setAll((ObjectNode) truth.path("config"))))) {
            assertAgree(recorded, "left", model.logits(PaddedBatch.left(PAD, prompts)));
            assertAgree(recorded, "right", model.logits(PaddedBatch.right(PAD, prompts)));
            assertAgree(recorded, "alone", prompts.stream().map(model::logits).toList());
        }
    }

    private static void assertAgree(Checkpoint recorded, String side, List<float[][]> logits) {
        float[] expected = Truths.floats(recorded, side);
        float[][] rows = logits.stream().flatMap(Arrays::stream).toArray(float[][]::new);
        int columns = TRUTH.path("columns").size();
        assertThat(rows.length * columns).isEqualTo(expected.length);
        for (int i = 0; i < expected.length; i++) {
            int column = TRUTH.path("columns").get(i % columns).intValue();
            assertThat(rows[i / columns][column])
                    .as("%s, token %d, column %d", side, i / columns, column)
                    .isCloseTo(expected[i], within(1e-4f));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nan", "inf", "0", "10000"})
    void rowsOfThePadTokenSpoilWhatTheyReallySpoil(String value) {
        String table = "model.embed_tokens.weight";
        UnaryOperator<Corruptor> broken = copy -> switch (value) {
            case "nan" -> copy.setNaN(table, 3);
            case "inf" -> copy.setInfinity(table, 3);
            default -> {
                for (int i = 0; i < 256; i++) {
                    copy = copy.setValue(table, PAD * 256L + i, Double.parseDouble(value));
                }
                yield copy;
            }
        };
        List<int[]> prompts = prompts(TRUTH.path("cases").path("tiny-llama"));
        try (ModelUnderTest model = open("tiny-llama", broken)) {
            assertThat(nonFinite(model.logits(PaddedBatch.left(PAD, prompts))))
                    .isEqualTo(recorded(value + " sdpa left"));
            assertThat(nonFinite(model.logits(PaddedBatch.right(PAD, prompts))))
                    .isEqualTo(recorded(value + " sdpa right"));
        }
    }

    private static long recorded(String name) {
        return TRUTH.path("broken_pad_rows").path(name).get(0).longValue();
    }

    private static long nonFinite(List<float[][]> logits) {
        return logits.stream()
                .flatMap(Arrays::stream)
                .filter(row -> {
                    for (float value : row) {
                        if (!Float.isFinite(value)) {
                            return true;
                        }
                    }
                    return false;
                })
                .count();
    }

    @Test
    void padIdsWithoutARowAreATypedFailure() {
        try (ModelUnderTest model = open("tiny-llama", copy -> copy)) {
            assertThatThrownBy(() -> model.logits(PaddedBatch.left(2048, List.of(new int[] {5}, new int[] {5, 6}))))
                    .isInstanceOfSatisfying(
                            RuntimeFailure.class,
                            failure -> assertThat(failure.id()).isEqualTo("token-out-of-range"))
                    .hasMessageContaining("Token id 2048 has no row");
            assertThatThrownBy(() -> PaddedBatch.right(0, List.of(new int[] {5}, new int[0])))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static List<int[]> prompts(JsonNode truth) {
        return StreamSupport.stream(truth.path("prompts").spliterator(), false)
                .map(ids -> StreamSupport.stream(ids.spliterator(), false)
                        .mapToInt(JsonNode::intValue)
                        .toArray())
                .toList();
    }

    private ModelUnderTest open(String name, UnaryOperator<Corruptor> change) {
        return ModelAssay.open(change.apply(Corruptor.of(Fixtures.path(name))).into(folder))
                .on(Device.CPU)
                .computingIn(DType.FP32)
                .load();
    }
}
