package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.architecture.Architectures;
import io.modelassay.architecture.LoadReport;
import io.modelassay.architecture.LoaderRules;
import io.modelassay.architecture.ModelPlan;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.CheckpointException;
import io.modelassay.fixtures.Fixtures;
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

/** The load report of edited checkpoints against what two versions of transformers reported of the same. */
class LoadReportTruthTest {
    private static final JsonNode TRUTH = Truths.json("load-reports.json");

    private static final Map<String, LoaderRules> VERSIONS =
            Map.of("4.57.6", LoaderRules.TRANSFORMERS_4, "5.23.0", LoaderRules.TRANSFORMERS_5);

    /** Artifacts that are refused as they are opened, whatever a version of transformers makes of them. */
    private static final Map<String, String> REFUSED = Map.of();

    /** Cases in which the report differs from a version's on purpose. */
    private static final Map<String, String> DIFFERENT = Map.of();

    static Stream<Arguments> reports() {
        return StreamSupport.stream(TRUTH.get("cases").spliterator(), false)
                .flatMap(reportCase -> Stream.of("4.57.6", "5.23.0")
                        .map(version -> Arguments.of(reportCase.get("name").textValue(), version, reportCase)));
    }

    @ParameterizedTest(name = "{0} in {1}")
    @MethodSource("reports")
    void equalsTransformers(String name, String version, JsonNode reportCase, @TempDir Path folder) {
        JsonNode truth = reportCase.get("truth").get(version);
        assumeTrue(!truth.get("missing").isNull(), "transformers raised and loaded nothing");
        
        LoadReport report = report(EditedCheckpoint.of(reportCase, folder), VERSIONS.get(version));
        assertThat(new TreeSet<>(report.missing())).as("missing").isEqualTo(names(truth.get("missing")));
        assertThat(new TreeSet<>(report.unexpected())).as("unexpected").isEqualTo(names(truth.get("unexpected")));
        assertThat(report.mismatched().stream().map(m -> m.name() + " " + m.stored() + " " + m.expected()))
                .as("mismatched")
                .containsExactlyInAnyOrderElementsOf(mismatched(truth.get("mismatched")));
        assertThat(report.refusal()).isEmpty();
    }

    private static Set<String> names(JsonNode list) {
        Set<String> names = new TreeSet<>();
        list.forEach(name -> names.add(name.textValue()));
        return names;
    }

    private static List<String> mismatched(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(entry -> entry.get(0).textValue() + " " + entry.get(1).toString().replace(",", ", ") + " "
                        + entry.get(2).toString().replace(",", ", "))
                .toList();
    }

    private static LoadReport report(Path folder, LoaderRules rules) {
        try (Checkpoint checkpoint = Checkpoint.open(folder)) {
            ModelPlan plan = Architectures.require(checkpoint.config());
            return StoredQuantization.of(checkpoint, Optional.of(plan)).adapt(LoadReport.of(checkpoint, plan, rules));
        }
    }
}
