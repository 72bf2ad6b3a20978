package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.truth.Truths;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateVerbTest {
    private static final Path MODEL = Fixtures.path("tiny-qwen2");
    private static final Path TOKENS = Fixtures.truths("tiny-qwen2").resolve("tokens-2048.json");

    @TempDir
    private Path folder;

    @Test
    void perplexityIsTheOneThatTransformersGives() throws IOException {
        JsonNode truth =
                CommandRun.json(Files.readString(Fixtures.truths("tiny-qwen2").resolve("perplexity.json")));
        CommandRun run = CommandRun.of(
                "evaluate", MODEL, "--tokens", TOKENS, "--window", 256, "--dtype", "fp32", "--device", "cpu", "--json");
        assertThat(run.code()).isZero();
        JsonNode document = run.json();
        assertThat(CommandRun.contract(document)).isEqualTo("""
                        adapter null
                        device string
                        dtype string
                        engine string
                        findings array
                        model string
                        perplexity number
                        protocol string
                        reference null
                        standard_error number
                        text_tokens integer
                        tokens integer
                        window integer
                        windows integer""");
        JsonNode recorded = truth.at("/by_dtype_and_window/fp32/256");
        assertThat(document.at("/perplexity").asDouble())
                .isCloseTo(recorded.at("/perplexity").asDouble(), withPercentage(0.01));
        assertThat(document.at("/tokens").asInt())
                .isEqualTo(recorded.at("/predicted").asInt());
        assertThat(document.at("/windows").asInt()).isEqualTo(8);
        assertThat(document.at("/dtype").asText()).isEqualTo("fp32");
        assertThat(document.at("/device").asText()).isEqualTo("cpu");
        assertThat(document.at("/protocol").asText()).isEqualTo("non-overlapping-256-drop-tail/1");
    }

    @Test
    void anAdapterIsComparedWithTheModelWithoutIt() throws IOException {
        Path adapter = Fixtures.path("adapters/lora-qv");
        Path llama = Fixtures.path("tiny-llama");
        Path tokens = Fixtures.truths("tiny-llama").resolve("tokens-2048.json");
        Path logits = folder.resolve("logits.safetensors");
        JsonNode truth = CommandRun.json(Files.readString(adapter.resolve("adapter.json")))
                .at("/truth/perplexity");
        CommandRun run = CommandRun.of(
                "evaluate",
                llama,
                "--adapter",
                adapter,
                "--tokens",
                tokens,
                "--window",
                256,
                "--dtype",
                "fp32",
                "--logits",
                logits,
                "--json");
        assertThat(run.code()).isZero();
        JsonNode document = run.json();
        assertThat(CommandRun.contract(document.at("/adapter"))).isEqualTo("""
                        merged boolean
                        name string
                        peft_type string
                        sha256 string""");
        assertThat(document.at("/adapter/merged").asBoolean()).isFalse();
        assertThat(document.at("/model").asText()).isEqualTo("tiny-llama with lora-qv");
        assertThat(document.at("/reference/model").asText()).isEqualTo("tiny-llama");
        assertThat(document.at("/perplexity").asDouble())
                .isCloseTo(truth.at("/value").asDouble(), withinPercentage(1e-3));
        assertThat(document.at("/reference/perplexity").asDouble())
                .isCloseTo(truth.at("/base_value").asDouble(), withinPercentage(1e-3));
        try (Checkpoint written = Checkpoint.open(logits);
                Checkpoint recorded = Checkpoint.open(adapter.resolve("logits.safetensors"))) {
            float[] expected = Truths.floats(recorded, "logits");
            float[] actual = Truths.floats(written, "logits");
            int from = (64 - 8) * 2048;
            for (int i = 0; i < expected.length; i++) {
                assertThat(actual[from + i]).isCloseTo(expected[i], within(1e-3f));
            }
        }
        CommandRun merged = CommandRun.of(
                "evaluate",
                llama,
                "--adapter",
                adapter,
                "--merged",
                "--tokens",
                tokens,
                "--window",
                256,
                "--dtype",
                "fp32",
                "--json");
        assertThat(merged.json().at("/adapter/merged").asBoolean()).isTrue();
        assertThat(merged.json().at("/model").asText()).isEqualTo("tiny-llama merged with lora-qv");
        assertThat(merged.json().at("/perplexity").asDouble())
                .isCloseTo(truth.at("/merged_value").asDouble(), withinPercentage(1e-3));
    }

    private CommandRun quantized(Object... more) {
        Object[] all = Stream.concat(
                        Stream.of("evaluate", MODEL, "--quantize", "llm-int8", "--tokens", TOKENS, "--window", 256),
                        Stream.of(more))
                .toArray();
        return CommandRun.of(all);
    }

    @Test
    void limitsDecideTheExitCode() {
        assertThat(quantized().code()).isZero();
        CommandRun held =
                quantized("--default-limits", "--max-drift", 3, "--max-kl", 0.05, "--min-top1", 0.9, "--json");
        assertThat(held.code()).as(held.out()).isZero();
        assertThat(held.json().at("/findings")).isEmpty();
        for (Object[] limit : new Object[][] {
            {"--max-kl", 1e-9, "kl-divergence-above-limit"}, {"--min-top1", 1, "top-token-agreement-below-limit"}
        }) {
            CommandRun beyond = quantized(limit[0], limit[1], "--json");
            assertThat(beyond.code()).as(beyond.out()).isEqualTo(1);
            assertThat(beyond.json().at("/findings")).hasSize(1);
            assertThat(beyond.json().at("/findings/0/id").asText()).isEqualTo(limit[2]);
            assertThat(beyond.json().at("/findings/0/severity").asText()).isEqualTo("error");
        }
    }

    @Test
    void aRuinousDriftIsAWarningAndBeyondALimitAnError() {
        Path ruined = Corruptor.of(MODEL)
                .named("ruined")
                .fill("model.layers.1.mlp.down_proj.weight", 3)
                .into(folder);
        Object[] plain = {"evaluate", ruined, "--reference", MODEL, "--tokens", TOKENS, "--window", 256, "--json"};
        CommandRun unlimited = CommandRun.of(plain);
        assertThat(unlimited.code()).as(unlimited.out()).isZero();
        assertThat(unlimited.json().at("/findings/0/id").asText()).isEqualTo("drift-large");
        assertThat(unlimited.json().at("/findings/0/severity").asText()).isEqualTo("warning");
        CommandRun limited = CommandRun.of(
                Stream.concat(Stream.of(plain), Stream.of("--max-drift", 20)).toArray());
        assertThat(limited.code()).isEqualTo(1);
        assertThat(limited.json().at("/findings")).hasSize(1);
        assertThat(limited.json().at("/findings/0/id").asText()).isEqualTo("drift-above-limit");
        // One-sided, as hasPerplexityDriftAtMost is: the healthy model beside the ruined one.
        CommandRun smaller = CommandRun.of(
                "evaluate",
                MODEL,
                "--reference",
                ruined,
                "--tokens",
                TOKENS,
                "--window",
                256,
                "--max-drift",
                0,
                "--json");
        assertThat(smaller.json().at("/reference/drift_percent").asDouble()).isLessThan(-30);
        assertThat(smaller.code()).as(smaller.out()).isZero();
        // Nothing is quantized, so no default limit can hold.
        CommandRun unquantized = CommandRun.of(
                Stream.concat(Stream.of(plain), Stream.of("--default-limits")).toArray());
        assertThat(unquantized.code()).isEqualTo(1);
        assertThat(unquantized.json().at("/findings/0/id").asText()).isEqualTo("default-limits-unknown");
    }

    @Test
    void defaultLimitsOfStoredAndUnmeasuredSchemes() {
        Path gptq = Fixtures.path("quantized/gptq-int4-g128");
        CommandRun run = CommandRun.of(
                "evaluate",
                gptq,
                "--reference",
                MODEL,
                "--tokens",
                TOKENS,
                "--window",
                256,
                "--default-limits",
                "--json");
        assertThat(run.code()).as(run.out()).isZero();
        assertThat(run.json().at("/findings")).hasSize(1);
        assertThat(run.json().at("/findings/0/id").asText()).isEqualTo("default-limits-not-judged");
        CommandRun two = CommandRun.of(
                "evaluate", MODEL, "--quantize", "rtn:bits=2", "--tokens", TOKENS, "--default-limits", "--json");
        assertThat(two.code()).as(two.out()).isEqualTo(1);
        assertThat(two.json().at("/findings/0/id").asText()).isEqualTo("default-limits-unknown");
    }

    @Test
    void aLimitNeedsAComparisonAndAValueThatMeansSomething() {
        for (Object[] arguments : new Object[][] {
            {"evaluate", MODEL, "--tokens", TOKENS, "--max-drift", 3},
            {"evaluate", MODEL, "--tokens", TOKENS, "--default-limits"},
            {"evaluate", MODEL, "--tokens", TOKENS, "--quantize", "nf4", "--max-drift", "NaN"},
            {"evaluate", MODEL, "--tokens", TOKENS, "--quantize", "nf4", "--max-kl", -1},
            {"evaluate", MODEL, "--tokens", TOKENS, "--quantize", "nf4", "--min-top1", 95}
        }) {
            CommandRun run = CommandRun.of(arguments);
            assertThat(run.code()).as(run.err()).isEqualTo(2);
            assertThat(run.err()).contains("Try: ");
        }
    }

    @Test
    void anAdapterThatDoesNotFitIsRefused() {
        Path adapter = Fixtures.path("adapters/lora-qv");
        CommandRun other = CommandRun.of(
                "evaluate", Fixtures.path("tiny-mistral"), "--adapter", adapter, "--tokens", TOKENS, "--json");
        assertThat(other.code()).isEqualTo(3);
        assertThat(other.json().at("/error/id").asText()).isEqualTo("adapter-mismatch");
        Path gptq = Fixtures.path("quantized/gptq-int4-g128");
        CommandRun merged = CommandRun.of(
                "evaluate",
                gptq,
                "--adapter",
                Fixtures.path("adapters/lora-all-linear"),
                "--merged",
                "--tokens",
                TOKENS,
                "--json");
        assertThat(merged.code()).isEqualTo(3);
        assertThat(merged.json().at("/error/id").asText()).isEqualTo("not-mergeable");
        assertThat(CommandRun.of("evaluate", MODEL, "--merged", "--tokens", TOKENS)
                        .code())
                .isEqualTo(2);
    }

    @Test
    void aQuantizationIsComparedWithTheModelAsStored() {
        CommandRun run =
                CommandRun.of("evaluate", MODEL, "--tokens", TOKENS, "--quantize", "rtn:bits=4,group=64", "--json");
        assertThat(run.code()).isZero();
        JsonNode document = run.json();
        assertThat(CommandRun.contract(document.at("/reference"))).isEqualTo("""
                        drift_percent number
                        drift_standard_error number
                        layer_errors array
                        layer_errors[].error number
                        layer_errors[].layer string
                        mean_kl number
                        mean_kl_standard_error number
                        model string
                        perplexity number
                        standard_error number
                        top1_agreement number
                        top1_agreement_standard_error number""");
        assertThat(document.at("/model").asText()).isEqualTo("tiny-qwen2 as int4 g64 RTN");
        assertThat(document.at("/reference/model").asText()).isEqualTo("tiny-qwen2");
        assertThat(document.at("/reference/top1_agreement").asDouble()).isBetween(0.8, 0.999);
        double drift = 100
                * (document.at("/perplexity").asDouble()
                                / document.at("/reference/perplexity").asDouble()
                        - 1);
        assertThat(document.at("/reference/drift_percent").asDouble()).isCloseTo(drift, within(1e-9));
    }

    @Test
    void aModelAgainstItselfHasNoDrift() {
        CommandRun run = CommandRun.of("evaluate", MODEL, "--reference", MODEL, "--tokens", TOKENS);
        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("Against tiny-qwen2", "drift            0.00 % ± 0.00 %", "top-1 agreement  100.00 ± 0.00 %");
    }

    @Test
    void textIsTokenizedByTheModelsTokenizer() throws IOException {
        Path text = Files.writeString(
                folder.resolve("text.txt"), Fixtures.text("held-out.txt").substring(0, 4000));
        CommandRun run = CommandRun.of("evaluate", MODEL, "--text", text, "--window", 128);
        assertThat(run.code()).isZero();
        assertThat(run.out()).startsWith("tiny-qwen2 on text.txt\n  perplexity ");
    }

    @Test
    void aNaNIsNullAndAFindingThatNamesThePlace() {
        Path broken = Corruptor.of(MODEL)
                .setNaN("model.layers.1.mlp.up_proj.weight", 0)
                .into(folder);
        CommandRun run = CommandRun.of("evaluate", broken, "--tokens", TOKENS, "--quantize", "llm-int8", "--json");
        assertThat(run.code()).isEqualTo(1);
        JsonNode document = run.json();
        assertThat(document.at("/perplexity").isNull()).isTrue();
        assertThat(document.at("/reference/mean_kl").isNull()).isTrue();
        assertThat(document.at("/findings/0/id").asText()).isEqualTo("non-finite-perplexity");
        assertThat(document.at("/findings/0/message").asText()).contains("model.layers.1.mlp.up_proj");
        assertThat(document.at("/findings/1/id").asText()).isEqualTo("non-finite-reference-perplexity");
    }

    @Test
    void logitsAreWrittenInRowsOfPositions() throws IOException {
        Path file = folder.resolve("logits.safetensors");
        Path recorded = Fixtures.truths("tiny-qwen2").resolve("logits.safetensors");
        try (Checkpoint truth = Checkpoint.open(recorded)) {
            LongBuffer tokens = truth.map(truth.tensor("tokens")).asLongBuffer();
            long[] all = new long[tokens.remaining()];
            tokens.get(all);
            Path ids = Files.writeString(folder.resolve("ids.json"), Arrays.toString(all));
            CommandRun run = CommandRun.of(
                    "evaluate", MODEL, "--tokens", ids, "--dtype", "fp32", "--window", 512, "--logits", file);
            assertThat(run.code()).as(run.err()).isZero();
            Checkpoint written = Checkpoint.open(file);
            TensorInfo logits = written.tensor("logits");
            assertThat(logits.type()).isEqualTo(TensorType.F32);
            TensorInfo expected = truth.tensor("logits");
            assertThat(logits.shape()).isEqualTo(expected.shape());
            FloatBuffer ours = written.map(logits).asFloatBuffer();
            FloatBuffer theirs = truth.map(expected).asFloatBuffer();
            for (int i = 0; i < ours.limit(); i++) {
                assertThat(ours.get(i)).isCloseTo(theirs.get(i), within(1e-3f));
            }
            written.close();
        }
    }

    @Test
    void aQuantizedArtifactIsMeasuredAgainstItsReference() {
        CommandRun run = CommandRun.of(
                "evaluate",
                Fixtures.path("quantized/awq-gemm-g128"),
                "--reference",
                MODEL,
                "--tokens",
                TOKENS,
                "--window",
                "256",
                "--dtype",
                "fp32",
                "--json");
        assertThat(run.code()).as(run.err()).isZero();
        double truth = Truths.variant("awq-gemm-g128").at("/perplexity/value").doubleValue();
        assertThat(run.json().at("/perplexity").asDouble()).isCloseTo(truth, withinPercentage(0.01));
        assertThat(run.json().at("/reference/perplexity").asDouble()).isCloseTo(37.17625, withinPercentage(0.01));
        assertThat(run.json().at("/reference/drift_percent").asDouble()).isCloseTo(4.34, within(0.05));
    }

    @Test
    void aQuantizedArtifactWithoutItsPartsIsRefused() {
        Path broken = Corruptor.of(Fixtures.path("quantized/gptq-int4-g128"))
                .removeTensor("model.layers.0.mlp.up_proj.scales")
                .into(folder);
        CommandRun run = CommandRun.of("evaluate", broken, "--tokens", TOKENS, "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.json().at("/error/message").asText()).contains("model.layers.0.mlp.up_proj");
    }

    @Test
    void anUnknownModelTypeIsRefused() {
        Path unknown = Corruptor.of(MODEL)
                .editConfig(config -> config.put("model_type", "novel"))
                .into(folder);
        CommandRun run = CommandRun.of("evaluate", unknown, "--tokens", TOKENS, "--json");
        assertThat(run.code()).isEqualTo(3);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("unsupported-architecture");
    }

    /** The caller's tokens are right; the config is not that of these weights. */
    @Test
    void aVocabularyThatDoesNotFitTheEmbeddingIsTheArtifactsFault() throws IOException {
        Path broken = Corruptor.of(MODEL)
                .editJson("config.json", config -> config.put("vocab_size", 3))
                .into(folder.resolve("broken"));
        Path ids = Files.writeString(folder.resolve("ids.json"), "[1, 2, 300]");
        CommandRun run = CommandRun.of("evaluate", broken, "--tokens", ids, "--json");
        assertThat(run.code()).as(run.err()).isEqualTo(3);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("shape-mismatch");
    }

    @Test
    void tokensThatAreNoIdsAreWrongUsage() throws IOException {
        Path file = Files.writeString(folder.resolve("ids.json"), "[1, 2, \"three\"]");
        CommandRun run = CommandRun.of("evaluate", MODEL, "--tokens", file);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("holds three at place 2", "one JSON array of token ids");
        Path beyond = Files.writeString(folder.resolve("beyond.json"), "[1, 2, 999999]");
        CommandRun outside = CommandRun.of("evaluate", MODEL, "--tokens", beyond, "--json");
        assertThat(outside.code()).isEqualTo(2);
        assertThat(outside.json().at("/error/id").asText()).isEqualTo("wrong-usage");
        assertThat(outside.json().at("/error/message").asText())
                .isEqualTo("--tokens: token id 999999 is beyond the vocabulary of 2048");
        assertThat(outside.json().at("/error/next_step").asText()).isEqualTo("modelassay evaluate --help");
    }

    @Test
    void aReferenceOfAnotherVocabularyIsWrongUsage() {
        Path other = Corruptor.of(MODEL)
                .editConfig(config -> config.put("vocab_size", 2000))
                .into(folder);
        CommandRun run = CommandRun.of("evaluate", MODEL, "--tokens", TOKENS, "--reference", other);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("a vocabulary of 2000 tokens, the artifact of 2048");
    }
}
