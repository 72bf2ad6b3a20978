package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static io.modelassay.assertions.ModelAssertions.assertThatThrownBy;

import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.runtime.DType;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are finite and yet give activations that are not. */
class ActivationAssertionsTest {
    private static final Text WORDS =
            Text.ofTokens(300, 7, 42, 9, 300, 11, 12, 13).named("eight tokens");

    @TempDir
    Path folder;

    private Models models;

    @BeforeEach
    void start() {
        models = new Models(folder.resolve("cache"));
    }

    @AfterEach
    void close() {
        models.close();
    }

    @ParameterizedTest
    @EnumSource(names = "AUTO", mode = EnumSource.Mode.EXCLUDE)
    void aHealthyModelIsFiniteInEveryComputeType(DType dtype) {
        assertThat(models.open(Models.QWEN, m -> m.computingIn(dtype))).hasFiniteActivationsOn(Models.TEXT);
        assertThat(models.lastFigure().holds()).isTrue();
        assertThat(models.lastFigure().origin().toString()).isEqualTo("held-out.txt");
    }

    @Test
    void whatLeavesHalfPrecisionIsFoundThereAlone() {
        // Finite in every type as it is stored; the product with the layer's input is not, in fp16.
        Path huge = Corruptor.of(Models.QWEN)
                .named("huge")
                .setValue("model.layers.1.self_attn.v_proj.bias", 5, 65000)
                .setValue("model.layers.1.self_attn.v_proj.bias", 69, 65000)
                .fill("model.layers.1.self_attn.o_proj.weight", 2)
                .into(folder);
        assertThat(models.open(huge, m -> m.computingIn(DType.BF16))).hasFiniteActivationsOn(WORDS);
        ModelUnderTest half = models.open(huge, m -> m.computingIn(DType.FP16));
        assertThat(half).hasOnlyFiniteWeights();
        Golden.fails(() -> assertThat(half).hasFiniteActivationsOn(WORDS), huge, """
                Expecting model <huge> to have finite activations on eight tokens
                but model.layers.1.self_attn.o_proj gave 2048 non-finite values, the first at token 0, channel 0
                Every operation before it, layer by layer, was finite
                  device CPU, fp16, ENGINE, checkpoint sha256 HASH…
                Try: hasOnlyFiniteWeights(), and a compute type of larger range: dtype = DType.BF16
                """);
        assertThat(models.lastFigure().holds()).isFalse();
        assertThat(models.lastFigure().value()).isEqualTo(2048);
    }

    @Test
    void whatLeavesBfloat16IsFoundToo() {
        Path huge = Corruptor.of(Models.QWEN)
                .named("huge")
                .fill("model.layers.2.mlp.up_proj.weight", 3e38)
                .into(folder);
        ModelUnderTest model = models.open(huge, m -> m.computingIn(DType.BF16));
        assertThat(model).hasOnlyFiniteWeights();
        assertThatThrownBy(() -> assertThat(model).hasFiniteActivationsOn(WORDS))
                .hasMessageContaining("but model.layers.2.mlp.up_proj gave ")
                .hasMessageContaining("device CPU, bf16, ");
    }

    @Test
    void oneTokenOfOneChannelIsEnough() {
        Path broken = Corruptor.of(Models.QWEN)
                .named("one-nan")
                .setNaN("model.embed_tokens.weight", 42 * 256 + 3)
                .into(folder);
        Golden.fails(() -> assertThat(models.open(broken)).hasFiniteActivationsOn(WORDS), broken, """
                Expecting model <one-nan> to have finite activations on eight tokens
                but model.embed_tokens gave 1 non-finite value, the first at token 2, channel 3
                Every operation before it, layer by layer, was finite
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: hasOnlyFiniteWeights(), and a compute type of larger range: dtype = DType.BF16
                """);
    }

    @Test
    void theFinalNormAndTheHeadBelongToTheForwardPass() {
        Path norm = Corruptor.of(Models.LLAMA)
                .named("norm")
                .setInfinity("model.norm.weight", 31)
                .into(folder);
        assertThatThrownBy(() -> assertThat(models.open(norm)).hasFiniteActivationsOn(WORDS))
                .hasMessageContaining("but model.norm gave 8 non-finite values, the first at token 0, channel 31");
        Path head = Corruptor.of(Models.LLAMA)
                .named("head")
                .setNaN("lm_head.weight", 1999 * 256)
                .into(folder);
        assertThatThrownBy(() -> assertThat(models.open(head)).hasFiniteActivationsOn(WORDS))
                .hasMessageContaining("but lm_head gave 8 non-finite values, the first at token 0, channel 1999");
        // A row of a tied embedding that no token of the text looks up is met in the head.
        Path tied = Corruptor.of(Models.QWEN)
                .named("tied")
                .setNaN("model.embed_tokens.weight", 1999 * 256)
                .into(folder);
        assertThatThrownBy(() -> assertThat(models.open(tied)).hasFiniteActivationsOn(WORDS))
                .hasMessageContaining("but lm_head gave 8 non-finite values, the first at token 0, channel 1999");
    }

    @Test
    void aTextThatPredictsNothingIsNoCheck() {
        ModelUnderTest model = models.open(Models.QWEN);
        assertThatThrownBy(() -> assertThat(model).hasFiniteActivationsOn(Text.ofTokens(7)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("A text of 1 tokens predicts nothing");
    }
}
