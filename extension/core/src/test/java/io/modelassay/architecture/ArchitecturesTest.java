package io.modelassay.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.checkpoint.ModelConfig;
import io.modelassay.checkpoint.Shape;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Parameters and wiring under the configs of published models. */
class ArchitecturesTest {
    private static final String LLAMA_32_1B = """
            {"model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16,
             "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 64, "vocab_size": 128256,
             "max_position_embeddings": 131072, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
             "attention_bias": false, "mlp_bias": false, "tie_word_embeddings": true,
             "rope_scaling": {"rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                              "original_max_position_embeddings": 8192}}""";
    private static final String LLAMA_3_8B = """
            {"model_type": "llama", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
             "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 128256,
             "max_position_embeddings": 8192, "rms_norm_eps": 1e-05, "rope_theta": 500000.0,
             "tie_word_embeddings": false}""";
    private static final String MISTRAL_7B = """
            {"model_type": "mistral", "hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32,
             "num_attention_heads": 32, "num_key_value_heads": 8, "vocab_size": 32000,
             "max_position_embeddings": 32768, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "sliding_window": 4096,
             "tie_word_embeddings": false}""";
    private static final String QWEN2_05B = """
            {"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
             "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936,
             "max_position_embeddings": 131072, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
             "sliding_window": 131072, "use_sliding_window": false, "max_window_layers": 24,
             "tie_word_embeddings": true}""";
    private static final String QWEN2_7B = """
            {"model_type": "qwen2", "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
             "num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064,
             "max_position_embeddings": 131072, "rms_norm_eps": 1e-06, "rope_theta": 1000000.0,
             "sliding_window": 131072, "use_sliding_window": false, "max_window_layers": 28,
             "tie_word_embeddings": false}""";
    private static final String QWEN3_06B = """
            {"model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
             "num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936,
             "max_position_embeddings": 40960, "rms_norm_eps": 1e-06, "rope_theta": 1000000,
             "sliding_window": null, "use_sliding_window": false, "max_window_layers": 28, "attention_bias": false,
             "tie_word_embeddings": true}""";

