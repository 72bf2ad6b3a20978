package io.modelassay.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nasty values of every key of a config: the outcome is a plan or a typed refusal, at once. */
class ConfigFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final List<String> NASTY = List.of(
            "null",
            "0",
            "-1",
            "-5",
            "1",
            "2",
            "3",
            "7",
            "1000000000",
            "2147483647",
            "2147483648",
            "9223372036854775807",
            "-9223372036854775808",
            "1e400",
            "-1e400",
            "1e-400",
            "0.5",
            "123456789012345678901234567890",
            "NaN",
            "-Infinity",
            "true",
            "false",
            "\"\"",
            "\"evil\"",
            "\"1\"",
            "[]",
            "[null]",
            "[-1, 0]",
            "{}",
            "{\"full_attention\": {}}",
            "{\"rope_type\": \"yarn\"}");
    private static final List<String> ROTARY = List.of(
            "type",
            "rope_type",
            "rope_theta",
            "factor",
            "original_max_position_embeddings",
            "partial_rotary_factor",
            "attention_factor",
            "beta_fast",
            "beta_slow",
            "mscale",
            "mscale_all_dim",
            "truncate",
            "low_freq_factor",
            "high_freq_factor",
            "short_factor",
            "long_factor");
    private static final List<String> BESIDE = List.of(
            "is_causal",
            "layer_types",
            "original_max_position_embeddings",
            "partial_rotary_factor",
            "per_layer_config",
            "rope_parameters",
            "sliding_window",
            "head_dim",
            "text_config",
            "attention_bias",
            "max_window_layers");

    @TempDir
    Path parent;

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void everyKeyWithEveryValueIsPlannedOrRefused(String family) throws IOException {
        String text = Files.readString(Fixtures.path("tiny-" + family).resolve("config.json"));
        ObjectNode config = (ObjectNode) JSON.readTree(text);
        List<String> keys = new ArrayList<>(BESIDE);
        config.fieldNames().forEachRemaining(keys::add);
        keys.remove("model_type"); // another family, or none
        for (String key : keys) {
            ObjectNode rest = config.deepCopy().without(key);
            for (String value : NASTY) {
                judge(rest, key, value);
            }
        }
        for (String type : List.of("linear", "dynamic", "yarn", "longrope", "llama3", "proportional")) {
            for (String key : ROTARY) {
                for (String value : NASTY) {
                    ObjectNode scaling = rotary(type).without(key);
                    String filled = scaling.toString().replaceFirst("\\{", "{\"" + key + "\": " + value + ", ");
                    judge(config.deepCopy().without("rope_scaling"), "rope_scaling", filled);
                }
            }
        }
    }

    private static ObjectNode rotary(String type) {
        ObjectNode scaling = JSON.createObjectNode().put("rope_type", type).put("factor", 2.0);
        scaling.put("low_freq_factor", 1.0).put("high_freq_factor", 4.0).put("original_max_position_embeddings", 64);
        scaling.putArray("short_factor").add(1.0);
        scaling.putArray("long_factor").add(2.0);
        return scaling;
    }

    private static void judge(ObjectNode rest, String key, String value) {
        String text = rest.toString().replaceFirst("\\{", "{\"" + key + "\": " + value + (rest.isEmpty() ? "" : ", "));
        Instant start = Instant.now();
        try {
            ModelPlan plan = Architectures.require(ModelConfig.parse("config.json", text));
            DecoderPlan decoder = plan.decoder();
            for (int positions : new int[] {1, 100, 100_000}) {
                for (float frequency : decoder.rotary().table(positions).inverseFrequencies()) {
                    assertThat(frequency).as("%s = %s", key, value).isFinite();
                }
            }
            assertThat(decoder.slidingWindows())
                    .hasSize(decoder.layers().size())
                    .allMatch(window -> window >= 0);
        } catch (CheckpointException | UnsupportedArchitectureException e) {
            assertThat(e.getMessage())
                    .as("%s = %s", key, value)
                    .contains("config.json")
                    .contains("\nTry: ");
        } catch (RuntimeException e) {
            throw new AssertionError(key + " = " + value, e);
        }
        assertThat(Duration.between(start, Instant.now()))
                .as("%s = %s", key, value)
                .isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void layersByTheThousandAreOneFinding() throws IOException {
        Path folder = Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.put("num_hidden_layers", 8000))
                .into(parent);
        Instant start = Instant.now();
        List<Finding> findings = Inspection.of(folder).findings();
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(10));
        assertThat(findings).extracting(Finding::id).containsExactly("layers-missing");
    }

    @Test
    void moreLayersThanAnyModelHasAreRefusedByKey() throws IOException {
        Path folder = Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.put("num_hidden_layers", 1_000_000_000))
                .into(parent);
        JsonNode message = null;
        try {
            Inspection.of(folder);
        } catch (CheckpointException e) {
            message = JSON.createObjectNode().put("id", e.id()).put("text", e.getMessage());
        }
        assertThat(message).isNotNull();
        assertThat(message.path("id").textValue()).isEqualTo("config-value-out-of-range");
        assertThat(message.path("text").textValue())
                .isEqualTo("The key \"num_hidden_layers\" holds \"1000000000\", a number of layers up to 10000 was"
                        + " expected (config-value-out-of-range)\n"
                        + "  file " + folder.resolve("config.json") + "\n"
                        + "Try: correct the value, or use the config.json that belongs to the checkpoint");
    }
}
