package io.modelassay.truth;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.inspection.Inspection;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Healthy checkpoints of every model type that transformers could be made to save small: nothing is told but that it is unknown. */
class ModelTypesTruthTest {
    @TempDir
    private Path temp;

    static Stream<Arguments> types() {
        return RecordedCheckpoint.ofModelTypes()
                .map(saved -> Arguments.of(saved.get("name").textValue(), saved));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("types")
    void aHealthyModelGetsNoFinding(String type, JsonNode saved) {
        Inspection inspection = Inspection.of(RecordedCheckpoint.write(saved, temp));
        assertThat(inspection.findings())
                .filteredOn(finding -> finding.severity() != Severity.INFO)
                .extracting(Finding::id)
                .isEqualTo(inspection.loadReport().isPresent() ? List.of() : List.of("unknown-model-type"));
    }

    @Test
    void thereAreMoreThanAHundredAndFortyOfThem() {
        assertThat(types()).hasSizeGreaterThan(250);
    }
}