    static Stream<Arguments> publishedModels() {
        return Stream.of(
                Arguments.of("Llama-3.2-1B", LLAMA_32_1B, 1_235_814_400L, 16 * 9 + 2),
                Arguments.of("Llama-3-8B", LLAMA_3_8B, 8_030_261_248L, 32 * 9 + 3),
                Arguments.of("Mistral-7B-v0.1", MISTRAL_7B, 7_241_732_096L, 32 * 9 + 3),
                Arguments.of("Qwen2-0.5B", QWEN2_05B, 494_032_768L, 24 * 12 + 2),
                Arguments.of("Qwen2-7B", QWEN2_7B, 7_615_616_512L, 28 * 12 + 3),
                Arguments.of("Qwen3-0.6B", QWEN3_06B, 596_049_920L, 28 * 11 + 2));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("publishedModels")
    void parametersAreAsManyAsThePublishedModelHas(String name, String config, long elements, int tensors) {
        List<Parameter> stored =
                plan(config).parameters().stream().filter(Parameter::required).toList();
        assertThat(stored).hasSize(tensors);
        assertThat(stored).extracting(Parameter::name).doesNotHaveDuplicates();
        assertThat(stored.stream().mapToLong(p -> p.shape().elementCount()).sum())
                .isEqualTo(elements);
    }

    @Test
    void qwen2HasBiasesOnQueryKeyAndValueAlone() {
        assertThat(plan(QWEN2_05B).parametersOf("model.layers.23"))
                .extracting(Parameter::name, Parameter::shape)
                .containsExactly(
                        tuple("model.layers.23.input_layernorm.weight", 896),
                        tuple("model.layers.23.self_attn.q_proj.weight", 896, 896),
                        tuple("model.layers.23.self_attn.q_proj.bias", 896),
                        tuple("model.layers.23.self_attn.k_proj.weight", 128, 896),
                        tuple("model.layers.23.self_attn.k_proj.bias", 128),
                        tuple("model.layers.23.self_attn.v_proj.weight", 128, 896),
                        tuple("model.layers.23.self_attn.v_proj.bias", 128),
                        tuple("model.layers.23.self_attn.o_proj.weight", 896, 896),
                        tuple("model.layers.23.post_attention_layernorm.weight", 896),
                        tuple("model.layers.23.mlp.gate_proj.weight", 4864, 896),
                        tuple("model.layers.23.mlp.up_proj.weight", 4864, 896),
                        tuple("model.layers.23.mlp.down_proj.weight", 896, 4864));
    }

    @Test
    void qwen3HasHeadNormsNoBiasesAndHeadsWiderThanItsHiddenSize() {
        assertThat(plan(QWEN3_06B).parametersOf("model.layers.0.self_attn"))
                .extracting(Parameter::name, Parameter::shape)
                .containsExactlyInAnyOrder(
                        tuple("model.layers.0.self_attn.q_proj.weight", 2048, 1024),
                        tuple("model.layers.0.self_attn.k_proj.weight", 1024, 1024),
                        tuple("model.layers.0.self_attn.v_proj.weight", 1024, 1024),
                        tuple("model.layers.0.self_attn.o_proj.weight", 1024, 2048),
                        tuple("model.layers.0.self_attn.q_norm.weight", 128),
                        tuple("model.layers.0.self_attn.k_norm.weight", 128));
    }

    @Test
    void llamaAndMistralHaveNoBiasesUnlessTheConfigSaysSo() {
        assertThat(plan(LLAMA_3_8B).parameters()).noneMatch(p -> p.kind() == Parameter.Kind.BIAS);
        assertThat(plan(MISTRAL_7B).parameters()).noneMatch(p -> p.kind() == Parameter.Kind.BIAS);
        ModelPlan biased =
                plan(LLAMA_32_1B.replace("\"attention_bias\": false, \"mlp_bias\": false", "\"attention_bias\": true"));
        assertThat(biased.parametersOf("model.layers.0"))
                .filteredOn(p -> p.kind() == Parameter.Kind.BIAS)
                .extracting(Parameter::module)
                .containsExactly(
                        "model.layers.0.self_attn.q_proj",
                        "model.layers.0.self_attn.k_proj",
                        "model.layers.0.self_attn.v_proj",
                        "model.layers.0.self_attn.o_proj");
    }

    @Test
    void theTiedHeadIsTheEmbeddingAndNeedNotBeStored() {
        ModelPlan tied = plan(QWEN2_05B);
        assertThat(tied.decoder().head()).isEqualTo("model.embed_tokens.weight");
        assertThat(tied.parameter("lm_head.weight")).get().returns(false, Parameter::required);
        ModelPlan untied = plan(QWEN2_7B);
        assertThat(untied.decoder().head()).isEqualTo("lm_head.weight");
        assertThat(untied.parameter("lm_head.weight")).get().returns(true, Parameter::required);
    }

    @Test
    void slidingWindowsAreTheFamilysOwn() {
        assertThat(windows(LLAMA_3_8B)).isEqualTo(Collections.nCopies(32, 0));
        assertThat(windows(MISTRAL_7B)).isEqualTo(Collections.nCopies(32, 4096));
        assertThat(windows(MISTRAL_7B.replace("\"sliding_window\": 4096", "\"sliding_window\": null")))
                .as("null turns it off")
                .isEqualTo(Collections.nCopies(32, 0));
        assertThat(windows(MISTRAL_7B.replace("\"sliding_window\": 4096,", "")))
                .as("absent means the default")
                .isEqualTo(Collections.nCopies(32, 4096));
        assertThat(windows(QWEN2_7B)).as("off unless use_sliding_window").isEqualTo(Collections.nCopies(28, 0));
        String sliding = QWEN2_7B.replace("\"use_sliding_window\": false", "\"use_sliding_window\": true");
        assertThat(windows(sliding.replace("\"max_window_layers\": 28", "\"max_window_layers\": 21")))
                .as("from max_window_layers on")
                .containsExactlyElementsOf(
                        Stream.concat(Collections.nCopies(21, 0).stream(), Collections.nCopies(7, 131_072).stream())
                                .toList());
        String typed = QWEN3_06B
                .replace("\"num_hidden_layers\": 28", "\"num_hidden_layers\": 3")
                .replace(
                        "\"sliding_window\": null, \"use_sliding_window\": false",
                        "\"sliding_window\": 512,"
                                + " \"use_sliding_window\": true, \"layer_types\": [\"sliding_attention\", \"full_attention\","
                                + " \"sliding_attention\"]");
        assertThat(windows(typed)).as("layer_types decides").containsExactly(512, 0, 512);
    }

    @Test
    void wiringFollowsTheConfig() {
        DecoderPlan decoder = plan(LLAMA_32_1B).decoder();
        assertThat(decoder.layers()).hasSize(16).first().isEqualTo("model.layers.0");
        assertThat(decoder.heads()).isEqualTo(32);
        assertThat(decoder.keyValueHeads()).isEqualTo(8);
        assertThat(decoder.normEpsilon()).isEqualTo(1e-5);
        assertThat(decoder.maxPositions()).isEqualTo(131_072);
        assertThat(decoder.vocabularySize()).isEqualTo(128_256);
        assertThat(decoder.rotary().type()).isEqualTo("llama3");
        assertThat(decoder.finalNorm()).isEqualTo("model.norm.weight");
    }

    @Test
    void absentKeysMeanTheDefaultsOfTransformers() {
        ModelPlan plan = plan("""
                {"model_type": "llama", "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 1,
                 "num_attention_heads": 4, "vocab_size": 100}""");
        assertThat(plan.decoder().keyValueHeads()).as("as many as heads").isEqualTo(4);
        assertThat(plan.decoder().maxPositions()).isEqualTo(2048);
        assertThat(plan.decoder().normEpsilon()).isEqualTo(1e-6);
        assertThat(plan.decoder().rotary().table(8).inverseFrequencies()[1])
                .isEqualTo((float) Math.pow(1e4, -2.0 / 16));
        assertThat(plan.parameter("lm_head.weight")).get().returns(true, Parameter::required);
    }

    @Test
    void aSizeThatIsNotGivenIsAnError() {
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> plan(LLAMA_3_8B.replace("\"intermediate_size\": 14336,", "")))
                .withMessageContaining("intermediate_size");
    }

