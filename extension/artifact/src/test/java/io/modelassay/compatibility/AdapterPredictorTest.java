package io.modelassay.compatibility;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Versions, and what the truths have no case of; AdapterPredictionTruthTest compares with what PEFT did. */
class AdapterPredictorTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");
    private static final String OLD_KEYS =
            "alora_invocation_tokens arrow_config corda_config ensure_weight_tying eva_config"
                    + " exclude_modules kasa_config layer_replication loftq_config lora_bias lora_ga_config megatron_config"
                    + " megatron_core monteclora_config peft_version qalora_group_size rank_pattern alpha_pattern target_parameters"
                    + " trainable_token_indices use_bdlora use_dora use_qalora use_rslora velora_config";

    @TempDir
    Path folder;

    private static AdapterPredictor predictor(Path adapter) {
        try (Checkpoint base = Checkpoint.open(Fixtures.path("tiny-llama"))) {
            return AdapterPredictor.of(adapter, base);
        }
    }

    private static Prediction predict(Path adapter, String version) {
        return predictor(adapter).predict(LibraryVersion.of(version));
    }

    private Path edited(Consumer<ObjectNode> change) {
        return Corruptor.of(LORA)
                .named("edited")
                .deleteFile("logits.safetensors")
                .editJson("adapter_config.json", config -> {
                    config.remove(List.of(OLD_KEYS.split(" ", -1)));
                    change.accept(config);
                })
                .into(folder);
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.4.0", "0.22.0", "0.22.0.dev0", "0.21.2rc1", "1.0"})
    void versionsThatNobodyHasLookedAt(String version) {
        Prediction prediction = predict(LORA, version);
        assertThat(prediction.outcome()).isEqualTo(Outcome.NOT_COVERED);
        assertThat(prediction.answeredAs()).isEmpty();
        assertThat(prediction.cause()).contains(version);
        assertThat(prediction.cure()).isEqualTo("a version from 0.5.0 to 0.21.2");
    }

    @ParameterizedTest
    @CsvSource({"0.13.0, 0.13.2", "0.9, 0.9.0", "0.21.1, 0.21.2", "0.6.2, 0.6.2"})
    void patchesAnswerAsTheKnownOneOfTheirMinorRelease(String asked, String known) {
        assertThat(predict(LORA, asked).answeredAs()).contains(LibraryVersion.of(known));
        assertThat(predict(LORA, asked).version()).hasToString(asked);
    }

    @Test
    void doraIsKnownSince09() {
        Path dora = edited(config -> config.put("use_dora", false));
        assertThat(predict(dora, "0.8.2").exception()).isEqualTo("TypeError");
        assertThat(predict(dora, "0.8.2").message())
                .isEqualTo("LoraConfig.__init__() got an unexpected keyword argument 'use_dora'");
        assertThat(predict(dora, "0.9.0").outcome()).isEqualTo(Outcome.CLEAN);
    }

    @Test
    void methodsOfWhichOnlyTheNameIsKnown() {
        Path prompt = edited(config -> config.put("peft_type", "BONE"));
        assertThat(predict(prompt, "0.13.2").message()).isEqualTo("'BONE'");
        assertThat(predict(prompt, "0.19.1").message()).isEqualTo("'BONE'");
        assertThat(predict(prompt, "0.18.1").outcome()).isEqualTo(Outcome.NOT_COVERED);
    }

    @Test
    void theCureNamesVersionsThatWork() {
        Path kept = Corruptor.of(edited(config -> {}))
                .named("kept")
                .renameTensors("(.*lora_[AB])[.]weight", "$1.default.weight")
                .into(folder);
        Prediction silent = predict(kept, "0.13.2");
        assertThat(silent.outcome()).isEqualTo(Outcome.SILENT);
        assertThat(silent.missing()).hasSize(16);
        assertThat(silent.cure()).isEqualTo("PEFT 0.21.2, where it does what its files say");
        assertThat(predict(kept, "0.21.2").works()).isTrue();
        assertThat(predictor(kept).ranges())
                .extracting(AdapterPredictor.VersionRange::span)
                .containsExactly("0.5.0-0.13.2", "0.14.0-0.20.0", "0.21.2");
    }

    @Test
    void replicatedLayersAreLaidOut() {
        Path replicated = Corruptor.of(edited(config -> config.putArray("layer_replication")
                        .add(config.arrayNode().add(0).add(4))
                        .add(config.arrayNode().add(3).add(4))))
                .named("replicated")
                .copyTensor(key(3, "q_proj.lora_A"), key(4, "q_proj.lora_A"))
                .copyTensor(key(3, "q_proj.lora_B"), key(4, "q_proj.lora_B"))
                .copyTensor(key(3, "v_proj.lora_A"), key(4, "v_proj.lora_A"))
                .copyTensor(key(3, "v_proj.lora_B"), key(4, "v_proj.lora_B"))
                .into(folder);
        assertThat(predict(replicated, "0.10.0").works()).isTrue();
        assertThat(predict(replicated, "0.10.0").unexpected()).isEmpty();
        assertThat(predict(replicated, "0.5.0").unexpected()).hasSize(4);
        assertThat(predict(replicated, "0.9.0").exception()).isEqualTo("TypeError");
    }

    private static String key(int layer, String tensor) {
        return "base_model.model.model.layers." + layer + ".self_attn." + tensor + ".weight";
    }
}
