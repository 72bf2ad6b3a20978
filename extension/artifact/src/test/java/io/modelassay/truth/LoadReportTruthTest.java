package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.LoaderRules;
import io.modelassay.architecture.ModelHead;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.inspection.Inspection;
import io.modelassay.quantization.StoredQuantization;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The load report of edited checkpoints against what two versions of transformers reported of the same. */
class LoadReportTruthTest {
    private static final JsonNode TRUTH = Truths.json("load-reports.json");

    private static final Map<String, LoaderRules> VERSIONS =
            Map.of("4.57.6", LoaderRules.TRANSFORMERS_4, "5.23.0", LoaderRules.TRANSFORMERS_5);

    /** Artifacts that are refused as they are opened, whatever a version of transformers makes of them; with the error. */
    private static final Map<String, String> REFUSED = Map.of(
            "index-lists-absent-unknown", "tensor-not-in-shard",
            "index-lists-absent-wanted", "tensor-not-in-shard",
            "index-names-wrong-shard", "tensor-not-in-shard",
            "index-lacks-stored-wanted", "tensor-not-in-index",
            "index-lacks-stored-extra", "tensor-not-in-index",
            "shard-file-absent", "missing-shard",
            "weights-file-absent", "no-tensor-files");

    /** Cases in which the report tells of what a version of transformers does not see as it loads. */
    private static final Map<String, String> SEEN_HERE_ONLY = Map.of(
            "bnb-nested-absmax-dropped", "transformers 5 loads it and computes other logits",
            "bnb-all-statistics-dropped", "transformers 5 loads it and fails when it computes",
            "bnb-wrong-packed-size", "both load it and fail when they compute");

    private static Stream<JsonNode> cases() {
        return StreamSupport.stream(TRUTH.get("cases").spliterator(), false);
    }

    private static String name(JsonNode reportCase) {
        return reportCase.get("name").textValue();
    }

    private static boolean isComparable(JsonNode reportCase, String version) {
        return !reportCase.at("/truth/" + version + "/missing").isNull()
                && !REFUSED.containsKey(name(reportCase))
                && !SEEN_HERE_ONLY.containsKey(name(reportCase));
    }

    static Stream<Arguments> reports() {
        return cases().flatMap(reportCase -> VERSIONS.keySet().stream()
                .sorted()
                .filter(version -> isComparable(reportCase, version))
                .map(version -> Arguments.of(name(reportCase), version, reportCase)));
    }

    @ParameterizedTest(name = "{0} in {1}")
    @MethodSource("reports")
    void equalsTransformers(String name, String version, JsonNode reportCase, @TempDir Path folder) {
        JsonNode truth = reportCase.get("truth").get(version);
        LoadReport report = report(EditedCheckpoint.of(reportCase, folder), VERSIONS.get(version));
        assertThat(new TreeSet<>(report.missing())).as("missing").isEqualTo(names(truth.get("missing")));
        assertThat(new TreeSet<>(report.unexpected())).as("unexpected").isEqualTo(names(truth.get("unexpected")));
        assertThat(report.mismatched().stream().map(m -> m.name() + " " + m.stored() + " " + m.expected()))
                .as("mismatched")
                .containsExactlyInAnyOrderElementsOf(mismatched(truth.get("mismatched")));
        assertThat(report.refusal()).isEmpty();
    }

    @Test
    void mostCasesAreComparedInBothVersions() {
        assertThat(cases().filter(c -> VERSIONS.keySet().stream().allMatch(version -> isComparable(c, version))))
                .hasSizeGreaterThanOrEqualTo(95);
    }

    static Stream<Arguments> refused() {
        return cases().filter(c -> REFUSED.containsKey(name(c))).map(c -> Arguments.of(name(c), c));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refused")
    void refusedWhenOpened(String name, JsonNode reportCase, @TempDir Path folder) {
        Path edited = EditedCheckpoint.of(reportCase, folder);
        assertThatExceptionOfType(CheckpointException.class)
                .isThrownBy(() -> Checkpoint.open(edited))
                .satisfies(e -> assertThat(e.problem().id()).isEqualTo(REFUSED.get(name)));
    }

    static Stream<Arguments> seenHereOnly() {
        return cases().filter(c -> SEEN_HERE_ONLY.containsKey(name(c))).map(c -> Arguments.of(name(c), c));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("seenHereOnly")
    void whatLoadersFindTooLateIsReported(String name, JsonNode reportCase, @TempDir Path folder) {
        assertThat(report(EditedCheckpoint.of(reportCase, folder), LoaderRules.standard())
                        .isClean())
                .isFalse();
    }

    static Stream<Arguments> notLoaded() {
        return cases().filter(c -> !REFUSED.containsKey(name(c)))
                .filter(c -> VERSIONS.keySet().stream()
                        .anyMatch(v -> c.at("/truth/" + v + "/missing").isNull()))
                .map(c -> Arguments.of(name(c), c));
    }

    /** A loader that raises leaves nothing to compare with; the artifact can be looked at all the same. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("notLoaded")
    void whatALoaderCannotLoadIsInspected(String name, JsonNode reportCase, @TempDir Path folder) {
        Inspection inspection = Inspection.of(EditedCheckpoint.of(reportCase, folder));
        assertThat(inspection.tensors()).isPositive();
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"prefix-absent-with-head", "prefix-transformer"})
    void transformers4RefusesAHeadBesideNamesWithoutThePrefix(String name, @TempDir Path folder) {
        JsonNode reportCase =
                cases().filter(c -> name(c).equals(name)).findFirst().orElseThrow();
        assertThat(reportCase.at("/truth/4.57.6/raised").textValue()).contains("The state dictionary");
        Path edited = EditedCheckpoint.of(reportCase, folder);
        assertThat(report(edited, LoaderRules.TRANSFORMERS_4).refusal())
                .hasValueSatisfying(reason -> assertThat(reason).contains("no name starts with \"model\""));
        assertThat(report(edited, LoaderRules.TRANSFORMERS_5).refusal()).isEmpty();
    }

    private static Set<String> names(JsonNode list) {
        Set<String> names = new TreeSet<>();
        list.forEach(name -> names.add(name.textValue()));
        return names;
    }

    private static List<String> mismatched(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(entry ->
                        entry.get(0).textValue() + " " + entry.get(1).toString().replace(",", ", ") + " "
                                + entry.get(2).toString().replace(",", ", "))
                .toList();
    }

    private static LoadReport report(Path folder, LoaderRules rules) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            // The truths are AutoModelForCausalLM's, which makes a language model of every class.
            ModelPlan plan =
                    Architectures.find(checkpoint, ModelHead.LANGUAGE_MODEL).orElseThrow();
            return StoredQuantization.of(checkpoint, Optional.of(plan)).adapt(LoadReport.of(checkpoint, plan, rules));
        }
    }
}
