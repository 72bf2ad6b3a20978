package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.catchThrowable;

import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An adapter beside its base, and its values. */
class PeftAdapterAssertTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");
    private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.";

    @TempDir
    Path folder;

    private Checkpoint base;

    @BeforeEach
    void open() {
        base = Checkpoint.open(Models.LLAMA);
    }

    @AfterEach
    void close() {
        base.close();
    }

    @Test
    void aTrainedAdapterHolds() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA);
                Models models = new Models(folder)) {
            assertThat(adapter)
                    .matchesKeysOf(base)
                    .matchesKeysOf(models.open(Models.LLAMA))
                    .hasOnlyFiniteWeights()
                    .isTrained()
                    .hasRank(4)
                    .targets("q_proj", "model.layers.*.self_attn.v_proj", "self_attn.q_proj");
            assertThat(models.lastFigure().holds()).isTrue();
        }
    }

    @Test
    void renamedKeysAreShownSideBySide() {
        Path broken = Corruptor.of(LORA)
                .named("named")
                .renameTensors("(.*layers[.]0.*)[.]weight", "$1.policy.weight")
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(broken);
                Models models = new Models(folder)) {
            Golden.fails(() -> assertThat(adapter).matchesKeysOf(base), folder, """
                    Expecting adapter <named> to have the keys that PEFT looks for in <tiny-llama>
                    but of 16 expected keys 4 are missing and 0 have another shape, and of 16 stored tensors 4 have no place:
                      wanted base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight
                       found base_model.model.model.layers.0.self_attn.q_proj.lora_A.policy.weight
                      wanted base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight
                       found base_model.model.model.layers.0.self_attn.q_proj.lora_B.policy.weight
                      wanted base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight
                       found base_model.model.model.layers.0.self_attn.v_proj.lora_A.policy.weight
                      wanted base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight
                       found base_model.model.model.layers.0.self_attn.v_proj.lora_B.policy.weight
                      FOLDER/named, base BASE
                    Try: get_peft_model_state_dict(model), which takes the name out, or model.save_pretrained(folder)
                    """.replace(
                            "BASE", Models.LLAMA.toString()));
            assertThat(catchThrowable(() -> assertThat(adapter).matchesKeysOf(models.open(Models.LLAMA))))
                    .hasMessageContaining("4 are missing");
            assertThat(models.lastFigure().holds()).isFalse();
        }
    }

    @Test
    void ranksThatDisagreeHaveBothShapes() {
        Path broken = Corruptor.of(LORA)
                .named("ranked")
                .editJson("adapter_config.json", config -> config.put("r", 8))
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(broken)) {
            Golden.fails(() -> assertThat(adapter).matchesKeysOf(base), folder, """
                    Expecting adapter <ranked> to have the keys that PEFT looks for in <tiny-llama>
                    but of 16 expected keys 0 are missing and 16 have another shape, and of 16 stored tensors 0 have no place:
                      base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight is stored as [4, 256], PEFT would make [8, 256]
                      base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight is stored as [256, 4], PEFT would make [256, 8]
                      base_model.model.model.layers.0.self_attn.v_proj.lora_A.weight is stored as [4, 256], PEFT would make [8, 256]
                      base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight is stored as [128, 4], PEFT would make [128, 8]
                      base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight is stored as [4, 256], PEFT would make [8, 256]
                      and 11 more
                      FOLDER/ranked, base BASE
                    Try: r and rank_pattern of the tensors in adapter_config.json
                    """.replace(
                            "BASE", Models.LLAMA.toString()));
            Golden.fails(() -> assertThat(adapter).hasRank(8), folder, """
                    Expecting adapter <ranked> to have rank 8
                    but its tensors have rank 4, its config r 8
                      FOLDER/ranked
                    Try: hasRank(4), or the adapter that was meant
                    """);
        }
    }

    @Test
    void valuesThatAreBroken() {
        Corruptor zero = Corruptor.of(LORA).named("zero").setNaN(Q + "lora_A.weight", 3);
        for (int layer = 0; layer < 4; layer++) {
            for (String module : new String[] {"q_proj", "v_proj"}) {
                zero = zero.fill(
                        "base_model.model.model.layers." + layer + ".self_attn." + module + ".lora_B.weight", 0);
            }
        }
        try (PeftAdapter adapter = PeftAdapter.open(zero.into(folder))) {
            assertThat(adapter).matchesKeysOf(base);
            Golden.fails(() -> assertThat(adapter).hasOnlyFiniteWeights(), folder, """
                    Expecting adapter <zero> to have only finite weights
                    but 1 of 16 tensors holds NaN or infinities:
                      base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight [4, 256] F32: 1 NaN, first at index 3 [0, 3]
                      FOLDER/zero
                    Try: an earlier checkpoint of the training; no later step repairs it
                    """);
            Golden.fails(() -> assertThat(adapter).isTrained(), folder, """
                    Expecting adapter <zero> to be trained
                    but 8 tensors of LORA that start where they change nothing are still there:
                      base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight
                      base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight
                      base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight
                      base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight
                      base_model.model.model.layers.2.self_attn.q_proj.lora_B.weight
                      and 3 more
                      FOLDER/zero
                    Try: the parameters that were trained; saved too early, or from another copy of the model
                    """);
        }
    }

    @Test
    void targetsThatAreNotThere() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            Golden.fails(() -> assertThat(adapter).targets("q_proj", "proj"), LORA, """
                    Expecting adapter <lora-qv> to target q_proj, proj
                    but none of its 8 modules is named:
                      proj
                      FOLDER
                    Try: the end of a module's name, such as q_proj
                    """);
            Golden.fails(() -> assertThat(adapter).targets(), LORA, """
                    Expecting adapter <lora-qv> to have names to check
                    but there are none, so nothing has been checked
                      FOLDER
                    Try: targets with the names of modules
                    """);
        }
    }

    @Test
    void aCheckOverNothingFails() {
        Path nothing = Corruptor.of(LORA).named("nothing").dropTensors(".*").into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(nothing)) {
            String rest = """
                    but there are none, so nothing has been checked
                      FOLDER/nothing
                    Try: the folder that PeftModel.save_pretrained wrote
                    """;
            String start = "Expecting adapter <nothing> to have ";
            Golden.fails(() -> assertThat(adapter).matchesKeysOf(base), folder, start + "tensors\n" + rest);
            Golden.fails(() -> assertThat(adapter).hasOnlyFiniteWeights(), folder, start + "tensors to scan\n" + rest);
            Golden.fails(
                    () -> assertThat(adapter).isTrained(),
                    folder,
                    start + "tensors that training moves away from where they change nothing\n" + rest);
            Golden.fails(() -> assertThat(adapter).hasRank(4), folder, start + "tensors that have a rank\n" + rest);
            Golden.fails(() -> assertThat(adapter).targets("q_proj"), folder, start + "modules\n" + rest);
        }
        Path elsewhere = Corruptor.of(LORA)
                .named("elsewhere")
                .editJson("adapter_config.json", config -> config.put("target_modules", "query"))
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(elsewhere)) {
            assertThat(catchThrowable(() -> assertThat(adapter).matchesKeysOf(base)))
                    .hasMessageContaining(
                            "but target_modules \"query\" names no module of it, so PEFT refuses the adapter");
        }
    }
}
