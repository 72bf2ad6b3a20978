package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelConfigTests {

    private static final ModelConfig CONFIG = ModelConfig.parse("config.json", """
            {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "hidden_size": 896, "rope_theta": 1000000.0,
             "big": 9007199254740993, "huge": 9223372036854775808, "tie_word_embeddings": true, "sliding_window": null,
             "limit": [0.0, Infinity], "sizes": [1, 2], "rope_scaling": {"rope_type": "yarn", "factor": 4},
             "groups": [{"bits": 4}, {"bits": "8"}]}
            """);

    @Test
    void valuesOfTheirKind() {
        assertThat(CONFIG.modelType()).contains("qwen2");
        assertThat(CONFIG.architectures()).containsExactly("Qwen2ForCausalLM");
        assertThat(CONFIG.integer("hidden_size")).isEqualTo(896);
        assertThat(CONFIG.integer("big")).isEqualTo(9007199254740993L);
        assertThat(CONFIG.number("rope_theta")).isEqualTo(1e6);
        assertThat(CONFIG.number("hidden_size")).isEqualTo(896.0);
        assertThat(CONFIG.bool("tie_word_embeddings")).isTrue();
        assertThat(CONFIG.numbers("limit")).containsExactly(0.0, Double.POSITIVE_INFINITY);
        assertThat(CONFIG.integers("sizes")).containsExactly(1L, 2L);
        assertThat(CONFIG.object("rope_scaling").string("rope_type")).isEqualTo("yarn");
        assertThat(CONFIG.objects("groups").get(0).integer("bits")).isEqualTo(4);
        assertThat(CONFIG.keys()).contains("sliding_window").doesNotContain("absent");
        assertThat(CONFIG.toJson("sliding_window")).contains("null");
        assertThat(ModelConfig.parse("x", CONFIG.toJson()).keys()).isEqualTo(CONFIG.keys());
    }

    @Test
    void nullIsAbsent() {
        assertThat(CONFIG.has("sliding_window")).isFalse();
        assertThat(CONFIG.integer("sliding_window", 7)).isEqualTo(7);
        assertThat(CONFIG.optionalInteger("absent")).isEmpty();
        assertThat(CONFIG.string("absent", "x")).isEqualTo("x");
        assertThat(CONFIG.bool("absent", true)).isTrue();
        assertThat(CONFIG.number("absent", 0.5)).isEqualTo(0.5);
        assertThat(CONFIG.optionalObject("absent")).isEmpty();
        assertThat(ModelConfig.parse("x", "{}").architectures()).isEmpty();
    }

    @Test
    void missingKey() {
        assertThatThrownBy(() -> CONFIG.object("rope_scaling").integer("original_max_position_embeddings"))
                .hasMessage("The key \"rope_scaling.original_max_position_embeddings\" is missing, an integer was"
                        + " expected (missing-config-key)\n"
                        + "  file config.json\n"
                        + "Try: add the key, or use the config.json that belongs to the checkpoint");
    }

    @Test
    void wrongKind() {
        assertThatThrownBy(() -> CONFIG.integer("rope_theta"))
                .hasMessage("The key \"rope_theta\" holds \"1000000.0\", an integer from -2^63 to 2^63-1 was expected"
                        + " (wrong-config-kind)\n"
                        + "  file config.json\n"
                        + "Try: correct the value, or use the config.json that belongs to the checkpoint");
        assertThatThrownBy(() -> CONFIG.integer("huge")).hasMessageContaining("wrong-config-kind");
        assertThatThrownBy(() -> CONFIG.string("hidden_size")).hasMessageContaining("a string was expected");
        assertThatThrownBy(() -> CONFIG.bool("hidden_size", false)).hasMessageContaining("a boolean was expected");
        assertThatThrownBy(() -> CONFIG.number("model_type")).hasMessageContaining("a number was expected");
        assertThatThrownBy(() -> CONFIG.object("sizes")).hasMessageContaining("an object was expected");
        assertThatThrownBy(() -> CONFIG.strings("model_type")).hasMessageContaining("an array of strings was expected");
        assertThatThrownBy(() -> CONFIG.strings("sizes")).hasMessageContaining("\"sizes[0]\" holds \"1\"");
        assertThatThrownBy(() -> CONFIG.objects("groups").get(1).integer("bits"))
                .hasMessageContaining("\"groups[1].bits\"");
    }

    @Test
    void absentFileIsNamed(@TempDir Path folder) {
        TestFiles.write(folder.resolve("model.safetensors"), TestFiles.ONE, 4);
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            assertThat(checkpoint.config().exists()).isFalse();
            assertThat(checkpoint.config().keys()).isEmpty();
            assertThat(checkpoint.config().modelType()).isEmpty();
            assertThat(checkpoint.generationConfig()).isEmpty();
            assertThat(checkpoint.tokenizerFile()).isEmpty();
            assertThatThrownBy(() -> checkpoint.config().integer("hidden_size"))
                    .hasMessage("The file does not exist, an integer was expected in it at key \"hidden_size\""
                            + " (missing-config)\n"
                            + "  file " + folder.resolve("config.json") + "\n"
                            + "Try: add the config.json that belongs to the checkpoint");
        }
    }

    @Test
    void deepNestingIsRefused() {
        assertThatThrownBy(() -> ModelConfig.parse("x", "{\"a\":" + "[".repeat(100_000)))
                .isInstanceOf(CheckpointException.class);
    }
}
