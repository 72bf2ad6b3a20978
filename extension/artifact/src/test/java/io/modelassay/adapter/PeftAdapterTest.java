package io.modelassay.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a folder has to hold to be an adapter. */
class PeftAdapterTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");

    @TempDir
    Path folder;

    @Test
    void aHealthyAdapterTellsItsFacts() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            assertThat(adapter.name()).isEqualTo("lora-qv");
            assertThat(adapter.config().peftType()).isEqualTo("LORA");
            assertThat(adapter.rank()).hasValue(4);
            assertThat(adapter.config().alpha()).isEqualTo(8);
            assertThat(adapter.modules())
                    .hasSize(8)
                    .startsWith("model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj");
        }
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-patterns"))) {
            assertThat(adapter.rank()).isEmpty();
            assertThat(adapter.ranks()).containsExactly(2L, 3L, 4L, 6L);
        }
    }

    @Test
    void whatIsNotThereIsNamed() throws IOException {
        assertThat(problem(folder.resolve("none"))).isEqualTo(AdapterProblem.MISSING_ADAPTER_FOLDER);
        assertThat(problem(folder)).isEqualTo(AdapterProblem.MISSING_ADAPTER_CONFIG);
        Path bare = Corruptor.of(LORA).deleteFile("adapter_model.safetensors").into(folder);
        assertThat(problem(bare)).isEqualTo(AdapterProblem.MISSING_ADAPTER_WEIGHTS);
        AdapterException inside = catchThrowableOfType(AdapterException.class, () -> PeftAdapter.open(folder));
        assertThat(inside).hasMessageContaining("one of the adapters in its sub-folders: lora-qv-broken");
        assertThat(PeftAdapter.inFolder(folder)).containsExactly(bare);
        assertThat(PeftAdapter.inFolder(LORA)).containsExactly(LORA);
    }

    private static AdapterProblem problem(Path path) {
        AdapterException failure = catchThrowableOfType(AdapterException.class, () -> PeftAdapter.open(path));
        assertThat(failure)
                .hasMessageContaining(failure.id())
                .hasMessageContaining(path.toString())
                .hasMessageContaining("\nTry: ");
        return failure.problem();
    }

    @Test
    void aConfigThatCannotMeanAnythingIsRefused() {
        assertThat(invalid("{}")).isEqualTo(AdapterProblem.INVALID_ADAPTER_CONFIG);
        assertThat(invalid("{\"peft_type\": \"LORA\", \"r\": 0}")).isEqualTo(AdapterProblem.INVALID_ADAPTER_CONFIG);
        assertThat(invalid("{\"peft_type\": \"LORA\", \"target_modules\": \"(q_proj\"}"))
                .isEqualTo(AdapterProblem.INVALID_PATTERN);
        assertThat(catchThrowableOfType(
                                CheckpointException.class, () -> config("{\"peft_type\": \"LORA\", \"r\": \"8\"}"))
                        .id())
                .isEqualTo("wrong-config-kind");
        assertThat(config("{\"peft_type\": \"lora\", \"invented_in_2031\": [1]}")
                        .json()
                        .integers("invented_in_2031"))
                .containsExactly(1L);
    }

    private static AdapterConfig config(String json) {
        return AdapterConfig.of(ModelConfig.parse("adapter_config.json", json));
    }

    private static AdapterProblem invalid(String json) {
        return catchThrowableOfType(AdapterException.class, () -> config(json)).problem();
    }

    @Test
    void theFirstPatternThatMatchesCounts() {
        AdapterConfig config = config("""
                {"peft_type": "LORA", "r": 8, "rank_pattern": {"v_proj": 2, "layers.1.self_attn.v_proj": 3, "k_.*": 5},
                 "lora_alpha": 16, "alpha_pattern": {"q_proj": 4}}
                """);
        assertThat(config.rank("model.layers.1.self_attn.v_proj")).isEqualTo(2);
        assertThat(config.rank("model.layers.1.self_attn.k_proj")).isEqualTo(5);
        assertThat(config.rank("model.layers.1.self_attn.my_v_proj")).isEqualTo(8);
        assertThat(config.alpha("model.layers.1.self_attn.q_proj")).isEqualTo(4);
        assertThat(config.alpha("model.layers.1.self_attn.o_proj")).isEqualTo(16);
    }

    /** PEFT adds up the flags of AdaLoRA's rank_pattern. Words in them are no flags. */
    @Test
    void pruningLeavesAsManyRanksAsThereAreFlags() {
        AdapterConfig config = config("""
                {"peft_type": "ADALORA", "init_r": 12,
                 "rank_pattern": {"a.v_proj.lora_E": [true, false, true], "a.q_proj.lora_E": [false],
                                  "a.o_proj.lora_E": ["true"]}}
                """);
        assertThat(config.rank("a.v_proj")).isEqualTo(2);
        assertThat(config.rank("a.q_proj")).isZero();
        assertThat(config.rank("a.k_proj")).isEqualTo(12);
        assertThatThrownBy(() -> config.rank("a.o_proj"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("rank_pattern.a.o_proj.lora_E[0]");
    }

    @Test
    void replicatedLayersAreRanges() {
        assertThat(config("{\"peft_type\": \"LORA\", \"layer_replication\": [[0, 2], [1, 3]]}")
                        .replicatedLayers())
                .containsExactly(0, 1, 1, 2);
        assertThat(config("{\"peft_type\": \"LORA\", \"layer_replication\": null}")
                        .replicatedLayers())
                .isEmpty();
        for (String wrong : List.of("[[0, 2, 3]]", "[[-1, 2]]", "[[0, 1000000000]]", "[[0]]")) {
            AdapterConfig config = config("{\"peft_type\": \"LORA\", \"layer_replication\": " + wrong + "}");
            assertThatThrownBy(config::replicatedLayers)
                    .isInstanceOf(AdapterException.class)
                    .hasMessageContaining("layer_replication");
        }
        AdapterConfig words = config("{\"peft_type\": \"LORA\", \"layer_replication\": [\"[0, 2]\"]}");
        assertThatThrownBy(words::replicatedLayers).isInstanceOf(CheckpointException.class);
    }

    @Test
    void aPatternThatNeverEndsIsStopped() {
        AdapterConfig config = config("{\"peft_type\": \"LORA\", \"target_modules\": \"(a|aa)*b|(.*)*(.*)*(.*)*x\"}");
        AdapterException failure = catchThrowableOfType(
                AdapterException.class,
                () -> config.targetModules().orElseThrow().matches("a".repeat(60)));
        assertThat(failure.problem()).isEqualTo(AdapterProblem.INVALID_PATTERN);
    }

    @Test
    void weightsOutsideTheFolderAreRefused() throws IOException {
        Path linked = Files.createDirectories(folder.resolve("linked"));
        Files.copy(LORA.resolve("adapter_config.json"), linked.resolve("adapter_config.json"));
        Files.createSymbolicLink(
                linked.resolve("adapter_model.safetensors"),
                LORA.resolve("adapter_model.safetensors").toAbsolutePath());
        assertThat(catchThrowableOfType(CheckpointException.class, () -> PeftAdapter.open(linked))
                        .id())
                .isEqualTo("path-escape");
    }
}
