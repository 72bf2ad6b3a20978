package io.modelassay.cli;

import static io.modelassay.assertions.ModelAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.quantization.Quantization;
import io.modelassay.truth.SmallCheckpoint;
import io.modelassay.truth.Truths;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rounding needs no forward pass: models of any type, and names of any generation. */
class QuantizeAnyModelTest {
    private static final String[] NONE = {};

    @TempDir
    private Path temp;

    private Path out = Path.of("");

    @BeforeEach
    void chooseFolder() {
        out = temp.resolve("out");
    }

    private CommandRun quantize(Path folder, String method, String... more) {
        List<Object> arguments =
                new ArrayList<>(List.of("quantize", folder, "--out", out, "--method", method, "--json"));
        arguments.addAll(List.of(more));
        return CommandRun.of(arguments.toArray());
    }

    private static TreeSet<String> modules(CommandRun run) {
        TreeSet<String> modules = new TreeSet<>();
        run.json()
                .path("modules")
                .forEach(module -> modules.add(module.path("module").asText()));
        return modules;
    }

    private Path gemma() {
        return new SmallCheckpoint("""
                        {"architectures": ["Gemma2ForCausalLM"], "model_type": "gemma2", "vocab_size": 256,
                         "tie_word_embeddings": true, "dtype": "bfloat16"}""")
                .tensor("model.embed_tokens.weight", 256, 64)
                .tensor("model.layers.0.self_attn.q_proj.weight", 64, 64)
                .tensor("model.layers.0.pre_feedforward_layernorm.weight", 64)
                .mlps("model.", 1, 128)
                .into(temp.resolve("gemma"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rtn", "nf4", "fp4", "llm-int8", "fp8"})
    void aModelTypeThatIsNotKnown(String method) {
        CommandRun run = quantize(gemma(), method, method.equals("rtn") ? new String[] {"--group-size", "32"} : NONE);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(modules(run))
                .containsExactly(
                        "model.layers.0.mlp.down_proj",
                        "model.layers.0.mlp.gate_proj",
                        "model.layers.0.mlp.up_proj",
                        "model.layers.0.self_attn.q_proj");
        assertThat(run.json().path("findings")).isEmpty();
    }

    /** The caller's words are right; the config is not that of these weights. */
    @ParameterizedTest
    @CsvSource({"num_key_value_heads, 1, k_proj", "intermediate_size, 64, mlp.", "num_hidden_layers, 5, model.layers.4."
    })
    void aConfigThatDoesNotFitTheWeightsIsTheArtifactsFault(String key, int value, String module) {
        Path broken = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .editJson("config.json", config -> config.put(key, value))
                .into(temp.resolve("broken"));
        CommandRun run = quantize(broken, "nf4");
        assertThat(run.code()).as(run.err()).isEqualTo(3);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("module-not-quantizable");
        assertThat(run.json().at("/error/message").asText()).contains(module);
    }

    /** transformers would quantize a tied head that its list does not name, and then miss its parts. */
    @Test
    void theTiedHeadIsAmongWhatLoadersSkip() throws java.io.IOException {
        assertThat(quantize(gemma(), "nf4").code()).isZero();
        assertThat(CommandRun.json(Files.readString(out.resolve("config.json")))
                        .at("/quantization_config/llm_int8_skip_modules")
                        .toString())
                .contains("\"lm_head\"");
    }

    @Test
    void headsPoolersAndTablesOfAnEncoder() throws java.io.IOException {
        String config = """
                {"architectures": ["%s"], "model_type": "bert", "vocab_size": 256, "max_position_embeddings": 128}""";
        SmallCheckpoint bert = new SmallCheckpoint(config.formatted("BertForSequenceClassification"))
                .tensor("bert.embeddings.word_embeddings.weight", 256, 64)
                .tensor("bert.embeddings.position_embeddings.weight", 128, 64)
                .tensor("bert.embeddings.token_type_embeddings.weight", 2, 64)
                .tensor("bert.encoder.layer.0.attention.self.query.weight", 64, 64)
                .tensor("bert.encoder.layer.0.output.dense.weight", 64, 128)
                .tensor("bert.pooler.dense.weight", 64, 64)
                .tensor("classifier.weight", 2, 64);
        CommandRun run = quantize(bert.into(temp.resolve("bert")), "nf4");
        assertThat(modules(run))
                .containsExactly(
                        "bert.encoder.layer.0.attention.self.query",
                        "bert.encoder.layer.0.output.dense",
                        "bert.pooler.dense");
        assertThat(CommandRun.json(Files.readString(out.resolve("config.json")))
                        .at("/quantization_config/llm_int8_skip_modules")
                        .toString())
                .isEqualTo("[\"classifier\"]");
    }

    /** T5's wo stays in float32 in transformers, which then looks for a plain weight. */
    @Test
    void whatTransformersKeepsInFloat32() {
        Path t5 = new SmallCheckpoint("""
                        {"architectures": ["T5ForConditionalGeneration"], "model_type": "t5", "vocab_size": 256}""")
                .tensor("shared.weight", 256, 64)
                .tensor("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", 32, 4)
                .tensor("encoder.block.0.layer.1.DenseReluDense.wi.weight", 128, 64)
                .tensor("encoder.block.0.layer.1.DenseReluDense.wo.weight", 64, 128)
                .tensor("decoder.block.0.layer.1.EncDecAttention.q.weight", 64, 64)
                .into(temp.resolve("t5"));
        assertThat(modules(quantize(t5, "llm-int8")))
                .containsExactly(
                        "decoder.block.0.layer.1.EncDecAttention.q", "encoder.block.0.layer.1.DenseReluDense.wi");
    }

    @Test
    void expertsOneByOneWithoutTheirRouter() {
        Path moe = new SmallCheckpoint("""
                        {"architectures": ["PhimoeForCausalLM"], "model_type": "phimoe", "vocab_size": 256,
                         "num_local_experts": 4}""")
                .tensor("model.embed_tokens.weight", 256, 64)
                .tensor("model.layers.0.block_sparse_moe.gate.weight", 4, 64)
                .tensor("model.layers.0.block_sparse_moe.experts.0.w1.weight", 128, 64)
                .tensor("model.layers.0.block_sparse_moe.experts.1.w1.weight", 128, 64)
                .tensor("lm_head.weight", 256, 64)
                .into(temp.resolve("moe"));
        CommandRun run = quantize(moe, "fp8");
        assertThat(modules(run))
                .containsExactly(
                        "model.layers.0.block_sparse_moe.experts.0.w1", "model.layers.0.block_sparse_moe.experts.1.w1");
        assertThat(run.json().path("findings")).isEmpty();
        out = temp.resolve("nf4");
        assertThat(quantize(moe, "nf4").json().at("/findings/0/id").asText())
                .isEqualTo("experts-refused-by-newest-loader");
    }

    @Test
    void stackedExpertsStayAndThatIsSaid() {
        Path moe = new SmallCheckpoint("""
                        {"architectures": ["Llama4ForCausalLM"], "model_type": "llama4_text", "vocab_size": 256}""")
                .tensor("model.layers.0.self_attn.q_proj.weight", 64, 64)
                .tensor("model.layers.0.feed_forward.experts.gate_up_proj", 4, 64, 128)
                .into(temp.resolve("stacked"));
        CommandRun run = quantize(moe, "fp8");
        assertThat(run.code()).isZero();
        assertThat(modules(run)).containsExactly("model.layers.0.self_attn.q_proj");
        assertThat(run.json().at("/findings/0/id").asText()).isEqualTo("stacked-experts-kept");
        try (Checkpoint written = Checkpoint.open(out)) {
            assertThat(written.tensor("model.layers.0.feed_forward.experts.gate_up_proj")
                            .type())
                    .isEqualTo(TensorType.BF16);
        }
    }

    @Test
    void projectionsStoredTransposedAreRefused() {
        Path gpt = new SmallCheckpoint("{\"architectures\": [\"GPT2LMHeadModel\"], \"model_type\": \"gpt2\"}")
                .tensor("h.0.attn.c_attn.weight", 64, 192)
                .into(temp.resolve("gpt2"));
        CommandRun run = quantize(gpt, "nf4");
        assertThat(run.code()).isEqualTo(Main.UNREADABLE);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("unsupported-architecture");
    }

    @Test
    void aCalibratedMethodStillNeedsToKnowTheArchitecture() throws java.io.IOException {
        Path tokens = Files.writeString(temp.resolve("tokens.json"), "[[1, 2, 3, 4]]");
        CommandRun run = quantize(gemma(), "gptq", "--calibration", tokens.toString());
        assertThat(run.code()).isEqualTo(Main.UNREADABLE);
        assertThat(run.json().at("/error/id").asText()).isEqualTo("unsupported-architecture");
    }

    private Path vision(boolean earlier) {
        JsonNode model = Truths.json("vision-language.json").at("/tiny/qwen2-vl-tiny");
        SmallCheckpoint checkpoint = new SmallCheckpoint(model.path("config").toString());
        model.at("/truth/5.23.0/state_dict").properties().forEach(parameter -> {
            String name = parameter.getKey();
            String old = name.replaceFirst("^model\\.visual\\.", "visual.")
                    .replaceFirst("^model\\.language_model\\.", "model.");
            long[] shape = new long[parameter.getValue().size()];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = parameter.getValue().get(i).longValue();
            }
            checkpoint.tensor(earlier ? old : name, shape);
        });
        return checkpoint.into(temp.resolve(earlier ? "earlier" : "present"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void namesOfBothGenerations(boolean earlier) {
        Path folder = vision(earlier);
        CommandRun run = quantize(folder, "nf4");
        assertThat(run.code()).as(run.err()).isZero();
        int all = modules(run).size();
        for (String pattern : List.of("visual.*", "model.visual.*", "visual", "model.visual")) {
            out = temp.resolve("keeping" + pattern.replace('*', '_'));
            CommandRun kept = quantize(folder, "nf4", "--keep", pattern);
            assertThat(kept.code()).as(kept.err()).isZero();
            assertThat(modules(kept)).hasSizeLessThan(all).noneMatch(module -> module.contains("visual"));
            try (Checkpoint written = Checkpoint.open(out)) {
                for (String checked : List.of("visual.*", "model.visual.*")) {
                    assertThat(written).keepsInFullPrecision(checked);
                }
            }
            try (ModelUnderTest model = ModelAssay.open(out).against(folder).load()) {
                assertThat(model).keepsByteEqualToReference("visual.*").keepsByteEqualToReference("model.visual.*");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"visual.blocks.0", "model.visual.blocks.0", "model.layers.0", "model.language_model.layers.0"})
    void aModuleThatIsQuantizedIsFoundUnderEitherName(String pattern) {
        Path folder = vision(true);
        assertThat(quantize(folder, "nf4").code()).isZero();
        try (Checkpoint written = Checkpoint.open(out)) {
            assertThatThrownBy(() -> assertThat(written).keepsInFullPrecision(pattern))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("nf4");
        }
        try (ModelUnderTest model =
                ModelAssay.open(folder).quantize(Quantization.nf4()).load()) {
            assertThatThrownBy(() -> assertThat(model).keepsInFullPrecision(pattern))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("is quantized after loading");
        }
    }

    @Test
    void rulesForEarlierNamesAreWrittenForPresentOnes() throws java.io.IOException {
        CommandRun run = quantize(
                vision(true),
                "rtn",
                "--group-size",
                "32",
                "--dynamic",
                "-:visual\\.",
                "--dynamic",
                "+:model\\.layers\\.0\\.mlp\\.up_proj$=bits:8");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(modules(run)).noneMatch(module -> module.contains("visual"));
        String config = Files.readString(out.resolve("config.json"));
        JsonNode dynamic = CommandRun.json(config).at("/quantization_config/dynamic");
        assertThat(dynamic.path("+:^model\\.language_model\\.layers\\.0\\.mlp\\.up_proj$")
                        .path("bits")
                        .intValue())
                .isEqualTo(8);
        assertThat(config).contains("-:^model\\\\.visual\\\\.blocks\\\\.0").doesNotContain("-:visual");
    }

    @ParameterizedTest
    @ValueSource(strings = {"vision.*", "model.vizual.*", "isual.blocks"})
    void aPatternThatMatchesNothingIsTold(String pattern) {
        CommandRun run = quantize(vision(true), "nf4", "--keep", pattern);
        assertThat(run.code()).isEqualTo(Main.USAGE);
        assertThat(run.err()).contains("keep = \"" + pattern + "\" matches none of the");
    }

    @Test
    void aWeightThatIsNotFiniteIsOneTypedError() throws java.io.IOException {
        Path folder = gemma();
        Path file = folder.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        // The last tensor of the file, a projection: its last value becomes NaN.
        bytes[bytes.length - 1] = 0x7F;
        bytes[bytes.length - 2] = (byte) 0xC0;
        Files.write(file, bytes);
        CommandRun run = quantize(folder, "rtn", "--group-size", "32");
        assertThat(run.code()).isEqualTo(Main.UNREADABLE);
        JsonNode error = run.json().path("error");
        assertThat(error.path("id").asText()).isEqualTo("module-not-quantizable");
        assertThat(error.path("message").asText())
                .startsWith("Module model.layers.0.")
                .contains("not finite")
                .doesNotContain("Try:");
        assertThat(error.path("next_step").asText()).contains("scan").doesNotContain("Try:");
        assertThat(out).doesNotExist();
    }

    @Test
    void whatTheNewestLoaderRefusesIsRefused() {
        Path folder = gemma();
        CommandRun run = quantize(folder, "rtn", "--group-size", "32", "--asym", "--format", "pack-quantized");
        assertThat(run.code()).isEqualTo(Main.USAGE);
        assertThat(run.json().at("/error/message").asText())
                .contains("compressed-tensors 0.18.0 to 0.20.1", "0.17.1", "weight_zero_point");
        assertThat(out).doesNotExist();
        CommandRun allowed = quantize(
                folder,
                "rtn",
                "--group-size",
                "32",
                "--asym",
                "--format",
                "pack-quantized",
                "--allow-fallback",
                "refused_by_newest");
        assertThat(allowed.code()).isZero();
        assertThat(allowed.json().at("/findings/0/id").asText()).isEqualTo("refused-by-newest-loader");
        out = temp.resolve("symmetric");
        CommandRun symmetric = quantize(folder, "rtn", "--group-size", "32", "--format", "pack-quantized");
        assertThat(symmetric.code()).isZero();
        assertThat(symmetric.json().path("findings")).isEmpty();
    }
}
