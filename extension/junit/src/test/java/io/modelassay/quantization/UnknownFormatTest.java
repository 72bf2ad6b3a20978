package io.modelassay.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.assertions.ModelAssertions;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights in formats that no scheme reads: one finding that names the format, none on a float model that looks like it. */
class UnknownFormatTest {
    /** Parts of each linear module, as the libraries name and shape them. */
    private static final String LAYOUTS_OF_MATRICES = """
            MLX            | weight U32 16 32; scales BF16 16 4; biases BF16 16 4
            torchao        | _weight_qdata I8 16 16; _weight_scale F32 16 1
            optimum-quanto | weight._data._data U8 16 8; weight._scale BF16 64 1; weight._shift BF16 64 1
            EXL3           | trellis I16 4 4 64; suh F16 16; svh F16 16
            EXL2           | q_weight I32 8 16; q_invperm I16 16; q_scale I32 4 2; q_scale_max F16 4; q_groups I16 8
            AQLM           | codes I8 16 4 1; codebooks F16 1 256 1 8; scales F16 16 1 1 1
            VPTQ           | indices I32 1 4 8; centroids.weight F16 1 2048; weight_scale F16 16; weight_bias F16 16
            ''                   | weight U8 4 16; lookup F16 16 4
            ''                   | qcodes U8 16 8; steps F32 16 1
            scaled FP8     | weight F8_E4M3 256 256; scale_weight F32 1
            """;

    private static final String LAYOUTS =
            LAYOUTS_OF_MATRICES + "SpQR | dense_weights I64 64; row_offsets I32 17; col_vals I32 3";

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', textBlock = LAYOUTS)
    void codesThatNoSchemeExplainsAreOneFinding(String name, String parts) {
        Inspection inspection = Inspection.of(packed("known", parts).into(folder));
        assertThat(inspection.findings())
                .filteredOn(finding -> finding.severity() != Severity.INFO)
                .singleElement()
                .returns("format-not-known", Finding::id)
                .returns(Severity.WARNING, Finding::severity)
                .extracting(Finding::message)
                .asString()
                .contains("28 modules, first model.layers.0.mlp.down_proj", name);
        assertThat(inspection.loadReport()).as("no report built on guesses").isEmpty();
        assertThat(inspection.quantization().unknownFormat()).isPresent();
    }

    @ParameterizedTest(name = "{0} {1}")
    @CsvSource(delimiter = '|', textBlock = LAYOUTS_OF_MATRICES)
    void withoutAnArchitectureToo(String name, String parts) {
        assertThat(ids(packed("strange", parts)
                        .editConfig(config -> config.put("model_type", "of_tomorrow"))
                        .into(folder)))
                .contains("format-not-known")
                .allMatch(id -> List.of("format-not-known", "unsorted-tensors").contains(id));
    }

    @ParameterizedTest
    @ValueSource(strings = {"torchao", "quark", "exl3", "bitnet", "higgs", "fp_quant", "spqr", "of_tomorrow", "metal"})
    void aDeclaredMethodWithoutASchemeIsNamed(String method) {
        Path artifact = packed("declared", "weight U8 16 64; weight_scale BF16 16 1")
                .editConfig(config -> config.putObject("quantization_config").put("quant_method", method))
                .into(folder);
        assertThat(Inspection.of(artifact).findings())
                .filteredOn(finding -> finding.severity() != Severity.INFO)
                .singleElement()
                .returns("format-not-known", Finding::id)
                .returns("config.json", Finding::subject)
                .extracting(Finding::message)
                .asString()
                .contains("quant_method \"" + method + "\" in config.json");
    }

    @Test
    void aKnownMethodInALayoutOfItsOwn() {
        Path artifact = packed("sparse", "compressed BF16 64; bitmask U8 16 8; row_offsets I64 16 1; shape I64 2")
                .editConfig(config -> config.putObject("quantization_config").put("quant_method", "compressed-tensors"))
                .into(folder);
        assertThat(Inspection.of(artifact).findings())
                .filteredOn(finding -> finding.severity() != Severity.INFO)
                .singleElement()
                .extracting(Finding::message)
                .asString()
                .contains("though declared as compressed-tensors");
    }

    @Test
    void aDamagedModuleOfAKnownFormatIsNotUnknown() {
        assertThat(ids(Corruptor.of(Fixtures.path("quantized/fp8-tensor"))
                        .dropTensors(".*\\.weight_scale")
                        .into(folder)))
                .contains("never-initialized")
                .doesNotContain("format-not-known");
        assertThat(ids(Corruptor.of(Fixtures.path("quantized/gptq-int4-g128"))
                        .named("awq")
                        .editConfig(config -> ((ObjectNode) config.get("quantization_config"))
                                .put("quant_method", "compressed_tensors"))
                        .into(folder)))
                .contains("quantization-method-disagrees")
                .doesNotContain("format-not-known");
    }

