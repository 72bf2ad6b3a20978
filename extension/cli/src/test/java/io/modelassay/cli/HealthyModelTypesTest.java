package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.truth.RecordedCheckpoint;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every model type that transformers could be made to save small goes through the verbs that read any folder. */
class HealthyModelTypesTest {
    @TempDir
    private Path temp;

    static Stream<Arguments> types() {
        return RecordedCheckpoint.ofModelTypes()
                .map(saved -> Arguments.of(saved.get("name").textValue(), saved));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("types")
    void inspectAndScanHaveNothingAgainstIt(String type, JsonNode saved) {
        Path folder = RecordedCheckpoint.write(saved, temp);
        Set<String> inspected =
                new TreeSet<>(CommandRun.of("inspect", folder, "--json").aboveInfo());
        inspected.remove("unknown-model-type");
        assertThat(inspected).isEmpty();
        CommandRun scan = CommandRun.of("scan", folder, "--json");
        assertThat(scan.aboveInfo()).isEmpty();
        assertThat(scan.json().get("tensors")).hasSameSizeAs(saved.get("tensors"));
    }
}
