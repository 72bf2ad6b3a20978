package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.adapter.AdapterException;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One cause told once on a broken copy of an adapter, and nothing on its healthy look-alike. */
class AdapterCausesTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");
    private static final Path LLAMA = Fixtures.path("tiny-llama");

    @TempDir
    Path folder;

    private static List<Finding> findings(Path adapter, Path base) {
        try (PeftAdapter opened = PeftAdapter.open(adapter);
                Checkpoint model = Checkpoint.open(base)) {
            return AdapterInspection.of(opened, model).findings();
        }
    }

    private static void isToldOnce(Path adapter, Path base, Severity severity, String id, String... words) {
        assertThat(findings(adapter, base)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo(id);
            assertThat(finding.severity()).isEqualTo(severity);
            assertThat(finding.message() + finding.nextStep()).contains(words);
        });
    }

    private Corruptor lora(String name) {
        return Corruptor.of(LORA).named(name).deleteFile("logits.safetensors");
    }

    @Test
    void whatShardedTrainingLeavesWithoutGathering() {
        isToldOnce(
                lora("empties").resizeTensors(".*", new long[] {0}).into(folder),
                LLAMA,
                Severity.ERROR,
                "adapter-not-gathered",
                "16 of 16",
                "ZeRO-3");
        isToldOnce(
                lora("nothing").dropTensors(".*").into(folder),
                LLAMA,
                Severity.ERROR,
                "adapter-empty",
                "no tensor",
                "FSDP");
    }

    @Test
    void aFactorOfZerosMakesTheProductZero() {
        Corruptor all = lora("first");
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            for (String name : adapter.weights().tensors().keySet()) {
                all = name.contains("lora_A") ? all.fill(name, 0) : all;
            }
        }
        isToldOnce(all.into(folder), LLAMA, Severity.ERROR, "adapter-zero-factor", "product of the factors is zero");
        isToldOnce(
                lora("one")
                        .fill("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 0)
                        .into(folder),
                LLAMA,
                Severity.WARNING,
                "adapter-zero-factor",
                "Some modules");
    }

    @Test
    void patternsThatMatchNothing() {
        Path typo = lora("typo")
                .editJson(
                        "adapter_config.json",
                        config -> config.putObject("alpha_pattern").put("layer.1.*", 4))
                .into(folder);
        isToldOnce(typo, LLAMA, Severity.WARNING, "adapter-pattern-unmatched", "did not match any targeted module");
        Path right = lora("right")
                .editJson(
                        "adapter_config.json",
                        config -> config.putObject("alpha_pattern").put(".*layers.1.*q_proj", 4))
                .into(folder);
        assertThat(findings(right, LLAMA)).isEmpty();
    }

    @Test
    void layersThatTheBaseHasAndTheAdapterLacks() {
        isToldOnce(
                lora("shallow").dropTensors(".*layers[.][23][.].*").into(folder),
                LLAMA,
                Severity.ERROR,
                "adapter-layers-differ",
                "The base has 4 layers",
                "for 2 layers");
    }

    @Test
    void aHeadOfTheTaskThatIsNotStored() {
        Path task = lora("task")
                .editJson("adapter_config.json", config -> config.put("task_type", "SEQ_CLS"))
                .into(folder);
        isToldOnce(task, LLAMA, Severity.ERROR, "adapter-head-missing", "`score`", "KeyError");
        Path whole = Corruptor.of(task)
                .named("whole")
                .addTensor("base_model.model.score.weight", "F32", 3, 256)
                .fill("base_model.model.score.weight", 1)
                .into(folder);
        assertThat(findings(whole, LLAMA)).isEmpty();
    }

    @Test
    void aTokenizerWithIdsThatTheBaseHasNoRowsFor() throws IOException {
        Path adapter = lora("tokens").into(folder);
        Files.copy(LLAMA.resolve("tokenizer.json"), adapter.resolve("tokenizer.json"));
        assertThat(findings(adapter, LLAMA)).isEmpty();
        String more = Files.readString(adapter.resolve("tokenizer.json"))
                .replaceFirst(
                        "\"added_tokens\"\\s*:\\s*\\[",
                        "\"added_tokens\":[{\"id\":2051,\"content\":\"<new>\","
                                + "\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true},");
        Files.writeString(adapter.resolve("tokenizer.json"), more);
        isToldOnce(
                adapter,
                LLAMA,
                Severity.ERROR,
                "adapter-tokens-without-rows",
                "4 ids",
                "2048 to 2051",
                "resize_token_embeddings");
    }

    @Test
    void methodsThatAreNotCheckedHereAndThatDoNotExist() {
        Path prefix = lora("prefix")
                .editJson("adapter_config.json", config -> config.put("peft_type", "PREFIX_TUNING"))
                .into(folder);
        isToldOnce(prefix, LLAMA, Severity.INFO, "adapter-method-not-covered", "PREFIX_TUNING");
        Path none = lora("none")
                .editJson("adapter_config.json", config -> config.put("peft_type", "PREFIX_TUNNING"))
                .into(folder);
        isToldOnce(none, LLAMA, Severity.ERROR, "adapter-method-unknown", "did you mean PREFIX_TUNING");
    }

    @Test
    void anAdapterOfMlxIsNamedAsSuch() {
        Path mlx = lora("mlx")
                .editJson("adapter_config.json", config -> {
                    config.removeAll();
                    config.put("fine_tune_type", "lora");
                })
                .into(folder);
        assertThatThrownBy(() -> PeftAdapter.open(mlx))
                .isInstanceOf(AdapterException.class)
                .hasMessageContaining("MLX")
                .hasMessageContaining("foreign-adapter");
    }
}
