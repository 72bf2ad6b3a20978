package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.catchThrowableOfType;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.AdapterException;
import io.modelassay.adapter.AdapterProblem;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an adapter does to a model's outputs, and what of it merging keeps. */
class AdapterEffectAssertionsTest {
    private static final Path LORA = Fixtures.path("adapters/lora-qv");

    @TempDir
    Path folder;

    private Models models;

    @BeforeEach
    void open() {
        models = new Models(folder.resolve("cache"));
    }

    @AfterEach
    void close() {
        models.close();
    }

    @ParameterizedTest
    @CsvSource({
        "lora-qv, tiny-llama",
        "lora-embedding, tiny-llama",
        "lora-lm-head, tiny-mistral",
        "trainable-tokens, tiny-mistral",
        "adalora, tiny-mistral",
        "ia3, tiny-qwen2",
        "oft, tiny-qwen3"
    })
    void aTrainedAdapterChangesOutputsAndMerges(String name, String base) {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/" + name))) {
            ModelUnderTest model = models.open(Fixtures.path(base));
            assertThat(adapter).changesOutputsOf(model).isMergeableInto(model);
            assertThat(models.lastFigure().holds()).isTrue();
            assertThat(models.lastFigure().value()).isBetween(-1e-6, 1e-6);
        }
    }

    private Path untrained(String name) {
        Corruptor zero = Corruptor.of(LORA).named(name);
        for (int layer = 0; layer < 4; layer++) {
            for (String module : new String[] {"q_proj", "v_proj"}) {
                zero = zero.fill(
                        "base_model.model.model.layers." + layer + ".self_attn." + module + ".lora_B.weight", 0);
            }
        }
        return zero.into(folder);
    }

    @Test
    void anUntrainedAdapterChangesNothing() {
        try (PeftAdapter adapter = PeftAdapter.open(untrained("untrained"))) {
            ModelUnderTest model = models.open(Models.LLAMA);
            Golden.fails(() -> assertThat(adapter).changesOutputsOf(model, Models.TEXT), folder, """
                    Expecting adapter <untrained> to be trained
                    but 8 tensors of LORA that start where they change nothing are still there:
                      base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight
                      base_model.model.model.layers.0.self_attn.v_proj.lora_B.weight
                      base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight
                      base_model.model.model.layers.1.self_attn.v_proj.lora_B.weight
                      base_model.model.model.layers.2.self_attn.q_proj.lora_B.weight
                      and 3 more
                      FOLDER/untrained
                    Try: the parameters that were trained; saved too early, or from another copy of the model
                    """);
            assertThat(model.withAdapter(adapter)).hasPerplexityDriftAtMost(withPercentage(0), Models.TEXT);
        }
    }

    @Test
    void anAdapterOfTokensThatTheTextLacksChangesNothing() {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/trainable-tokens"))) {
            ModelUnderTest model = models.open(Fixtures.path("tiny-mistral"));
            Text text = Text.ofTokens(IntStream.range(300, 400).toArray());
            Golden.fails(() -> assertThat(adapter).changesOutputsOf(model, text), folder, """
                    Expecting adapter <trainable-tokens> to change the outputs of <tiny-mistral>
                    but with it the model predicts what it predicts without: mean KL divergence 0.0e+00 nats a token, the same top token at 100.00 % (99 tokens of 100 given tokens)
                      device CPU, fp32, ENGINE, checkpoint sha256 HASH…, adapter sha256 HASH…
                    Try: matchesKeysOf(model) and isTrained(), which need no text; or a text of the kind that it was trained on
                    """);
            assertThat(models.lastFigure().holds()).isFalse();
        }
    }

    @Test
    void tiedEmbeddingsDoNotMerge() {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-embedding-tied"))) {
            ModelUnderTest model = models.open(Models.QWEN);
            Golden.fails(() -> assertThat(adapter).isMergeableInto(model, Models.TEXT, 0.01), folder, """
                    Expecting adapter <lora-embedding-tied> to be mergeable into <tiny-qwen2> at a mean KL divergence of at most 0.0100 nats a token
                    but merged and unmerged differ by 0.1191 ± 0.0061 (perplexity 33.6060 unmerged, 36.8340 merged, 511 tokens of held-out.txt)
                    Embedding and head are one matrix here: merged, the change of one acts in the other, too
                      device CPU, fp32, ENGINE, checkpoint sha256 HASH…, adapter sha256 HASH…
                    Try: the adapter unmerged, or a base with tie_word_embeddings off
                    """);
        }
    }

    @Test
    void quantizingAgainLosesSome() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            ModelUnderTest model = models.open(Models.LLAMA, settings -> settings.quantize(Quantization.rtn(4, 64)));
            assertThat(adapter).isMergeableInto(model, Models.TEXT, 0.1);
            Golden.fails(() -> assertThat(adapter).isMergeableInto(model, Models.TEXT, 0.0001), folder, """
                    Expecting adapter <lora-qv> to be mergeable into <tiny-llama as int4 g64 RTN> at a mean KL divergence of at most 0.0001 nats a token
                    but merged and unmerged differ by 0.0027 ± 0.0003 (perplexity 37.6412 unmerged, 37.3799 merged, 511 tokens of held-out.txt)
                    Merging into quantized weights quantizes the sum again
                      device CPU, fp32, ENGINE, checkpoint sha256 HASH…, adapter sha256 HASH…
                    Try: merge it into the float base and quantize the result, or use it unmerged
                    """);
        }
    }

    @Test
    void roundingToBfloat16LosesALittle() {
        try (PeftAdapter adapter = PeftAdapter.open(LORA)) {
            ModelUnderTest model = models.open(Models.LLAMA, settings -> settings.computingIn(DType.BF16));
            assertThat(adapter).isMergeableInto(model, Models.TEXT, 0.001);
            assertThat(catchThrowableOfType(
                            AssertionError.class, () -> assertThat(adapter).isMergeableInto(model, Models.TEXT, 1e-9)))
                    .hasMessageContaining("Merged weights are rounded to bf16, which loses what is small beside them");
        }
    }

    @ParameterizedTest
    @CsvSource({"bnb-int8, lora-dora", "bnb-nf4-double, lora-nf4"})
    void storedBitsandbytesWeightsAreQuantizedAgain(String variant, String name) {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/" + name))) {
            ModelUnderTest model = models.open(Fixtures.path("quantized/" + variant));
            assertThat(adapter).changesOutputsOf(model).isMergeableInto(model, Models.TEXT, 0.1);
            assertThat(models.lastFigure().value()).isGreaterThan(1e-6);
        }
    }

    @Test
    void whatCannotBeMergedSaysSo() {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-all-linear"))) {
            ModelUnderTest model = models.open(Fixtures.path("quantized/gptq-int4-g128"));
            assertThat(adapter).changesOutputsOf(model);
            assertThat(catchThrowableOfType(
                            AssertionError.class, () -> assertThat(adapter).isMergeableInto(model)))
                    .hasMessageContaining("but it can't be merged: An adapter can't be merged into model.layers.")
                    .hasMessageContaining(
                            "Try: merge it into the float base and quantize the result; or use it unmerged");
        }
    }

    @Test
    void anAdapterOfAnotherModelIsRefusedByName() {
        try (PeftAdapter adapter = PeftAdapter.open(Fixtures.path("adapters/lora-all-linear"))) {
            ModelUnderTest model = models.open(Models.LLAMA);
            AdapterException refused = catchThrowableOfType(AdapterException.class, () -> model.withAdapter(adapter));
            assertThat(refused.problem()).isEqualTo(AdapterProblem.ADAPTER_MISMATCH);
            assertThat(refused)
                    .hasMessageContaining("is stored as [")
                    .hasMessageContaining("Try: assertThat(adapter).matchesKeysOf(model)");
        }
        Path half = Corruptor.of(LORA)
                .named("half")
                .dropTensors(".*layers[.]2.*q_proj[.]lora_B.*")
                .into(folder);
        Path renamed = Corruptor.of(LORA)
                .named("renamed")
                .renameTensors("(.*)[.]weight", "$1.policy.weight")
                .into(folder);
        for (Path broken : new Path[] {half, renamed}) {
            try (PeftAdapter adapter = PeftAdapter.open(broken)) {
                ModelUnderTest model = models.open(Models.LLAMA);
                AdapterException refused =
                        catchThrowableOfType(AdapterException.class, () -> model.withAdapter(adapter));
                assertThat(refused.id()).isEqualTo("adapter-mismatch");
                assertThat(refused).hasMessageContaining(".lora_");
            }
        }
    }

    @Test
    void softAssertionsReportAllOfThem() {
        try (PeftAdapter adapter = PeftAdapter.open(untrained("soft"))) {
            ModelUnderTest model = models.open(Models.LLAMA);
            ModelSoftAssertions soft = new ModelSoftAssertions();
            soft.assertThat(adapter)
                    .changesOutputsOf(model, Models.TEXT)
                    .isMergeableInto(model, Models.TEXT, -1)
                    .wasTrainedOn(model, "another");
            assertThat(soft.errorsCollected()).hasSize(3);
        }
    }

    @Test
    void theBaseOfTrainingIsToldByContent() {
        Path named = Corruptor.of(LORA)
                .named("named")
                .editJson(
                        "adapter_config.json", config -> config.put("base_model_name_or_path", Models.LLAMA.toString()))
                .into(folder);
        ModelUnderTest llama = models.open(Models.LLAMA);
        Path twin = Corruptor.of(Models.LLAMA)
                .named("twin")
                .fill("model.norm.weight", 1)
                .into(folder);
        ModelUnderTest other = models.open(twin);
        try (PeftAdapter adapter = PeftAdapter.open(named);
                PeftAdapter nameless = PeftAdapter.open(LORA)) {
            String hash = llama.checkpoint().contentHash();
            assertThat(adapter).wasTrainedOn(llama).matchesKeysOf(other);
            assertThat(nameless).wasTrainedOn(llama, hash);
            String found = other.checkpoint().contentHash();
            Golden.fails(() -> assertThat(adapter).wasTrainedOn(other), folder, """
                    Expecting adapter <named> to be trained on <twin>
                    but its base has the sha256 BASE (LLAMA), and this model OTHER
                      FOLDER/named, base FOLDER/twin
                    Try: the base that the adapter was trained on (LLAMA), or target_modules that name what the file holds
                    """.replace("BASE", hash)
                    .replace("OTHER", found)
                    .replace("LLAMA", Models.LLAMA.toString()));
            Golden.fails(() -> assertThat(nameless).wasTrainedOn(llama), LORA, """
                    Expecting adapter <lora-qv> to be trained on <tiny-llama>
                    but its config names the base "tiny-llama", which is no folder here, so nothing has been compared
                      FOLDER
                    Try: wasTrainedOn(model, sha256) with the content hash of the base, which checkpoint().contentHash() has
                    """);
        }
    }
}
