package io.modelassay.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every key that the config class of a family has, or that building and running the real model reads, is followed, declared
 * to be without effect, or refused.
 */
class ConfigKeysTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Configs under which keys act that have no effect alone. */
    private static final List<String> SITUATIONS = List.of(
            "{}",
            "{\"use_sliding_window\": true, \"sliding_window\": 8, \"max_window_layers\": 1, \"layer_types\": null}",
            "{\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4.0}}");

    private static final List<String> VALUES = List.of(
            "7",
            "1",
            "0.5",
            "-3",
            "true",
            "false",
            "null",
            "\"gelu\"",
            "[\"x\"]",
            "{\"rope_type\": \"linear\", \"factor\": 2.0}");

    /** Attributes that no key of a config.json sets to something else: private ones, and those made on construction. */
    private static boolean isKey(String attribute) {
        return !attribute.startsWith("_");
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void everyKeyOfTheReferenceIsFollowedOrDeclared(String family) throws IOException {
        JsonNode keys = Truths.json("config-keys.json").path("families").path(family);
        List<String> all = new ArrayList<>(names(keys.path("fields")));
        all.addAll(
                names(keys.path("read")).stream().filter(ConfigKeysTest::isKey).toList());
        assertThat(all).hasSizeGreaterThan(50);
        JsonNode declared = Objects.requireNonNull(FamilyFiles.find(family));
        List<String> neither = new ArrayList<>();
        List<String> both = new ArrayList<>();
        for (String key : all) {
            boolean acts = acts(family, key);
            boolean inert = declared.path("inert").path(key).isTextual();
            boolean refused = declared.path("refused").path(key).isTextual()
                    || declared.path("refused_if_false").path(key).isTextual();
            if (!acts && !inert) {
                neither.add(key);
            }
            if (acts && inert) {
                both.add(key);
            }
            assertThat(refused && !acts)
                    .as("%s is declared as refused and acts", key)
                    .isFalse();
        }
        assertThat(neither).as("neither followed nor declared").isEmpty();
        assertThat(both).as("declared to be without effect, and followed").isEmpty();
    }

    private static List<String> names(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
    }

    /** Whether some value of {@code key} changes the plan, or is refused. */
    private static boolean acts(String family, String key) throws IOException {
        for (String situation : SITUATIONS) {
            ObjectNode config = config(family);
            config.setAll((ObjectNode) JSON.readTree(situation));
            String before = settings(config);
            for (String value : VALUES) {
                if (!settings(config.deepCopy().set(key, JSON.readTree(value))).equals(before)) {
                    return true;
                }
            }
            config.remove(key);
            if (!settings(config).equals(before)) {
                return true;
            }
        }
        return false;
    }

    private static ObjectNode config(String family) throws IOException {
        return (ObjectNode)
                JSON.readTree(Files.readString(Fixtures.path("tiny-" + family).resolve("config.json")));
    }

    private static String settings(JsonNode config) {
        try {
            ModelPlan plan = Architectures.require(ModelConfig.parse("config.json", config.toString()));
            DecoderPlan decoder = plan.decoder();
            RotaryEmbedding.Table table = decoder.rotary().table(16);
            return plan.parameters()
                    + decoder.toString().replace(decoder.rotary().toString(), "")
                    + Arrays.toString(table.inverseFrequencies())
                    + table.scaling();
        } catch (CheckpointException | UnsupportedArchitectureException e) {
            return "refused";
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "qwen3"})
    void aRefusalNamesKeyValueAndFile(String family) throws IOException {
        ObjectNode config = config(family).put("hidden_act", "evil");
        ModelPlan plan = Architectures.require(ModelConfig.parse("config.json", config.toString()));
        assertThatExceptionOfType(UnsupportedArchitectureException.class)
                .isThrownBy(plan::decoder)
                .withMessage("The key \"hidden_act\" holds \"\"evil\"\": transformers has no activation of that name"
                        + " (unsupported-architecture)\n"
                        + "  file config.json\n"
                        + "Try: correct the value, or use the config.json that belongs to the checkpoint");
        assertThat(findings(config))
                .extracting(Finding::id, Finding::severity)
                .containsExactly(org.assertj.core.groups.Tuple.tuple("unsupported-architecture", Severity.ERROR));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            query_pre_attn_scalar   | 256
            embedding_multiplier    | 12.0
            residual_multiplier     | 0.22
            logits_scaling          | 8.0
            no_rope_layers          | [1,1,1,0]
            final_logit_softcapping | 30.0
            attn_logit_softcapping  | 50.0
            logit_scale             | 0.0625
            """)
    void aKeyThatAnotherFamilyReadsIsPointedOut(String key, String value) throws IOException {
        ObjectNode config = config("llama").set(key, JSON.readTree(value));
        assertThat(findings(config)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("foreign-key");
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.message()).contains("\"" + key + "\" holds \"" + value + "\"");
        });
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"pretraining_tp\": 1, \"rope_interleaved\": false, \"is_llama_config\": true}",
                "{\"use_mrope\": false, \"sliding_window\": 32768, \"use_sliding_window\": false, \"max_window_layers\": 70}",
                "{\"_name_or_path\": \"x\", \"auto_map\": {}, \"use_bfloat16\": false, \"torch_dtype\": \"bfloat16\"}",
                "{\"quantization_config\": {\"bits\": 4}, \"unsloth_fixed\": true, \"temperature\": 0.7, \"max_length\": 20}",
                "{\"final_logit_softcapping\": null, \"logits_scaling\": 1.0, \"no_rope_layers\": [1, 1, 1, 1]}",
                "{\"embedding_multiplier\": 1, \"hidden_activation\": \"silu\", \"clip_qkv\": null, \"alibi\": false}",
                "{\"rope_theta\": 10000, \"rope_parameters\": {\"rope_theta\": 10000.0, \"rope_type\": \"default\"}}",
                "{\"num_experts\": 4, \"attn_implementation\": \"eager\", \"key_of_nobody\": [1, 2]}"
            })
    void keysThatAreLeftOverInHealthyConfigsAreNot(String more) throws IOException {
        for (String family : List.of("llama", "mistral", "qwen2", "qwen3")) {
            ObjectNode config = config(family);
            JsonNode added = JSON.readTree(more);
            if (added.has("rope_parameters") && config.path("rope_theta").doubleValue() != 10000) {
                continue;
            }
            assertThat(findings(config.setAll((ObjectNode) added))).as(family).isEmpty();
        }
    }

    @Test
    void rotarySettingsOfTwoGenerationsThatDisagreeAreNamed() throws IOException {
        ObjectNode config = config("llama");
        config.set("rope_parameters", JSON.readTree("{\"rope_type\": \"default\", \"rope_theta\": 1000000.0}"));
        assertThat(findings(config)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("rope-settings-disagree");
            assertThat(finding.message())
                    .isEqualTo("rope_theta is 10000.0 and rope_parameters.rope_theta is 1000000.0: transformers 4 takes"
                            + " the first, transformers 5 the second");
        });
        config.set("rope_scaling", JSON.readTree("{\"type\": \"linear\", \"factor\": 2.0}"));
        assertThat(findings(config))
                .singleElement()
                .satisfies(finding -> assertThat(finding.message())
                        .contains("transformers 5 takes rope_scaling and drops rope_parameters"));
        config.remove(List.of("rope_scaling", "rope_theta"));
        assertThat(findings(config)).isEmpty();
    }

    private static List<Finding> findings(JsonNode config) {
        ModelConfig read = ModelConfig.parse("config.json", config.toString());
        return ConfigFindings.of(read, Architectures.require(read));
    }
}
