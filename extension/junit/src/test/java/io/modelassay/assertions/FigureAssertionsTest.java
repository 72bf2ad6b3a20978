package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.truth.Truths;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Figures against a reference, each with a quantization that keeps the limit and one that does not. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FigureAssertionsTest {
    private static final Text TEXT = Models.TEXT;

    private final Path folder;
    private final Models models;
    private final ModelUnderTest mild;
    private final ModelUnderTest harsh;

    FigureAssertionsTest(@TempDir Path folder) {
        this.folder = folder;
        this.models = new Models(folder.resolve("cache"));
        this.mild = models.open(Models.QWEN, m -> m.quantize(Quantization.llmInt8()));
        this.harsh = models.open(Models.QWEN, m -> m.quantize(Quantization.rtn(2, 128)));
    }

    @AfterAll
    void close() {
        models.close();
    }

    @Test
    void driftIsHeldAgainstItsLimit() {
        assertThat(mild).hasPerplexityDriftAtMost(withPercentage(3), TEXT);
        assertThat(models.lastFigure().holds()).isTrue();
        assertThat(models.lastFigure().limitText()).isEqualTo("at most 3.00");
        Golden.fails(() -> assertThat(harsh).hasPerplexityDriftAtMost(withPercentage(3), TEXT), folder, """
                Expecting model <tiny-qwen2 as int2 g128 RTN> to have perplexity drift of at most 3.00 % against <tiny-qwen2 (fp32)>
                but drift was 13.29 % ± 2.53 % (reference 31.7618, this 35.9829, 511 tokens of held-out.txt)
                Largest share: model.layers.2.mlp.down_proj (relative output error 0.397; next 0.345)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: more bits or smaller groups, or keep = {"model.layers.2.mlp.down_proj"}
                """);
        assertThat(models.lastFigure().holds()).isFalse();
        assertThat(models.lastFigure().unit()).isEqualTo("%");
    }

    @Test
    void divergenceIsHeldAgainstItsLimit() {
        assertThat(mild).hasMeanKlDivergenceAtMost(0.01, TEXT);
        assertThat(models.lastFigure().holds()).isTrue();
        Golden.fails(() -> assertThat(harsh).hasMeanKlDivergenceAtMost(0.01, TEXT), folder, """
                Expecting model <tiny-qwen2 as int2 g128 RTN> to have mean KL divergence of at most 0.0100 nats a token from <tiny-qwen2 (fp32)>
                but it was 0.1441 ± 0.0063 (511 tokens of held-out.txt)
                Largest share: model.layers.2.mlp.down_proj (relative output error 0.397; next 0.345)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: more bits or smaller groups, or keep = {"model.layers.2.mlp.down_proj"}
                """);
        assertThat(models.lastFigure().holds()).isFalse();
        assertThat(models.lastFigure().unit()).isEqualTo("nats");
    }

    @Test
    void agreementIsHeldAgainstItsLimit() {
        assertThat(mild).hasTopTokenAgreementAtLeast(0.95, TEXT).hasTopTokenAgreementAtLeast(0, TEXT);
        assertThat(models.lastFigure().holds()).isTrue();
        Golden.fails(() -> assertThat(harsh).hasTopTokenAgreementAtLeast(0.95, TEXT), folder, """
                Expecting model <tiny-qwen2 as int2 g128 RTN> to agree with <tiny-qwen2 (fp32)> on at least 95.00 % of most likely tokens
                but it agreed on 74.95 % ± 1.92 % (511 tokens of held-out.txt)
                Largest share: model.layers.2.mlp.down_proj (relative output error 0.397; next 0.345)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: more bits or smaller groups, or keep = {"model.layers.2.mlp.down_proj"}
                """);
        assertThat(models.lastFigure().holds()).isFalse();
    }

    @Test
    void theLimitItselfHolds() {
        double kl = mild.comparison(TEXT).klDivergence().mean();
        assertThat(mild).hasMeanKlDivergenceAtMost(kl, TEXT);
        double agreement = mild.comparison(TEXT).topTokenAgreement().mean();
        assertThat(mild).hasTopTokenAgreementAtLeast(agreement, TEXT);
        assertThatThrownBy(() -> assertThat(mild).hasMeanKlDivergenceAtMost(Math.nextDown(kl), TEXT))
                .isInstanceOf(AssertionError.class);
        assertThatThrownBy(() -> assertThat(mild).hasTopTokenAgreementAtLeast(Math.nextUp(agreement), TEXT))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void aFigureThatIsNaNHoldsAgainstNoLimit() {
        Path broken = Corruptor.of(Models.QWEN)
                .named("one-nan")
                .setNaN("model.layers.0.mlp.down_proj.weight", 17)
                .into(folder);
        ModelUnderTest model = models.open(broken, m -> m.against(Models.QWEN));
        Golden.fails(() -> assertThat(model).hasPerplexityDriftAtMost(withPercentage(1e9), TEXT), folder, """
                Expecting model <one-nan> to have perplexity drift of at most 1000000000.00 % against <tiny-qwen2 (fp32)>
                but drift was NaN % ± NaN % (reference 31.7618, this NaN, 511 tokens of held-out.txt)
                Largest share: model.layers.0.mlp.down_proj (relative output error NaN)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: hasOnlyFiniteWeights(), then hasFiniteActivationsOn(text), which names the first operation
                """);
        assertThat(models.lastFigure().holds()).isFalse();
        assertThatThrownBy(() -> assertThat(model).hasMeanKlDivergenceAtMost(1e9, TEXT))
                .hasMessageContaining("but it was NaN ± NaN (");
        assertThatThrownBy(() -> assertThat(model).hasTopTokenAgreementAtLeast(0.01, TEXT))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void whatDiffersInNoLinearModuleIsSaid() {
        Path other = Corruptor.of(Models.QWEN)
                .named("other-norm")
                .fill("model.norm.weight", 0.5)
                .into(folder);
        ModelUnderTest model = models.open(other, m -> m.against(Models.QWEN));
        Golden.fails(() -> assertThat(model).hasMeanKlDivergenceAtMost(0, TEXT), folder, """
                Expecting model <other-norm> to have mean KL divergence of at most 0.0000 nats a token from <tiny-qwen2 (fp32)>
                but it was 0.9194 ± 0.0124 (511 tokens of held-out.txt)
                No linear module's output differs on the first window
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: the reference that belongs to this model
                """);
    }

    @Test
    void aModelIsNotComparedWithItself() {
        ModelUnderTest alone = models.open(Models.QWEN);
        String text = """
                Expecting model <tiny-qwen2> to have another model to be compared with
                but no quantization is applied and no reference named, so nothing has been compared
                  FOLDER
                Try: quantize = @Quantize(…), or reference = the path of the unquantized model
                """;
        Golden.fails(() -> assertThat(alone).hasPerplexityDriftAtMost(withPercentage(3), TEXT), Models.QWEN, text);
        Golden.fails(() -> assertThat(alone).hasMeanKlDivergenceAtMost(1, TEXT), Models.QWEN, text);
        Golden.fails(() -> assertThat(alone).hasTopTokenAgreementAtLeast(0, TEXT), Models.QWEN, text);
        // The same weights under another name are another model: this is how a copy is checked.
        Path copy = Corruptor.of(Models.QWEN).named("copy").into(folder);
        assertThat(models.open(copy, m -> m.against(Models.QWEN)))
                .hasPerplexityDriftAtMost(withPercentage(0), TEXT)
                .hasMeanKlDivergenceAtMost(1e-12, TEXT)
                .hasTopTokenAgreementAtLeast(1, TEXT);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.001, 1.001, 95, Double.NaN})
    void anAgreementIsAShare(double limit) {
        assertThatThrownBy(() -> assertThat(mild).hasTopTokenAgreementAtLeast(limit, TEXT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("An agreement is a share from 0 to 1, so the limit cannot be " + limit);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.001, Double.NaN})
    void aDivergenceIsNotNegative(double limit) {
        assertThatThrownBy(() -> assertThat(mild).hasMeanKlDivergenceAtMost(limit, TEXT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A KL divergence is at least 0 nats, so the limit cannot be " + limit);
    }

    @Test
    void defaultLimitsAreThoseOfTheQuantization() {
        assertThat(mild).keepsDefaultLimitsOn(TEXT);
        assertThat(models.lastFigure().limitText()).isEqualTo("at least 94.00");
    }

    /** Nobody has measured what 3 bits cost a model of this size. */
    @Test
    void whatHasNoLimitIsReportedAndNotJudged() {
        ModelUnderTest three = models.open(Models.QWEN, m -> m.quantize(Quantization.rtn(3, 128)));
        assertThat(three).keepsDefaultLimitsOn(TEXT);
        assertThat(models.lastFigure().check()).isEqualTo("top token agreement");
        assertThat(models.lastFigure().limit()).isNull();
        assertThat(models.lastFigure().value()).isBetween(50.0, 99.0);
        Path broken = Corruptor.of(Models.QWEN)
                .named("broken")
                .setNaN("model.norm.weight", 17)
                .into(folder);
        ModelUnderTest damaged =
                models.open(broken, m -> m.quantize(Quantization.rtn(3, 128)).against(Models.QWEN));
        assertThatThrownBy(() -> assertThat(damaged).keepsDefaultLimitsOn(TEXT))
                .hasMessageContaining("to have a finite perplexity drift against <tiny-qwen2 (fp32)>")
                .hasMessageContaining("but it was NaN");
    }

    @Test
    void defaultLimitsAreThoseOfWhatIsStored() {
        Path stored = Fixtures.path("quantized/gptq-int8-channel");
        Path twin = Fixtures.path("tiny-qwen3");
        Text tokens = Text.ofTokens(Arrays.copyOf(Truths.firstTokens("tiny-qwen3"), 512));
        assertThat(models.open(stored, m -> m.against(twin))).keepsDefaultLimitsOn(tokens);
        assertThat(models.lastFigure().limitText()).isEqualTo("at least 94.00");
        Path damaged = Corruptor.of(stored)
                .named("damaged-int8")
                .fill("model.layers.0.mlp.down_proj.scales", 0.5)
                .into(folder);
        assertThatThrownBy(() ->
                        assertThat(models.open(damaged, m -> m.against(twin))).keepsDefaultLimitsOn(tokens))
                .hasMessageContaining("to have perplexity drift of at most 1.50 %");
        // Without its twin there is nothing to compare with.
        Golden.fails(() -> assertThat(models.open(stored)).keepsDefaultLimitsOn(tokens), stored, """
                Expecting model <gptq-int8-channel> to have another model to be compared with
                but no quantization is applied and no reference named, so nothing has been compared
                  FOLDER
                Try: quantize = @Quantize(…), or reference = the path of the unquantized model
                """);
    }

    @Test
    void allDefaultLimitsThatDoNotHoldAreToldTogether() {
        Path damaged = Corruptor.of(Models.QWEN)
                .named("damaged")
                .fill("model.layers.1.self_attn.o_proj.weight", 0.2)
                .into(folder);
        ModelUnderTest model =
                models.open(damaged, m -> m.quantize(Quantization.llmInt8()).against(Models.QWEN));
        Golden.fails(() -> assertThat(model).keepsDefaultLimitsOn(TEXT), folder, """
                Expecting model <damaged as LLM.int8> to have perplexity drift of at most 1.50 % against <tiny-qwen2 (fp32)>
                but drift was 3.56 % ± 1.61 % (reference 31.7618, this 32.8913, 511 tokens of held-out.txt)
                Largest share: model.layers.1.self_attn.o_proj (relative output error 1.291; next 0.006)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: more bits or smaller groups, or keep = {"model.layers.1.self_attn.o_proj"}

                Expecting model <damaged as LLM.int8> to have mean KL divergence of at most 0.0150 nats a token from <tiny-qwen2 (fp32)>
                but it was 0.0561 ± 0.0027 (511 tokens of held-out.txt)
                Largest share: model.layers.1.self_attn.o_proj (relative output error 1.291; next 0.006)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: more bits or smaller groups, or keep = {"model.layers.1.self_attn.o_proj"}

                Expecting model <damaged as LLM.int8> to agree with <tiny-qwen2 (fp32)> on at least 94.00 % of most likely tokens
                but it agreed on 82.39 % ± 1.69 % (511 tokens of held-out.txt)
                Largest share: model.layers.1.self_attn.o_proj (relative output error 1.291; next 0.006)
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: more bits or smaller groups, or keep = {"model.layers.1.self_attn.o_proj"}
                """);
    }

    @Test
    void withoutDefaultLimitsNothingIsChecked() {
        Golden.fails(() -> assertThat(models.open(Models.QWEN)).keepsDefaultLimitsOn(TEXT), Models.QWEN, """
                Expecting model <tiny-qwen2> to have default limits, which belong to a quantization
                but there are none, so nothing has been checked
                  FOLDER
                Try: quantize = @Quantize(…), or a limit of your own
                """);
        Golden.fails(() -> assertThat(harsh).keepsDefaultLimitsOn(TEXT), Models.QWEN, """
                Expecting model <tiny-qwen2 as int2 g128 RTN> to have default limits for int2 g128 RTN
                but there are none, so nothing has been checked
                  FOLDER
                Try: a limit of your own, such as hasPerplexityDriftAtMost(withPercentage(20), text)
                """);
    }
}
