package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.LoaderRules;
import io.modelassay.architecture.ModelHead;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.UnsupportedArchitectureException;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.fixtures.Corruptor;
import io.modelassay.fixtures.Fixtures;
import io.modelassay.inspection.Inspection;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints of every class of the families, as transformers saved them. */
class ModelClassesTruthTest {
    @TempDir
    private Path temp;

    static Stream<Arguments> cases() {
        return StreamSupport.stream(
                        Truths.json("model-classes.json").get("cases").spliterator(), false)
                .map(saved -> Arguments.of(saved.get("name").textValue(), saved));
    }

    private static JsonNode saved(String name) {
        return cases().map(Arguments::get)
                .filter(arguments -> arguments[0].equals(name))
                .map(arguments -> (JsonNode) arguments[1])
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void whatTransformersSavesIsExpected(String name, JsonNode saved) {
        Inspection inspection = Inspection.of(RecordedCheckpoint.write(saved, temp));
        assertThat(inspection.loadReport().orElseThrow().isClean()).isTrue();
        assertThat(inspection.findings())
                .filteredOn(finding -> finding.severity() != Severity.INFO)
                .isEmpty();
        // Vision-language models have names of their own; the others' are the architecture's.
        if (!name.contains("VL")) {
            assertThat(inspection.loadReport().orElseThrow().renamed()).isEmpty();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void everyParameterIsAskedFor(String name, JsonNode saved) {
        String lost = saved.get("tensors").fieldNames().next();
        ObjectNode less = saved.deepCopy();
        ((ObjectNode) less.get("tensors")).remove(lost);
        Inspection inspection = Inspection.of(RecordedCheckpoint.write(less, temp));
        // Embedding and head are one parameter where they are tied.
        boolean both = lost.contains("embed_tokens") && name.matches(".*(ForCausalLM|ForConditionalGeneration) tied");
        assertThat(inspection.loadReport().orElseThrow().missing()).hasSize(both ? 2 : 1);
        assertThat(inspection.holds()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "LlamaModel",
                "MistralForSequenceClassification",
                "Qwen2ForTokenClassification",
                "Qwen3ForQuestionAnswering"
            })
    void onlyLanguageModelsAreEvaluated(String name) {
        try (Checkpoint checkpoint = Checkpoint.open(RecordedCheckpoint.write(saved(name), temp))) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            assertThat(plan.hasForwardPass()).isFalse();
            assertThatExceptionOfType(UnsupportedArchitectureException.class)
                    .isThrownBy(plan::decoder)
                    .withMessageStartingWith("The class " + name + " of config.json's architectures gives no logits")
                    .withMessageContaining("\nTry: ");
        }
    }

    @Test
    void aHeadThatIsNotStoredIsMissing() {
        ObjectNode less = saved("Qwen2ForSequenceClassification").deepCopy();
        ((ObjectNode) less.get("tensors")).remove("score.weight");
        Inspection inspection = Inspection.of(RecordedCheckpoint.write(less, temp));
        assertThat(inspection.loadReport().orElseThrow().missing()).containsExactly("score.weight");
        assertThat(inspection.findings()).extracting(Finding::id).containsExactly("missing-tensor");
    }

    /** transformers 5.24: AutoModel reports lm_head.weight as unexpected, AutoModelForCausalLM loads the same file whole. */
    @Test
    void aHeadBesideTheClassOfTheBaseModelIsAWarning() {
        Path llama = Corruptor.of(Fixtures.path("tiny-llama"))
                .editConfig(config -> config.putArray("architectures").add("LlamaModel"))
                .into(temp);
        Inspection inspection = Inspection.of(llama);
        assertThat(inspection.loadReport().orElseThrow().unexpected()).containsExactly("lm_head.weight");
        assertThat(aboveInfo(inspection)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("head-of-another-class");
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.subject()).isEqualTo("lm_head.weight");
            assertThat(finding.message()).contains("LlamaModel", "unexpected", "AutoModelForCausalLM uses it");
        });
        Path strange = Corruptor.of(llama)
                .named("strange")
                .renameTensor("lm_head.weight", "other_head.weight")
                .into(temp);
        assertThat(aboveInfo(Inspection.of(strange))).extracting(Finding::id).containsExactly("unexpected-tensor");
        Path alone = Corruptor.of(llama)
                .named("alone")
                .removeTensor("lm_head.weight")
                .into(temp);
        assertThat(aboveInfo(Inspection.of(alone))).isEmpty();
    }

    private static List<Finding> aboveInfo(Inspection inspection) {
        return inspection.findings().stream()
                .filter(finding -> finding.severity() != Severity.INFO)
                .toList();
    }

    @Test
    void anotherNumberOfLabelsIsAMismatch() {
        Inspection inspection = edited(
                "Qwen2ForSequenceClassification",
                config -> config.putObject("id2label")
                        .put("0", "good")
                        .put("1", "bad")
                        .put("2", "ugly"));
        assertThat(inspection.findings()).extracting(Finding::id).containsExactly("shape-mismatch");
    }