    @Test
    void aFloatModelIsNoneHoweverItIsMarked() {
        assertThat(ids(Corruptor.of(Fixtures.path("tiny-qwen2"))
                        .named("mlx")
                        .setMetadata(Map.of("format", "mlx"))
                        .into(folder)))
                .allMatch(id -> id.equals("unaligned-tensor"));
        assertThat(ids(Corruptor.of(Fixtures.path("tiny-qwen2"))
                        .named("map")
                        .writeFile("quanto_qmap.json", "{}")
                        .into(folder)))
                .isEmpty();
        assertThat(ids(Corruptor.of(Fixtures.path("tiny-qwen2"))
                        .named("fp8")
                        .retypeTensors(".*_proj\\.weight", "F8_E4M3")
                        .into(folder)))
                .doesNotContain("format-not-known");
    }

    @Test
    void codesBesideKnownOnesAreNotPassedInSilence() {
        Corruptor known = Corruptor.of(Fixtures.path("quantized/ct-pack-int4-g128"))
                .editConfig(config -> config.put("model_type", "of_tomorrow"));
        assertThat(ids(known.named("known").into(folder))).doesNotContain("format-not-known");
        Path mixed = known.named("mixed")
                .addTensor("model.layers.0.mlp.experts.up_proj.weight", "U32", 4, 32, 8)
                .addTensor("model.layers.0.mlp.experts.up_proj.scales", "BF16", 4, 32, 1)
                .addTensor("model.layers.0.mlp.experts.up_proj.biases", "BF16", 4, 32, 1)
                .into(folder);
        assertThat(Inspection.of(mixed).findings())
                .filteredOn(finding -> finding.id().equals("format-not-known"))
                .singleElement()
                .extracting(Finding::message)
                .asString()
                .contains("MLX", "1 module, first model.layers.0.mlp.experts.up_proj");
    }

    @Test
    void buffersOfAnUnknownArchitectureAreNoWeights() {
        assertThat(ids(Corruptor.of(Fixtures.path("tiny-qwen2"))
                        .editConfig(config -> config.put("model_type", "of_tomorrow"))
                        .addTensor("h.0.attn.bias", "U8", 1, 1, 8, 8)
                        .addTensor("h.0.attn.masked_bias", "BF16")
                        .addTensor("h.0.attn.relative_position_index", "I64", 8, 8)
                        .addTensor("h.0.attn.relative_position_bias_table", "BF16", 8, 2)
                        .addTensor("h.0.mlp.gate.weight", "BF16", 4, 8)
                        .addTensor("h.0.mlp.gate.tid2eid", "I32", 16, 2)
                        .addTensor("embeddings.position_ids", "I64", 1, 8)
                        .into(folder)))
                .doesNotContain("format-not-known");
    }

    @Test
    void whatNeedsTheWeightsRefusesInTheSameWords() {
        Path artifact = packed("mlx", "weight U32 16 32; scales BF16 16 4; biases BF16 16 4")
                .into(folder);
        String words;
        try (Checkpoint checkpoint = Checkpoint.open(artifact)) {
            StoredQuantization stored = StoredQuantization.of(checkpoint, Optional.empty());
            words = stored.unknownFormat().orElseThrow().message();
            assertThatThrownBy(() -> ModelAssertions.assertThat(checkpoint).hasOnlyFiniteWeights())
                    .isInstanceOf(UnknownFormatException.class)
                    .hasMessageContaining("MLX");
            assertThatThrownBy(() -> ModelAssertions.assertThat(checkpoint).hasNoMissingKeys())
                    .isInstanceOf(UnknownFormatException.class);
        }
        try (ModelUnderTest model = ModelAssay.open(artifact).load()) {
            assertThatThrownBy(() -> model.logits(1, 2, 3))
                    .isInstanceOf(UnknownFormatException.class)
                    .hasMessageContaining(words)
                    .hasMessageContaining("\nTry: ");
        }
    }

    /** tiny-qwen2 with {@code parts} in the place of each linear weight. */
    private static Corruptor packed(String name, String parts) {
        Corruptor packed = Corruptor.of(Fixtures.path("tiny-qwen2")).named(name);
        List<String> modules;
        try (Checkpoint checkpoint = Checkpoint.open(Fixtures.path("tiny-qwen2"))) {
            modules = checkpoint.tensors().keySet().stream()
                    .filter(tensor -> tensor.endsWith("_proj.weight"))
                    .map(tensor -> tensor.substring(0, tensor.length() - ".weight".length()))
                    .toList();
        }
        packed = packed.dropTensors(".*_proj\\.weight");
        for (String part : parts.split("; ")) {
            String[] words = part.trim().split(" ");
            long[] shape = new long[words.length - 2];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = Long.parseLong(words[i + 2]);
            }
            for (String module : modules) {
                packed = packed.addTensor(module + "." + words[0], words[1], shape);
            }
        }
        return packed.setMetadata(Map.of("format", parts.startsWith("weight U32") ? "mlx" : "pt"));
    }

    private static List<String> ids(Path artifact) {
        return Inspection.of(artifact).findings().stream().map(Finding::id).toList();
    }
}
