package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.adapter.PeftAdapter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.compatibility.Library;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What AssertJ promises of every assertion: null, descriptions, chaining, soft use, and texts that are no formats. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AssertionStyleTest {
    private static final Text TEXT = Text.ofTokens(300, 7, 42, 9).named("100 % of %s.txt");

    /** Broken in every way that an assertion looks for, under a name that is a poor format. */
    private final Path broken;

    private final Models models;
    private final ModelUnderTest model;
    private final Checkpoint checkpoint;
    private final PeftAdapter adapter;

    AssertionStyleTest(@TempDir Path folder) {
        broken = Corruptor.of(Models.QWEN)
                .named("100%d of %s")
                .setNaN("model.layers.0.mlp.down_proj.weight", 17)
                .removeTensor("model.layers.3.self_attn.q_proj.bias")
                .addTensor("50%d%n", "U8", 3)
                .into(folder);
        models = new Models(folder.resolve("cache"));
        // A bias of zeros stands for the one that is missing wherever a forward pass is needed.
        model = models.open(
                Corruptor.of(broken)
                        .named("100%d of %n")
                        .addTensor("model.layers.3.self_attn.q_proj.bias", "BF16", 256)
                        .into(folder),
                m -> m.quantize(Quantization.nf4()).against(Models.QWEN));
        checkpoint = Checkpoint.open(broken);
        Corruptor untrained = Corruptor.of(Fixtures.path("adapters/oft-exact"))
                .named("100%d of %x")
                .deleteFile("logits.safetensors");
        for (int layer = 0; layer < 3; layer++) {
            String attention = "base_model.model.model.layers." + layer + ".self_attn.";
            untrained = untrained.fill(attention + "q_proj.oft_R.weight", 0).fill(attention + "v_proj.oft_R.weight", 0);
        }
        adapter = PeftAdapter.open(
                untrained.addTensor("50%d%n", "F32", 3).setNaN("50%d%n", 1).into(folder));
    }

    @AfterAll
    void close() {
        models.close();
        checkpoint.close();
        adapter.close();
    }

    static Stream<Named<Consumer<ModelAssert>>> onModels() {
        Map<String, Consumer<ModelAssert>> all = new TreeMap<>();
        all.put("hasNoNaNs", ModelAssert::hasNoNaNs);
        all.put("hasOnlyFiniteWeights", ModelAssert::hasOnlyFiniteWeights);
        all.put("hasFiniteActivationsOn", it -> it.hasFiniteActivationsOn(TEXT));
        all.put("survivesQuantization", it -> it.survivesQuantization(Quantization.gptq(4, 128), TEXT));
        all.put("hasNoUnexpectedKeys", ModelAssert::hasNoUnexpectedKeys);
        all.put("keepsInFullPrecision", it -> it.keepsInFullPrecision("model.layers.1", "50%d%n"));
        all.put("keepsInFullPrecision, nothing", it -> it.keepsInFullPrecision("%d"));
        all.put("hasTensor", it -> it.hasTensor("%d"));
        all.put("isPaddedBeforeQuantization", it -> it.isPaddedBeforeQuantization());
        all.put("isShardableAcross", it -> it.isShardableAcross(3));
        all.put("hasPerplexityDriftAtMost", it -> it.hasPerplexityDriftAtMost(withPercentage(3), TEXT));
        all.put("hasMeanKlDivergenceAtMost", it -> it.hasMeanKlDivergenceAtMost(0.01, TEXT));
        all.put("hasTopTokenAgreementAtLeast", it -> it.hasTopTokenAgreementAtLeast(1, TEXT));
        all.put("hasSameLogitsInBatches", it -> it.hasSameLogitsInBatches(0.001, TEXT));
        all.put("hasSameLogitsUnderPadding", it -> it.hasSameLogitsUnderPadding(0.001, TEXT, Text.ofTokens(7)));
        all.put("keepsDefaultLimitsOn", it -> it.keepsDefaultLimitsOn(TEXT));
        all.put("matchesBaseline", it -> it.matchesBaseline("none-of-this-name"));
        all.put("matchesBaseline, text", it -> it.matchesBaseline("none-of-this-name", TEXT));
        all.put("matchesBaselineExactly", it -> it.matchesBaselineExactly("none-of-this-name"));
        all.put("matchesBaselineExactly, text", it -> it.matchesBaselineExactly("none-of-this-name", TEXT));
        return all.entrySet().stream().map(entry -> Named.of(entry.getKey(), entry.getValue()));
    }

    static Stream<Named<Consumer<CheckpointAssert>>> onCheckpoints() {
        Map<String, Consumer<CheckpointAssert>> all = new TreeMap<>();
        all.put("hasNoNaNs", CheckpointAssert::hasNoNaNs);
        all.put("hasOnlyFiniteWeights", CheckpointAssert::hasOnlyFiniteWeights);
        all.put("hasNoMissingKeys", CheckpointAssert::hasNoMissingKeys);
        all.put("hasNoUnexpectedKeys", CheckpointAssert::hasNoUnexpectedKeys);
        all.put("keepsInFullPrecision", it -> it.keepsInFullPrecision("50%d%n"));
        all.put("hasTensor", it -> it.hasTensor("%d"));
        all.put("isPaddedBeforeQuantization", it -> it.isPaddedBeforeQuantization());
        all.put("isShardableAcross", it -> it.isShardableAcross(3));
        all.put("hasTensorSatisfying", it -> it.hasTensorSatisfying("%d", tensor -> {}));
        return all.entrySet().stream().map(entry -> Named.of(entry.getKey(), entry.getValue()));
    }

    @ParameterizedTest
    @MethodSource("onModels")
    void everyModelAssertionKeepsTheRules(Consumer<ModelAssert> assertion) {
        nullIsSaid(() -> assertion.accept(assertThat((ModelUnderTest) null)));
        String plain = message(() -> assertion.accept(assertThat(model)));
        assertThat(plain).startsWith("Expecting model <100%d of %n as nf4> ").contains("\nTry: ");
        assertThat(message(() -> assertion.accept(assertThat(model).as("the %s of %d", "release", 7))))
                .isEqualTo("[the release of 7] " + plain);
        ModelSoftAssertions softly = new ModelSoftAssertions();
        assertion.accept(softly.assertThat(model));
        assertThat(softly.assertionErrorsCollected()).hasSize(1);
        assertThat(softly.assertionErrorsCollected().get(0)).hasMessageContaining(plain);
    }

    @ParameterizedTest
    @MethodSource("onCheckpoints")
    void everyCheckpointAssertionKeepsTheRules(Consumer<CheckpointAssert> assertion) {
        nullIsSaid(() -> assertion.accept(assertThat((Checkpoint) null)));
        String plain = message(() -> assertion.accept(assertThat(checkpoint)));
        assertThat(plain).startsWith("Expecting checkpoint <100%d of %s> ").contains("\nTry: ");
        assertThat(message(() -> assertion.accept(assertThat(checkpoint).as("release"))))
                .isEqualTo("[release] " + plain);
        ModelSoftAssertions softly = new ModelSoftAssertions();
        assertion.accept(softly.assertThat(checkpoint));
        assertThat(softly.assertionErrorsCollected()).hasSize(1);
        assertThat(softly.assertionErrorsCollected().get(0)).hasMessageContaining(plain);
    }

    static Stream<Named<Consumer<PeftAdapterAssert>>> onAdapters() {
        Map<String, Consumer<PeftAdapterAssert>> all = new TreeMap<>();
        all.put("matchesKeysOf", it -> it.matchesKeysOf(Checkpoint.open(Models.LLAMA)));
        all.put("hasOnlyFiniteWeights", PeftAdapterAssert::hasOnlyFiniteWeights);
        all.put("isTrained", PeftAdapterAssert::isTrained);
        all.put("hasRank", it -> it.hasRank(3));
        all.put("targets", it -> it.targets("%d"));
        all.put("loadsIn", it -> it.loadsIn(Library.PEFT, "0.5.0", Checkpoint.open(Models.LLAMA)));
        all.put(
                "loadsWithoutWarningsIn",
                it -> it.loadsWithoutWarningsIn(Library.PEFT, "0.14.0", Checkpoint.open(Models.LLAMA)));
        all.put("loadsAlikeIn", it -> it.loadsAlikeIn(Library.PEFT, "0.5.0", "0.21.2", Checkpoint.open(Models.LLAMA)));
        return all.entrySet().stream().map(entry -> Named.of(entry.getKey(), entry.getValue()));
    }

    @ParameterizedTest
    @MethodSource("onAdapters")
    void everyAdapterAssertionKeepsTheRules(Consumer<PeftAdapterAssert> assertion) {
        nullIsSaid(() -> assertion.accept(assertThat((PeftAdapter) null)));
        String plain = message(() -> assertion.accept(assertThat(adapter)));
        assertThat(plain).startsWith("Expecting adapter <100%d of %x> ").contains("\nTry: ");
        assertThat(message(() -> assertion.accept(assertThat(adapter).as("release"))))
                .isEqualTo("[release] " + plain);
        ModelSoftAssertions softly = new ModelSoftAssertions();
        assertion.accept(softly.assertThat(adapter));
        assertThat(softly.assertionErrorsCollected()).hasSize(1);
        assertThat(softly.assertionErrorsCollected().get(0)).hasMessageContaining(plain);
    }

    private static void nullIsSaid(Runnable assertion) {
        assertThat(message(assertion)).contains("Expecting actual not to be null");
    }

    private static String message(Runnable assertion) {
        AssertionError failure = catchThrowableOfType(AssertionError.class, assertion::run);
        assertThat(failure).as("a failure").isNotNull();
        return failure.getMessage();
    }

    @Test
    void softAssertionsCollectWhatAChainFinds() {
        ModelSoftAssertions softly = new ModelSoftAssertions();
        softly.assertThat(checkpoint)
                .as("chain")
                .hasNoNaNs()
                .keepsInFullPrecision("model.norm")
                .hasNoMissingKeys()
                .hasTensorSatisfying(
                        "model.norm.weight",
                        tensor -> assertThat(tensor.byteLength()).isEqualTo(1))
                .hasNoUnexpectedKeys();
        softly.assertThat(model).hasNoUnexpectedKeys();
        softly.assertThat("strings are").isEqualTo("asserted too");
        assertThat(softly.assertionErrorsCollected()).hasSize(6);
        assertThatThrownBy(softly::assertAll)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("6 failures")
                .hasMessageContaining("[chain] Expecting checkpoint <100%d of %s> to have no NaN in its weights")
                .hasMessageContaining("model.layers.3.self_attn.q_proj.bias")
                .hasMessageContaining("50%d%n [3] U8")
                .hasMessageContaining("asserted too");
    }
}