    @Test
    void theNumberOfLabelsCountsWhereTheyHaveNoNames() {
        Inspection inspection = edited("Qwen2ForSequenceClassification", config -> {
            config.remove("id2label");
            config.put("num_labels", 5);
        });
        assertThat(inspection.findings()).isEmpty();
    }

    @Test
    void aClassifierThatClaimsToBeALanguageModelLacksItsHead() {
        Inspection inspection = edited(
                "LlamaForSequenceClassification",
                config -> config.putArray("architectures").add("LlamaForCausalLM"));
        assertThat(inspection.findings())
                .extracting(Finding::id)
                .containsExactly("tied-head-missing", "unexpected-tensor");
    }

    @Test
    void aClassOfAnotherFamilyIsToldOnce() {
        Inspection inspection = edited(
                "Qwen3ForCausalLM", config -> config.putArray("architectures").add("LlamaForCausalLM"));
        assertThat(told(inspection)).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("class-of-another-family");
            assertThat(finding.severity()).isEqualTo(Severity.WARNING);
            assertThat(finding.message()).contains("LlamaForCausalLM", "\"qwen3\"", "vLLM by the class");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"Qwen2ForRewardModel", "Qwen2ForProcessRewardModel", "MyVeryOwn"})
    void theHeadOfAnUnknownClassIsNotCompared(String name) {
        Inspection inspection = edited(
                "Qwen2ForSequenceClassification",
                config -> config.putArray("architectures").add(name));
        assertThat(inspection.findings()).singleElement().satisfies(finding -> {
            assertThat(finding.id()).isEqualTo("unknown-class");
            assertThat(finding.severity()).isEqualTo(Severity.INFO);
            assertThat(finding.message()).contains(name);
        });
    }

    @Test
    void anOldSpellingOfTheClassIsTheClass() {
        assertThat(told(edited(
                        "LlamaForCausalLM",
                        config -> config.putArray("architectures").add("LLaMAForCausalLM"))))
                .isEmpty();
    }

    @Test
    void withoutArchitecturesItIsALanguageModel() {
        assertThat(told(edited("Qwen3ForCausalLM", config -> config.remove("architectures"))))
                .isEmpty();
    }

    @Test
    void aLanguageModelInTheFileOfABaseModelIsFound() {
        Inspection inspection = edited(
                "LlamaForCausalLM tied",
                config -> config.putArray("architectures").add("LlamaModel"));
        assertThat(inspection.loadReport().orElseThrow().isClean()).isTrue();
        assertThat(inspection.findings()).extracting(Finding::severity).containsOnly(Severity.INFO);
    }

    @Test
    void bothVersionsFindTheBaseModelInTheFileOfALanguageModel() {
        ObjectNode saved = saved("LlamaForCausalLM tied").deepCopy();
        ((ObjectNode) saved.get("config")).putArray("architectures").add("LlamaModel");
        try (Checkpoint checkpoint = Checkpoint.open(RecordedCheckpoint.write(saved, temp))) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            assertThat(LoadReport.of(checkpoint, plan, LoaderRules.TRANSFORMERS_4)
                            .isClean())
                    .isTrue();
            assertThat(LoadReport.of(checkpoint, plan, LoaderRules.TRANSFORMERS_5)
                            .isClean())
                    .isTrue();
        }
    }

    @Test
    void aProgramMayAskForAnotherHeadThanTheClassHas() {
        try (Checkpoint checkpoint =
                Checkpoint.open(RecordedCheckpoint.write(saved("Qwen2ForSequenceClassification"), temp))) {
            ModelPlan plan =
                    Architectures.find(checkpoint, ModelHead.LANGUAGE_MODEL).orElseThrow();
            assertThat(plan.parameter("lm_head.weight")).isPresent();
            assertThat(plan.parameter("score.weight")).isEmpty();
        }
    }

    /** The findings, but for the one that made-up values give: head and embedding have equal ones. */
    private static List<Finding> told(Inspection inspection) {
        return inspection.findings().stream()
                .filter(finding -> !finding.id().equals("duplicated-head"))
                .toList();
    }

    private Inspection edited(String name, Consumer<ObjectNode> change) {
        JsonNode saved = saved(name);
        ObjectNode config = saved.get("config").deepCopy();
        change.accept(config);
        return Inspection.of(RecordedCheckpoint.of(saved, config).into(temp));
    }

    @Test
    void everyClassIsRecorded() {
        assertThat(cases()).hasSize(83);
        assertThat(cases().map(Arguments::get)
                        .map(arguments -> ((JsonNode) arguments[1])
                                .at("/config/architectures/0")
                                .textValue()))
                .containsAll(
                        List.of("Qwen2VLModel", "Qwen2_5_VLForConditionalGeneration", "MistralForQuestionAnswering"));
    }
}
