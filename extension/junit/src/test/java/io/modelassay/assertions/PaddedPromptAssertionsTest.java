package io.modelassay.assertions;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelUnderTest;
import io.modelassay.Text;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Prompts padded left, padded right and alone: artifacts that a pad token breaks, and such that look as if. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PaddedPromptAssertionsTest {
    private static final Text SHORT = Text.ofString("In the beginning").named("short.txt");
    private static final Text MIDDLE =
            Text.ofString("And they said one to another, Go to, let us build").named("middle.txt");
    private static final String TABLE = "model.embed_tokens.weight";
    private static final String TOKENIZER = "tokenizer_config.json";

    private final Path folder;
    private final Models models;

    PaddedPromptAssertionsTest(@TempDir Path folder) {
        this.folder = folder;
        this.models = new Models(folder.resolve("cache"));
    }

    @AfterAll
    void close() {
        models.close();
    }

    private ModelUnderTest open(String name, Path base, UnaryOperator<Corruptor> change) {
        return models.open(change.apply(Corruptor.of(base).named(name)).into(folder));
    }

    static Stream<Named<UnaryOperator<Corruptor>>> healthy() {
        return Stream.of(
                Named.of("the end of the text is the pad token", copy -> copy),
                Named.of("its row is zero", PaddedPromptAssertionsTest::zeroPadRow),
                Named.of(
                        "the pad token is another",
                        copy -> copy.editJson(TOKENIZER, config -> config.put("pad_token", "<|im_end|>"))),
                Named.of(
                        "the pad token is an object",
                        copy -> copy.editJson(
                                TOKENIZER,
                                config -> config.putObject("pad_token").put("content", "<|im_end|>"))),
                Named.of("no file names one", copy -> withoutPadToken(copy, config -> config.remove("pad_token_id"))),
                Named.of(
                        "-1 stands for none", copy -> withoutPadToken(copy, config -> config.put("pad_token_id", -1))));
    }

    private static Corruptor zeroPadRow(Corruptor copy) {
        Corruptor zero = copy;
        for (int i = 0; i < 256; i++) {
            zero = zero.setValue(TABLE, i, 0);
        }
        return zero;
    }

    private static Corruptor withoutPadToken(Corruptor copy, Consumer<ObjectNode> config) {
        return copy.editJson(TOKENIZER, tokenizer -> tokenizer.putNull("pad_token"))
                .editJson("generation_config.json", config)
                .editConfig(config);
    }

    @ParameterizedTest
    @MethodSource("healthy")
    void whatLooksBrokenIsNot(UnaryOperator<Corruptor> change) {
        assertThat(open("healthy-" + change.hashCode(), Models.LLAMA, change))
                .hasSameLogitsUnderPadding(1e-4, SHORT, Models.TEXT, MIDDLE);
    }

    @Test
    void familiesAndQuantizedModelsHold() {
        assertThat(models.open(Models.QWEN)).hasSameLogitsUnderPadding(1e-4, SHORT, Models.TEXT);
        assertThat(models.open(Fixtures.path("tiny-qwen3"))).hasSameLogitsUnderPadding(1e-4, SHORT, Models.TEXT);
        assertThat(models.open(Models.LLAMA, m -> m.quantize(Quantization.nf4())))
                .hasSameLogitsUnderPadding(1e-4, SHORT, MIDDLE);
        assertThat(open(
                        "sliding",
                        Fixtures.path("tiny-mistral"),
                        copy -> copy.editConfig(config -> config.put("sliding_window", 8))))
                .hasSameLogitsUnderPadding(1e-4, SHORT, Models.TEXT);
        assertThat(models.lastFigure().check()).isEqualTo("difference of logits under padding");
        assertThat(models.lastFigure().value()).isBetween(0.0, 1e-4);
    }

    @Test
    void rowsOfThePadTokenThatAreNotFiniteSpoilPrompts() {
        ModelUnderTest broken = open("nan-pad", Models.LLAMA, copy -> copy.setNaN(TABLE, 3));
        Golden.fails(() -> assertThat(broken).hasSameLogitsUnderPadding(1e-4, Models.TEXT, SHORT), folder, """
                Expecting model <nan-pad> to have the same logits under padding within 1.0E-4 on 2 prompts
                but with the pad token 0 (pad_token "<|endoftext|>" of tokenizer_config.json; pad_token_id of generation_config.json; pad_token_id of config.json) they differ
                  padded left: prompt 2, short.txt (5 tokens), by up to NaN: at position 0 token 0 has NaN, not -4.7376
                  padded right: prompt 2, short.txt (5 tokens), by up to NaN: at position 0 token 0 has NaN, not -4.7376
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: zeros in row 0 of model.embed_tokens.weight: attention gives padding the weight 0, and 0 times NaN or infinity is NaN
                """);
        ModelUnderTest infinite = open("inf-pad", Models.LLAMA, copy -> copy.setInfinity(TABLE, 3));
        Golden.fails(() -> assertThat(infinite).hasSameLogitsUnderPadding(1e-4, SHORT, MIDDLE), folder, """
                Expecting model <inf-pad> to have the same logits under padding within 1.0E-4 on 2 prompts
                but with the pad token 0 (pad_token "<|endoftext|>" of tokenizer_config.json; pad_token_id of generation_config.json; pad_token_id of config.json) they differ
                  padded left: prompt 1, short.txt (5 tokens), by up to NaN: at position 0 token 0 has NaN, not -4.7376
                  padded right: prompt 1, short.txt (5 tokens), by up to NaN: at position 0 token 0 has NaN, not -4.7376
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: zeros in row 0 of model.embed_tokens.weight: attention gives padding the weight 0, and 0 times NaN or infinity is NaN
                """);
    }

    @Test
    void promptsThatAreBrokenAloneAreSaidToBe() {
        ModelUnderTest broken =
                open("nan-weight", Models.LLAMA, copy -> copy.setNaN("model.layers.0.mlp.down_proj.weight", 17));
        Golden.fails(() -> assertThat(broken).hasSameLogitsUnderPadding(1e-4, SHORT, MIDDLE), folder, """
                Expecting model <nan-weight> to have the same logits under padding within 1.0E-4 on 2 prompts
                but with the pad token 0 (pad_token "<|endoftext|>" of tokenizer_config.json; pad_token_id of generation_config.json; pad_token_id of config.json) they differ
                  padded left: prompt 1, short.txt (5 tokens), by up to NaN: at position 0 token 0 has NaN, not NaN
                  padded right: prompt 1, short.txt (5 tokens), by up to NaN: at position 0 token 0 has NaN, not NaN
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: hasFiniteActivationsOn(text), since the prompt alone has them too
                """);
    }

    @Test
    void padTokensWithoutARowAreNamed() {
        ModelUnderTest added = open(
                "added-pad",
                Models.LLAMA,
                copy -> copy.editJson(TOKENIZER, config -> config.put("pad_token", "<pad>")));
        Golden.fails(() -> assertThat(added).hasSameLogitsUnderPadding(1e-4, SHORT, MIDDLE), folder, """
                Expecting model <added-pad> to have the same logits under padding within 1.0E-4 on 2 prompts
                but the pad token 2048 (pad_token "<pad>" of tokenizer_config.json) has no row in the embedding of 2048 rows: a batch that holds it fails with an index out of range
                  FOLDER/added-pad
                Try: the id of a token that the embedding has, such as that of the end of the text
                """);
        ModelUnderTest outside = open(
                "outside-pad", Models.LLAMA, copy -> copy.editConfig(config -> config.put("pad_token_id", 151643)));
        assertThatThrownBy(() -> assertThat(outside).hasSameLogitsUnderPadding(1e-4, SHORT, MIDDLE))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("pad_token_id")
                .hasMessageContaining("vocab_size is 2048");
    }

    @Test
    void frequenciesThatFollowTheLongestPromptDiffer() {
        Map<String, Object> scaling = Map.of("rope_type", "dynamic", "factor", 2.0);
        ModelUnderTest dynamic = open(
                "dynamic",
                Models.LLAMA,
                copy -> copy.editConfig(
                        config -> config.put("max_position_embeddings", 16).putPOJO("rope_scaling", scaling)));
        Golden.fails(() -> assertThat(dynamic).hasSameLogitsUnderPadding(1e-4, SHORT, Models.TEXT), folder, """
                Expecting model <dynamic> to have the same logits under padding within 1.0E-4 on 2 prompts
                but with the pad token 0 (pad_token "<|endoftext|>" of tokenizer_config.json; pad_token_id of generation_config.json; pad_token_id of config.json) they differ
                  padded left: prompt 1, short.txt (5 tokens), by up to 0.3597: at position 4 token 17 has 3.1465, not 2.7867
                  padded right: prompt 1, short.txt (5 tokens), by up to 0.3597: at position 4 token 17 has 3.1465, not 2.7867
                  device CPU, fp32, ENGINE, checkpoint sha256 HASH…
                Try: computing in fp32, where only the order of sums may differ; a rope_type other than dynamic, whose frequencies follow the longest prompt of a batch
                """);
    }

    @Test
    void nothingPaddedIsNothingChecked() {
        ModelUnderTest plain = models.open(Models.LLAMA);
        Golden.fails(
                () -> assertThat(plain).hasSameLogitsUnderPadding(1e-4, SHORT, SHORT), Models.LLAMA.getParent(), """
                Expecting model <tiny-llama> to have prompts that a batch pads
                but there are none, so nothing has been checked
                  FOLDER/tiny-llama
                Try: texts of different lengths, none empty, the shorter below 64 tokens
                """);
        Golden.fails(
                () -> assertThat(plain).hasSameLogitsUnderPadding(1e-4, SHORT, Text.ofTokens()),
                Models.LLAMA.getParent(),
                """
                Expecting model <tiny-llama> to have prompts that a batch pads
                but there are none, so nothing has been checked
                  FOLDER/tiny-llama
                Try: texts of different lengths, none empty, the shorter below 64 tokens
                """);
        ModelUnderTest none = open(
                "no-tokens",
                Models.LLAMA,
                copy -> withoutPadToken(copy, config -> {
                            config.remove("pad_token_id");
                            config.remove("eos_token_id");
                        })
                        .editJson(TOKENIZER, tokenizer -> tokenizer.remove("eos_token")));
        Golden.fails(() -> assertThat(none).hasSameLogitsUnderPadding(1e-4, SHORT, MIDDLE), folder, """
                Expecting model <no-tokens> to have a pad token, or an end of the text in its place
                but there are none, so nothing has been checked
                  FOLDER/no-tokens
                Try: pad_token in tokenizer_config.json
                """);
    }
}
