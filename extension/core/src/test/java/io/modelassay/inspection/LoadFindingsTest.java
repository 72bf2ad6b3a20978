package io.modelassay.inspection;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.ModelAssay;
import io.modelassay.ModelUnderTest;
import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each cause as one finding, and a healthy artifact that looks like it. */
class LoadFindingsTest {
    private static final String GPTQ = "quantized/gptq-int4-g128";

    @TempDir
    Path folder;

    @ParameterizedTest(name = "{3}")
    @CsvSource(delimiter = '|', textBlock = """
            tiny-llama   | (.*)                       | module.$1                | "module." instead of none                         | 39 of 39
            tiny-qwen2   | (.*)                       | module.$1                | "module." instead of none                         | 50 of 51
            tiny-mistral | (.*)                       | base_model.model.$1      | "base_model.model." instead of none               | 30 of 30
            tiny-llama   | (.*)                       | _orig_mod.$1             | "_orig_mod." instead of none                      | 39 of 39
            tiny-llama   | (.*)                       | language_model.$1        | "language_model." instead of none                 | 39 of 39
            tiny-llama   | model\\.(.*)               | model.language_model.$1  | "model.language_model." instead of "model."       | 38 of 39
            tiny-llama   | model\\.(.*)               | transformer.$1           | "transformer." instead of "model."                | 38 of 39
            tiny-llama   | (model\\.layers\\.3\\..*)  | module.$1                | "module." instead of none                         | 9 of 39
            tiny-llama   | (.*\\.[qv]_proj)\\.weight  | $1.base_layer.weight     | ".base_layer." before the last part               | 8 of 39
            """)
    void namesUnderAnotherPrefixAreOneFinding(String base, String from, String to, String words, String count) {
        Inspection inspection = inspect(copy(base).renameTensors(from, to));
        Finding finding = only(inspection);
        assertThat(finding.id()).isEqualTo("renamed-prefix");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.message()).startsWith(count + " expected tensors").contains(words);
        LoadReport report = inspection.loadReport().orElseThrow();
        int renamed = Integer.parseInt(count.substring(0, count.indexOf(' ')));
        assertThat(report.missing()).as("the list stays complete").hasSizeGreaterThanOrEqualTo(renamed);
        assertThat(report.unexpected()).hasSize(renamed);
    }

    @Test
    void anAdaptersWrappedModelIsTwoRenamings() {
        Inspection inspection = inspect(copy("tiny-llama")
                .renameTensors("(.*\\.[qv]_proj)\\.weight", "$1.base_layer.weight")
                .renameTensors("(.*)", "base_model.model.$1")
                .addTensor("base_model.model.model.layers.0.self_attn.q_proj.lora_A.default.weight", "BF16", 8, 256));
        assertThat(ids(inspection)).containsExactly("renamed-prefix", "renamed-prefix", "unexpected-tensor");
        assertThat(findings(inspection).get(1).message())
                .contains("8 of 39", "\"base_model.model.\" instead of none and \".base_layer.\"");
        assertThat(findings(inspection).get(1).nextStep()).contains("merge_and_unload()");
    }

    @Test
    void aPrefixThatOneLoaderForgivesIsARemarkThatNamesTheOther() {
        Finding finding = only(inspect(copy("tiny-llama").renameTensors("model\\.(.*)", "$1")));
        assertThat(finding.id()).isEqualTo("renamed-prefix");
        assertThat(finding.severity()).isEqualTo(Severity.INFO);
        assertThat(finding.message())
                .isEqualTo(
                        "38 tensors are stored without the prefix \"model.\"; transformers 5 finds them all the same,"
                                + " transformers 4 takes the file for corrupted: no name starts with \"model\", yet it holds"
                                + " lm_head.weight");
    }

    @Test
    void aPrefixThatBothLoadersForgiveIsARemark() {
        Finding finding = only(inspect(copy("tiny-qwen2").renameTensors("model\\.(.*)", "$1")));
        assertThat(finding.id()).isEqualTo("renamed-prefix");
        assertThat(finding.severity()).isEqualTo(Severity.INFO);
    }

    @Test
    void aWordMisspeltIsNoPrefix() {
        assertThat(ids(inspect(copy("tiny-llama")
                        .renameTensor(
                                "model.layers.0.mlp.down_proj.weight", "model.layers.0.mlp.down_projection.weight")
                        .renameTensor("model.norm.weight", "model.final_norm.weight"))))
                .containsExactly("missing-tensor", "missing-tensor", "unexpected-tensor", "unexpected-tensor");
    }

    @Test
    void aTiedHeadStoredTwice() {
        Finding equal = only(inspect(copy("tiny-qwen2").copyTensor("model.embed_tokens.weight", "lm_head.weight")));
        assertThat(equal.id()).isEqualTo("tied-head-stored-twice");
        assertThat(equal.severity()).isEqualTo(Severity.INFO);
        assertThat(equal.message()).contains("with equal values");
        Finding other = only(inspect(copy("tiny-qwen2")
                .named("other")
                .copyTensor("model.embed_tokens.weight", "lm_head.weight")
                .setValue("lm_head.weight", 2048 * 256 - 1, 7)));
        assertThat(other.id()).isEqualTo("tied-head-stored-twice");
        assertThat(other.severity()).isEqualTo(Severity.ERROR);
        assertThat(other.message()).contains("with other values");
    }

    @Test
    void aTiedHeadStoredInAnotherShapeIsAMismatchAlone() {
        assertThat(ids(inspect(copy("tiny-qwen2").addTensor("lm_head.weight", "BF16", 2000, 256))))
                .containsExactly("shape-mismatch");
    }

    @Test
    void onlyTheTiedHeadIsStored() {
        Finding finding = only(inspect(copy("tiny-qwen2").renameTensor("model.embed_tokens.weight", "lm_head.weight")));
        assertThat(finding.id()).isEqualTo("tied-embedding-missing");
        assertThat(finding.severity()).isEqualTo(Severity.INFO);
    }

    @Test
    void anUntiedHeadThatIsMissing() {
        Finding lost = only(inspect(copy("tiny-qwen2").editConfig(config -> config.remove("tie_word_embeddings"))));
        assertThat(lost.id()).isEqualTo("tied-head-missing");
        assertThat(lost.subject()).isEqualTo("lm_head.weight");
        assertThat(lost.severity()).isEqualTo(Severity.ERROR);
        assertThat(ids(inspect(copy("tiny-llama").dropTensors("lm_head\\.weight"))))
                .containsExactly("tied-head-missing");
        assertThat(ids(Inspection.of(Fixtures.path("tiny-qwen2")))).as("tied").isEmpty();
    }

    @Test
    void aHeadThatRepeatsTheEmbedding() {
        Finding finding = only(inspect(copy("tiny-llama")
                .removeTensor("lm_head.weight")
                .copyTensor("model.embed_tokens.weight", "lm_head.weight")));
        assertThat(finding.id()).isEqualTo("duplicated-head");
        assertThat(finding.severity()).isEqualTo(Severity.INFO);
        assertThat(ids(Inspection.of(Fixtures.path("tiny-llama"))))
                .as("another head")
                .isEmpty();
    }

    @Test
    void aTokenizerWithMoreIdsThanTheEmbeddingHasRows() {
        Finding finding = only(inspect(copy("tiny-qwen2").editJson("tokenizer.json", tokenizer -> {
            ObjectNode token = tokenizer.get("added_tokens").get(0).deepCopy();
            tokenizer.withArray("added_tokens").add(token.put("id", 2050).put("content", "<added>"));
        })));
        assertThat(finding.id()).isEqualTo("embedding-rows-differ-from-tokenizer");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.message()).contains("2048 rows", "ids up to 2050", "one of the last 3");
    }

    @Test
    void rowsOfPaddingAreARemark() {
        Finding finding = only(inspect(copy("tiny-qwen2")
                .resizeTensors("model\\.embed_tokens\\.weight", 2112, 256)
                .editConfig(config -> config.put("vocab_size", 2112))));
        assertThat(finding.id()).isEqualTo("embedding-rows-differ-from-tokenizer");
        assertThat(finding.severity()).isEqualTo(Severity.INFO);
        assertThat(finding.message()).contains("the last 64 rows are padding");
    }

    @Test
    void layersBeyondTheConfig() {
        Finding finding = only(inspect(copy("tiny-llama").editConfig(config -> config.put("num_hidden_layers", 2))));
        assertThat(finding.id()).isEqualTo("layers-beyond-config");
        assertThat(finding.message()).startsWith("18 tensors of layers 2-3 are stored, but num_hidden_layers");
    }

    @Test
    void layersThatTheConfigAsksFor() {
        Finding finding = only(inspect(copy("tiny-llama").editConfig(config -> config.put("num_hidden_layers", 7))));
        assertThat(finding.id()).isEqualTo("layers-missing");
        assertThat(finding.message()).startsWith("27 parameters of layers 4-6 are not stored");
        assertThat(ids(inspect(copy("tiny-llama").named("inner").dropTensors("model\\.layers\\.1\\.mlp\\..*"))))
                .as("a hole is no end")
                .containsOnly("missing-tensor");
    }

    @Test
    void biasesWithoutAPlaceAreAWarningOfTheirOwn() {
        Inspection inspection = inspect(copy("tiny-qwen2")
                .addTensor("model.layers.0.mlp.down_proj.bias", "BF16", 256)
                .addTensor("model.layers.1.mlp.down_proj.bias", "BF16", 256)
                .addTensor("model.norm.bias", "BF16", 256));
        assertThat(ids(inspection)).containsExactly("unused-bias-zero", "unexpected-tensor");
        assertThat(findings(inspection).get(0).message()).contains("model.layers.*.mlp.down_proj.bias (0-1)");
        LoadReport report = inspection.loadReport().orElseThrow();
        assertThat(report.unexpected()).hasSize(3);
        assertThat(report.unusedBiases())
                .extracting("name")
                .containsExactly("model.layers.0.mlp.down_proj.bias", "model.layers.1.mlp.down_proj.bias");
    }

    @Test
    void biasesThatTheConfigAsksForAreExpected() {
        Corruptor biased = copy("tiny-llama").editConfig(config -> config.put("mlp_bias", true));
        for (int i = 0; i < 4; i++) {
            biased = biased.addTensor("model.layers." + i + ".mlp.gate_proj.bias", "BF16", 512)
                    .addTensor("model.layers." + i + ".mlp.up_proj.bias", "BF16", 512)
                    .addTensor("model.layers." + i + ".mlp.down_proj.bias", "BF16", 256);
        }
        assertThat(ids(inspect(biased))).isEmpty();
    }

    @Test
    void moreThanAHandfulIsGroupedByLayers() {
        List<Finding> findings = findings(inspect(copy("tiny-llama")
                .dropTensors("model\\.layers\\.\\d\\.mlp\\.(up|gate)_proj\\.weight")
                .addTensor("model.extra.weight", "BF16", 3)));
        assertThat(findings)
                .extracting(Finding::subject)
                .containsExactly(
                        "model.layers.*.mlp.gate_proj.weight",
                        "model.layers.*.mlp.up_proj.weight",
                        "model.extra.weight");
        assertThat(findings.get(0).message()).contains("4 of layers 0-3");
    }

    @Test
    void mismatchesAreGroupedByShape() {
        List<Finding> findings = inspect(copy("tiny-qwen2").editConfig(config -> config.put("intermediate_size", 768)))
                .findings();
        assertThat(findings)
                .extracting(Finding::id)
                .containsExactly("shape-mismatch", "shape-mismatch", "shape-mismatch", "padding-weights-missing");
        assertThat(findings.get(0).message())
                .isEqualTo("These tensors, 4 of layers 0-3, are stored as [256, 640], config.json asks for [256, 768]");
    }

    @Test
    void aHealthyQuantizedArtifactHasNoErrors() {
        assertThat(Inspection.of(Fixtures.path(GPTQ)).findings())
                .noneMatch(finding -> finding.severity() != Severity.INFO);
    }

    @Test
    void partsThatQuantizedModulesLack() {
        Inspection inspection =
                inspect(copy(GPTQ).dropTensors("model\\.layers\\.[01]\\.mlp\\.(up|gate)_proj\\.scales"));
        Finding finding = found(inspection, "never-initialized");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.message()).contains("4 modules", "lack their scales", "model.layers.*.mlp.gate_proj (0-1)");
        assertThat(ids(inspection)).doesNotContain("missing-tensor");
        assertThat(inspection.loadReport().orElseThrow().missing()).hasSize(4);
    }

    @Test
    void aQuantizedArtifactUnderAnotherPrefixIsOneFinding() {
        assertThat(ids(inspect(copy(GPTQ).renameTensors("(.*)", "module.$1")))).containsExactly("renamed-prefix");
        assertThat(ids(inspect(copy("quantized/bnb-nf4-double").named("bnb").renameTensors("(.*)", "module.$1"))))
                .containsExactly("renamed-prefix");
    }

    @Test
    void statisticsThatBitsandbytesLacks() {
        Finding finding = found(
                inspect(copy("quantized/bnb-nf4-double")
                        .dropTensors("model\\.layers\\.[0-2]\\.mlp\\.down_proj\\.weight\\.absmax")),
                "never-initialized");
        assertThat(finding.subject()).isEqualTo("model.layers.0.mlp.down_proj.weight.absmax");
        assertThat(finding.message())
                .contains("3 modules", "lack their weight.absmax", "model.layers.*.mlp.down_proj (0-2)");
    }

    @Test
    void aDynamicallyQuantizedArtifactIsHealthy() {
        assertThat(ids(Inspection.of(Fixtures.path("quantized/unsloth-dynamic-nf4"))))
                .doesNotContain(
                        "quantized-module-unpacked",
                        "ignored-module-quantized",
                        "ignore-matches-nothing",
                        "never-initialized");
    }

    @Test
    void aModuleDeclaredQuantizedAndStoredInFullPrecision() {
        Corruptor unpacked = copy(GPTQ)
                .dropTensors("model\\.layers\\.1\\.mlp\\.down_proj\\..*")
                .addTensor("model.layers.1.mlp.down_proj.weight", "F16", 256, 640);
        Inspection inspection = inspect(unpacked);
        Finding finding = found(inspection, "quantized-module-unpacked");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.subject()).isEqualTo("model.layers.1.mlp.down_proj");
        assertThat(ids(inspection)).doesNotContain("never-initialized", "missing-tensor", "unexpected-tensor");
        assertThat(inspection.loadReport().orElseThrow().unexpected()).contains("model.layers.1.mlp.down_proj.weight");
        assertThat(ids(inspect(unpacked.named("excluded")
                        .editConfig(config -> quantization(config)
                                .withObjectProperty("dynamic")
                                .putObject("-:model\\.layers\\.1\\.mlp\\.down_proj")))))
                .as("the config leaves it out")
                .doesNotContain("quantized-module-unpacked", "ignore-matches-nothing", "ignored-module-quantized");
    }

    @Test
    void bitsandbytesIsWarnedOfFloatWeights() {
        Finding finding = found(
                inspect(copy("quantized/bnb-nf4-double")
                        .dropTensors("model\\.layers\\.1\\.mlp\\.down_proj\\..*")
                        .addTensor("model.layers.1.mlp.down_proj.weight", "BF16", 256, 640)),
                "quantized-module-unpacked");
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.message()).startsWith("1 module is");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bitsandbytes", "gptq", "awq", "fp8", "hqq"})
    void theConfigOfAQuantizedBaseOverFloatWeightsIsOneError(String method) {
        Corruptor merged = copy("tiny-qwen2")
                .editConfig(config -> config.putObject("quantization_config")
                        .put("quant_method", method)
                        .put("load_in_4bit", true)
                        .put("bits", 4)
                        .put("group_size", 128));
        Finding finding = only(inspect(merged));
        assertThat(finding.id()).isEqualTo("nothing-is-quantized");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.message()).contains("no tensor is quantized", "28 modules");
        assertThat(finding.nextStep()).isEqualTo("remove quantization_config from config.json");
        assertThat(ids(inspect(merged.named("without").editConfig(config -> config.remove("quantization_config")))))
                .isEmpty();
    }

    @Test
    void anIgnoredModuleThatIsQuantized() {
        Finding finding = found(
                inspect(copy(GPTQ)
                        .editConfig(config -> quantization(config)
                                .withObjectProperty("dynamic")
                                .putObject("-:.*mlp\\.down_proj"))),
                "ignored-module-quantized");
        assertThat(finding.severity()).isEqualTo(Severity.ERROR);
        assertThat(finding.message()).contains("model.layers.*.mlp.down_proj");
    }

    @Test
    void ignoreEntriesThatMatchNothing() {
        Finding finding = found(
                inspect(copy("tiny-qwen2")
                        .editConfig(config -> config.putObject("quantization_config")
                                .put("quant_method", "compressed-tensors")
                                .putArray("ignore")
                                .add("lm_head")
                                .add("re:.*lm_head")
                                .add("model.layers.0.mlp.down_proj")
                                .add("model.layers.1.self_attn")
                                .add("re:.*self_attn\\.[qk]_proj")
                                .add("model.language_model.layers.1.mlp.up_proj"))),
                "ignore-matches-nothing");
        assertThat(finding.id()).isEqualTo("ignore-matches-nothing");
        assertThat(finding.severity()).isEqualTo(Severity.WARNING);
        assertThat(finding.message())
                .startsWith("1 of 6 entries")
                .contains("model.language_model.layers.1.mlp.up_proj");
        assertThat(finding.nextStep()).contains("such as model.layers.1.mlp.up_proj");
    }

    @ParameterizedTest
    @ValueSource(strings = {"lm_head", "multi_modal_projector", "vision_tower", "score"})
    void genericNamesOfBitsandbytesNeedNoModule(String entry) {
        assertThat(ids(inspect(copy("tiny-qwen2")
                        .editConfig(config -> config.putObject("quantization_config")
                                .put("quant_method", "bitsandbytes")
                                .putArray("llm_int8_skip_modules")
                                .add(entry)))))
                .doesNotContain("ignore-matches-nothing");
    }

    @Test
    void packedTensorsWithoutAConfigAreOneFinding() {
        Inspection inspection = inspect(copy(GPTQ)
                .editConfig(config -> config.remove("quantization_config"))
                .deleteFile("quantize_config.json"));
        assertThat(ids(inspection)).contains("missing-quantization-config").doesNotContain("missing-tensor");
        assertThat(inspection.loadReport().orElseThrow().missing())
                .as("what a loader, not told, looks for")
                .contains("model.layers.0.mlp.down_proj.weight");
    }

    @Test
    void theModelHasTheSameFindings() {
        Path broken = copy("tiny-llama").renameTensors("(.*)", "module.$1").into(folder);
        try (ModelUnderTest model = ModelAssay.open(broken).load()) {
            assertThat(model.findings()).isEqualTo(Inspection.of(broken).findings());
        }
    }

    private static ObjectNode quantization(ObjectNode config) {
        return (ObjectNode) config.get("quantization_config");
    }

    private Corruptor copy(String fixture) {
        return Corruptor.of(Fixtures.path(fixture));
    }

    private Inspection inspect(Corruptor broken) {
        return Inspection.of(broken.into(folder));
    }

    /** Without the remark that a copy is not in the order of the reference writer. */
    private static List<Finding> findings(Inspection inspection) {
        return inspection.findings().stream()
                .filter(finding -> !finding.id().equals("unsorted-tensors"))
                .toList();
    }

    private static List<String> ids(Inspection inspection) {
        return findings(inspection).stream().map(Finding::id).toList();
    }

    private static Finding only(Inspection inspection) {
        assertThat(findings(inspection)).hasSize(1);
        return findings(inspection).get(0);
    }

    private static Finding found(Inspection inspection, String id) {
        List<Finding> findings = findings(inspection).stream()
                .filter(finding -> finding.id().equals(id))
                .toList();
        assertThat(findings).as(String.valueOf(findings(inspection))).hasSize(1);
        return findings.get(0);
    }
}
