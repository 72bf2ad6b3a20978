package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.catchThrowable;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters that can be trained on a base, and what keeps others from it. */
class TrainingAssertionsTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");
    private static final Path NF4 = Fixtures.path("quantized/bnb-nf4-double");
    private static final String Q = "base_model.model.model.layers.1.self_attn.q_proj.";

    @TempDir
    Path folder;

    private Models models;

    @BeforeEach
    void open() {
        models = new Models(folder);
    }

    @AfterEach
    void close() {
        models.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"lora-nf4", "dora-nf4"})
    void anAdapterTrainsThroughAQuantizedBase(String name) {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/" + name))) {
            assertThat(models.open(NF4))
                    .asksGradientsOnlyOfFloatingPointTensors(adapter)
                    .isTrainableWith(adapter);
            assertThat(models.lastFigure().holds()).isTrue();
        }
    }

    @Test
    void aBatchOfText() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            assertThat(models.open(Models.LLAMA)).isTrainableWith(adapter, Models.TEXT);
            assertThat(models.lastFigure().value()).isLessThan(3.5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"trainable-tokens", "lora-norms-to-save"})
    void tokensAndSavedModulesTrain(String name) {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/" + name))) {
            assertThat(models.open(Fixtures.path("tiny-mistral"))).isTrainableWith(adapter);
        }
    }

    /** The gradient of A is zero as long as B is; after the first step it no longer is. */
    @Test
    void aFreshAdapterTrains() {
        try (PeftAdapter adapter = PeftAdapter.open(
                Corruptor.of(LORA).named("fresh").fill(Q + "lora_B.weight", 0).into(folder))) {
            assertThat(models.open(Models.LLAMA)).isTrainableWith(adapter);
        }
    }

    @Test
    void bothFactorsAtZeroNeverTrain() {
        Path dead = Corruptor.of(LORA)
                .named("dead")
                .fill(Q + "lora_A.weight", 0)
                .fill(Q + "lora_B.weight", 0)
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(dead)) {
            ModelUnderTest model = models.open(Models.LLAMA);
            Golden.fails(() -> assertThat(model).isTrainableWith(adapter), folder, """
                    Expecting model <tiny-llama> to be trainable with adapter <dead>
                    but no gradient comes to 2 of 16 trained tensors, not after the first step either:
                      base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight
                      base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight
                      126 tokens, device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                    Try: an adapter made anew; of two factors one may start at zero, not both
                    """);
            assertThat(models.lastFigure().holds()).isFalse();
            ModelSoftAssertions softly = new ModelSoftAssertions();
            softly.assertThat(model).isTrainableWith(adapter).hasNoNaNs();
            assertThat(softly.errorsCollected()).hasSize(1);
        }
    }

    @Test
    void aNaNInTheBase() {
        Path broken = Corruptor.of(Models.LLAMA)
                .named("broken")
                .setNaN("model.layers.2.mlp.down_proj.weight", 7)
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            Golden.fails(() -> assertThat(models.open(broken)).isTrainableWith(adapter), folder, """
                    Expecting model <broken> to be trainable with adapter <lora-qv>
                    but the loss is not finite: the first NaN or infinity of the forward pass comes from model.layers.2.mlp.down_proj.weight
                      126 tokens, device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                    Try: hasOnlyFiniteWeights() on model and adapter, then hasFiniteActivationsOn(text)
                    """);
        }
    }

    /** A value far from the others is no NaN. */
    @Test
    void aLargeValueInTheBase() {
        Path outlier = Corruptor.of(Models.LLAMA)
                .named("outlier")
                .setValue("model.layers.2.mlp.down_proj.weight", 7, 8)
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            assertThat(models.open(outlier)).isTrainableWith(adapter);
        }
    }

    @Test
    void filesThatChangeMeanwhile() {
        Path copy = Corruptor.of(Models.LLAMA).named("copy").into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            ModelUnderTest model = models.open(copy);
            model.checkpoint().contentHash();
            Corruptor.of(copy)
                    .named("other")
                    .editConfig(config -> config.put("note", 1))
                    .into(folder);
            move(folder.resolve("other/config.json"), copy.resolve("config.json"));
            Golden.fails(() -> assertThat(model).isTrainableWith(adapter), folder, """
                    Expecting model <copy> to be trainable with adapter <lora-qv>
                    but the base's files have changed since the model was loaded
                      126 tokens, device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                    Try: a folder that nothing else writes to
                    """);
        }
    }

    private static void move(Path from, Path to) {
        try {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aNaNInTheAdapter() {
        Path broken =
                Corruptor.of(LORA).named("nan").setNaN(Q + "lora_A.weight", 7).into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(broken)) {
            assertThat(catchThrowable(
                            () -> assertThat(models.open(Models.LLAMA)).isTrainableWith(adapter)))
                    .hasMessageContaining("comes from " + Q + "lora_A.weight\n");
        }
    }

    @Test
    void aStrengthSoSmallThatNoStepActs() {
        Path weak = Corruptor.of(LORA)
                .named("weak")
                .editJson("adapter_config.json", config -> config.put("lora_alpha", 1e-30))
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(weak)) {
            Golden.fails(() -> assertThat(models.open(Models.LLAMA)).isTrainableWith(adapter), folder, """
                    Expecting model <tiny-llama> to be trainable with adapter <weak>
                    but no step along the gradient lowers the loss of 12.3464 nats a token: after the smallest one it is NaN
                      126 tokens, device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                    Try: lora_alpha, r and the values of the adapter; where its strength is far from one, steps are lost or explode
                    """);
        }
    }

    @Test
    void aCopyOfAPackedModule() {
        Path saving = Corruptor.of(Fixtures.path("adapters/lora-nf4"))
                .named("saving")
                .editJson(
                        "adapter_config.json",
                        config -> config.putArray("modules_to_save").add("o_proj"))
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(saving)) {
            assertThat(models.open(Models.QWEN)).asksGradientsOnlyOfFloatingPointTensors(adapter);
            Golden.fails(
                    () -> assertThat(models.open(NF4)).asksGradientsOnlyOfFloatingPointTensors(adapter),
                    folder,
                    """
                    Expecting model <bnb-nf4-double> to ask gradients only of floating-point tensors in training adapter <saving>
                    but 4 tensors of integers would be asked for one:
                      model.layers.0.self_attn.o_proj.weight is stored as U8, and modules_to_save trains a copy of it ("o_proj")
                      model.layers.1.self_attn.o_proj.weight is stored as U8, and modules_to_save trains a copy of it ("o_proj")
                      model.layers.2.self_attn.o_proj.weight is stored as U8, and modules_to_save trains a copy of it ("o_proj")
                      model.layers.3.self_attn.o_proj.weight is stored as U8, and modules_to_save trains a copy of it ("o_proj")
                    PyTorch refuses that: "only Tensors of floating point dtype can require gradients"
                      FOLDER/saving, base BASE
                    Try: "o_proj" in target_modules, which trains beside the packed weight; or a base that leaves this module unquantized
                    """.replace("BASE", NF4.toString()));
        }
    }

    /** What is not packed can be copied and trained in any base. */
    @Test
    void aCopyOfTheNormOfAPackedModel() {
        Path saving = Corruptor.of(Fixtures.path("adapters/lora-nf4"))
                .named("norm")
                .editJson(
                        "adapter_config.json",
                        config -> config.putArray("modules_to_save").add("input_layernorm"))
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(saving)) {
            assertThat(models.open(NF4)).asksGradientsOnlyOfFloatingPointTensors(adapter);
        }
    }

    @Test
    void anAdapterOfIntegers() {
        Path integers = Corruptor.of(LORA)
                .named("integers")
                .retypeTensors(".*q_proj.lora_A.weight", "I32")
                .into(folder);
        try (PeftAdapter adapter = PeftAdapter.open(integers)) {
            Golden.fails(() -> assertThat(models.open(Models.LLAMA)).isTrainableWith(adapter), folder, """
                    Expecting model <tiny-llama> to ask gradients only of floating-point tensors in training adapter <integers>
                    but 4 tensors of integers would be asked for one:
                      base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight is stored as I32 in the adapter
                      base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight is stored as I32 in the adapter
                      base_model.model.model.layers.2.self_attn.q_proj.lora_A.weight is stored as I32 in the adapter
                      base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight is stored as I32 in the adapter
                    PyTorch refuses that: "only Tensors of floating point dtype can require gradients"
                      FOLDER/integers, base BASE
                    Try: the adapter as PEFT saved it, in a floating-point type
                    """.replace(
                            "BASE", Models.LLAMA.toString()));
        }
    }

    @Test
    void aTextOfOneTokenIsNoBatch() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            assertThat(catchThrowable(
                            () -> assertThat(models.open(Models.LLAMA)).isTrainableWith(adapter, Text.ofTokens(5))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("at least 2 tokens");
        }
    }
}