    @Test
    void anUnknownModelTypeStillHasItsStructure(@TempDir Path folder) {
        Path unknown = Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.put("model_type", "mamba2"))
                .into(folder);
        try (ModelUnderTest model = ModelAssay.open(unknown).load()) {
            assertThat(model.plan()).isEmpty();
            assertThat(model.checkpoint().tensors()).hasSize(39);
            assertThatExceptionOfType(UnsupportedArchitectureException.class)
                    .isThrownBy(() -> model.logits(1, 2, 3))
                    .withMessage("""
                            Model type "mamba2" has no forward pass here
                            Try: the structural checks, which need none; or add the family's description""");
            assertThatExceptionOfType(UnsupportedArchitectureException.class).isThrownBy(model::loadReport);
        }
    }

    @Test
    void aConfigWithoutAModelTypeSaysSo() {
        assertThatExceptionOfType(UnsupportedArchitectureException.class)
                .isThrownBy(() -> plan("{}"))
                .withMessageStartingWith("Model type (none) has no forward pass here\n");
    }

    @Test
    void aModelTypeIsNeverAPath() {
        assertThat(Architectures.find(config("{\"model_type\": \"../families/llama\"}")))
                .isEmpty();
    }

    @Test
    void aRotaryEmbeddingThatIsNotKnownFailsWhenItIsNeeded() {
        ModelPlan unknown = plan(LLAMA_32_1B.replace("\"llama3\"", "\"spiral\""));
        assertThat(unknown.parameters()).isNotEmpty();
        assertThatExceptionOfType(UnsupportedArchitectureException.class)
                .isThrownBy(unknown::decoder)
                .withMessage(
                        "The key \"rope_scaling.rope_type\" holds \"\"spiral\"\": there is no such type; known are default,"
                                + " linear, dynamic, yarn, longrope, llama3 and proportional (unsupported-architecture)\n"
                                + "  file config.json\n"
                                + "Try: correct the value, or use the config.json that belongs to the checkpoint");
    }

    private static List<Integer> windows(String config) {
        return plan(config).decoder().slidingWindows();
    }

    private static ModelPlan plan(String config) {
        return Architectures.require(config(config));
    }

    private static ModelConfig config(String json) {
        return ModelConfig.parse("config.json", json);
    }

    private static Tuple tuple(String name, long... shape) {
        return Tuple.tuple(name, Shape.of(shape));
    }
}
