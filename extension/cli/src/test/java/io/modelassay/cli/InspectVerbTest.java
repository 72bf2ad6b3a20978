package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.SafetensorsWriter;
import io.modelassay.checkpoint.Shape;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InspectVerbTest {
    private static final String CONFIG = """
            {"model_type": "llama", "architectures": ["LlamaForCausalLM"], "hidden_size": 8, "num_hidden_layers": 2,
             "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 16, "vocab_size": 10,
             "max_position_embeddings": 32, "rms_norm_eps": 1e-06, "rope_theta": 10000.0, "tie_word_embeddings": true}
            """;

    @TempDir
    private static Path temporary;

    private static Path small;

    /** A llama of two layers: one norm in F32, one projection missing, one misshapen, one tensor too many. */
    @BeforeAll
    static void writeASmallCheckpoint() throws IOException {
        small = Files.createDirectories(temporary.resolve("small-llama"));
        Files.writeString(small.resolve("config.json"), CONFIG);
        SafetensorsWriter.Builder builder = SafetensorsWriter.to(small.resolve("model.safetensors"))
                .tensor("model.embed_tokens.weight", TensorType.BF16, Shape.of(10, 8))
                .tensor("model.norm.weight", TensorType.F32, Shape.of(8))
                .tensor("model.extra.weight", TensorType.BF16, Shape.of(3));
        for (int i = 0; i < 2; i++) {
            String layer = "model.layers." + i + ".";
            builder.tensor(layer + "input_layernorm.weight", TensorType.BF16, Shape.of(8))
                    .tensor(layer + "post_attention_layernorm.weight", TensorType.BF16, Shape.of(8))
                    .tensor(layer + "self_attn.q_proj.weight", TensorType.BF16, Shape.of(8, 8))
                    .tensor(layer + "self_attn.k_proj.weight", TensorType.BF16, Shape.of(4, 8))
                    .tensor(layer + "self_attn.o_proj.weight", TensorType.BF16, Shape.of(8, 8))
                    .tensor(layer + "mlp.gate_proj.weight", TensorType.BF16, Shape.of(16, 8))
                    .tensor(layer + "mlp.up_proj.weight", TensorType.BF16, Shape.of(16, 8))
                    .tensor(layer + "mlp.down_proj.weight", TensorType.BF16, Shape.of(8, i == 0 ? 16 : 12));
            if (i == 0) {
                builder.tensor(layer + "self_attn.v_proj.weight", TensorType.BF16, Shape.of(4, 8));
            }
        }
        try (SafetensorsWriter writer = builder.open()) {
            writer.tensors()
                    .forEach(tensor -> writer.write(tensor.name(), ByteBuffer.allocate((int) tensor.byteLength())));
            writer.commit();
        }
    }

    @Test
    void textForAPerson() {
        CommandRun run = CommandRun.of("inspect", small);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).isEmpty();
        assertThat(run.out()).isEqualTo("""
                        small-llama
                          model type       llama (LlamaForCausalLM)
                          parameters       1,211 in 20 tensors, 2.4 kB in 1 file
                          stored types     BF16 in 19 tensors, 1,203 values; F32 in 1 tensor, 8 values
                          quantization     none
                          load report      21 parameters expected: 1 missing, 1 unexpected, 1 of another shape (by the rules of transformers 5)
                          tensor parallel  1, 2 ranks in vLLM; no more because of attention heads: 2 heads do not divide among 4 ranks

                        Precision
                          modules                                                    stored as  layers  count    size
                          model.{embed_tokens,extra}                                 BF16                   2   166 B
                          model.norm                                                 F32                    1    32 B
                          model.layers.*.{input_layernorm,post_attention_layernorm}  BF16       0-1         4    64 B
                          model.layers.*.mlp.{down_proj,gate_proj,up_proj}           BF16       0-1         6  1.5 kB
                          model.layers.*.self_attn.v_proj                            BF16       0           1    64 B
                          model.layers.*.self_attn.{k_proj,o_proj,q_proj}            BF16       0-1         6   640 B

                        Findings: 3 errors
                          ERROR  missing-tensor  model.layers.1.self_attn.v_proj.weight
                            The architecture has this parameter, the checkpoint does not; a loader would initialize it at random
                            Try: save the checkpoint again, or correct config.json
                          ERROR  shape-mismatch  model.layers.1.mlp.down_proj.weight
                            The tensor is stored as [8, 12], config.json asks for [8, 16]
                            Try: use the config.json that belongs to these weights
                          ERROR  unexpected-tensor  model.extra.weight
                            The checkpoint holds this tensor, the architecture has no place for it; a loader would ignore it
                            Try: remove it, or check that model_type in config.json is right
                        """);
    }

    @Test
    void documentForAProgram() {
        CommandRun run = CommandRun.of("inspect", small, "--json", "--reference", Fixtures.path("tiny-qwen2"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(CommandRun.contract(run.json())).isEqualTo("""
                        adapter null
                        architectures array
                        architectures[] string
                        bytes integer
                        dtype_counts.BF16 integer
                        dtype_counts.F32 integer
                        dtype_elements.BF16 integer
                        dtype_elements.F32 integer
                        findings array
                        findings[].id string
                        findings[].message string
                        findings[].next_step string
                        findings[].severity string
                        findings[].subject string
                        load_report.checked integer
                        load_report.loader string
                        load_report.mismatched array
                        load_report.mismatched[].expected array
                        load_report.mismatched[].expected[] integer
                        load_report.mismatched[].name string
                        load_report.mismatched[].stored array
                        load_report.mismatched[].stored[] integer
                        load_report.missing array
                        load_report.missing[] string
                        load_report.unexpected array
                        load_report.unexpected[] string
                        load_report.unused_biases array
                        model_type string
                        parameters integer
                        precision_map array
                        precision_map[].bytes integer
                        precision_map[].count integer
                        precision_map[].dtypes array
                        precision_map[].dtypes[] string
                        precision_map[].format null
                        precision_map[].layers string
                        precision_map[].modules string
                        quantization null
                        reference.mismatched array
                        reference.mismatched[].expected_dtype string
                        reference.mismatched[].expected_shape array
                        reference.mismatched[].expected_shape[] integer
                        reference.mismatched[].name string
                        reference.mismatched[].stored_dtype string
                        reference.mismatched[].stored_shape array
                        reference.mismatched[].stored_shape[] integer
                        reference.missing array
                        reference.missing[] string
                        reference.unexpected array
                        reference.unexpected[] string
                        tensor_parallel.largest integer
                        tensor_parallel.sizes array
                        tensor_parallel.sizes[] integer
                        tensors integer""");
        assertThat(run.json().at("/dtype_counts/BF16").asInt()).isEqualTo(19);
        assertThat(run.json().at("/load_report/missing/0").asText())
                .isEqualTo("model.layers.1.self_attn.v_proj.weight");
    }

    @Test
    void aHealthyModelHasNoFindings() {
        CommandRun run = CommandRun.of("inspect", Fixtures.path("tiny-qwen2"), "--json");
        assertThat(run.code()).isZero();
        JsonNode document = run.json();
        assertThat(document.at("/model_type").asText()).isEqualTo("qwen2");
        assertThat(document.at("/parameters").asLong()).isEqualTo(3_281_152);
        assertThat(document.at("/findings")).isEmpty();
        assertThat(document.at("/load_report/missing")).isEmpty();
        assertThat(document.at("/reference").isNull()).isTrue();
        assertThat(document.at("/tensor_parallel/sizes").toString()).isEqualTo("[1,2,4]");
        assertThat(document.at("/tensor_parallel/largest").asInt()).isEqualTo(4);
    }

    @Test
    void theSameBytesGiveTheSameDocument() {
        Object[] arguments = {"inspect", Fixtures.path("tiny-qwen2"), "--json"};
        assertThat(CommandRun.of(arguments).out())
                .isEqualTo(CommandRun.of(arguments).out());
    }

    @Test
    void anUnknownModelTypeIsAWarningThatStrictFails(@TempDir Path folder) {
        Path unknown = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .editConfig(config -> config.put("model_type", "novel"))
                .into(folder);
        CommandRun run = CommandRun.of("inspect", unknown, "--json");
        assertThat(run.code()).isZero();
        assertThat(run.json().at("/load_report").isNull()).isTrue();
        assertThat(run.json().at("/findings/0/id").asText()).isEqualTo("unknown-model-type");
        assertThat(run.json().at("/findings/0/severity").asText()).isEqualTo("warning");
        assertThat(run.json().at("/findings/0/message").asText()).contains("nothing was compared");
        assertThat(CommandRun.of("inspect", unknown, "--strict").code()).isEqualTo(1);
    }

    @Test
    void strictLetsRemarksPass(@TempDir Path folder) {
        Path remark = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .copyTensor("model.embed_tokens.weight", "lm_head.weight")
                .into(folder);
        CommandRun run = CommandRun.of("inspect", remark, "--strict", "--json");
        assertThat(run.json().at("/findings/0/severity").asText()).isEqualTo("info");
        assertThat(run.code()).isZero();
    }

    @Test
    void whatAQuantizationExplainsIsNoError(@TempDir Path folder) {
        String module = "model.layers.0.mlp.down_proj";
        Path quantized = Corruptor.of(Fixtures.path("quantized/gptq-int4-g128"))
                .addTensor(module + ".bias", "F16", 256)
                .into(folder);
        JsonNode document = CommandRun.of("inspect", quantized, "--json").json();
        assertThat(document.at("/quantization/scheme").asText()).isEqualTo("gptq");
        assertThat(document.at("/precision_map").findValuesAsText("format"))
                .contains("gptq 4-bit g128 sym", "null")
                .hasSize(11);
        assertThat(document.at("/findings/0/id").asText()).isEqualTo("unused-bias-zero");
        assertThat(document.at("/findings/0/severity").asText()).isEqualTo("info");
        assertThat(document.at("/load_report/loader").asText()).isEqualTo("transformers 5");
        assertThat(document.at("/load_report/missing")).isEmpty();
        assertThat(document.at("/load_report/unexpected/0").asText()).isEqualTo(module + ".bias");
        assertThat(document.at("/load_report/unused_biases/0").asText()).isEqualTo(module + ".bias");
        assertThat(CommandRun.of("inspect", quantized).out())
                .contains("0 missing, 1 unexpected, 0 of another shape; 1 of the unexpected are unused biases");
    }

    @Test
    void manyFindingsOfAKindAreCutForAPerson(@TempDir Path folder) {
        Corruptor crowded = Corruptor.of(Fixtures.path("tiny-qwen2"));
        for (char name = 'a'; name < 'l'; name++) {
            crowded = crowded.addTensor("model." + name + ".weight", "BF16", 3);
        }
        CommandRun run = CommandRun.of("inspect", crowded.into(folder));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("Findings: 11 errors", "… and 6 more of unexpected-tensor; --json lists all");
    }

    @Test
    void aCauseIsShownOnceForAllThatItExplains(@TempDir Path folder) {
        Path prefixed = Corruptor.of(Fixtures.path("tiny-qwen2"))
                .renameTensors("(.*)", "module.$1")
                .into(folder);
        CommandRun run = CommandRun.of("inspect", prefixed);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .contains("51 parameters expected: 51 missing, 50 unexpected, 0 of another shape")
                .contains("Findings: 1 error")
                .contains("ERROR  renamed-prefix  module.model.embed_tokens.weight")
                .contains("Try: save model.module, which DistributedDataParallel wraps, not the wrapper");
    }
}
